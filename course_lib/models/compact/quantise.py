"""Quantisation by hand: real numbers as small whole numbers q with a scale s and a zero point z, and back.

    q = round(x / s) + z, cut off at the ends of the range        x ≈ s · (q − z)

    symmetric   z = 0, s = max |x| / (2^(bits − 1) − 1)           0 in the middle: weights
    asymmetric  the range from min x to max x is all used         one-sided numbers: activations behind a ReLU

One scale may serve a whole tensor, a row (per channel: each output of a layer has its own), or a group of neighbours in
a row. Within one scale the largest number decides on the step for all: a single outlier takes the others' precision.

Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", section 2.1, equation 1.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Quantised:
    """A tensor in whole numbers.

    Attributes:
        numbers: of the tensor's shape; int8 where symmetric, else uint8.
        scale: (n, 1), the step between neighbours, of each of the n parts with a scale of their own.
        zero: (n, 1), the whole number that means 0.
        bits: of each number.
    """

    numbers: Tensor
    scale: Tensor
    zero: Tensor
    bits: int

    def dequantised(self) -> Tensor:
        """s · (q − z), of the tensor's shape."""
        parts = self.numbers.view(len(self.scale), -1).to(self.scale.dtype)  # (…) → (n, numbers of a part)
        return ((parts - self.zero) * self.scale).view(self.numbers.shape)

    @property
    def bits_each(self) -> float:
        """Bits a number, with 16 for each scale, and for each zero point as many as a number has."""
        parts = len(self.scale) * (16 + self.bits * (self.numbers.dtype == torch.uint8))
        return self.bits + parts / self.numbers.numel()


def quantise(x: Tensor, bits: int = 8, *, per: str | int = "tensor", symmetric: bool = True) -> Quantised:
    """The nearest whole numbers of `bits` bits.

    Args:
        x: numbers; a matrix is (out, in), as a linear layer's.
        bits: from 2 to 8.
        per: what shares a scale: "tensor" all, "channel" each row x[i], or a whole number: each so many neighbours of
            the last dimension.
        symmetric: zero point 0, as many steps below it as above. False spreads the steps from the smallest to the
            largest number, 0 included, which stays exact.

    Returns:
        Numbers, scales and zero points; no x within the range is farther than half a step from its
        `dequantised()` (asymmetric: a whole one at the ends, because the zero point is rounded).

    Raises:
        ValueError: bits or per out of range, or numbers that are not finite.
    """
    if not isinstance(bits, int) or not 2 <= bits <= 8:
        raise ValueError(f"bits is {bits!r}; expected a whole number from 2 to 8.")
    if not x.is_floating_point() or x.numel() == 0 or not torch.isfinite(x).all():
        raise ValueError(f"x, {x.dtype} of shape {tuple(x.shape)}, must be finite real numbers, at least one.")
    parts = _parts(x, per)
    if symmetric:
        highest = 2 ** (bits - 1) - 1
        scale, lowest = parts.abs().amax(dim=1, keepdim=True) / highest, -highest
        scale = torch.where(scale == 0, 1.0, scale)  # all zeros: any step
        zero = torch.zeros_like(scale)
    else:
        highest, lowest = 2**bits - 1, 0
        smallest = parts.amin(dim=1, keepdim=True).clamp(max=0)
        scale = (parts.amax(dim=1, keepdim=True).clamp(min=0) - smallest) / highest
        scale = torch.where(scale == 0, 1.0, scale)
        zero = torch.round(-smallest / scale)
    numbers = (torch.round(parts / scale) + zero).clamp(lowest, highest)
    kind = torch.int8 if symmetric else torch.uint8
    return Quantised(numbers.to(kind).view(x.shape), scale, zero, bits)


def _parts(x: Tensor, per: str | int) -> Tensor:
    """(n, numbers that share a scale)."""
    if per == "tensor":
        return x.reshape(1, -1)
    if per == "channel" and x.dim() > 1:
        return x.reshape(len(x), -1)
    if isinstance(per, int) and not isinstance(per, bool) and per > 0 and x.dim() and x.shape[-1] % per == 0:
        return x.reshape(-1, per)
    raise ValueError(
        f"per is {per!r} for the shape {tuple(x.shape)}; expected 'tensor', 'channel' (of a matrix), or a whole number "
        "that divides the last dimension."
    )


@dataclass(frozen=True)
class QuantisationError:
    """How far an approximation is from the truth.

    Attributes:
        largest: of all absolute errors.
        root_mean_square: of the errors.
        relative: the same, as a share of the numbers' own root mean square.
        decibels: signal-to-noise ratio, 20 log₁₀ (1 / relative); one bit more brings about 6.
    """

    largest: float
    root_mean_square: float
    relative: float
    decibels: float


def quantisation_error(x: Tensor, approximation: Tensor | Quantised) -> QuantisationError:
    """Compare numbers with what became of them."""
    approximation = approximation.dequantised() if isinstance(approximation, Quantised) else approximation
    if approximation.shape != x.shape:
        raise ValueError(f"x has shape {tuple(x.shape)}, the approximation {tuple(approximation.shape)}.")
    error = (approximation - x).double()
    rms, size = (part.square().mean().sqrt().item() for part in (error, x.double()))
    relative = rms / size if size else math.inf if rms else 0.0
    decibels = -20 * math.log10(relative) if 0 < relative < math.inf else -math.inf if relative else math.inf
    return QuantisationError(error.abs().max().item(), rms, relative, decibels)
