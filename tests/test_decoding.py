"""Sampling: distributions by hand, cut-offs, errors, and one seed gives one text."""

import math

import pytest
import torch

from course_lib.decoding import next_distribution, sample
from course_lib.models.recurrent import RNN, RecurrentLM

LOGITS = torch.tensor([math.log(p) for p in (0.1, 0.4, 0.3, 0.2)])


def assert_distribution(got, expected):
    torch.testing.assert_close(got, torch.tensor(expected), rtol=0, atol=1e-6)


def test_temperature_one_is_softmax_zero_is_argmax_and_half_squares_the_odds():
    assert_distribution(next_distribution(LOGITS), [0.1, 0.4, 0.3, 0.2])
    assert_distribution(next_distribution(LOGITS, temperature=0), [0.0, 1.0, 0.0, 0.0])
    assert_distribution(
        next_distribution(LOGITS, temperature=0.5), [0.01 / 0.3, 0.16 / 0.3, 0.09 / 0.3, 0.04 / 0.3]
    )


def test_top_k_and_top_p_keep_the_likeliest_and_renormalise():
    assert_distribution(next_distribution(LOGITS, top_k=2), [0.0, 4 / 7, 3 / 7, 0.0])
    assert_distribution(next_distribution(LOGITS, top_p=0.65), [0.0, 4 / 7, 3 / 7, 0.0])
    assert_distribution(next_distribution(LOGITS, top_p=0.75), [0.0, 4 / 9, 3 / 9, 2 / 9])
    assert_distribution(next_distribution(LOGITS, top_p=1e-6), [0.0, 1.0, 0.0, 0.0])
    assert_distribution(next_distribution(LOGITS, top_k=4, top_p=1.0), [0.1, 0.4, 0.3, 0.2])


def test_rows_of_a_batch_are_cut_each_by_itself():
    both = torch.stack([LOGITS, LOGITS.flip(0)])
    cut = next_distribution(both, top_k=1)
    assert cut.argmax(dim=1).tolist() == [1, 2]
    torch.testing.assert_close(cut.sum(dim=1), torch.ones(2))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": -1}, "temperature is -1"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": 5}, "vocab_size = 4"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
    ],
)
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        next_distribution(LOGITS, **options)


def test_nan_logits_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        next_distribution(torch.tensor([0.0, math.nan]))


def model(device="cpu"):
    torch.manual_seed(0)
    return RecurrentLM(7, 4, RNN(4, 16).orthogonal_()).to(device)


def test_sampled_shares_follow_the_distribution():
    lm, prompt = model(), torch.tensor([[1, 2, 3]])
    expected = next_distribution(lm(prompt)[0][0, -1].detach(), temperature=0.7)
    drawn = sample(
        lm, prompt.repeat(20_000, 1), 1, temperature=0.7, generator=torch.Generator().manual_seed(0)
    )
    shares = torch.bincount(drawn[:, -1], minlength=7) / 20_000
    # Five standard errors of a share.
    assert ((shares - expected).abs() < 5 * (expected * (1 - expected) / 20_000).sqrt()).all()


def test_greedy_with_carried_state_equals_rereading_the_whole_text(any_device):
    lm, ids = model(any_device), torch.tensor([[1, 2, 3]])
    got = sample(lm, ids, 12, temperature=0)
    for _ in range(12):
        ids = torch.cat([ids, lm(ids.to(any_device))[0][:, -1:].argmax(dim=-1).cpu()], dim=1)
    assert got.tolist() == ids.tolist()


def test_one_seed_gives_one_text_and_the_model_stays_in_its_mode():
    lm, prompt = model().train(), torch.tensor([[1]])
    texts = [sample(lm, prompt, 30, generator=torch.Generator().manual_seed(s)).tolist() for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert lm.training


@pytest.mark.parametrize("prompt", [torch.tensor([1, 2]), torch.zeros(1, 0, dtype=torch.long)])
def test_prompt_of_a_wrong_shape_is_named(prompt):
    with pytest.raises(ValueError, match="batch, time"):
        sample(model(), prompt, 3)
