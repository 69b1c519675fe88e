"""GloVe: word vectors whose dot products are the logarithms of co-occurrence counts."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class CountBatch(NamedTuple):
    """Entries of a co-occurrence matrix: rows (n,) and columns (n,), ids; counts (n,), positive."""

    rows: Tensor
    columns: Tensor
    counts: Tensor


def glove_weight(counts: Tensor, x_max: float = 100.0, power: float = 0.75) -> Tensor:
    """f(x) = min(1, (x / x_max) ** power): rare pairs count less, frequent ones not more and more.

    Pennington, Socher & Manning 2014, "GloVe: Global vectors for word representation", equation 9.
    """
    if x_max <= 0:
        raise ValueError(f"x_max = {x_max}; expected a positive count.")
    return (counts / x_max).clamp(max=1.0) ** power


class GloVe(nn.Module):
    """A word vector, a context vector, and a bias of each, for every word; the score is w · c + b_w + b_c."""

    def __init__(self, vocab_size: int, d_model: int):
        super().__init__()
        self.word, self.context = nn.Embedding(vocab_size, d_model), nn.Embedding(vocab_size, d_model)
        self.word_bias, self.context_bias = nn.Embedding(vocab_size, 1), nn.Embedding(vocab_size, 1)
        for embedding in (self.word, self.context):
            nn.init.uniform_(embedding.weight, -0.5 / d_model, 0.5 / d_model)
        for bias in (self.word_bias, self.context_bias):
            nn.init.zeros_(bias.weight)

    def forward(self, rows: Tensor, columns: Tensor) -> Tensor:
        """rows and columns (n,) → scores (n,)."""
        dots = (self.word(rows) * self.context(columns)).sum(dim=1)
        return dots + self.word_bias(rows)[:, 0] + self.context_bias(columns)[:, 0]

    def loss(self, batch: CountBatch, x_max: float = 100.0) -> Tensor:
        """Mean of f(x) (score − ln x)² over the entries given; equation 8 of the paper, which sums."""
        error = self(batch.rows, batch.columns) - batch.counts.log().to(self.word.weight.dtype)
        return (glove_weight(batch.counts, x_max).to(error.dtype) * error**2).mean()

    def vectors(self) -> Tensor:
        """(vocab_size, d_model): word plus context vector, as the paper's section 4.2 uses them."""
        return (self.word.weight + self.context.weight).detach()


def count_batches(counts: Tensor, batch: int, seed: int = 0):
    """Yield batches of a sparse co-occurrence matrix's entries, shuffled anew in every round, without end."""
    entries = counts.coalesce()
    (rows, columns), values = entries.indices(), entries.values()
    if not 1 <= batch <= len(values):
        raise ValueError(f"batch = {batch}; there are {len(values)} entries, so expected 1 … {len(values)}.")
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(values), generator=generator)
        for start in range(0, len(values) - batch + 1, batch):
            chosen = order[start : start + batch]
            yield CountBatch(rows[chosen], columns[chosen], values[chosen])
