"""Relative positions as T5 has them: a number for each head and distance is all that it knows of order."""

import math

import torch
from torch import Tensor, nn


def relative_position_bucket(
    distance: Tensor, *, bidirectional: bool, n_buckets: int = 32, max_distance: int = 128
) -> Tensor:
    """The bucket of every distance: small ones have one each, larger ones share wider and wider buckets.

    Half of the buckets of a direction hold one distance each; the others grow logarithmically up to `max_distance`, and
    the last holds all that is farther. In both directions, keys before the query have the first half of the buckets,
    keys after it the second; in one, all keys after the query share bucket 0 (a causal mask hides them).

    Args:
        distance: whole numbers of any shape, position of the key − position of the query.
        bidirectional: as in an encoder; False as in a decoder.
        n_buckets: in all, a multiple of 4 (in one direction of 2).
        max_distance: from here on all distances are one.

    Returns:
        Numbers from 0 to n_buckets − 1, of the shape of `distance`.

    Raises:
        ValueError: n_buckets that cannot be halved, or a max_distance within the buckets of one distance each.
        TypeError: distances that are no whole numbers.

    Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
    section 2.1, and its code.
    """
    _check(bidirectional, n_buckets, max_distance)
    if distance.is_floating_point() or distance.dtype == torch.bool:
        raise TypeError(f"distance has type {distance.dtype}; expected whole numbers.")
    n_each = n_buckets // 2 if bidirectional else n_buckets  # buckets of one direction
    n_exact = n_each // 2
    far = distance.abs() if bidirectional else (-distance).clamp(min=0)
    # How far on the way from n_exact to max_distance, in equal steps of the logarithm.
    share = torch.log(far.clamp(min=1).float() / n_exact) / math.log(max_distance / n_exact)
    wide = n_exact + (share * (n_each - n_exact)).long()
    bucket = torch.where(far < n_exact, far, wide.clamp(max=n_each - 1))
    return bucket + n_each * (distance > 0) if bidirectional else bucket


class RelativePositionBias(nn.Module):
    """A learned number for each head and bucket of distances, added to the scores of attention before the softmax.

    T5 has one for its encoder and one for its decoder; all layers of a stack share it, and cross-attention has none.

    Args:
        n_heads: heads of the attention.
        bidirectional, n_buckets, max_distance: as in `relative_position_bucket`.

    Shapes:
        target_len, source_len → (1, n_heads, target_len, source_len): the bias of each query and key, where the queries
        are the last target_len of source_len tokens.

    Source: Raffel et al. 2020, section 2.1; relative positions as vectors: Shaw, Uszkoreit & Vaswani 2018,
    "Self-Attention with Relative Position Representations".
    """

    def __init__(self, n_heads: int, *, bidirectional: bool, n_buckets: int = 32, max_distance: int = 128):
        super().__init__()
        _check(bidirectional, n_buckets, max_distance)
        self.bidirectional, self.n_buckets, self.max_distance = bidirectional, n_buckets, max_distance
        self.table = nn.Embedding(n_buckets, n_heads)

    def forward(self, target_len: int, source_len: int) -> Tensor:
        place = torch.arange(source_len, device=self.table.weight.device)
        # (1, source_len) − (target_len, 1) → (target_len, source_len)
        distance = place[None, :] - place[source_len - target_len :, None]
        buckets = relative_position_bucket(
            distance,
            bidirectional=self.bidirectional,
            n_buckets=self.n_buckets,
            max_distance=self.max_distance,
        )
        # (target_len, source_len, n_heads) → (1, n_heads, target_len, source_len)
        return self.table(buckets).permute(2, 0, 1)[None]


def _check(bidirectional: bool, n_buckets: int, max_distance: int) -> None:
    parts = 4 if bidirectional else 2
    if not isinstance(n_buckets, int) or n_buckets < parts or n_buckets % parts:
        raise ValueError(f"n_buckets is {n_buckets!r}; it must be a multiple of {parts}, to be halved.")
    if not max_distance > n_buckets // parts:
        raise ValueError(
            f"max_distance is {max_distance!r}; it must be above {n_buckets // parts}: so many distances have a bucket "
            "of their own."
        )
