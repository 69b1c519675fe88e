"""The Transformer: an encoder that reads a sequence and a decoder that writes another, both made of attention."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.attention.cache import Cache, KeyValueCache
from course_lib.models.attention.masks import padding_mask
from course_lib.models.attention.positions import sinusoidal_positions
from course_lib.models.transformer.layers import DecoderLayer, EncoderLayer, make_norm


class TransformerEncoder(nn.Module):
    """A stack of encoder layers; with pre-norm layers a last norm, without which its output would be unnormalised.

    Parameters have the names of `torch.nn.TransformerEncoder` (given a norm where the layers are pre-norm).

    Args:
        num_layers: at least 1.
        d_model, n_heads, d_ff and options: of each `EncoderLayer`.

    Shapes: as `EncoderLayer`.
    """

    def __init__(self, num_layers: int, d_model: int, n_heads: int, d_ff: int, **options):
        super().__init__()
        _check_layers(num_layers)
        self.layers = nn.ModuleList(
            EncoderLayer(d_model, n_heads, d_ff, **options) for _ in range(num_layers)
        )
        self.norm = _last_norm(d_model, options)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        caches: Sequence[Cache] | None = None,
        positions: Tensor | None = None,
    ) -> Tensor:
        for layer, cache in zip(self.layers, caches or [None] * len(self.layers), strict=True):
            x = layer(x, mask, causal=causal, cache=cache, positions=positions)
        return self.norm(x)


class TransformerDecoder(nn.Module):
    """A stack of decoder layers; with pre-norm layers a last norm.

    Args: as `TransformerEncoder`. Shapes: as `DecoderLayer`.
    """

    def __init__(self, num_layers: int, d_model: int, n_heads: int, d_ff: int, **options):
        super().__init__()
        _check_layers(num_layers)
        self.layers = nn.ModuleList(
            DecoderLayer(d_model, n_heads, d_ff, **options) for _ in range(num_layers)
        )
        self.norm = _last_norm(d_model, options)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        memory_mask: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        caches: list[tuple[KeyValueCache, KeyValueCache]] | None = None,
    ) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = layer(x, memory, memory_mask, mask=mask, caches=None if caches is None else caches[number])
        return self.norm(x)


class WritingState(NamedTuple):
    """What a Transformer needs to write the next symbol: the source as read, and the caches of every layer."""

    memory: Tensor
    mask: Tensor
    caches: list[tuple[KeyValueCache, KeyValueCache]]

    def select(self, rows: Tensor) -> Self:
        """The state of these rows of the batch, in this order; a row may come several times."""
        caches = [(own.select(rows), crossed.select(rows)) for own, crossed in self.caches]
        return WritingState(self.memory.index_select(0, rows), self.mask.index_select(0, rows), caches)


class Transformer(nn.Module):
    """Encoder and decoder with embeddings, positions and the last projection: a translator.

    Embeddings are multiplied by √d_model before the sinusoids are added, so that they are not drowned by them. The last
    projection is the target embedding's matrix (Press & Wolf 2017): a third of the parameters of a small model.

    Args:
        source_size, target_size: symbols of source and target.
        d_model, n_heads, d_ff: sizes of all layers.
        num_layers: of the encoder, and of the decoder.
        dropout: also on the sum of embedding and position.
        max_len: longest sequence; only needed for decoding's caches.
        options: activation, norm_first, … of the layers.

    Shapes:
        source (batch, source_len), lengths (batch,), target_in (batch, target_len), which begins with <bos>
        → logits (batch, target_len, target_size) under teacher forcing.

    For decoding, `start(source, lengths)`, `step(ids, state)` and `select(state, rows)` write symbol by symbol; see
    `course_lib.decoding`.

    Source: Vaswani et al. 2017, sections 3.1 to 3.5.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        d_model: int = 128,
        n_heads: int = 4,
        d_ff: int = 512,
        num_layers: int = 2,
        dropout: float = 0.0,
        max_len: int = 256,
        **options,
    ):
        super().__init__()
        self.d_model, self.max_len = d_model, max_len
        self.source_embedding = nn.Embedding(source_size, d_model)
        self.target_embedding = nn.Embedding(target_size, d_model)
        self.encoder = TransformerEncoder(num_layers, d_model, n_heads, d_ff, dropout=dropout, **options)
        self.decoder = TransformerDecoder(num_layers, d_model, n_heads, d_ff, dropout=dropout, **options)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("positions", sinusoidal_positions(max_len, d_model), persistent=False)
        for embedding in (self.source_embedding, self.target_embedding):
            # √d_model times this has variance 1, and as the last projection it gives logits of about that size.
            nn.init.normal_(embedding.weight, std=d_model**-0.5)

    def forward(self, source: Tensor, lengths: Tensor, target_in: Tensor) -> Tensor:
        if target_in.dim() != 2 or target_in.shape[0] != source.shape[0] or target_in.shape[1] == 0:
            raise ValueError(
                f"target_in has shape {tuple(target_in.shape)}; expected ({source.shape[0]}, target_len), not empty."
            )
        memory, mask = self.encode(source, lengths)
        # Padding comes after every real token, so the causal mask hides it from them.
        hidden = self.decoder(self._embed(self.target_embedding, target_in), memory, mask)
        return self._logits(hidden)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read the source: memory (batch, source_len, d_model), and its mask (batch, 1, source_len)."""
        if source.dim() != 2:
            raise ValueError(f"source has shape {tuple(source.shape)}; expected (batch, source_len).")
        mask = padding_mask(lengths.to(source.device), source.shape[1])[:, None]
        return self.encoder(self._embed(self.source_embedding, source), mask), mask

    def start(self, source: Tensor, lengths: Tensor) -> WritingState:
        """Read the source; the state from which the first `step` goes on."""
        memory, mask = self.encode(source, lengths)
        caches = [(KeyValueCache(self.max_len), KeyValueCache(self.max_len)) for _ in self.decoder.layers]
        return WritingState(memory, mask, caches)

    def step(self, ids: Tensor, state: WritingState) -> tuple[Tensor, WritingState]:
        """Read the newest symbols (batch,) → logits (batch, target_size) of the next ones, and the state."""
        written = state.caches[0][0].length
        x = self._embed(self.target_embedding, ids[:, None], written)
        hidden = self.decoder(x, state.memory, state.mask, caches=state.caches)
        return self._logits(hidden[:, -1]), state

    def select(self, state: WritingState, rows: Tensor) -> WritingState:
        """The state of these rows of the batch, in this order; a row may come several times."""
        return state.select(rows)

    def _embed(self, embedding: nn.Embedding, ids: Tensor, offset: int = 0) -> Tensor:
        end = offset + ids.shape[1]
        if end > self.max_len:
            raise ValueError(
                f"The sequence has {end} symbols; this model was built for max_len = {self.max_len}."
            )
        return self.dropout(embedding(ids) * math.sqrt(self.d_model) + self.positions[offset:end])

    def _logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.target_embedding.weight)  # (…, d_model) → (…, target_size)


def _check_layers(num_layers: int) -> None:
    if not isinstance(num_layers, int) or isinstance(num_layers, bool) or num_layers < 1:
        raise ValueError(f"num_layers is {num_layers!r}; it must be a whole number of at least 1.")


def _last_norm(d_model: int, options: dict) -> nn.Module:
    if not options.get("norm_first", False):
        return nn.Identity()
    given = {name: options[name] for name in ("eps", "bias") if name in options}
    return make_norm(options.get("norm", "layer"), d_model, **given)
