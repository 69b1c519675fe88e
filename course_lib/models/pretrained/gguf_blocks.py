"""Quantised weights of a GGUF file: small blocks of whole numbers with a scale, and back to float32.

A row of a matrix is cut into blocks of 32 weights. Each block has a scale d of its own (Q4_1 also a minimum m), so that
one large weight spoils its 31 neighbours only:

    Q8_0   w = d · q            q = −128 … 127, one byte each         34 bytes for 32 weights, 8.5 bits a weight
    Q4_0   w = d · (q − 8)      q = 0 … 15, two in a byte             18 bytes                 4.5
    Q4_1   w = d · q + m        q = 0 … 15, two in a byte             20 bytes                 5

d and m are half-precision numbers. Equal, bit for bit, to the `gguf` package's `dequantize`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 32  # weights


@dataclass(frozen=True)
class Kind:
    """How weights are stored: `weights` of them in `n_bytes` bytes, which `unpack` turns into float32.

    unpack: (n, n_bytes) bytes → (n, weights).
    """

    name: str
    weights: int
    n_bytes: int
    unpack: Callable[[Tensor], Tensor]

    @property
    def bits(self) -> float:
        """Bits a weight, scales included."""
        return 8 * self.n_bytes / self.weights


def halves(blocks: Tensor, first: int) -> Tensor:
    """The half-precision number in bytes `first` and `first + 1` of each block: (n, n_bytes) → (n, 1)."""
    return blocks[:, first : first + 2].contiguous().view(torch.float16).float()


def four_bit_numbers(packed: Tensor) -> Tensor:
    """Two numbers from 0 to 15 out of each byte: (n, 16) bytes → (n, 32) bytes.

    The low four bits of the 16 bytes are weights 0 to 15 of the block, the high four bits weights 16 to 31.
    """
    eight = torch.empty(len(packed), 2, dtype=torch.int64, device=packed.device)  # bytes at a time
    eight.view(torch.uint8).copy_(packed)
    numbers = torch.empty(len(packed), 4, dtype=torch.int64, device=packed.device)
    torch.bitwise_and(eight, _LOW, out=numbers[:, :2])
    torch.bitwise_and(eight >> 4, _LOW, out=numbers[:, 2:])
    return numbers.view(torch.uint8)  # (n, 4) → (n, 32)


_LOW = 0x0F0F0F0F0F0F0F0F  # the low four bits of each byte


def _q8_0(blocks: Tensor) -> Tensor:
    numbers = blocks[:, 2:].contiguous().view(torch.int8)  # (n, 32)
    return numbers.float().mul_(halves(blocks, 0))


def _q4_0(blocks: Tensor) -> Tensor:
    return four_bit_numbers(blocks[:, 2:]).float().sub_(8).mul_(halves(blocks, 0))


def _q4_1(blocks: Tensor) -> Tensor:
    return four_bit_numbers(blocks[:, 4:]).float().mul_(halves(blocks, 0)).add_(halves(blocks, 2))


def _plain(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    # A copy always: a view would keep the whole file mapped as long as the model lives.
    return lambda blocks: blocks.contiguous().view(dtype).to(torch.float32, copy=True)


Q8_0 = Kind("Q8_0", BLOCK, 34, _q8_0)
Q4_1 = Kind("Q4_1", BLOCK, 20, _q4_1)
# The number of the kind in the file → the kind.
KINDS = {
    0: Kind("F32", 1, 4, _plain(torch.float32)),
    1: Kind("F16", 1, 2, _plain(torch.float16)),
    2: Kind("Q4_0", BLOCK, 18, _q4_0),
    3: Q4_1,
    8: Q8_0,
    30: Kind("BF16", 1, 2, _plain(torch.bfloat16)),
}
