"""Rows of different lengths in one batch: where each of them ends."""

from functools import cached_property

import torch
from torch import Tensor

from course_lib.models.recurrent.inputs import check_shape


class Rows:
    """Where each row of a batch ends. Tensors are time first here: (time, batch, features).

    Args:
        lengths: (batch,) whole numbers from 1 to time, on any device; None: every row is `time` long.

    Attributes:
        lengths: (batch,) on the CPU; None where no row is padded.

    Raises:
        TypeError, ValueError: lengths that are not whole numbers, not one a row, or not from 1 to time.
    """

    def __init__(self, lengths: Tensor | None, batch: int, time: int, device: torch.device):
        self.time, self.device, self.lengths = time, device, None
        if lengths is None:
            return
        if not isinstance(lengths, Tensor) or lengths.is_floating_point() or lengths.dtype == torch.bool:
            kind = lengths.dtype if isinstance(lengths, Tensor) else type(lengths).__name__
            raise TypeError(f"lengths is of type {kind}; expected a tensor of whole numbers, (batch,).")
        check_shape("lengths", lengths, (batch,), "(batch,)")
        if batch == 0:
            return
        lengths = lengths.cpu().long()
        shortest, longest = (int(length) for length in lengths.aminmax())
        if shortest < 1 or longest > time:
            raise ValueError(
                f"lengths go from {shortest} to {longest}; expected 1 to {time}, the time steps of x."
            )
        if shortest < time:
            self.lengths = lengths

    @cached_property
    def _places(self) -> tuple[Tensor, Tensor, Tensor]:
        """Which steps are real, which step takes its place when a row is turned round, and which one is the last."""
        lengths = self.lengths.to(self.device)
        steps = torch.arange(self.time, device=self.device)[:, None]  # (time, 1)
        is_real = (steps < lengths)[..., None]  # (time, batch, 1)
        # The real part of each row from back to front; padding stays where it is. Its own inverse.
        turned = torch.where(steps < lengths, lengths - 1 - steps, steps)[..., None]  # (time, batch, 1)
        return is_real, turned, (lengths - 1)[None, :, None]  # the last one (1, batch, 1)

    def clear(self, x: Tensor, value: float = 0.0) -> Tensor:
        """x with `value` in place of padding."""
        return x if self.lengths is None else x.masked_fill(~self._places[0], value)

    def reverse(self, x: Tensor) -> Tensor:
        """Each row from its last real step to its first."""
        return x.flip(0) if self.lengths is None else x.gather(0, self._places[1].expand_as(x))

    def last(self, x: Tensor) -> Tensor:
        """Each row's last real step: (batch, features)."""
        if self.lengths is None:
            return x[-1]
        return x.gather(0, self._places[2].expand(1, *x.shape[1:]))[0]
