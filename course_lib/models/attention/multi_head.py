"""Scaled dot-product attention, and many heads of it side by side: self-attention and cross-attention."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.attention.cache import Cache
from course_lib.models.attention.masks import causal_mask
from course_lib.models.attention.positions import Rotary
from course_lib.models.attention.recording import RecordedModule
from course_lib.models.attention.scores import masked_softmax


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *,
    scale: float | None = None,
    position_bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """A = softmax(Q Kᵀ / √d_k + B) over the keys, Y = A V; without a position bias B is 0.

    Args:
        scale: what the dot products are multiplied by, if it is to be another than 1 / √d_k (T5 has 1).

    Shapes:
        query (…, target_len, d_k), key (…, source_len, d_k), value (…, source_len, d_v),
        mask None or boolean, broadcastable to (…, target_len, source_len), True = may attend,
        position_bias None or numbers, broadcastable to the same
        → output (…, target_len, d_v), weights (…, target_len, source_len), whose rows sum to 1; a query that may
        look at nothing has weights and output 0.

    Raises:
        ValueError: query and key of different sizes, or keys and values of different numbers.
        TypeError: a mask that is not boolean.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1, equation 1.
    """
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            f"query has shape {tuple(query.shape)} and key {tuple(key.shape)}; the last dimension, d_k, must be equal."
        )
    if key.shape[-2] != value.shape[-2]:
        raise ValueError(
            f"There are {key.shape[-2]} keys but {value.shape[-2]} values; expected one value a key."
        )
    scores = query @ key.transpose(-2, -1)  # (…, target_len, source_len)
    scores = scores / math.sqrt(query.shape[-1]) if scale is None else scores * scale
    scores = scores if position_bias is None else scores + position_bias
    weights = masked_softmax(scores, mask)
    return weights @ value, weights


class MultiHeadAttention(RecordedModule):
    """Several heads, each with its own queries, keys and values; their outputs joined and mixed.

    Self-attention with one argument, `attention(x)`; cross-attention with two, `attention(x, memory)`: queries come
    from x, keys and values from the memory. Parameters have the names and shapes of `torch.nn.MultiheadAttention`
    (batch first), whose state dict it takes. Without a listener (`record_attention`) the fused
    `F.scaled_dot_product_attention` runs; the result is the same.

    Args:
        d_model: features of x and of the memory.
        n_heads: a divisor of d_model; each head has d_head = d_model / n_heads features.
        d_head: features of a head, if they are to be others; n_heads then needs to divide nothing.
        scale: what the dot products are multiplied by, if it is to be another than 1 / √d_head.
        n_kv_heads: a divisor of n_heads: so many heads of keys and values, each shared by a group of query heads
            (grouped-query attention; 1 is multi-query attention). None: every query head has its own.
        bias: of the four projections.
        dropout: on the weights, in training.
        rotary: turn queries and keys by their position (self-attention only), with wavelengths up to 2π · rotary_base.
        query_key_norm: bring queries and keys to length √d_head before they meet (Henry et al. 2020, without its
            learned scale): scores cannot explode.

    Shapes:
        x (batch, target_len, d_model), memory (batch, source_len, d_model),
        mask None or boolean (batch or 1, target_len or 1, source_len), True = may attend,
        position_bias None or (batch or 1, n_heads, target_len, source_len)
        → (batch, target_len, d_model)

    Source: Vaswani et al. 2017, section 3.2.2; multi-query: Shazeer 2019, "Fast Transformer Decoding: One Write-Head is
    All You Need"; groups: Ainslie et al. 2023, "GQA", section 2.2.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        n_kv_heads: int | None = None,
        d_head: int | None = None,
        scale: float | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        rotary: bool = False,
        rotary_base: float = 10_000.0,
        query_key_norm: bool = False,
    ):
        super().__init__()
        whole = all(isinstance(size, int) for size in (d_model, n_heads, d_head or 1))
        if not whole or n_heads < 1 or (d_head is None and d_model % n_heads):
            raise ValueError(f"d_model = {d_model!r} cannot be divided among n_heads = {n_heads!r}.")
        d_head = d_model // n_heads if d_head is None else d_head
        if d_head < 1:
            raise ValueError(f"d_head is {d_head!r}; it must be a whole number of at least 1.")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout!r}; it must be at least 0 and below 1.")
        n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
        if not isinstance(n_kv_heads, int) or n_kv_heads < 1 or n_heads % n_kv_heads:
            raise ValueError(f"n_kv_heads is {n_kv_heads!r}; it must divide n_heads = {n_heads}.")
        self.d_model, self.n_heads, self.d_head, self.scale = d_model, n_heads, d_head, scale
        self.n_kv_heads, self.group_size = n_kv_heads, n_heads // n_kv_heads
        self.dropout, self.query_key_norm = dropout, query_key_norm
        n_rows = (n_heads + 2 * n_kv_heads) * self.d_head  # 3 * d_model where no head is shared
        self.in_proj_weight = nn.Parameter(torch.empty(n_rows, d_model))
        self.in_proj_bias = nn.Parameter(torch.empty(n_rows)) if bias else None
        self.register_module("in_proj", None)  # see replace_in_proj
        self.out_proj = nn.Linear(n_heads * d_head, d_model, bias=bias)
        self.rotary = Rotary(self.d_head, rotary_base) if rotary else None
        # As torch.nn.MultiheadAttention starts them.
        nn.init.xavier_uniform_(self.in_proj_weight)
        if bias:
            nn.init.zeros_(self.in_proj_bias)
            nn.init.zeros_(self.out_proj.bias)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        cache: Cache | None = None,
        positions: Tensor | None = None,
        position_bias: Tensor | None = None,
    ) -> Tensor:
        """Args:
        causal: nobody looks ahead (self-attention); the same as `mask=causal_mask(time)[None]`, and cheaper.
        cache: keys and values of earlier calls, to which those of this one are added: x then holds the newest
            tokens only. With a memory, its keys and values are projected at the first call and kept.
        positions: (batch, target_len), where the tokens of x stand, below the number of keys; for rotary positions.
            None: one after the other, the first of them after what the cache holds.
        position_bias: added to the scores of every head, as `RelativePositionBias` makes it.
        """
        self._check(x, memory, mask, causal, cache, position_bias)
        query, key, value = self._project(x, memory, cache, positions)
        masks = None if mask is None else mask[:, None]  # the same for every head
        # (batch, heads, target_len, d_head)
        output = self._attend(query, key, value, masks, causal, position_bias)
        # (batch, heads, target_len, d_head) → (batch, target_len, heads * d_head)
        return self.out_proj(output.transpose(1, 2).flatten(2))

    def replace_in_proj(self, make: Callable[[nn.Linear], nn.Module]) -> None:
        """Project with make(linear) from now on. The linear layer it is given holds the joint projection.

        `in_proj_weight` and `in_proj_bias` are then None, and `in_proj` is the module, such as a quantised layer.
        """
        weight, bias = self.in_proj_weight, self.in_proj_bias
        linear = nn.Linear(weight.shape[1], len(weight), bias=bias is not None, device="meta")
        linear.weight, linear.bias = weight, bias
        self.in_proj = make(linear)
        self.in_proj_weight = self.in_proj_bias = None

    def _project(
        self, x: Tensor, memory: Tensor | None, cache: Cache | None, positions: Tensor | None
    ) -> tuple[Tensor, ...]:
        """query (batch, heads, target_len, d_head), key and value (batch, kv_heads, source_len, d_head)."""
        if memory is not None:
            (query,) = self._heads(x, 0, 1)
            if cache is None:
                key, value = self._heads(memory, 1, 3)
            else:
                key, value = cache.fixed(lambda: self._heads(memory, 1, 3))
            return self._norm(query), self._norm(key), value
        query, key, value = self._heads(x, 0, 3)
        query, key = self._norm(query), self._norm(key)
        if self.rotary is not None:
            n_keys = x.shape[1] if cache is None else cache.n_keys(x.shape[1])
            place = {"offset": n_keys - x.shape[1], "positions": positions, "n_positions": n_keys}
            query, key = self.rotary(query, **place), self.rotary(key, **place)
        if cache is not None:
            key, value = cache.append(key, value)
        return query, key, value

    def _heads(self, x: Tensor, first: int, last: int) -> tuple[Tensor, ...]:
        """The parts `first` to `last` of (query, key, value), projected in one product and cut into heads."""
        weight, bias = self.in_proj_weight, self.in_proj_bias
        n_heads = (self.n_heads, self.n_kv_heads, self.n_kv_heads)[first:last]
        begin = 0 if first == 0 else self.n_heads * self.d_head
        rows = slice(begin, begin + sum(n_heads) * self.d_head)
        if self.in_proj is not None:
            parts = self.in_proj(x)[..., rows]  # (batch, time, all heads * d_head)
        else:
            if last - first < 3:
                weight, bias = weight[rows], None if bias is None else bias[rows]
            parts = F.linear(x, weight, bias)  # (batch, time, all heads * d_head)
        # (batch, time, all heads * d_head) → (batch, all heads, time, d_head) → its parts
        return parts.view(*x.shape[:2], -1, self.d_head).transpose(1, 2).split(n_heads, dim=1)

    def _norm(self, vectors: Tensor) -> Tensor:
        return F.rms_norm(vectors, (self.d_head,)) if self.query_key_norm else vectors

    def _attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        causal: bool,
        position_bias: Tensor | None,
    ) -> Tensor:
        target_len, source_len = query.shape[-2], key.shape[-2]
        given = mask is not None or position_bias is not None
        if causal and target_len > 1 and (self.is_recording or given or target_len != source_len):
            # The last query is the last key: with a cache, earlier keys are there to be looked at.
            ahead = causal_mask(source_len, query.device)[-target_len:]  # (target_len, source_len)
            mask = ahead if mask is None else mask & ahead
        dropout = self.dropout if self.training else 0.0
        if self.is_recording:
            # Each group's heads meet the same keys and values: (batch, kv_heads, …) → (batch, heads, …).
            key, value = (part.repeat_interleave(self.group_size, dim=1) for part in (key, value))
            options = {"scale": self.scale, "position_bias": position_bias}
            _, weights = scaled_dot_product_attention(query, key, value, mask, **options)
            self.record(weights)
            return F.dropout(weights, dropout) @ value
        if position_bias is not None:  # the fused form takes one tensor for both
            mask = position_bias if mask is None else torch.where(mask, position_bias, -math.inf)
            mask = mask.to(query.dtype)
        # One query at the end may look at everything: the fused form would take it for the first.
        fused_causal = causal and mask is None and target_len > 1
        groups = {"enable_gqa": True} if self.group_size > 1 else {}
        return F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=mask,
            dropout_p=dropout,
            is_causal=fused_causal,
            scale=self.scale,
            **groups,
        )

    def _check(
        self,
        x: Tensor,
        memory: Tensor | None,
        mask: Tensor | None,
        causal: bool,
        cache: Cache | None,
        position_bias: Tensor | None,
    ) -> None:
        for name, tensor in (("x", x), ("memory", memory)):
            if tensor is not None and (tensor.dim() != 3 or tensor.shape[2] != self.d_model):
                raise ValueError(
                    f"{name} has shape {tuple(tensor.shape)}; expected (batch, time, d_model = {self.d_model})."
                )
        batch, target_len, _ = x.shape
        if memory is not None and memory.shape[0] != batch:
            raise ValueError(
                f"memory has shape {tuple(memory.shape)}; expected ({batch}, source_len, {self.d_model}), "
                f"as many rows as x, {tuple(x.shape)}."
            )
        if memory is not None and (causal or self.rotary is not None):
            what = "causal = True" if causal else "rotary positions"
            raise ValueError(
                f"{what} with a memory: source and target are not one sequence, nothing in it is ahead."
            )
        if mask is not None and mask.dtype != torch.bool:
            raise TypeError(f"mask has type {mask.dtype}; expected torch.bool, where True = may attend.")
        if mask is None and position_bias is None:
            return
        if memory is not None:
            source_len = memory.shape[1]
        else:
            source_len = target_len if cache is None else cache.n_keys(target_len)
        _check_bias(position_bias, (self.n_heads, target_len, source_len))
        if mask is None:
            return
        fits = mask.dim() == 3 and mask.shape[0] in (1, batch) and mask.shape[1] in (1, target_len)
        if not fits or mask.shape[2] != source_len:
            raise ValueError(
                f"mask has shape {tuple(mask.shape)}; expected ({batch} or 1, {target_len} or 1, {source_len}): "
                "(batch or 1, target_len or 1, source_len). "
                "A padding mask (batch, source_len) is given as mask[:, None, :], a causal one as mask[None]."
            )


def _check_bias(position_bias: Tensor | None, shape: tuple[int, int, int]) -> None:
    if position_bias is not None and (position_bias.dim() != 4 or position_bias.shape[1:] != shape):
        raise ValueError(
            f"position_bias has shape {tuple(position_bias.shape)}; expected (batch or 1, n_heads, target_len, "
            f"source_len) = (…, {', '.join(map(str, shape))})."
        )
