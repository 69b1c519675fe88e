"""Masked-language-model batches: which tokens are selected, and what is shown in their place."""

from typing import NamedTuple

import torch
from torch import Tensor


class Masked(NamedTuple):
    """A corrupted batch.

    inputs    (batch, time) what the model reads
    selected  (batch, time) boolean: the tokens to predict, whose true ids are the loss's targets
    """

    inputs: Tensor
    selected: Tensor


def mask_tokens(
    ids: Tensor,
    *,
    mask_id: int,
    vocab_size: int,
    special_ids: tuple[int, ...],
    probability: float = 0.15,
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1),
    generator: torch.Generator | None = None,
) -> Masked:
    """Select tokens at random; show [MASK] in most of their places, in some a random token, in some the token itself.

    Every call selects other tokens, so no epoch repeats the one before (Liu et al. 2019, "RoBERTa", section
    4.1, call it dynamic masking). Special tokens are never selected, and never drawn as a replacement.

    Args:
        ids: (batch, time), on any device; it is not changed.
        mask_id: what is shown for a masked token; one of `special_ids`.
        vocab_size: ids are below it.
        special_ids: padding, [CLS], [SEP], [MASK], …
        probability: that an ordinary token is selected.
        shares: of the selected ones, how many are masked, replaced, and left as they are.
        generator: on the CPU, so that every device draws the same.

    Raises:
        ValueError: an option out of its range, or a mask_id that is not special.

    Source: Devlin et al. 2019, section 3.1 and appendix A.1.
    """
    if not 0 < probability < 1 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(
            f"probability = {probability}, shares = {shares}; expected a probability between 0 and 1, and three shares "
            "that add up to 1."
        )
    if mask_id not in special_ids:
        raise ValueError(f"mask_id = {mask_id} is not among special_ids = {special_ids}; it must be.")
    ordinary = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids)))
    if len(ordinary) == 0:
        raise ValueError(f"All {vocab_size} tokens are special; there is nothing to choose.")
    special = torch.tensor(special_ids, device=ids.device)
    draw, fate = torch.rand(2, *ids.shape, generator=generator).to(ids.device)  # each (batch, time)
    others = ordinary[torch.randint(len(ordinary), ids.shape, generator=generator)].to(ids.device)
    selected = (draw < probability) & ~torch.isin(ids, special)
    inputs = torch.where(selected & (fate < shares[0]), mask_id, ids)
    inputs = torch.where(selected & (fate >= shares[0]) & (fate < shares[0] + shares[1]), others, inputs)
    return Masked(inputs, selected)
