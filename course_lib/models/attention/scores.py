"""Attention: for each query a weighted mean of values, where the weights say which keys fit the query.

Additive (Bahdanau et al. 2015), dot-product and general (Luong et al. 2015) attention.
"""

import torch
from torch import Tensor, nn

from course_lib.models.attention.recording import RecordedModule


def masked_softmax(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax over the last dimension, among the allowed keys only.

    Args:
        scores: (..., source_len).
        mask: boolean, broadcastable to scores; True = may attend. None allows every key.

    Returns:
        (..., source_len) weights, at least 0; each row sums to 1 and is 0 where the mask is False. A row with nothing
        to attend to is 0 everywhere (a plain softmax of −∞ would be NaN).

    Raises:
        TypeError: a mask that is not boolean.
    """
    if mask is None:
        return scores.softmax(dim=-1)
    if mask.dtype != torch.bool:
        raise TypeError(f"mask has type {mask.dtype}; expected torch.bool, where True = may attend.")
    # The lowest finite number, not −∞: a row without any key then has finite weights and gradients, set to 0 below.
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1).masked_fill(~mask, 0.0)


class Attention(RecordedModule):
    """What the kinds of attention share: score every key, softmax, weighted mean of the values.

    Shapes:
        query (batch, target_len, query_size), key (batch, source_len, key_size), value (batch, source_len, value_size),
        mask None or boolean (batch or 1, target_len or 1, source_len), True = may attend
        → context (batch, target_len, value_size)

    The part of the scores that depends on the keys alone can be computed once, `projected = attention.project(key)`,
    and handed to every call of a loop over queries.

    Raises:
        ValueError: a shape that does not fit, with what was expected.
        TypeError: a mask that is not boolean.
    """

    def __init__(self, query_size: int, key_size: int):
        super().__init__()
        for name, size in (("query_size", query_size), ("key_size", key_size)):
            if not isinstance(size, int) or size < 1:
                raise ValueError(f"{name} is {size!r}; it must be a whole number of at least 1.")
        self.query_size, self.key_size = query_size, key_size

    def project(self, key: Tensor) -> Tensor:
        """What of the scores depends on the keys alone: (batch, source_len, key_size) → (batch, source_len, …)."""
        raise NotImplementedError

    def scores(self, query: Tensor, projected: Tensor) -> Tensor:
        """How well each key fits each query, before the softmax: (batch, target_len, source_len)."""
        raise NotImplementedError

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None = None,
        *,
        projected: Tensor | None = None,
    ) -> Tensor:
        self._check(query, key, value, mask)
        projected = self.project(key) if projected is None else projected
        weights = masked_softmax(self.scores(query, projected), mask)  # (batch, target_len, source_len)
        self.record(weights)
        return weights @ value  # (batch, target_len, value_size)

    def _check(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> None:
        if query.dim() != 3 or query.shape[2] != self.query_size:
            raise ValueError(
                f"query has shape {tuple(query.shape)}; expected (batch, target_len, {self.query_size}). "
                f"A single query is query[:, None, :]."
            )
        batch, target_len, _ = query.shape
        if key.dim() != 3 or key.shape[0] != batch or key.shape[2] != self.key_size:
            raise ValueError(
                f"key has shape {tuple(key.shape)}; expected ({batch}, source_len, {self.key_size})."
            )
        source_len = key.shape[1]
        if value.dim() != 3 or value.shape[:2] != key.shape[:2]:
            raise ValueError(
                f"value has shape {tuple(value.shape)}; expected ({batch}, {source_len}, value_size): one for each key."
            )
        if mask is not None:
            fits = mask.dim() == 3 and all(
                given in (1, wanted) for given, wanted in zip(mask.shape, (batch, target_len), strict=False)
            )
            if not fits or mask.shape[2] != source_len:
                raise ValueError(
                    f"mask has shape {tuple(mask.shape)}; expected ({batch} or 1, {target_len} or 1, {source_len}). "
                    f"A padding mask (batch, source_len) is given as mask[:, None, :], a causal one as mask[None]."
                )


class AdditiveAttention(Attention):
    """score(q, k) = vᵀ tanh(W q + U k): a small network with one hidden layer.

    Args:
        query_size: features of a query.
        key_size: features of a key.
        attention_size: width of the hidden layer.

    Shapes: as `Attention`.

    Source: Bahdanau, Cho & Bengio 2015, "Neural Machine Translation by Jointly Learning to Align and Translate",
    section 3.1 and appendix A.1.2.
    """

    def __init__(self, query_size: int, key_size: int, attention_size: int):
        super().__init__(query_size, key_size)
        if not isinstance(attention_size, int) or attention_size < 1:
            raise ValueError(
                f"attention_size is {attention_size!r}; it must be a whole number of at least 1."
            )
        self.W = nn.Linear(query_size, attention_size, bias=False)
        self.U = nn.Linear(key_size, attention_size, bias=False)
        self.v = nn.Linear(attention_size, 1, bias=False)

    def project(self, key: Tensor) -> Tensor:
        return self.U(key)  # (batch, source_len, attention_size)

    def scores(self, query: Tensor, projected: Tensor) -> Tensor:
        # Every query meets every key: (batch, target_len, 1, …) + (batch, 1, source_len, …).
        hidden = torch.tanh(self.W(query)[:, :, None] + projected[:, None])
        return self.v(hidden).squeeze(
            -1
        )  # (batch, target_len, source_len, 1) → (batch, target_len, source_len)


class DotProductAttention(Attention):
    """score(q, k) = qᵀ k: no parameters; query and key must have the same size.

    Shapes: as `Attention`.

    Source: Luong, Pham & Manning 2015, "Effective Approaches to Attention-based Neural Machine Translation",
    section 3.1, "dot".
    """

    def __init__(self, size: int):
        super().__init__(size, size)

    def project(self, key: Tensor) -> Tensor:
        return key

    def scores(self, query: Tensor, projected: Tensor) -> Tensor:
        return query @ projected.transpose(1, 2)  # (batch, target_len, source_len)


class GeneralAttention(Attention):
    """score(q, k) = qᵀ W k: a dot product of query and key after W has brought the key to the query's size.

    Shapes: as `Attention`.

    Source: Luong, Pham & Manning 2015, section 3.1, "general".
    """

    def __init__(self, query_size: int, key_size: int):
        super().__init__(query_size, key_size)
        self.W = nn.Linear(key_size, query_size, bias=False)

    def project(self, key: Tensor) -> Tensor:
        return self.W(key)  # (batch, source_len, query_size)

    def scores(self, query: Tensor, projected: Tensor) -> Tensor:
        return query @ projected.transpose(1, 2)  # (batch, target_len, source_len)
