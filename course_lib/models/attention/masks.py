"""Masks, built in one place. Boolean everywhere; True = may attend, as `scaled_dot_product_attention` has it."""

import torch
from torch import Tensor


def causal_mask(time: int, device: torch.device | str | None = None) -> Tensor:
    """Who may look where when nobody may look ahead: True on and below the diagonal.

    Args:
        time: number of positions.
        device: where the mask is needed.

    Returns:
        (time, time) boolean: [query, key], True where key ≤ query.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.3.
    """
    if not isinstance(time, int) or isinstance(time, bool) or time < 1:
        raise ValueError(f"time is {time!r}; it must be a whole number of at least 1.")
    return torch.ones(time, time, dtype=torch.bool, device=device).tril()


def padding_mask(lengths: Tensor, time: int | None = None) -> Tensor:
    """Which positions of a padded batch hold real symbols.

    Args:
        lengths: (batch,) whole numbers, how many symbols each row really has.
        time: width of the padded batch; None takes the longest row.

    Returns:
        (batch, time) boolean, True for real symbols, on the device of `lengths`. As a mask of attention it is
        the same for every query: `mask[:, None, :]` is (batch, 1, source_len).

    Raises:
        ValueError: lengths of another shape or type, below 0 or above `time`.
    """
    if (
        lengths.dim() != 1
        or lengths.is_floating_point()
        or lengths.dtype == torch.bool
        or lengths.numel() == 0
    ):
        raise ValueError(
            f"lengths has shape {tuple(lengths.shape)} and type {lengths.dtype}; expected whole numbers, (batch,)."
        )
    shortest, longest = int(lengths.min()), int(lengths.max())
    time = longest if time is None else time
    if shortest < 0 or longest > time:
        raise ValueError(
            f"lengths go from {shortest} to {longest}; they must lie between 0 and time = {time}."
        )
    return (
        torch.arange(time, device=lengths.device) < lengths[:, None]
    )  # (time,) < (batch, 1) → (batch, time)
