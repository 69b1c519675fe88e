"""One recurrent network reads a sequence, another writes the answer: with a fixed vector between them, or attention."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.attention.masks import padding_mask
from course_lib.models.recurrent.base import RecurrentLayer
from course_lib.models.seq2seq.decoders import (
    AttentionDecoder,
    BahdanauDecoder,
    Decoder,
    DecoderState,
    LuongDecoder,
    RecurrentState,
    check_reads,
    state_parts,
)
from course_lib.text.padding import PairBatch

__all__ = [
    "BahdanauDecoder",
    "Bridge",
    "Decoder",
    "DecoderState",
    "Encoder",
    "LuongDecoder",
    "Seq2Seq",
    "teacher_forced_loss",
]


class Encoder(nn.Module):
    """Embedding → recurrent layer: reads the source.

    Args:
        vocab_size: symbols of the source.
        d_embed: features of a symbol's embedding; the recurrent layer's input_size.
        recurrent: RNN, GRU or LSTM, in one direction or both, any number of layers.
        dropout: on the embeddings, in training.

    Shapes:
        source (batch, source_len) ids, lengths (batch,)
        → memory (batch, source_len, output_size), zero at padding, and the recurrent layer's final state, that of
        each row's last real symbol.
    """

    def __init__(self, vocab_size: int, d_embed: int, recurrent: RecurrentLayer, *, dropout: float = 0.0):
        super().__init__()
        check_reads(recurrent, d_embed, "d_embed")
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = recurrent

    @property
    def output_size(self) -> int:
        """Features of one position of the memory."""
        return self.recurrent.output_size

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, RecurrentState]:
        if source.dim() != 2:
            raise ValueError(f"source has shape {tuple(source.shape)}; expected (batch, source_len).")
        return self.recurrent(self.dropout(self.embedding(source)), lengths=lengths)


class Bridge(nn.Module):
    """From the encoder's final state to the decoder's first one.

    Where both have the same form, the state is handed over as it is (Sutskever et al. 2014, section 2). Otherwise, and
    where `vector_size` is given, everything the encoder ends with goes through a linear layer; h then through tanh, as
    every h has come from one (Bahdanau et al. 2015, appendix A.2.2).

    Args:
        encoder, decoder: the recurrent layers; of one kind and with as many layers.
        vector_size: squeeze everything through this many numbers: a bottleneck whose width does not change what
            encoder and decoder can do. None does not squeeze.
    """

    def __init__(self, encoder: RecurrentLayer, decoder: RecurrentLayer, vector_size: int | None = None):
        super().__init__()
        if encoder.state_names != decoder.state_names or encoder.num_layers != decoder.num_layers:
            raise ValueError(
                f"The encoder has {encoder.num_layers} layers of {type(encoder).__name__}, the decoder "
                f"{decoder.num_layers} of {type(decoder).__name__}; expected one kind and as many layers."
            )
        if decoder.num_directions != 1:
            raise ValueError(
                "The decoder reads in both directions; what it has not written yet, it cannot read."
            )
        if vector_size is not None and (not isinstance(vector_size, int) or vector_size < 1):
            raise ValueError(
                f"vector_size is {vector_size!r}; it must be a whole number of at least 1, or None."
            )
        kinds = len(decoder.state_names)
        from_size = kinds * encoder.num_layers * encoder.output_size
        self.form = (kinds, decoder.num_layers, decoder.hidden_size)
        to_size = kinds * decoder.num_layers * decoder.hidden_size
        same = encoder.num_directions == 1 and encoder.hidden_size == decoder.hidden_size
        self.squeeze = nn.Linear(from_size, vector_size) if vector_size else nn.Identity()
        self.expand = None if same and not vector_size else nn.Linear(vector_size or from_size, to_size)

    def vector(self, state: RecurrentState) -> Tensor:
        """The fixed vector, (batch, vector_size): all that a decoder without attention learns of the source."""
        kinds = torch.stack(state_parts(state))  # (kinds, num_layers * num_directions, batch, hidden_size)
        return self.squeeze(kinds.permute(2, 0, 1, 3).flatten(1))  # (batch, vector_size)

    def forward(self, state: RecurrentState) -> RecurrentState:
        if self.expand is None:
            return state
        kinds, num_layers, hidden_size = self.form
        start = self.expand(self.vector(state)).view(-1, kinds, num_layers, hidden_size)
        h, *others = start.permute(1, 2, 0, 3).contiguous()  # kinds × (num_layers, batch, hidden_size)
        return (h.tanh(), *others) if others else h.tanh()


class Seq2Seq(nn.Module):
    """Encoder and decoder, joined by a bridge.

    Args:
        encoder: an `Encoder`.
        decoder: `Decoder`, `BahdanauDecoder` or `LuongDecoder`; its recurrent layer of the encoder's kind, with as
            many layers.
        vector_size: squeeze what the decoder starts from through this many numbers; see `Bridge`.

    Shapes:
        source (batch, source_len), lengths (batch,), target_in (batch, target_len), which begins with <bos>
        → logits (batch, target_len, vocab_size) under teacher forcing.

    For decoding, `start(source, lengths)`, `step(ids, state)` and `select(state, rows)` write symbol by symbol; see
    `course_lib.decoding`.
    """

    def __init__(
        self, encoder: Encoder, decoder: Decoder | AttentionDecoder, *, vector_size: int | None = None
    ):
        super().__init__()
        if isinstance(decoder, AttentionDecoder) and decoder.attention.key_size != encoder.output_size:
            raise ValueError(
                f"attention takes keys of {decoder.attention.key_size} features, but the encoder's output_size is "
                f"{encoder.output_size}."
            )
        self.encoder, self.decoder = encoder, decoder
        self.bridge = Bridge(encoder.recurrent, decoder.recurrent, vector_size)

    def forward(self, source: Tensor, lengths: Tensor, target_in: Tensor) -> Tensor:
        if target_in.dim() != 2 or target_in.shape[0] != source.shape[0] or target_in.shape[1] == 0:
            raise ValueError(
                f"target_in has shape {tuple(target_in.shape)}; expected ({source.shape[0]}, target_len), not empty."
            )
        return self.decoder(target_in, self.start(source, lengths))[0]

    def start(self, source: Tensor, lengths: Tensor) -> DecoderState:
        """Read the source; the state from which the first `step` goes on."""
        memory, state = self.encoder(source, lengths)
        mask = padding_mask(lengths.to(source.device), source.shape[1])
        return self.decoder.begin(self.bridge(state), memory, mask)

    def step(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Read the newest symbols (batch,) → logits (batch, vocab_size) of the next ones, and the new state."""
        logits, state = self.decoder(ids[:, None], state)  # (batch, 1, vocab_size)
        return logits[:, 0], state

    def select(self, state: DecoderState, rows: Tensor) -> DecoderState:
        """The state of these rows of the batch, in this order; a row may come several times."""
        return state.select(rows)


def teacher_forced_loss(
    model: nn.Module, batch: PairBatch, pad_id: int = 0, label_smoothing: float = 0.0
) -> Tensor:
    """Mean cross-entropy in nats of the targets, each predicted after the true symbols before it; padding not counted.

    A loss for `course_lib.training.fit`.

    Args:
        model: model(source, source_lengths, target_in) → logits, as `Seq2Seq`.
        label_smoothing: this share of the aimed-at probability is spread evenly over all symbols (Szegedy et al. 2016,
            section 7): the loss can then not go to 0, and the model is not driven to certainty.
    """
    logits = model(batch.source, batch.source_lengths, batch.target_in)  # (batch, target_len, vocab_size)
    return F.cross_entropy(
        logits.flatten(0, 1), batch.target_out.flatten(), ignore_index=pad_id, label_smoothing=label_smoothing
    )
