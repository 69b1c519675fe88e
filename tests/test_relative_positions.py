"""Relative positions: T5's buckets, and the bias that they add to the scores of attention."""

import pytest
import torch

from course_lib.models.attention import (
    MultiHeadAttention,
    RelativePositionBias,
    causal_mask,
    record_attention,
    relative_position_bucket,
)

EXACT = {"rtol": 1e-10, "atol": 1e-12}


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize(("n_buckets", "max_distance"), [(32, 128), (8, 12), (20, 100), (4, 3)])
def test_buckets_are_those_of_t5_at_every_distance(bidirectional, n_buckets, max_distance):
    from transformers.models.t5.modeling_t5 import T5Attention

    distance = torch.arange(-200, 201)
    expected = T5Attention._relative_position_bucket(distance, bidirectional, n_buckets, max_distance)
    options = {"n_buckets": n_buckets, "max_distance": max_distance}
    bucket = relative_position_bucket(distance, bidirectional=bidirectional, **options)
    assert torch.equal(bucket, expected) and bucket.dtype == torch.int64
    assert set(bucket.tolist()) <= set(range(n_buckets))


def test_buckets_say_direction_and_grow_with_the_distance():
    distance = torch.arange(-300, 301)
    both = relative_position_bucket(distance, bidirectional=True)
    before, after = both[distance <= 0].flip(0), both[distance > 0]  # from the query outwards
    assert before[:9].tolist() == list(range(9)) and (before.diff() >= 0).all() and before[-1] == 15
    assert torch.equal(after, before[1:] + 16)
    past = relative_position_bucket(distance, bidirectional=False)
    assert (past[distance >= 0] == 0).all() and past[distance == -128].item() == 31
    assert sorted(set(past.tolist())) == list(range(32))


def test_the_bias_of_the_last_queries_is_the_end_of_the_whole(device):
    positions = RelativePositionBias(2, bidirectional=False, n_buckets=8, max_distance=9).to(device)
    whole = positions(12, 12)
    assert whole.shape == (1, 2, 12, 12)
    for target_len in (1, 5):
        assert torch.equal(positions(target_len, 12), whole[:, :, -target_len:])
    torch.testing.assert_close(whole[0, :, 7, 3], positions.table.weight[4])  # bucket 4: a distance of 4


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_a_position_bias_is_added_to_the_scores(device, causal, masked):
    """By hand, by the readable form and by the fused one; also its gradient, which trains the table."""
    torch.manual_seed(0)
    attention = MultiHeadAttention(8, 2, bias=False, scale=1.0, d_head=6).to(device, torch.float64)
    x = torch.randn(3, 5, 8, dtype=torch.float64, device=device)
    bias = torch.randn(1, 2, 5, 5, dtype=torch.float64, device=device, requires_grad=True)
    mask = torch.tensor([[1, 1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], device=device).bool()[:, None]
    options = {"mask": mask if masked else None, "causal": causal, "position_bias": bias}
    query, key, value = (
        (x @ part.T).unflatten(2, (2, 6)).transpose(1, 2) for part in attention.in_proj_weight.split(12)
    )
    allowed = causal_mask(5, device) if causal else torch.ones(5, 5, dtype=torch.bool, device=device)
    allowed = allowed & mask[:, None] if masked else allowed.expand(3, 1, 5, 5)
    scores = (query @ key.transpose(-2, -1) + bias).masked_fill(~allowed, -1e300)
    weights = scores.softmax(-1) * allowed
    expected = (weights @ value).transpose(1, 2).flatten(2) @ attention.out_proj.weight.T
    up = torch.randn_like(expected)
    wanted = torch.autograd.grad(expected, [bias, attention.in_proj_weight], up, retain_graph=True)
    with record_attention(attention) as maps:
        readable = attention(x, **options)
    torch.testing.assert_close(maps["MultiHeadAttention"], weights.detach(), **EXACT)
    for output in (readable, attention(x, **options)):
        torch.testing.assert_close(output, expected, **EXACT)
        for one, other in zip(
            torch.autograd.grad(output, [bias, attention.in_proj_weight], up), wanted, strict=True
        ):
            torch.testing.assert_close(one, other, **EXACT)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RelativePositionBias(2, bidirectional=True, n_buckets=6), "n_buckets is 6; .* multiple of 4"),
        (lambda: RelativePositionBias(2, bidirectional=False, n_buckets=0), "n_buckets is 0"),
        (lambda: RelativePositionBias(2, bidirectional=True, max_distance=8), "max_distance is 8; .* above 8"),
        (
            lambda: MultiHeadAttention(8, 2)(torch.ones(1, 3, 8), position_bias=torch.ones(1, 1, 3, 3)),
            r"position_bias has shape \(1, 1, 3, 3\); .* \(…, 2, 3, 3\)",
        ),
        (lambda: MultiHeadAttention(8, 2, d_head=0), "d_head is 0"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_distances_are_whole_numbers():
    with pytest.raises(TypeError, match="whole numbers"):
        relative_position_bucket(torch.ones(3), bidirectional=True)
