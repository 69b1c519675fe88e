"""What decoder-only language models share: a stack of causal layers between an embedding and one logit a symbol."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.attention.cache import Cache, KeyValueCache
from course_lib.models.attention.masks import real_tokens
from course_lib.models.transformer.encoder_decoder import TransformerEncoder


class DecoderOnly(nn.Module):
    """Embeddings → pre-norm layers whose tokens look back only → one logit for every next symbol.

    Args:
        vocab_size: symbols.
        max_len: longest text it can read.
        d_model, n_heads, num_layers, d_ff: sizes.
        dropout: on the embeddings and inside the layers.
        rotary: rotary positions in every layer instead of learned ones.
        tied: the last projection is the embedding's matrix; False gives it a matrix of its own.
        layer_options: of every `EncoderLayer`.

    Shapes:
        ids (batch, time) → logits (batch, time, vocab_size), where logits[:, t] speak of the symbol after ids[:, t];
        with caches, ids are the newest symbols only. Of padded rows only the logits at real symbols mean anything.
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        max_len: int,
        d_model: int,
        n_heads: int,
        num_layers: int,
        d_ff: int,
        dropout: float = 0.0,
        rotary: bool = False,
        tied: bool = True,
        **layer_options,
    ):
        super().__init__()
        self.vocab_size, self.max_len = vocab_size, max_len
        self.token_embedding = nn.Embedding(vocab_size, d_model)
        self.position_embedding = None if rotary else nn.Embedding(max_len, d_model)
        self.dropout = nn.Dropout(dropout)
        options = {"dropout": dropout, "norm_first": True, "rotary": rotary, **layer_options}
        self.blocks = TransformerEncoder(num_layers, d_model, n_heads, d_ff, **options)
        self.head = None if tied else nn.Linear(d_model, vocab_size, bias=False)

    def forward(
        self,
        ids: Tensor,
        caches: Sequence[Cache] | None = None,
        *,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        positions: Tensor | None = None,
        last_only: bool = False,
    ) -> Tensor:
        """Args:
        caches: from `start_caches`; what earlier calls read is there, and ids follow it.
        lengths: (batch,), where rows are of unequal lengths, padded on the right (without caches, or to fill them).
        mask: instead of lengths, (batch, time) boolean, True for real symbols, wherever the padding is; with caches
            it speaks of the symbols in them first, then of ids. Padding is attended by nobody.
        positions: (batch, time), where the symbols stand; None counts the real ones, in every row from 0.
        last_only: logits of each row's last real symbol only, (batch, 1, vocab_size): all that writing needs.
        """
        if ids.dim() != 2 or ids.shape[1] == 0:
            raise ValueError(f"ids has shape {tuple(ids.shape)}; expected (batch, time), not empty.")
        time = ids.shape[1]
        n_keys = caches[0].n_keys(time) if caches else time
        if n_keys > self.max_len:
            raise ValueError(
                f"The text has {n_keys} symbols; this model was built for max_len = {self.max_len}."
            )
        real = real_tokens(ids, lengths, mask, n_keys)  # (batch, n_keys)
        if positions is None and real is not None:
            positions = (real.cumsum(dim=1) - 1).clamp(min=0)[:, n_keys - time :]  # (batch, time)
        x = self.token_embedding(ids)  # (batch, time, d_model)
        if self.position_embedding is not None:
            table = self.position_embedding
            x = x + (table.weight[n_keys - time : n_keys] if positions is None else table(positions))
        # The same keys for every query: (batch, n_keys) → (batch, 1, n_keys).
        keys = None if real is None else real[:, None]
        x = self.blocks(self.dropout(x), keys, causal=True, caches=caches, positions=positions)
        if last_only:
            x = x[:, -1:] if real is None or time == 1 else _last_real(x, real[:, n_keys - time :])
        # (batch, time, vocab_size)
        return F.linear(x, self.token_embedding.weight) if self.head is None else self.head(x)

    def start_caches(self, max_len: int | None = None) -> list[KeyValueCache]:
        """One empty cache for each layer, with room for `max_len` symbols (by default the model's)."""
        return [KeyValueCache(max_len or self.max_len) for _ in self.blocks.layers]


def _last_real(x: Tensor, real: Tensor) -> Tensor:
    """Each row's vector at its last real symbol: (batch, time, d_model), (batch, time) → (batch, 1, d_model)."""
    place = real * torch.arange(real.shape[1], device=real.device)  # (batch, time): padding is 0
    return x.gather(1, place.amax(dim=1)[:, None, None].expand(-1, 1, x.shape[2]))
