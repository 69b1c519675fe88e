"""Where a token stands: sinusoids that are added to embeddings, and rotations of queries and keys.

Attention itself does not know the order of its keys; one of these, or a learned `nn.Embedding`, tells it.
"""

import torch
from torch import Tensor, nn


def sinusoidal_positions(
    time: int, d_model: int, *, base: float = 10_000.0, dtype=None, device=None
) -> Tensor:
    """The positional encoding of the Transformer: sines and cosines of wavelengths from 2π to base · 2π.

        PE(pos, 2i) = sin(pos / base^(2i/d_model)),   PE(pos, 2i + 1) = cos(pos / base^(2i/d_model))

    Args:
        time: number of positions; d_model: features, even.

    Returns:
        (time, d_model)

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.5.
    """
    if not isinstance(time, int) or time < 1 or not isinstance(d_model, int) or d_model < 2 or d_model % 2:
        raise ValueError(
            f"time = {time!r}, d_model = {d_model!r}; expected whole numbers, time at least 1, d_model even."
        )
    angles = _angles(torch.arange(time, device=device), d_model, base)  # (time, d_model / 2)
    # Sine and cosine of one wavelength stand side by side: (time, d_model / 2, 2) → (time, d_model).
    table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    return table.to(dtype or torch.get_default_dtype())


class Rotary(nn.Module):
    """Turn each pair of features of a query or key by an angle that grows with its position.

    The dot product of a query at position m with a key at position n then depends on m − n alone. Feature i is paired
    with feature i + d_head / 2, as in Llama's and GPT-NeoX's code (the paper pairs neighbours; it is the same up to the
    order of the features).

    Args:
        d_head: features of one head, even.
        base: wavelengths go from 2π to base · 2π positions.

    Shapes:
        x (batch, heads, time, d_head) → the same shape. Where the tokens stand: one after the other from `offset` on,
        or, row by row, at `positions` (batch, time), all of them below `n_positions`.

    Source: Su et al. 2021, "RoFormer", section 3.2.2, equation 34.
    """

    def __init__(self, d_head: int, base: float = 10_000.0):
        super().__init__()
        if not isinstance(d_head, int) or d_head < 2 or d_head % 2:
            raise ValueError(f"d_head is {d_head!r}; it must be an even whole number.")
        self.d_head, self.base = d_head, base
        self._table: tuple[Tensor, Tensor] | None = None  # no parameter, no part of a state dict

    def forward(
        self, x: Tensor, offset: int = 0, *, positions: Tensor | None = None, n_positions: int | None = None
    ) -> Tensor:
        if x.shape[-1] != self.d_head:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; its last dimension must be d_head = {self.d_head}."
            )
        end = offset + x.shape[-2]
        if positions is None:
            cos, sin = (part[offset:end] for part in self._tables(x, end))  # each (time, d_head / 2)
        else:
            # n_positions: to ask the positions themselves, the CPU would have to wait for the device.
            tables = self._tables(x, end if n_positions is None else n_positions)
            cos, sin = (part[positions][:, None] for part in tables)  # each (batch, 1, time, d_head / 2)
        first, second = x.chunk(2, dim=-1)  # each (batch, heads, time, d_head / 2)
        turned = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
        return turned if turned.dtype == x.dtype else turned.to(x.dtype)

    def _tables(self, x: Tensor, time: int) -> tuple[Tensor, Tensor]:
        # At least single precision, also for half-precision x: its few digits would spoil the angles.
        table, dtype = self._table, torch.promote_types(x.dtype, torch.float32)
        if table is None or len(table[0]) < time or table[0].device != x.device or table[0].dtype != dtype:
            # Twice what is needed: a growing sequence does not build a table at each step. Not inference tensors.
            with torch.inference_mode(False), torch.no_grad():
                angles = _angles(torch.arange(2 * time, device=x.device), self.d_head, self.base)
                table = self._table = angles.cos().to(dtype), angles.sin().to(dtype)
        return table


def _angles(positions: Tensor, features: int, base: float) -> Tensor:
    """(time,) → (time, features / 2) in double precision: at position 1000 a rounded angle is a wrong one."""
    exponents = torch.arange(0, features, 2, device=positions.device, dtype=torch.float64) / features
    return positions.to(torch.float64)[:, None] * base**-exponents
