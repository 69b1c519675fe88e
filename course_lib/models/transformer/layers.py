"""The blocks a Transformer is stacked from: attention and a feed-forward network, each with residual and norm.

    post-norm  x ← norm(x + sublayer(x))      as Vaswani et al. 2017 have it
    pre-norm   x ← x + sublayer(norm(x))      the residual path stays free of norms

Parameters have the names of `torch.nn.TransformerEncoderLayer` and `TransformerDecoderLayer`, for their state dicts.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.attention.cache import Cache, KeyValueCache
from course_lib.models.attention.multi_head import MultiHeadAttention


def _swiglu(x: Tensor) -> Tensor:
    """One half of the features, through SiLU, opens and shuts the other: (…, 2 · d_ff) → (…, d_ff)."""
    gate, up = x.chunk(2, dim=-1)
    return F.silu(gate) * up


def _geglu(x: Tensor) -> Tensor:
    """The same through GELU, with the tanh that T5 has there: (…, 2 · d_ff) → (…, d_ff)."""
    gate, up = x.chunk(2, dim=-1)
    return F.gelu(gate, approximate="tanh") * up


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),  # GPT-2's
    "relu_squared": lambda x: F.relu(x).square(),  # So et al. 2021, "Primer"
    "swiglu": _swiglu,  # Shazeer 2020, "GLU Variants Improve Transformer", equation 6
    "geglu": _geglu,  # the same place
}
GATED = ("swiglu", "geglu")  # their first projection is twice as wide: the gate's rows, then the others


def make_norm(kind: str, d_model: int, *, eps: float = 1e-5, bias: bool = True) -> nn.Module:
    """A norm: "layer" subtracts the mean and divides by the standard deviation, "rms" divides by √mean(x²).

    Source: Ba et al. 2016, "Layer Normalization"; Zhang & Sennrich 2019, "Root Mean Square Layer Normalization".
    """
    if kind == "rms":
        return nn.RMSNorm(d_model, eps=eps)
    if kind != "layer":
        raise ValueError(f"norm is {kind!r}; it must be layer or rms.")
    return nn.LayerNorm(d_model, eps=eps, bias=bias)


class TransformerLayer(nn.Module):
    """What encoder and decoder layers share: self-attention, the position-wise feed-forward network, two norms.

    Args:
        d_model: features of every token.
        n_heads: heads of each attention.
        d_ff: width of the feed-forward network (4 · d_model in the paper).
        dropout: on attention weights, inside the feed-forward network and on what each sublayer adds.
        activation_dropout: inside the feed-forward network, if it is to be another (BERT has none there).
        activation: "relu", "gelu", "gelu_tanh", "relu_squared", or "swiglu" and "geglu", where d_ff is the width
            behind the gate.
        norm_first: pre-norm; False is post-norm.
        norm: "layer" or "rms", as in `make_norm`.
        bias: of all projections and norms.
        eps: added to the variance in the norms.
        attention_options: n_kv_heads, rotary, rotary_base, query_key_norm for the self-attention, d_head and scale for
            every attention.

    Source: Vaswani et al. 2017, section 3.1 and 3.3; pre-norm: Xiong et al. 2020, "On Layer Normalization in the
    Transformer Architecture"; GELU: Hendrycks & Gimpel 2016.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.0,
        activation_dropout: float | None = None,
        activation: str = "relu",
        norm_first: bool = False,
        norm: str = "layer",
        bias: bool = True,
        eps: float = 1e-5,
        **attention_options,
    ):
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}; it must be one of {', '.join(ACTIVATIONS)}.")
        if not isinstance(d_ff, int) or d_ff < 1:
            raise ValueError(f"d_ff is {d_ff!r}; it must be a whole number of at least 1.")
        self.self_attn = MultiHeadAttention(d_model, n_heads, bias=bias, dropout=dropout, **attention_options)
        self.linear1 = nn.Linear(d_model, d_ff * (2 if activation in GATED else 1), bias=bias)
        self.linear2 = nn.Linear(d_ff, d_model, bias=bias)
        self.norm1, self.norm2 = (make_norm(norm, d_model, eps=eps, bias=bias) for _ in range(2))
        self.dropout = nn.Dropout(dropout)
        self.activation_dropout = nn.Dropout(dropout if activation_dropout is None else activation_dropout)
        self.activation, self.norm_first = activation, norm_first

    def _feed_forward(self, x: Tensor) -> Tensor:
        """FFN(x) = W₂ activation(W₁ x + b₁) + b₂, at every position alike."""
        hidden = ACTIVATIONS[self.activation](self.linear1(x))  # (batch, time, d_ff)
        return self.linear2(self.activation_dropout(hidden) if self.training else hidden)

    def _add(self, x: Tensor, norm: nn.Module, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """The residual around a sublayer, with the norm before or after."""
        added = sublayer(norm(x) if self.norm_first else x)
        if self.training:  # asked here, because calling a module that does nothing costs time as well
            added = self.dropout(added)
        return x + added if self.norm_first else norm(x + added)


class EncoderLayer(TransformerLayer):
    """Self-attention, then feed-forward. With `causal` it is a layer of a decoder-only model such as GPT.

    Args: as `TransformerLayer`.

    Shapes:
        x (batch, time, d_model), mask None or boolean (batch or 1, time or 1, time), True = may attend,
        positions None or (batch, time), position_bias None or (batch or 1, n_heads, time, keys), as in
        `MultiHeadAttention` → (batch, time, d_model)
    """

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        cache: Cache | None = None,
        positions: Tensor | None = None,
        position_bias: Tensor | None = None,
    ) -> Tensor:
        options = {"mask": mask, "causal": causal, "cache": cache, "positions": positions}
        options["position_bias"] = position_bias
        x = self._add(x, self.norm1, lambda y: self.self_attn(y, **options))
        return self._add(x, self.norm2, self._feed_forward)


class DecoderLayer(TransformerLayer):
    """Masked self-attention, then cross-attention to the encoder's output, then feed-forward.

    Args: as `TransformerLayer`.

    Shapes:
        x (batch, target_len, d_model), memory (batch, source_len, d_model),
        memory_mask None or boolean (batch or 1, 1, source_len), True for real source tokens,
        caches None, or the caches of self-attention and cross-attention,
        position_bias None or (batch or 1, n_heads, target_len, keys), of the self-attention
        → (batch, target_len, d_model)
    """

    def __init__(self, d_model: int, n_heads: int, d_ff: int, **options):
        super().__init__(d_model, n_heads, d_ff, **options)
        bias, eps = options.get("bias", True), options.get("eps", 1e-5)
        crossed = {name: options[name] for name in ("dropout", "d_head", "scale") if name in options}
        self.multihead_attn = MultiHeadAttention(d_model, n_heads, bias=bias, **crossed)
        self.norm3 = make_norm(options.get("norm", "layer"), d_model, eps=eps, bias=bias)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        memory_mask: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        caches: tuple[KeyValueCache, KeyValueCache] | None = None,
        position_bias: Tensor | None = None,
    ) -> Tensor:
        own, crossed = caches or (None, None)
        options = {"mask": mask, "causal": True, "cache": own, "position_bias": position_bias}
        x = self._add(x, self.norm1, lambda y: self.self_attn(y, **options))
        x = self._add(x, self.norm2, lambda y: self.multihead_attn(y, memory, memory_mask, cache=crossed))
        return self._add(x, self.norm3, self._feed_forward)
