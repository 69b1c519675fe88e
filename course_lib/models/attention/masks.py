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


def real_tokens(
    ids: Tensor, lengths: Tensor | None, mask: Tensor | None, n_keys: int | None = None
) -> Tensor | None:
    """Which tokens of a batch are no padding, said in one of two ways: by `lengths` or by `mask`.

    Args:
        ids: (batch, time).
        lengths: (batch,) how many symbols each row really has, or None.
        mask: (batch, n_keys) boolean, True for real tokens, or None.
        n_keys: tokens that the mask speaks of, if they are more than `time`: those in a cache come first.

    Returns:
        (batch, n_keys) boolean; None where all tokens are real.

    Raises:
        ValueError: both ways at once, or a shape that does not fit.
        TypeError: a mask that is not boolean.
    """
    n_keys = ids.shape[-1] if n_keys is None else n_keys
    if mask is None:
        if lengths is not None and lengths.shape != ids.shape[:1]:
            raise ValueError(
                f"lengths has shape {tuple(lengths.shape)}; expected ({ids.shape[0]},), one a row."
            )
        return None if lengths is None else padding_mask(lengths.to(ids.device), n_keys)
    if lengths is not None:
        raise ValueError("Both lengths and mask were given; give one of them.")
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask has type {mask.dtype}; expected torch.bool, True for real tokens (mask.bool() of 0 and 1)."
        )
    if mask.shape != (len(ids), n_keys):
        of_ids = "that of ids, " if n_keys == ids.shape[1] else "(batch, symbols in the caches and in ids), "
        raise ValueError(f"mask has shape {tuple(mask.shape)}; expected {of_ids}{(len(ids), n_keys)}.")
    return mask
