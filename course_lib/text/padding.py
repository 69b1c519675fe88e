"""Sequences of unequal lengths in one tensor: padding, and batches of pairs that waste little of it.

Sutskever, Vinyals and Le 2014, "Sequence to Sequence Learning with Neural Networks", section 3.4, group sentences
of similar length in a batch, which halved their training time; the bucketing here does the same.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


class PairBatch(NamedTuple):
    """A batch of (source, target) pairs.

    source          (batch, source_len) ids, padded on the right
    source_lengths  (batch,) how many of them are real
    target_in       (batch, target_len) what the decoder reads: <bos> w_1 … w_n
    target_out      (batch, target_len) what it is to write: w_1 … w_n <eos>
    rows            (batch,) which pairs of the list these are
    """

    source: Tensor
    source_lengths: Tensor
    target_in: Tensor
    target_out: Tensor
    rows: Tensor


def pad(sequences: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """Lay sequences of ids side by side, filled up on the right with `pad_id`.

    Args:
        sequences: lists (or 1-d tensors) of ids; an empty one is a row of padding.
        pad_id: the id that fills up.

    Returns:
        ids (batch, time) and lengths (batch,), both int64 on the CPU; time is the longest length.
    """
    if len(sequences) == 0:
        raise ValueError("There is no sequence to pad.")
    rows = [torch.as_tensor(sequence) for sequence in sequences]
    for number, row in enumerate(rows):
        if row.dim() != 1 or (row.numel() and (row.is_floating_point() or row.dtype == torch.bool)):
            raise ValueError(
                f"Sequence {number} has shape {tuple(row.shape)} and type {row.dtype}; expected a list of ids."
            )
    lengths = torch.tensor([len(row) for row in rows])
    ids = pad_sequence([row.long() for row in rows], batch_first=True, padding_value=pad_id)  # (batch, time)
    return ids, lengths


def pair_batches(
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    batch: int,
    *,
    bos_id: int,
    eos_id: int,
    pad_id: int = 0,
    generator: torch.Generator | None = None,
    epochs: int | None = 1,
    pool: int = 50,
) -> Iterator[PairBatch]:
    """Batches of pairs of similar length, so that little of them is padding.

    With a generator, each epoch shuffles the pairs, sorts every `pool` batches by length, cuts them up, and shuffles
    the batches: random, but the same again for the same seed. Without one nothing is random: all pairs sorted by
    length, for evaluation; `rows` says which pair a row is. Every pair comes exactly once an epoch, so the
    last batch may be smaller.

    Args:
        pairs: (source ids, target ids) without <bos> and <eos>; no source may be empty.
        batch: pairs in a batch.
        bos_id, eos_id, pad_id: the ids that begin, end and fill up.
        generator: on the CPU; None keeps to the order of length.
        epochs: times through the list; None goes on without end.
        pool: batches that are sorted together. 1 leaves the lengths as they come; many waste less padding, but pairs
            of equal length meet more often.

    Raises (at once, not at the first batch):
        ValueError: nothing to batch, a size below 1, or an empty source, by its number.
    """
    for name, size in (("batch", batch), ("pool", pool), ("epochs", 1 if epochs is None else epochs)):
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} is {size!r}; it must be a whole number of at least 1.")
    if len(pairs) == 0:
        raise ValueError("There is no pair to make a batch of.")
    for number, (source, _) in enumerate(pairs):
        if len(source) == 0:
            raise ValueError(f"The source of pair {number} is empty; leave such pairs out.")
    sizes = [(len(source), len(target)) for source, target in pairs]

    def one_epoch() -> Iterator[PairBatch]:
        if generator is None:
            order, together = list(range(len(pairs))), len(pairs)
        else:
            order, together = torch.randperm(len(pairs), generator=generator).tolist(), batch * pool
        # Cut inside a pool, never across two: a batch from two pools would mix the longest with the shortest.
        groups = []
        for start in range(0, len(order), together):
            members = sorted(order[start : start + together], key=sizes.__getitem__)
            groups += [members[i : i + batch] for i in range(0, len(members), batch)]
        if generator is not None:
            groups = [groups[i] for i in torch.randperm(len(groups), generator=generator).tolist()]
        for rows in groups:
            source, source_lengths = pad([pairs[row][0] for row in rows], pad_id)
            target_in, _ = pad([[bos_id, *pairs[row][1]] for row in rows], pad_id)
            target_out, _ = pad([[*pairs[row][1], eos_id] for row in rows], pad_id)
            yield PairBatch(source, source_lengths, target_in, target_out, torch.tensor(rows))

    return (group for _ in (itertools.count() if epochs is None else range(epochs)) for group in one_epoch())
