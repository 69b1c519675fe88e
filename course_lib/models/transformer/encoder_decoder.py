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

Caches = list[tuple[KeyValueCache, KeyValueCache]]  # of self-attention and cross-attention, for each layer


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
        position_bias: Tensor | None = None,
    ) -> Tensor:
        options = {"causal": causal, "positions": positions, "position_bias": position_bias}
        for layer, cache in zip(self.layers, caches or [None] * len(self.layers), strict=True):
            x = layer(x, mask, cache=cache, **options)
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
        caches: Caches | None = None,
        position_bias: Tensor | None = None,
    ) -> Tensor:
        options = {"mask": mask, "position_bias": position_bias}
        for layer, pair in zip(self.layers, caches or [None] * len(self.layers), strict=True):
            x = layer(x, memory, memory_mask, caches=pair, **options)
        return self.norm(x)


class WritingState(NamedTuple):
    """What a Transformer needs to write the next symbol: the source as read, and the caches of every layer."""

    memory: Tensor
    mask: Tensor
    caches: Caches

    def select(self, rows: Tensor) -> Self:
        """The state of these rows of the batch, in this order; a row may come several times."""
        caches = [(own.select(rows), crossed.select(rows)) for own, crossed in self.caches]
        return WritingState(self.memory.index_select(0, rows), self.mask.index_select(0, rows), caches)


class EncoderDecoder(nn.Module):
    """What models with an encoder and a decoder share: reading, writing under teacher forcing, writing step by step.

    A subclass has `encoder`, `decoder` and `max_len` (room in the caches of `start`), and says how symbols become
    vectors and vectors logits: `_read`, `_write` and `_logits`.

    Shapes:
        source (batch, source_len), lengths (batch,), target_in (batch, target_len), which begins with <bos>
        → logits (batch, target_len, target_size) under teacher forcing.

    For decoding, `start(source, lengths)`, `step(ids, state)` and `select(state, rows)` write symbol by symbol; see
    `course_lib.decoding`.
    """

    decoder: TransformerDecoder
    max_len: int

    def forward(self, source: Tensor, lengths: Tensor, target_in: Tensor) -> Tensor:
        if target_in.dim() != 2 or target_in.shape[0] != source.shape[0] or target_in.shape[1] == 0:
            raise ValueError(
                f"target_in has shape {tuple(target_in.shape)}; expected ({source.shape[0]}, target_len), not empty."
            )
        # Padding comes after every real token, so the causal mask hides it from them.
        return self._logits(self._write(target_in, *self.encode(source, lengths)))

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read the source: memory (batch, source_len, d_model), and its mask (batch, 1, source_len)."""
        if source.dim() != 2:
            raise ValueError(f"source has shape {tuple(source.shape)}; expected (batch, source_len).")
        mask = padding_mask(lengths.to(source.device), source.shape[1])[:, None]
        return self._read(source, mask), mask

    def start(self, source: Tensor, lengths: Tensor) -> WritingState:
        """Read the source; the state from which the first `step` goes on."""
        memory, mask = self.encode(source, lengths)
        caches = [(KeyValueCache(self.max_len), KeyValueCache(self.max_len)) for _ in self.decoder.layers]
        return WritingState(memory, mask, caches)

    def step(self, ids: Tensor, state: WritingState) -> tuple[Tensor, WritingState]:
        """Read the newest symbols (batch,) → logits (batch, target_size) of the next ones, and the state."""
        hidden = self._write(ids[:, None], state.memory, state.mask, state.caches)  # (batch, 1, d_model)
        return self._logits(hidden[:, -1]), state

    def select(self, state: WritingState, rows: Tensor) -> WritingState:
        """The state of these rows of the batch, in this order; a row may come several times."""
        return state.select(rows)

    def _read(self, source: Tensor, mask: Tensor) -> Tensor:
        """The memory (batch, source_len, d_model) of the source (batch, source_len)."""
        raise NotImplementedError

    def _write(self, ids: Tensor, memory: Tensor, mask: Tensor, caches: Caches | None = None) -> Tensor:
        """What the decoder makes of ids (batch, time), which follow what the caches hold: (batch, time, d_model)."""
        raise NotImplementedError

    def _logits(self, hidden: Tensor) -> Tensor:
        """(…, d_model) → (…, target_size)"""
        raise NotImplementedError


class Transformer(EncoderDecoder):
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

    Shapes and decoding: as `EncoderDecoder`.

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

    def _read(self, source: Tensor, mask: Tensor) -> Tensor:
        return self.encoder(self._embed(self.source_embedding, source), mask)

    def _write(self, ids: Tensor, memory: Tensor, mask: Tensor, caches: Caches | None = None) -> Tensor:
        x = self._embed(self.target_embedding, ids, caches[0][0].length if caches else 0)
        return self.decoder(x, memory, mask, caches=caches)

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
