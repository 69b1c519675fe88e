"""Masked-language-model batches: the shares of Devlin et al. 2019, and what is never touched."""

import pytest
import torch

from course_lib.text.masking import mask_tokens

PAD, UNK, CLS, SEP, MASK = SPECIAL = (0, 1, 2, 3, 4)
VOCAB = 50
OPTIONS = {"mask_id": MASK, "vocab_size": VOCAB, "special_ids": SPECIAL}


def rows(n, time=52, seed=0):
    """[CLS] words [SEP] words [SEP], then two of padding."""
    ids = torch.randint(5, VOCAB, (n, time), generator=torch.Generator().manual_seed(seed))
    ids[:, 0], ids[:, 20], ids[:, -3], ids[:, -2:] = CLS, SEP, SEP, PAD
    return ids


def test_the_shares_hold_on_a_hundred_thousand_tokens():
    ids = rows(2200)
    ordinary = ids >= 5
    assert ordinary.sum() > 100_000
    inputs, selected = mask_tokens(ids, **OPTIONS, generator=torch.Generator().manual_seed(1))
    n = int(selected.sum())
    assert n / int(ordinary.sum()) == pytest.approx(0.15, abs=0.005)
    hidden, same = selected & (inputs == MASK), selected & (inputs == ids)
    other = selected & ~hidden & ~same
    assert int(hidden.sum()) / n == pytest.approx(0.8, abs=0.015)
    # One in 45 random tokens is the token itself.
    assert int(same.sum()) / n == pytest.approx(0.1 + 0.1 / 45, abs=0.012)
    assert int(other.sum()) / n == pytest.approx(0.1 - 0.1 / 45, abs=0.012)
    drawn = torch.bincount(inputs[other], minlength=VOCAB)
    assert drawn[:5].sum() == 0 and (drawn[5:] > 0).all()


def test_special_tokens_and_what_is_not_selected_stay():
    ids = rows(300)
    inputs, selected = mask_tokens(ids, **OPTIONS, probability=0.5, generator=torch.Generator().manual_seed(2))
    assert not selected[ids < 5].any()
    assert torch.equal(inputs[~selected], ids[~selected])
    assert torch.equal(ids, rows(300)), "the batch given was changed"


def test_each_call_draws_anew_and_a_seed_repeats_it(any_device):
    ids = rows(20).to(any_device)
    generator = torch.Generator().manual_seed(3)
    first, second = (mask_tokens(ids, **OPTIONS, generator=generator) for _ in range(2))
    again = mask_tokens(ids, **OPTIONS, generator=torch.Generator().manual_seed(3))
    assert not torch.equal(first.selected, second.selected)
    assert torch.equal(first.inputs, again.inputs) and torch.equal(first.selected, again.selected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": 0.0}, "probability = 0.0"),
        ({"probability": 15}, "probability = 15"),
        ({"shares": (0.8, 0.1, 0.2)}, "add up to 1"),
        ({"mask_id": 7}, "mask_id = 7"),
        ({"vocab_size": 5}, "nothing to choose"),
    ],
)
def test_bad_options_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        mask_tokens(rows(2), **{**OPTIONS, **change})
