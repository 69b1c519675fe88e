"""Which of two groups of words is a word nearer to? The word embedding association test (WEAT)."""

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.models.words.vectors import WordVectors


class Weat(NamedTuple):
    """effect: in standard deviations, −2 … 2; p_value: the share of other splits that differ at least as much."""

    effect: float
    p_value: float
    n_splits: int


def association(vectors: WordVectors, words: Sequence[str], A: Sequence[str], B: Sequence[str]) -> Tensor:
    """For each word, its mean cosine with the words of A minus that with the words of B, (n_words,)."""
    if not A or not B:
        raise ValueError(f"A has {len(A)} words and B has {len(B)}; expected at least one in each.")
    rows, to_A, to_B = (vectors.unit[vectors.ids(group)] for group in (words, A, B))
    return (rows @ to_A.T).mean(dim=1) - (rows @ to_B.T).mean(dim=1)


def weat(
    vectors: WordVectors,
    X: Sequence[str],
    Y: Sequence[str],
    A: Sequence[str],
    B: Sequence[str],
    max_splits: int = 20_000,
    seed: int = 0,
) -> Weat:
    """Are the words of X nearer to A, and those of Y to B, than a chance split of the same words would be?

    Caliskan, Bryson & Narayanan 2017, "Semantics derived automatically from language corpora contain human-like
    biases", section "Word Embedding Association Test": effect = difference of the two groups' mean association, in
    standard deviations of all of them; p = share of equal splits of X and Y together whose difference is at least as
    large (one-sided).

    Args:
        X, Y: the target words, as many in each.
        A, B: the attribute words.
        max_splits: with more splits than this, so many are drawn with `seed` instead of all counted.

    Raises:
        ValueError: X and Y of different sizes, fewer than two words each, or a word in both.
        KeyError: a word without a vector.
    """
    if len(X) != len(Y) or len(X) < 2 or set(X) & set(Y):
        raise ValueError(
            f"X has {len(X)} words and Y has {len(Y)}; expected two or more, as many in each, none in both."
        )
    scores = association(vectors, [*X, *Y], A, B).double()  # (2 n,)
    n = len(X)
    found = scores[:n].mean() - scores[n:].mean()
    if comb(2 * n, n) <= max_splits:
        splits = torch.tensor(list(combinations(range(2 * n), n)))  # (n_splits, n)
    else:
        generator = torch.Generator().manual_seed(seed)
        splits = torch.rand(max_splits, 2 * n, generator=generator).argsort(dim=1)[:, :n]
    in_first = scores[splits].sum(dim=1)  # (n_splits,)
    differences = (2 * in_first - scores.sum()) / n
    p_value = (differences >= found - 1e-12).double().mean()
    return Weat(float(found / scores.std(correction=1)), float(p_value), len(splits))
