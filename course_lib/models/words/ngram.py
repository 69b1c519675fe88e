"""A counted n-gram: the baseline that a neural language model has to beat.

An n-gram guesses the next symbol w from the n - 1 symbols before it, h, by looking up what followed h in the
training text. Long contexts are rare or new, so each order is blended with the next shorter one, h' (h
without its first symbol), as I. H. Witten and T. C. Bell, "The Zero-Frequency Problem", IEEE Transactions on
Information Theory 37(4), 1991 (method C) estimate it; in the form of S. F. Chen and J. Goodman, "An
Empirical Study of Smoothing Techniques for Language Modeling", 1998, section 2.5:

    p(w | h) = (c(h, w) + T(h) p(w | h')) / (c(h) + T(h))

c(h, w) counts how often w followed h, c(h) = Σ_w c(h, w), and T(h) is the number of different symbols that
followed h: how often h has surprised. The recursion ends at the uniform distribution 1 / vocab_size. A
context never seen has c = T = 0, and p(w | h) = p(w | h').
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class _Table:
    """The counts of one order, as sorted arrays that are searched by bisection.

    An n-gram is one whole number: its ids read as digits in base vocab_size. Its context is that number
    without the last digit. ``grams`` and ``counts`` have one entry for each different n-gram; ``contexts``,
    ``totals`` = c(h) and ``kinds`` = T(h) one for each different context.
    """

    grams: np.ndarray
    counts: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray


class NGram:
    """Witten-Bell smoothed n-gram; ``order`` n = 1 counts symbols, 2 pairs, and so on.

    One :meth:`fit` counts all orders up to ``order``, and every order below can be asked for by itself.
    Raises ValueError for sizes below 1 and where vocab_size ** order does not fit into 63 bits.
    """

    def __init__(self, order: int, vocab_size: int):
        for name, value in (("order", order), ("vocab_size", vocab_size)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1.")
        if vocab_size**order >= 2**63:
            raise ValueError(
                f"order {order} with {vocab_size} symbols has more possible n-grams than 63 bits can number: "
                f"take a lower order."
            )
        self.order = order
        self.vocab_size = vocab_size
        self._tables: list[_Table] = []

    def fit(self, ids: Tensor) -> "NGram":
        """Count the text ``ids``, (n,), n >= order, ids below vocab_size; replaces earlier counts."""
        text = self._checked(ids, at_least=self.order)
        tables = []
        for codes in self._codes(text, self.order):
            grams, counts = np.unique(codes, return_counts=True)
            # Sorted n-grams with the same context stand together: the last symbol is the last digit.
            contexts, first, kinds = np.unique(
                grams // self.vocab_size, return_index=True, return_counts=True
            )
            tables.append(_Table(grams, counts, contexts, np.add.reduceat(counts, first), kinds))
        self._tables = tables
        return self

    @property
    def n_entries(self) -> int:
        """How many counts are stored: the different n-grams of all orders together."""
        return sum(self.entries_by_order)

    @property
    def entries_by_order(self) -> list[int]:
        """How many different n-grams of order 1, 2, …, ``order`` the text contains."""
        return [len(table.grams) for table in self._fitted()]

    def log_probs(self, ids: Tensor, order: int | None = None) -> Tensor:
        """Natural-log probability of each next symbol of ``ids``, (n,): (n - 1,) float64, for the targets
        ``ids[1:]``.

        The first symbol is given, not predicted, as for a network that reads ``ids[:-1]``. A symbol near the
        beginning is predicted from the shorter context that it has. ``order`` (default: the fitted one) may
        be lower.
        """
        order = self._checked_order(order)
        text = self._checked(ids, at_least=2)
        probs = np.full(len(text), 1 / self.vocab_size)
        for n, codes in enumerate(self._codes(text, order), start=1):
            probs[n - 1 :] = self._blend(n, codes, probs[n - 1 :])
        return torch.from_numpy(np.log(probs[1:]))

    def cross_entropy(self, ids: Tensor, order: int | None = None) -> float:
        """Mean of -log p over the n - 1 targets ``ids[1:]``, in nats; see :meth:`log_probs`."""
        return -self.log_probs(ids, order).mean().item()

    def next_distribution(self, context_ids: Tensor, order: int | None = None) -> Tensor:
        """Probability of every symbol after ``context_ids``: (vocab_size,) float64, sums to 1.

        ``context_ids`` is (time,) with any length, also 0; only the last ``order - 1`` are looked at.
        """
        order = self._checked_order(order)
        context = self._checked(context_ids, at_least=0)
        symbols = np.arange(self.vocab_size)
        probs = np.full(self.vocab_size, 1 / self.vocab_size)
        code = 0
        for n in range(1, min(order, len(context) + 1) + 1):
            if n > 1:  # the context grows to the left: its new first digit
                code += int(context[-(n - 1)]) * self.vocab_size ** (n - 2)
            probs = self._blend(n, code * self.vocab_size + symbols, probs)
        return torch.from_numpy(probs)

    def _blend(self, n: int, codes: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """One step of the recursion: p of order ``n`` for the n-grams ``codes``, from that of order n - 1."""
        table = self._tables[n - 1]
        place, seen = _find(table.contexts, codes // self.vocab_size)
        totals = np.where(seen, table.totals[place], 0)
        kinds = np.where(seen, table.kinds[place], 1)  # an unseen context leaves (0 + 1 · lower) / (0 + 1)
        place, seen = _find(table.grams, codes)
        counts = np.where(seen, table.counts[place], 0)
        return (counts + kinds * lower) / (totals + kinds)

    def _codes(self, text: np.ndarray, order: int):
        """Yield, for n = 1 … order, the numbers of all n-grams of ``text``, in the order of the text."""
        codes = text
        yield codes
        for n in range(2, order + 1):
            if len(text) < n:
                return
            codes = codes[1:] + text[: len(text) - n + 1] * self.vocab_size ** (n - 1)
            yield codes

    def _fitted(self) -> list[_Table]:
        if not self._tables:
            raise RuntimeError("This NGram has not counted anything yet: call fit(ids) first.")
        return self._tables

    def _checked_order(self, order: int | None) -> int:
        self._fitted()
        if order is None:
            return self.order
        if not isinstance(order, int) or not 1 <= order <= self.order:
            raise ValueError(f"order is {order!r}; this NGram has counted the orders 1 … {self.order}.")
        return order

    def _checked(self, ids: Tensor, at_least: int) -> np.ndarray:
        if not isinstance(ids, Tensor):
            raise TypeError(f"ids is a {type(ids).__name__}; pass the encoded text: vocabulary.encode(text).")
        if ids.ndim != 1 or ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
            raise ValueError(
                f"ids has shape {tuple(ids.shape)} and type {ids.dtype}; expected integers of shape (n,)."
            )
        if len(ids) < at_least:
            raise ValueError(f"The text has {len(ids)} ids; it needs at least {at_least}.")
        text = ids.cpu().numpy().astype(np.int64)
        if text.size and (text.min() < 0 or text.max() >= self.vocab_size):
            raise ValueError(
                f"ids go from {text.min()} to {text.max()}, but vocab_size is {self.vocab_size}: "
                f"encode with the vocabulary that this model was made for."
            )
        return text


def _find(table: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each ``wanted`` stands in the sorted ``table``, and whether it is there at all."""
    place = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return place, table[place] == wanted
