"""From float32 to the blocks of a GGUF file: the way back from `pretrained.gguf_blocks`, which explains them.

Equal, bit for bit, to the `gguf` package's `quantize`.
"""

import torch
from torch import Tensor

from course_lib.models.pretrained.gguf_blocks import BLOCK


def q4_1_blocks(weight: Tensor) -> Tensor:
    """Groups of 32 weights as 4-bit numbers with a scale d and a minimum m: w ≈ d · q + m.

    Shapes: weight (out, in), in a multiple of 32 → bytes (out, in / 32, 20)

    Raises:
        ValueError: another shape.
    """
    groups = _groups(weight)  # (out, in / 32, 32)
    smallest, largest = groups.amin(dim=-1, keepdim=True), groups.amax(dim=-1, keepdim=True)
    step = (largest - smallest) / 15
    numbers = ((groups - smallest) * _inverse(step) + 0.5).trunc().clamp(0, 15).to(torch.uint8)
    low, high = numbers.chunk(2, dim=-1)  # weights 0 … 15 and 16 … 31 of each group: (out, in / 32, 16)
    return torch.cat([_halves(step), _halves(smallest), low | high << 4], dim=-1)


def q8_0_blocks(weight: Tensor) -> Tensor:
    """Groups of 32 weights as 8-bit numbers with a scale d: w ≈ d · q.

    Shapes: weight (out, in), in a multiple of 32 → bytes (out, in / 32, 34)

    Raises:
        ValueError: another shape.
    """
    groups = _groups(weight)  # (out, in / 32, 32)
    step = groups.abs().amax(dim=-1, keepdim=True) / 127
    scaled = groups * _inverse(step)
    numbers = (scaled.abs() + 0.5).floor() * scaled.sign()  # halves go away from zero; torch.round goes to even
    return torch.cat([_halves(step), numbers.to(torch.int8).view(torch.uint8)], dim=-1)


def _groups(weight: Tensor) -> Tensor:
    if weight.dim() != 2 or weight.shape[1] % BLOCK:
        raise ValueError(
            f"weight has shape {tuple(weight.shape)}; expected a matrix (out, in) with in a multiple of {BLOCK}."
        )
    return weight.detach().float().unflatten(1, (-1, BLOCK))


def _inverse(step: Tensor) -> Tensor:
    return torch.where(step == 0, 0.0, 1 / step)


def _halves(numbers: Tensor) -> Tensor:
    """In half precision, as bytes: (…, 1) → (…, 2)."""
    return numbers.half().view(torch.uint8)
