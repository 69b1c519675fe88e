"""A linear layer in 8 bits: whole numbers times whole numbers, added up as whole numbers.

    x ≈ s_x · q_x, a scale a row        W ≈ s_W · q_W, a scale an output        x Wᵀ ≈ s_x · s_W · (q_x q_Wᵀ)

Both scales stand before the sum over the inputs, so that the sum is one of products of whole numbers, which a CPU or
GPU has instructions for: four times as many of them fit into a register as numbers of float32.
"""

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.compact.quantise import quantise
from course_lib.models.compact.quantised_linear import QuantisedLinear

# What the kernel asks for on a GPU: more than 16 rows, and sizes in multiples of 8.
GPU_ROWS, GPU_MULTIPLE = 24, 8


class Int8Linear(QuantisedLinear):
    """An `nn.Linear` with weights of 8 bits, one scale an output; inputs are rounded to 8 bits as they come.

    Args and shapes: as `QuantisedLinear`; it begins with zeros, for a state dict to fill. `Int8Linear.from_linear` is
    the way from a trained layer.

    Source: Dettmers et al. 2022, "LLM.int8()", section 2.1, whose vector-wise quantisation this is.
    """

    def __init__(self, in_features: int, out_features: int, bias: Tensor | None = None):
        super().__init__(in_features, out_features, bias)
        self.register_buffer("numbers", torch.zeros(out_features, in_features, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(out_features))

    @classmethod
    def from_linear(cls, linear: nn.Linear) -> Self:
        """The nearest 8-bit layer of a trained one."""
        found = quantise(linear.weight.detach(), per="channel")
        layer = cls(linear.in_features, linear.out_features, linear.bias)
        layer.numbers, layer.scale = found.numbers, found.scale[:, 0]
        return layer

    @property
    def weight(self) -> Tensor:
        return self.numbers * self.scale[:, None]

    def product(self, x: Tensor) -> Tensor:
        real = x.to(torch.promote_types(x.dtype, torch.float32))
        step = torch.linalg.vector_norm(real, torch.inf, dim=1, keepdim=True) / 127  # (rows, 1)
        step = torch.where(step == 0, 1.0, step)
        rounded = (real / step).round_().to(torch.int8)  # (rows, in)
        sums = whole_product(rounded, self.numbers).to(step.dtype)  # (rows, out)
        return sums.mul_(step).mul_(self.scale).to(x.dtype)  # in place: these passes cost as much as a small product


def whole_product(x: Tensor, weight: Tensor) -> Tensor:
    """x Wᵀ of 8-bit numbers, added up in 32 bits where the device has a kernel for it, else in real numbers.

    Shapes: x (rows, in), weight (out, in), both int8 → (rows, out)
    """
    if x.device.type == "cpu":
        return torch._int_mm(x, weight.T)
    rows, (n_out, n_in) = len(x), weight.shape
    if x.device.type == "cuda" and n_in % GPU_MULTIPLE == n_out % GPU_MULTIPLE == 0:
        missing = max(GPU_ROWS, -(-rows // GPU_MULTIPLE) * GPU_MULTIPLE) - rows
        return torch._int_mm(F.pad(x, (0, 0, 0, missing)), weight.T)[:rows]
    return x.float() @ weight.T.float()
