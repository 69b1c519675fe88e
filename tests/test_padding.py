"""Batches of pairs: every pair once, little padding, the same again for the same seed."""

import random
from itertools import islice

import pytest
import torch

from course_lib.text.padding import pad, pair_batches

IDS = {"bos_id": 2, "eos_id": 3}


def make_pairs(n=205):
    rng = random.Random(0)
    return [
        ([rng.randrange(4, 99) for _ in range(rng.randrange(1, 40))], [4] * rng.randrange(0, 12))
        for _ in range(n)
    ]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def contents(batches):
    return [[part.tolist() for part in batch] for batch in batches]


def test_pad_fills_up_on_the_right():
    ids, lengths = pad([[5, 6], [], torch.tensor([7, 8, 9])], pad_id=1)
    assert ids.tolist() == [[5, 6, 1], [1, 1, 1], [7, 8, 9]] and ids.dtype == torch.int64
    assert lengths.tolist() == [2, 0, 3]
    with pytest.raises(ValueError, match="no sequence"):
        pad([])
    with pytest.raises(ValueError, match=r"Sequence 1 has shape \(1, 1\)"):
        pad([[1], [[2]]])
    with pytest.raises(ValueError, match="Sequence 0 .*float"):
        pad([[0.5]])


def test_a_batch_is_its_pairs():
    batch = next(pair_batches([([5, 6, 7], [8]), ([9], [4, 5])], 2, **IDS))
    assert batch.rows.tolist() == [1, 0]
    assert batch.source.tolist() == [[9, 0, 0], [5, 6, 7]] and batch.source_lengths.tolist() == [1, 3]
    assert batch.target_in.tolist() == [[2, 4, 5], [2, 8, 0]]
    assert batch.target_out.tolist() == [[4, 5, 3], [8, 3, 0]]


@pytest.mark.parametrize("generator", [None, 0])
def test_every_pair_comes_once_an_epoch(generator):
    pairs = make_pairs()
    generator = None if generator is None else seeded()
    batches = list(pair_batches(pairs, 16, generator=generator, pool=4, **IDS))
    rows = torch.cat([batch.rows for batch in batches]).tolist()
    assert sorted(rows) == list(range(len(pairs)))
    assert all(len(batch.rows) <= 16 for batch in batches)
    for batch in batches:
        for k, row in enumerate(batch.rows.tolist()):
            source, target = pairs[row]
            assert batch.source[k, : batch.source_lengths[k]].tolist() == source
            assert batch.target_in[k, : len(target) + 1].tolist() == [2, *target]
            assert batch.target_out[k, : len(target) + 1].tolist() == [*target, 3]


def test_bucketing_wastes_little_padding():
    pairs = make_pairs(1000)

    def padding(pool):
        batches = list(pair_batches(pairs, 20, generator=seeded(), pool=pool, **IDS))
        cells = sum(batch.source.numel() for batch in batches)
        return 1 - sum(int(batch.source_lengths.sum()) for batch in batches) / cells

    assert padding(pool=1) > 0.4 and padding(pool=25) < 0.1


def test_one_seed_gives_one_order_and_epochs_differ():
    pairs = make_pairs(64)
    first, again, other = (
        contents(pair_batches(pairs, 16, generator=seeded(s), epochs=2, **IDS)) for s in (1, 1, 2)
    )
    assert first == again != other
    assert first[:4] != first[4:] and len(first) == 8


def test_endless_batches_go_on():
    batches = pair_batches(make_pairs(20), 16, epochs=None, generator=seeded(), **IDS)
    assert sum(len(batch.rows) for batch in islice(batches, 20)) == 200


@pytest.mark.parametrize(
    ("pairs", "options", "words"),
    [
        ([], {}, "no pair"),
        ([([1], [1]), ([], [1])], {}, "source of pair 1 is empty"),
        ([([1], [1])], {"batch": 0}, "batch is 0"),
        ([([1], [1])], {"epochs": 0}, "epochs is 0"),
        ([([1], [1])], {"pool": 0}, "pool is 0"),
    ],
)
def test_what_makes_no_batch_is_named_at_once(pairs, options, words):
    with pytest.raises(ValueError, match=words):
        pair_batches(pairs, **{"batch": 4, **IDS, **options})
