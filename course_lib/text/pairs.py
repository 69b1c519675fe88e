"""From sentences to what skip-gram learns from: (word, neighbour) pairs and noise words."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.text.cooccurrence import flatten, neighbour_places


class PairBatch(NamedTuple):
    """What one training step sees.

    ``words`` (batch,) and ``neighbours`` (batch,): ids that really stood near each other; ``noise``: ids drawn from the
    noise distribution, k for each pair (batch, k), or some for the whole batch (n_shared,). ``noise_weight`` is what
    each noise word counts for a pair: 1, or k / n_shared.
    """

    words: Tensor
    neighbours: Tensor
    noise: Tensor
    noise_weight: float = 1.0


def keep_probability(counts: Tensor, threshold: float = 1e-3) -> Tensor:
    """With which probability each occurrence of a word is kept: min(1, sqrt(threshold / share)).

    Mikolov et al. 2013b, "Distributed representations of words and phrases and their compositionality", equation 5.
    Half a million words need a larger threshold than the paper's 1e-5 for billions.

    Args:
        counts: (vocab_size,) how often each word occurs; a word that never occurs gets 1.
    """
    if threshold <= 0:
        raise ValueError(f"threshold = {threshold}; expected a positive share, such as 1e-3.")
    share = counts.double() / counts.sum()
    return (threshold / share.clamp(min=1e-300)).sqrt().clamp(max=1.0)


def noise_distribution(counts: Tensor, power: float = 0.75) -> Tensor:
    """The distribution of the noise words: counts ** power, normalised (Mikolov et al. 2013b, section 2.2).

    Args:
        counts: (vocab_size,) at least 0, not all 0; a word that never occurs is never drawn.
    """
    if counts.dim() != 1 or (counts < 0).any() or counts.sum() == 0:
        raise ValueError(
            f"counts has shape {tuple(counts.shape)}; expected (vocab_size,) counts of at least 0, not all 0."
        )
    weights = torch.where(counts > 0, counts.double().clamp(min=1e-300) ** power, 0.0)
    return weights / weights.sum()


def skipgram_pairs(
    ids: Tensor, sentence: Tensor, window: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """All (word, neighbour) pairs at most `window` words apart, in the same sentence.

    Args:
        ids, sentence: (n,) as `course_lib.text.cooccurrence.flatten` gives them.
        window: words looked at to each side.
        generator: given, every word draws its own window from 1 … window, as word2vec does: near neighbours come
            more often than far ones. None: all pairs.

    Returns:
        words (n_pairs,), neighbours (n_pairs,).
    """
    size = None if generator is None else torch.randint(1, window + 1, (len(ids),), generator=generator)
    words, neighbours = [], []
    for distance, places in neighbour_places(sentence, window):
        for here, there in ((places, places + distance), (places + distance, places)):
            if size is not None:
                near = size[here] >= distance
                here, there = here[near], there[near]
            words.append(ids[here])
            neighbours.append(ids[there])
    if not words:
        return ids[:0], ids[:0]
    return torch.cat(words), torch.cat(neighbours)


def skipgram_batches(
    sequences: Sequence[Sequence[int]],
    vocab_size: int,
    *,
    batch: int,
    window: int = 5,
    draw_window: bool = True,
    n_noise: int = 5,
    n_shared: int | None = None,
    threshold: float | None = 1e-3,
    power: float = 0.75,
    seed: int = 0,
) -> Iterator[PairBatch]:
    """Yield batches of pairs without end; in every reading of the text frequent words are thinned out anew.

    Args:
        sequences: encoded sentences; a window never reaches into the next one.
        batch: pairs a step.
        window, draw_window: the widest window; every word draws its own from 1 … window, or (False) all use the widest.
        n_noise: k, noise words for each pair.
        n_shared: draw this many noise words for the whole batch and weight each with k / n_shared: the loss has the
            same expectation, and one matrix product serves all pairs (as in Ji et al. 2016, "Parallelizing word2vec").
        threshold: of `keep_probability`; None keeps every word.
        power: of `noise_distribution`.
        seed: of everything that is drawn.

    Raises:
        ValueError: fewer pairs in a reading than one batch needs, or an option out of its range.
    """
    ids, sentence = flatten(sequences, vocab_size)
    counts = torch.bincount(ids, minlength=vocab_size)
    noise = noise_distribution(counts, power).cumsum(0)
    generator = torch.Generator().manual_seed(seed)
    while True:
        kept = torch.ones(len(ids), dtype=torch.bool)
        if threshold is not None:
            kept = torch.rand(len(ids), generator=generator) < keep_probability(counts, threshold)[ids]
        words, neighbours = skipgram_pairs(
            ids[kept], sentence[kept], window, generator if draw_window else None
        )
        if len(words) < batch:
            raise ValueError(f"A reading of the text gives {len(words)} pairs, fewer than batch = {batch}.")
        order = torch.randperm(len(words), generator=generator)
        for start in range(0, len(words) - batch + 1, batch):
            chosen = order[start : start + batch]
            # Where the cumulative distribution passes a uniform draw: the same as multinomial, and faster.
            shape = (batch, n_noise) if n_shared is None else (n_shared,)
            draws = torch.rand(shape, generator=generator, dtype=torch.float64)
            drawn = torch.searchsorted(noise, draws, right=True).clamp(max=vocab_size - 1)
            weight = 1.0 if n_shared is None else n_noise / n_shared
            yield PairBatch(words[chosen], neighbours[chosen], drawn, weight)
