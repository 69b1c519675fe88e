"""The generated memory tasks ask what they say they ask, and their chance levels are true."""

import math

import pytest
import torch

from course_lib.data import memory


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_recall_layout():
    inputs, target = memory.recall(500, lag=7, n_symbols=5, generator=seeded())
    assert inputs.shape == (500, 8) and target.shape == (500,)
    assert inputs.dtype == target.dtype == torch.int64
    assert torch.equal(inputs[:, 0], target)
    assert set(target.tolist()) == set(range(5))
    assert set(inputs[:, 1:-1].flatten().tolist()) == set(range(5, 10))  # no symbol among the distractors
    assert (inputs[:, -1] == 10).all() and memory.recall_vocab_size(5) == 11


def test_recall_shortest_lag_has_no_distractor():
    inputs, target = memory.recall(3, lag=1, generator=seeded())
    assert inputs.tolist() == [[symbol, 16] for symbol in target.tolist()]


def test_recall_distractors_tell_nothing():
    """Among the sequences of one symbol, every distractor is as frequent as among all."""
    inputs, target = memory.recall(40_000, lag=3, n_symbols=4, generator=seeded())
    for symbol in range(4):
        shares = torch.bincount(inputs[target == symbol, 1], minlength=9)[4:8] / (target == symbol).sum()
        assert torch.allclose(shares, torch.full((4,), 0.25), atol=0.02)
    shares = torch.bincount(target, minlength=4) / len(target)
    assert torch.allclose(shares, torch.full((4,), memory.recall_chance(4)), atol=0.02)


def test_adding():
    inputs, target = memory.adding(4_000, length=9, generator=seeded())
    assert inputs.shape == (4_000, 9, 2) and target.shape == (4_000,)
    numbers, marks = inputs.unbind(dim=-1)
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert (marks[:, :4].sum(dim=1) == 1).all() and (marks[:, 4:].sum(dim=1) == 1).all()
    assert (marks.sum(dim=0) > 0).all() and set(marks.flatten().tolist()) == {0.0, 1.0}
    assert torch.allclose((numbers * marks).sum(dim=1), target)
    assert ((target - 1) ** 2).mean().item() == pytest.approx(memory.adding_chance_loss(), abs=0.01)


def test_copy():
    inputs, targets = memory.copy(300, n_items=3, lag=4, n_symbols=6, generator=seeded())
    assert inputs.shape == targets.shape == (300, 10) and inputs.dtype == targets.dtype == torch.int64
    assert set(inputs[:, :3].flatten().tolist()) == set(range(6))
    assert (inputs[:, 3:6] == 6).all() and (inputs[:, 6] == 7).all() and (inputs[:, 7:] == 6).all()
    assert (targets[:, :7] == 6).all() and torch.equal(targets[:, 7:], inputs[:, :3])
    assert memory.copy_vocab_size(6) == 8


def test_copy_chance_is_the_loss_of_blanks_known_and_symbols_guessed():
    _, targets = memory.copy(50, n_items=3, lag=4, n_symbols=6, generator=seeded())
    logits = torch.full((50, 10, 8), -1e9)
    logits[:, :7, 6] = 0.0
    logits[:, 7:, :6] = 0.0
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
    assert loss == pytest.approx(memory.copy_chance_loss(3, 4, 6), abs=1e-6)
    assert memory.copy_chance_loss(10, 100, 8) == pytest.approx(10 * math.log(8) / 120)
    assert memory.recall_chance_loss(8) == pytest.approx(math.log(8))


@pytest.mark.parametrize(
    "draw",
    [
        lambda generator: memory.recall(4, 6, generator=generator),
        lambda generator: memory.adding(4, 6, generator=generator),
        lambda generator: memory.copy(4, 2, 6, generator=generator),
    ],
)
def test_same_seed_same_batch_and_next_batch_differs(draw):
    generator = seeded(3)
    first, second = draw(generator), draw(generator)
    again = draw(seeded(3))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], second[0])


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda g: memory.recall(0, 5, generator=g), "batch is 0"),
        (lambda g: memory.recall(2, 0, generator=g), "lag is 0"),
        (lambda g: memory.recall(2, 2.5, generator=g), "lag is 2.5"),
        (lambda g: memory.recall(2, 5, n_symbols=1, generator=g), "n_symbols is 1"),
        (lambda g: memory.adding(2, 1, generator=g), "length is 1"),
        (lambda g: memory.copy(2, 0, 5, generator=g), "n_items is 0"),
        (lambda g: memory.copy(2, 3, -1, generator=g), "lag is -1"),
    ],
)
def test_bad_sizes_are_named(call, name):
    with pytest.raises(ValueError, match=name):
        call(seeded())


def test_a_seed_is_not_a_generator():
    with pytest.raises(TypeError, match="manual_seed"):
        memory.recall(2, 5, generator=0)


@pytest.mark.parametrize("n_asked", [1, 3])
def test_lookup_asks_for_some_of_its_pairs(n_asked):
    found = memory.lookup(300, 7, n_asked, generator=torch.Generator().manual_seed(0))
    assert found.names.shape == found.contents.shape == (300, 7)
    assert found.asked.shape == found.target.shape == found.place.shape == (300, n_asked)
    rows = torch.arange(300)[:, None]
    assert torch.equal(found.names[rows, found.place], found.asked)
    assert torch.equal(found.contents[rows, found.place], found.target)
    assert found.contents.min() == 0 and found.contents.max() == 9
    assert all(len(set(row)) == 7 for row in found.names.tolist())
    assert all(len(set(row)) == n_asked for row in found.asked.tolist())
    # Every place and every digit come about equally often.
    assert torch.bincount(found.place.flatten(), minlength=7).min() > 20 * n_asked
    assert torch.bincount(found.target.flatten(), minlength=10).min() > 12 * n_asked


def test_lookup_is_repeatable_and_refuses_what_cannot_be():
    one, other = (memory.lookup(5, 4, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    with pytest.raises(ValueError, match="n_pairs is 27, but there are only n_names = 26"):
        memory.lookup(5, 27, generator=torch.Generator())
    with pytest.raises(ValueError, match="n_asked is 4, but a list has only n_pairs = 3 pairs"):
        memory.lookup(5, 3, 4, generator=torch.Generator())
    with pytest.raises(ValueError, match="batch is 0"):
        memory.lookup(0, 3, generator=torch.Generator())
