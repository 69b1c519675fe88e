"""A linear layer in 4 bits, as a GGUF file has it: groups of 32 weights with a scale d and a minimum m, w = d · q + m.

While a model writes, each weight is needed once a token: the time goes by the bytes that are moved. The kernel reads 4
bits a weight, and makes real numbers of them in registers, where nobody waits for them. It writes

    w = (q − 8) · s + z        the same with s = d and z = m + 8 d

It is fast in bfloat16 alone. What that costs: inputs, outputs, s and z have eight binary digits.
"""

import copy
from collections.abc import Callable
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.compact.blocks import q4_1_blocks
from course_lib.models.compact.quantised_linear import QuantisedLinear
from course_lib.models.pretrained.gguf_blocks import BLOCK, Q4_1, four_bit_numbers, halves

ROWS = 16  # with more, as in a prompt, real numbers are worth their making: exact, and needed once
MULTIPLE = 32  # outputs that the kernel works on at once


class Int4Linear(QuantisedLinear):
    """An `nn.Linear` with weights of 4 bits, in the blocks of a GGUF file (Q4_1: 5 bits a weight with d and m).

    A CPU multiplies few rows by a kernel, in bfloat16; many rows, and other devices, by the real numbers, which are
    made for the moment: exact in x's precision.

    Args and shapes: as `QuantisedLinear`; it begins with zeros, for a state dict to fill.
        `Int4Linear.from_linear` and `Int4Linear.from_blocks` are the ways from what there is.
    """

    def __init__(self, in_features: int, out_features: int, bias: Tensor | None = None):
        super().__init__(in_features, out_features, bias)
        if in_features % BLOCK:
            raise ValueError(f"in_features is {in_features}; 4-bit weights come in groups of {BLOCK}.")
        n_bytes = Q4_1.n_bytes
        self.register_buffer("blocks", torch.zeros(out_features, in_features // BLOCK, n_bytes, dtype=torch.uint8))
        self.kernel_rows = ROWS  # the most rows that the kernel multiplies; 0: never
        self._laid_out: tuple[Tensor, Tensor] | None = None  # for the kernel, once it is needed

    @classmethod
    def from_linear(cls, linear: nn.Linear) -> Self:
        """The nearest 4-bit layer of a trained one."""
        return cls.from_blocks(q4_1_blocks(linear.weight), linear.bias)

    @classmethod
    def from_blocks(cls, blocks: Tensor, bias: Tensor | None = None) -> Self:
        """A layer with the blocks of a file, (out, in / 32, 20) bytes; they are not copied, and never made real."""
        if blocks.dim() != 3 or blocks.shape[2] != Q4_1.n_bytes or blocks.dtype != torch.uint8:
            raise ValueError(
                f"blocks has shape {tuple(blocks.shape)} and type {blocks.dtype}; expected bytes (out, in / {BLOCK}, "
                f"{Q4_1.n_bytes}), as Q4_1 has them."
            )
        with torch.device("meta"):
            layer = cls(blocks.shape[1] * BLOCK, len(blocks))
        layer.blocks = blocks
        layer.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        return layer

    @property
    def weight(self) -> Tensor:
        # (out, in / 32, 20) → (out * in / 32, 32) → (out, in)
        return Q4_1.unpack(self.blocks.flatten(0, 1)).view(self.out_features, self.in_features)

    def product(self, x: Tensor) -> Tensor:
        if len(x) > self.kernel_rows or not self.has_kernel:
            return F.linear(x, self.weight.to(x.dtype))
        return self._by_kernel()(x)

    def for_rows(self, n: int) -> Callable[[Tensor], Tensor]:
        plain = self.bias is None and not len(self.adapters)
        return self._by_kernel() if plain and n <= self.kernel_rows and self.has_kernel else self

    def _by_kernel(self) -> Callable[[Tensor], Tensor]:
        (packed, scales), multiply = self._kernel_form(), torch.ops.aten._weight_int4pack_mm_for_cpu
        return lambda x: multiply(x.bfloat16(), packed, BLOCK, scales).to(x.dtype)

    @property
    def has_kernel(self) -> bool:
        """Whether few rows are multiplied by the kernel, in bfloat16."""
        return self.blocks.device.type == "cpu" and self.out_features % MULTIPLE == 0 and _HAS_KERNEL

    def _kernel_form(self) -> tuple[Tensor, Tensor]:
        """The numbers in the kernel's own order, and (in / 32, out, 2) with s and z."""
        if self._laid_out is None:
            with torch.inference_mode(False), torch.no_grad():
                flat = self.blocks.flatten(0, 1)  # (out * in / 32, 20)
                numbers = four_bit_numbers(flat[:, 4:]).view(self.out_features, self.in_features)
                packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(numbers.int(), 1)
                d, m = (halves(flat, first).view(self.out_features, -1) for first in (0, 2))  # (out, in / 32)
                scales = torch.stack([d.T, (m + 8 * d).T], dim=-1).bfloat16()  # (in / 32, out, 2)
            self._laid_out = packed, scales
        return self._laid_out

    def _load_from_state_dict(self, *arguments, **options) -> None:
        self._laid_out = None
        super()._load_from_state_dict(*arguments, **options)


def exactly(model: nn.Module) -> nn.Module:
    """The same model without the kernel: its 4-bit layers multiply by real numbers always, exact in x's precision.

    Parameters and buffers are the model's own, not copies. Few rows are slow; to check many drafted tokens at once it
    is what `course_lib.decoding.speculate` wants.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    for part in model.modules():
        if isinstance(part, Int4Linear) and part._laid_out is not None:
            shared[id(part._laid_out)] = part._laid_out
    twin = copy.deepcopy(model, shared)
    for part in twin.modules():
        if isinstance(part, Int4Linear):
            part.kernel_rows = 0
    return twin


_HAS_KERNEL = hasattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu")
