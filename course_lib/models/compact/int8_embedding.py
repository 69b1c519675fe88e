"""An embedding table in 8 bits: each symbol's vector in whole numbers with a scale of its own."""

from typing import Self

import torch
from torch import Tensor, nn

from course_lib.models.compact.quantise import quantise


class Int8Embedding(nn.Module):
    """An `nn.Embedding` whose rows are 8-bit numbers with a scale each. It is not trained.

    In a small model with many symbols the table is most of its bytes, and looking a row up costs next to nothing.

    Args:
        num_embeddings, embedding_dim: as `nn.Embedding`. It begins with zeros, for a state dict to fill;
            `Int8Embedding.from_embedding` is the way from a trained table.

    Shapes: ids (…) → (…, embedding_dim)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int):
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.register_buffer("numbers", torch.zeros(num_embeddings, embedding_dim, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(num_embeddings, 1))

    @classmethod
    def from_embedding(cls, embedding: nn.Embedding) -> Self:
        """The nearest 8-bit table of a trained one."""
        found = quantise(embedding.weight.detach(), per="channel")
        table = cls(embedding.num_embeddings, embedding.embedding_dim)
        table.numbers, table.scale = found.numbers, found.scale
        return table

    @property
    def weight(self) -> Tensor:
        """The table in real numbers, computed anew each time."""
        return self.numbers * self.scale

    def forward(self, ids: Tensor) -> Tensor:
        return self.numbers[ids] * self.scale[ids]

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"
