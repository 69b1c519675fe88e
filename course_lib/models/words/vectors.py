"""Words with a vector each: similarity, nearest neighbours, analogies."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import torch
from torch import Tensor


class WordVectors:
    """A table of word vectors, asked by word.

    All similarities are cosines: by the plain dot product a long vector would be every word's neighbour.

    Args:
        words: each once.
        matrix: (n_words, d_model), no row all zero.
    """

    def __init__(self, words: Sequence[str], matrix: Tensor):
        matrix = torch.as_tensor(matrix).detach().cpu()
        if matrix.dim() != 2 or len(matrix) != len(words) or not matrix.is_floating_point():
            raise ValueError(
                f"matrix has shape {tuple(matrix.shape)} and type {matrix.dtype}; expected ({len(words)}, d_model) "
                "floating-point numbers, one row for each word."
            )
        lengths = matrix.norm(dim=1)
        if not torch.isfinite(matrix).all() or (lengths == 0).any():
            bad = words[int((~(torch.isfinite(lengths) & (lengths > 0))).nonzero()[0])]
            raise ValueError(f"The vector of {bad!r} is zero or not finite; it has no direction to compare.")
        self.words: tuple[str, ...] = tuple(words)
        self.matrix = matrix
        self.unit = matrix / lengths[:, None]  # (n_words, d_model), every row of length 1
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) < len(self.words):
            raise ValueError("A word is listed twice; give each word once.")

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def __getitem__(self, word: str) -> Tensor:
        """The vector of a word, (d_model,). Raises KeyError, naming words that are spelt alike."""
        return self.matrix[self.id(word)]

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, d_model={self.matrix.shape[1]})"

    def id(self, word: str) -> int:
        """The row of a word. Raises KeyError, naming words that are spelt alike."""
        if word not in self._ids:
            close = get_close_matches(str(word), self.words, n=3, cutoff=0.6)
            hint = f"; did you mean {', '.join(close)}?" if close else "."
            raise KeyError(f"{word!r} has no vector: it is rare in the text, or not in it{hint}")
        return self._ids[word]

    def ids(self, words: Iterable[str]) -> Tensor:
        """The rows of some words, (n,)."""
        return torch.tensor([self.id(word) for word in words], dtype=torch.long)

    def similarity(self, one: str, other: str) -> float:
        """The cosine of the angle between two words' vectors, −1 … 1."""
        return float(self.unit[self.id(one)] @ self.unit[self.id(other)])

    def similarities(self, words: Sequence[str]) -> Tensor:
        """(n, n) cosines among some words."""
        chosen = self.unit[self.ids(words)]
        return chosen @ chosen.T

    def nearest(self, vector: Tensor, n: int = 10, exclude: Iterable[str] = ()) -> list[tuple[str, float]]:
        """The n words whose direction is nearest to a vector (d_model,), with their cosines, nearest first."""
        cosines = self.unit @ (vector / vector.norm().clamp(min=1e-12))  # (n_words,)
        left_out = self.ids(exclude)
        cosines[left_out] = -torch.inf
        if not 1 <= n <= len(self) - len(left_out.unique()):
            raise ValueError(f"n = {n}; there are {len(self) - len(left_out.unique())} words to choose from.")
        best = torch.sort(cosines, descending=True, stable=True).indices[:n]
        return [(self.words[i], float(cosines[i])) for i in best.tolist()]

    def neighbours(self, word: str, n: int = 10) -> list[tuple[str, float]]:
        """The n words nearest to a word, without itself, with their cosines, nearest first."""
        return self.nearest(self.unit[self.id(word)], n, exclude=[word])

    def analogy(
        self, a: str, b: str, c: str, n: int = 1, exclude_given: bool = True
    ) -> list[tuple[str, float]]:
        """a is to b as c is to …: the n words nearest to b − a + c, with their cosines ("3CosAdd").

        Mikolov, Yih & Zweig 2013, "Linguistic regularities in continuous space word representations", section 5:
        on vectors of length 1, and never one of the three given words, unless ``exclude_given`` is False.
        """
        a_unit, b_unit, c_unit = self.unit[self.ids([a, b, c])]
        return self.nearest(b_unit - a_unit + c_unit, n, exclude=[a, b, c] if exclude_given else [])


def principal_axes(matrix: Tensor, n: int = 2) -> tuple[Tensor, Tensor]:
    """The n directions along which the rows of a matrix differ most (principal component analysis, Pearson 1901).

    Args:
        matrix: (n_rows, d_model).

    Returns:
        axes (d_model, n), columns of length 1 whose largest entry is positive, so that a picture is never mirrored by
        chance; and each axis's share of the variance (n,).
    """
    if matrix.dim() != 2 or not 1 <= n <= min(matrix.shape):
        raise ValueError(
            f"matrix has shape {tuple(matrix.shape)}, n = {n}; n must be 1 … the smaller of the two sizes."
        )
    centred = matrix.double() - matrix.double().mean(dim=0)
    _, lengths, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:n].T  # (d_model, n)
    largest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))  # (1, n)
    shares = lengths[:n] ** 2 / (lengths**2).sum().clamp(min=1e-300)
    return (axes * torch.where(largest < 0, -1.0, 1.0)).to(matrix.dtype), shares.to(matrix.dtype)
