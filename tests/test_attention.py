"""Attention: equal to a loop over queries and keys, blind to padding, and recorded without being changed."""

import math

import pytest
import torch
from torch import nn

from course_lib.models.attention import (
    AdditiveAttention,
    DotProductAttention,
    GeneralAttention,
    RecordedModule,
    causal_mask,
    masked_softmax,
    padding_mask,
    record_attention,
)

KINDS = {
    "additive": lambda: AdditiveAttention(5, 6, 7),
    "dot": lambda: DotProductAttention(6),
    "general": lambda: GeneralAttention(5, 6),
}


@pytest.fixture(params=KINDS)
def attention(request):
    torch.manual_seed(0)
    return KINDS[request.param]().double()


def inputs(attention, batch=3, target_len=4, source_len=8):
    generator = torch.Generator().manual_seed(1)

    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    lengths = torch.tensor([8, 5, 1])[:batch]
    return (
        draw(batch, target_len, attention.query_size),
        draw(batch, source_len, attention.key_size),
        draw(batch, source_len, 9),
        padding_mask(lengths, source_len)[:, None],
    )


def weights_of(attention, *args):
    with record_attention(attention) as maps:
        attention(*args)
    (weights,) = maps.values()
    return weights


def one_score(attention, q, k):
    """A single score, by the formula of the paper."""
    if isinstance(attention, AdditiveAttention):
        hidden = torch.tanh(attention.W.weight @ q + attention.U.weight @ k)
        return (attention.v.weight[0] * hidden).sum()
    if isinstance(attention, GeneralAttention):
        return q @ attention.W.weight @ k
    return q @ k


def test_equals_a_loop_over_queries_and_keys(attention, device):
    attention = attention.to(device)
    query, key, value, mask = (tensor.to(device) for tensor in inputs(attention))
    expected = torch.zeros(3, 4, 9, dtype=torch.float64, device=device)
    for b in range(3):
        for t in range(4):
            seen = [s for s in range(8) if mask[b, 0, s]]
            scores = torch.stack([one_score(attention, query[b, t], key[b, s]) for s in seen])
            shares = scores.exp() / scores.exp().sum()
            expected[b, t] = sum(share * value[b, s] for share, s in zip(shares, seen, strict=True))
    torch.testing.assert_close(attention(query, key, value, mask), expected, rtol=1e-10, atol=1e-12)


def test_rows_sum_to_one_and_padding_gets_nothing(attention):
    query, key, value, mask = inputs(attention)
    weights = weights_of(attention, query, key, value, mask)
    assert weights.shape == (3, 4, 8) and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 4, dtype=torch.float64))
    assert (weights.masked_select(~mask.expand_as(weights)) == 0).all()
    assert (weights[2, :, 0] == 1).all()  # one symbol: nowhere else to look


def test_a_padded_key_and_its_value_change_nothing(attention):
    query, key, value, mask = inputs(attention)
    before = attention(query, key, value, mask)
    elsewhere = ~mask[:, 0, :, None]
    after = attention(query, key.masked_fill(elsewhere, 1e3), value.masked_fill(elsewhere, -1e3), mask)
    assert torch.equal(before, after)


def test_order_of_the_keys_does_not_matter(attention):
    query, key, value, _ = inputs(attention)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(attention(query, key[:, order], value[:, order]), attention(query, key, value))


def test_keys_projected_once_give_the_same(attention):
    query, key, value, mask = inputs(attention)
    projected = attention.project(key)
    steps = [attention(query[:, t : t + 1], key, value, mask, projected=projected) for t in range(4)]
    torch.testing.assert_close(torch.cat(steps, dim=1), attention(query, key, value, mask))


def test_gradients_are_those_of_finite_differences(attention):
    query, key, value, mask = inputs(attention, batch=2, target_len=2)
    leaves = [tensor.requires_grad_() for tensor in (query, key, value)]
    assert torch.autograd.gradcheck(lambda q, k, v: attention(q, k, v, mask), leaves)


def test_nothing_to_attend_to_gives_zeros_not_nan(attention):
    query, key, value, mask = inputs(attention)
    mask[1] = False
    query.requires_grad_()
    context = attention(query, key, value, mask)
    assert (context[1] == 0).all() and (context[0] != 0).all()
    context.sum().backward()
    assert torch.isfinite(query.grad).all() and (query.grad[1] == 0).all()
    assert (weights_of(attention, query, key, value, mask)[1] == 0).all()


def test_masked_softmax_is_softmax_where_all_is_allowed():
    scores = torch.tensor([[1e30, 0.0, -1e30], [-1e30, -1e30, -1e30], [3.0, 2.0, 1.0]])
    everything = torch.ones(3, 3, dtype=torch.bool)
    torch.testing.assert_close(masked_softmax(scores, everything), scores.softmax(-1))
    torch.testing.assert_close(masked_softmax(scores), scores.softmax(-1))
    with pytest.raises(TypeError, match="torch.float32.*True = may attend"):
        masked_softmax(scores, everything.float())


def test_masked_softmax_in_half_precision():
    scores = torch.tensor([[6e4, -6e4, 6e4]], dtype=torch.float16)
    weights = masked_softmax(scores, torch.tensor([[True, True, False]]))
    assert weights.tolist() == [[1.0, 0.0, 0.0]]


def test_a_causal_mask_hides_the_future():
    attention = DotProductAttention(6).double()
    x = torch.randn(2, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    changed = x.clone()
    changed[:, 3:] += 1.0
    mask = causal_mask(5)[None]
    before, after = attention(x, x, x, mask), attention(changed, changed, changed, mask)
    assert torch.equal(before[:, :3], after[:, :3]) and not torch.equal(before[:, 3:], after[:, 3:])


# ---------------------------------------------------------------- recording


class TwoHeads(RecordedModule):
    """Two heads, weights (batch, heads, target_len, source_len)."""

    def forward(self, x):
        scores = torch.stack([x @ x.transpose(1, 2), -x @ x.transpose(1, 2)], dim=1)
        self.record(scores.softmax(-1))
        return scores.softmax(-1).sum(1) @ x


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.ModuleDict({"attention": AdditiveAttention(6, 6, 4)})
        self.heads = TwoHeads()

    def forward(self, x):
        return self.heads(self.block["attention"](x, x, x))


def test_recording_changes_no_output_and_stops_at_the_end():
    torch.manual_seed(0)
    model, x = Model(), torch.randn(2, 5, 6)
    plain = model(x)
    with record_attention(model) as maps:
        assert model.heads.is_recording and torch.equal(model(x), plain)
        assert maps["block.attention"].shape == (2, 5, 5)  # readable inside the block already
    assert dict(maps).keys() == {"block.attention", "heads"}
    assert maps["heads"].shape == (2, 2, 5, 5) and not maps["heads"].requires_grad
    assert repr(maps) == "AttentionMaps(block.attention: (2, 5, 5), heads: (2, 2, 5, 5))"
    assert not model.heads.is_recording
    model(x)
    assert maps["heads"].shape == (2, 2, 5, 5)


def test_a_decoding_loop_is_joined_along_target_len():
    attention = DotProductAttention(6).double()
    query, key, value, _ = inputs(attention)
    whole = weights_of(attention, query, key, value)
    with record_attention(attention) as maps:
        for t in range(4):
            attention(query[:, t : t + 1], key, value)
    torch.testing.assert_close(maps["DotProductAttention"], whole)


def test_a_growing_source_leaves_zeros_for_keys_not_there_yet():
    attention = DotProductAttention(6).double()
    x = inputs(attention)[1][:, :4]
    whole = weights_of(attention, x, x, x, causal_mask(4)[None])
    with record_attention(attention) as maps:
        for t in range(4):
            attention(x[:, t : t + 1], x[:, : t + 1], x[:, : t + 1])
    torch.testing.assert_close(maps["DotProductAttention"], whole)


def test_recording_ends_when_the_pass_fails_and_may_be_nested():
    model, x = Model(), torch.randn(1, 3, 6)
    with pytest.raises(RuntimeError, match="stop"), record_attention(model):
        raise RuntimeError("stop")
    assert not model.heads.is_recording
    with record_attention(model) as outer:
        model(x)
        with record_attention(model.heads) as inner:
            model(x)
        assert model.heads.is_recording
    assert outer["heads"].shape[2] == 3 and inner["TwoHeads"].shape[2] == 3


def test_what_cannot_be_recorded_is_named():
    model = Model()
    with pytest.raises(ValueError, match="Linear holds no attention"), record_attention(nn.Linear(2, 2)):
        pass
    with record_attention(model) as maps:
        with pytest.raises(KeyError, match="nothing"):
            maps["heads"]
        with pytest.raises(KeyError, match="block.attention, heads"):
            maps["decoder"]
        model(torch.randn(2, 3, 6))
        model(torch.randn(4, 3, 6))
        with pytest.raises(ValueError, match="clear"):
            maps["heads"]
        maps.clear()
        assert len(maps) == 0
        model(torch.randn(4, 3, 6))
        assert len(maps) == 2 and maps["heads"].shape == (4, 2, 3, 3)


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"query": torch.zeros(3, 6)}, r"query\[:, None, :\]"),
        ({"query": torch.zeros(3, 4, 5)}, r"query has shape \(3, 4, 5\); expected \(batch, target_len, 6\)"),
        ({"key": torch.zeros(2, 8, 6)}, r"key has shape \(2, 8, 6\)"),
        ({"value": torch.zeros(3, 7, 9)}, r"expected \(3, 8, value_size\)"),
        ({"mask": torch.ones(3, 8, dtype=torch.bool)}, r"mask\[:, None, :\]"),
        ({"mask": torch.ones(3, 1, 7, dtype=torch.bool)}, r"\(3, 1, 7\)"),
        ({"mask": torch.ones(2, 1, 8, dtype=torch.bool)}, r"\(2, 1, 8\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(change, words):
    fitting = {"query": torch.zeros(3, 4, 6), "key": torch.zeros(3, 8, 6), "value": torch.zeros(3, 8, 9)}
    with pytest.raises(ValueError, match=words):
        DotProductAttention(6)(**{**fitting, **change})


def test_sizes_and_masks_of_a_wrong_kind_are_named():
    with pytest.raises(ValueError, match="attention_size is 0"):
        AdditiveAttention(2, 2, 0)
    with pytest.raises(ValueError, match="key_size is -1"):
        GeneralAttention(2, -1)
    x = torch.zeros(1, 2, 6)
    with pytest.raises(TypeError, match="torch.int64"):
        DotProductAttention(6)(x, x, x, torch.ones(1, 2, 2, dtype=torch.int64))


def test_masks_are_true_where_one_may_look():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert padding_mask(torch.tensor([2, 0])).tolist() == [[True, True], [False, False]]
    assert padding_mask(torch.tensor([1]), 3).tolist() == [[True, False, False]]


@pytest.mark.parametrize(
    ("lengths", "time", "words"),
    [
        (torch.tensor([1, 4]), 3, "from 1 to 4"),
        (torch.tensor([-1]), None, "from -1"),
        (torch.tensor([1.0]), None, "float32"),
        (torch.tensor([[1]]), None, r"\(1, 1\)"),
        (torch.tensor([], dtype=torch.long), None, r"\(0,\)"),
    ],
)
def test_lengths_that_make_no_mask_are_named(lengths, time, words):
    with pytest.raises(ValueError, match=words):
        padding_mask(lengths, time)


def test_a_causal_mask_needs_a_position():
    with pytest.raises(ValueError, match="time is 0"):
        causal_mask(0)


def test_additive_attention_starts_near_uniform_and_can_learn_to_point():
    torch.manual_seed(0)
    attention = AdditiveAttention(4, 4, 16)
    x = torch.eye(4)[None]
    start = weights_of(attention, x, x, x)
    assert start.max() < 0.5
    optimizer = torch.optim.Adam(attention.parameters(), lr=0.05)
    for _ in range(150):
        loss = (attention(x, x, x) - x.flip(1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights = weights_of(attention, x, x, x)[0]
    assert weights.argmax(-1).tolist() == [3, 2, 1, 0] and math.isclose(weights.sum(), 4, rel_tol=1e-5)
