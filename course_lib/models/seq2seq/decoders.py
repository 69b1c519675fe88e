"""Networks that write: a decoder that knows a fixed vector of the source, and two that look at it while they write."""

from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from course_lib.models.attention.scores import Attention
from course_lib.models.recurrent.base import RecurrentLayer

# What a recurrent layer carries on: h for RNN and GRU, (h, c) for LSTM, each (num_layers, batch, hidden_size).
RecurrentState = Tensor | tuple[Tensor, ...]


def state_parts(state: RecurrentState) -> tuple[Tensor, ...]:
    """The tensors of a recurrent state, h first: one for RNN and GRU, two for LSTM."""
    return (state,) if isinstance(state, Tensor) else state


def check_reads(recurrent: RecurrentLayer, size: int, meaning: str) -> None:
    """ValueError unless the recurrent layer reads `size` features."""
    if recurrent.input_size != size:
        raise ValueError(f"recurrent has input_size = {recurrent.input_size}; expected {size}: {meaning}.")


class DecoderState(NamedTuple):
    """What a decoder needs to write the next symbol; None where it has no use for a part.

    recurrent  state of its recurrent layer, (num_layers, batch, hidden_size), one or a pair
    memory     (batch, source_len, memory_size), what the encoder wrote at every source position
    projected  (batch, source_len, …), the keys as the attention projected them, once for all steps
    mask       (batch, 1, source_len) boolean, True for real source positions
    fed        (batch, 1, readout_size), the last readout, for input feeding
    """

    recurrent: RecurrentState
    memory: Tensor | None = None
    projected: Tensor | None = None
    mask: Tensor | None = None
    fed: Tensor | None = None

    def select(self, rows: Tensor) -> Self:
        """The state of these rows of the batch, in this order; a row may come several times."""

        def pick(part: Tensor | None) -> Tensor | None:
            return None if part is None else part.index_select(0, rows)

        recurrent = tuple(part.index_select(1, rows) for part in state_parts(self.recurrent))
        return DecoderState(
            recurrent if len(recurrent) > 1 else recurrent[0],
            pick(self.memory),
            pick(self.projected),
            pick(self.mask),
            pick(self.fed),
        )


class Decoder(nn.Module):
    """Embedding → recurrent layer → one logit for every next symbol. Of the source it knows its first state only.

    Args:
        vocab_size: symbols of the target.
        d_embed: features of a symbol's embedding; the recurrent layer's input_size.
        recurrent: RNN, GRU or LSTM, in one direction.
        dropout: on the embeddings and before the last layer, in training.

    Shapes:
        ids (batch, target_len), state as `begin` or the last call gave it
        → logits (batch, target_len, vocab_size), where logits[:, t] speak of the symbol after ids[:, t], and the
        state after the last one. All of a known target at once (teacher forcing), or one symbol at a time.

    Source: Sutskever, Vinyals & Le 2014, "Sequence to Sequence Learning with Neural Networks".
    """

    def __init__(self, vocab_size: int, d_embed: int, recurrent: RecurrentLayer, *, dropout: float = 0.0):
        super().__init__()
        check_reads(recurrent, d_embed, "d_embed")
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = recurrent
        self.head = nn.Linear(recurrent.hidden_size, vocab_size)

    def begin(self, state: RecurrentState, memory: Tensor, mask: Tensor) -> DecoderState:
        """The state before the first symbol.

        Args:
            state: of the recurrent layer; memory (batch, source_len, memory_size); mask (batch, source_len).
        """
        return DecoderState(state)

    def forward(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        output, recurrent = self.recurrent(self.dropout(self.embedding(ids)), state.recurrent)
        return self.head(self.dropout(output)), state._replace(recurrent=recurrent)


class AttentionDecoder(nn.Module):
    """What both decoders with attention share: they keep the memory and project its keys once."""

    def __init__(
        self,
        vocab_size: int,
        d_embed: int,
        recurrent: RecurrentLayer,
        attention: Attention,
        extra_size: int,
        readout_in: int,
        readout_size: int,
        dropout: float,
    ):
        super().__init__()
        check_reads(recurrent, d_embed + extra_size, f"d_embed + {extra_size} features fed in")
        if attention.query_size != recurrent.hidden_size:
            raise ValueError(
                f"attention takes queries of {attention.query_size} features, but the recurrent layer has "
                f"hidden_size = {recurrent.hidden_size}."
            )
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = recurrent
        self.attention = attention
        self.readout = nn.Linear(readout_in, readout_size)
        self.head = nn.Linear(readout_size, vocab_size)

    def begin(self, state: RecurrentState, memory: Tensor, mask: Tensor) -> DecoderState:
        """As `Decoder.begin`, with memory and mask kept."""
        fed = memory.new_zeros(memory.shape[0], 1, self.readout.out_features)
        return DecoderState(state, memory, self.attention.project(memory), mask[:, None], fed)

    def _attend(self, query: Tensor, state: DecoderState) -> Tensor:
        """query (batch, target_len, hidden_size) → context (batch, target_len, memory_size)."""
        return self.attention(query, state.memory, state.memory, state.mask, projected=state.projected)


class BahdanauDecoder(AttentionDecoder):
    """Looks first, with the state it has, and then reads: its context goes into the recurrent layer.

        c_t = attention(h_{t−1}, memory)
        h_t = recurrent([embedding(y_{t−1}); c_t], h_{t−1})
        logits_t = head(tanh(readout([h_t; c_t; embedding(y_{t−1})])))

    Args:
        vocab_size, d_embed, dropout: as `Decoder`.
        recurrent: its input_size is d_embed + attention.key_size.
        attention: its query_size is the recurrent layer's hidden_size, its key_size the encoder's output_size.
        readout_size: features before the head; None takes hidden_size.

    Shapes: as `Decoder`.

    Source: Bahdanau, Cho & Bengio 2015, section 3.1 and appendix A.2.2, with tanh in place of maxout.
    """

    def __init__(
        self,
        vocab_size: int,
        d_embed: int,
        recurrent: RecurrentLayer,
        attention: Attention,
        *,
        readout_size: int | None = None,
        dropout: float = 0.0,
    ):
        hidden_size, memory_size = recurrent.hidden_size, attention.key_size
        readout_in = hidden_size + memory_size + d_embed
        readout_size = readout_size or hidden_size
        super().__init__(
            vocab_size, d_embed, recurrent, attention, memory_size, readout_in, readout_size, dropout
        )

    def forward(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        embedded = self.dropout(self.embedding(ids))  # (batch, target_len, d_embed)
        recurrent, outputs, contexts = state.recurrent, [], []
        for x in embedded.split(1, dim=1):  # (batch, 1, d_embed)
            query = state_parts(recurrent)[0][-1][:, None]  # h of the top layer, (batch, 1, hidden_size)
            context = self._attend(query, state)
            output, recurrent = self.recurrent(torch.cat([x, context], dim=2), recurrent)
            outputs.append(output)
            contexts.append(context)
        # The readout does not flow back into the loop: one product for all steps.
        seen = torch.cat([torch.cat(outputs, dim=1), torch.cat(contexts, dim=1), embedded], dim=2)
        logits = self.head(self.dropout(self.readout(seen).tanh()))  # (batch, target_len, vocab_size)
        return logits, state._replace(recurrent=recurrent)


class LuongDecoder(AttentionDecoder):
    """Reads first, and then looks, with the state that reading has brought.

        h_t = recurrent(embedding(y_{t−1}), h_{t−1})       with input feeding [embedding(y_{t−1}); h̃_{t−1}]
        c_t = attention(h_t, memory)
        h̃_t = tanh(readout([c_t; h_t])),  logits_t = head(h̃_t)

    Without input feeding nothing of the attention flows back into the recurrent layer, so that a known target is read
    in one go and all its queries look at once: several times faster in training.

    Args:
        vocab_size, d_embed, dropout, attention, readout_size: as `BahdanauDecoder`.
        recurrent: its input_size is d_embed, with input feeding d_embed + readout_size.
        input_feeding: read the last h̃ beside the last symbol.

    Shapes: as `Decoder`.

    Source: Luong, Pham & Manning 2015, "Effective Approaches to Attention-based Neural Machine Translation",
    section 3.1 (global attention) and 3.3 (input feeding).
    """

    def __init__(
        self,
        vocab_size: int,
        d_embed: int,
        recurrent: RecurrentLayer,
        attention: Attention,
        *,
        input_feeding: bool = False,
        readout_size: int | None = None,
        dropout: float = 0.0,
    ):
        readout_in, readout_size = (
            recurrent.hidden_size + attention.key_size,
            readout_size or recurrent.hidden_size,
        )
        extra_size = readout_size if input_feeding else 0
        super().__init__(
            vocab_size, d_embed, recurrent, attention, extra_size, readout_in, readout_size, dropout
        )
        self.input_feeding = input_feeding

    def forward(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        embedded = self.dropout(self.embedding(ids))  # (batch, target_len, d_embed)
        if not self.input_feeding:
            readout, state = self._read(embedded, state)
        else:
            readouts = []
            for x in embedded.split(1, dim=1):  # (batch, 1, d_embed)
                readout, state = self._read(torch.cat([x, state.fed], dim=2), state)
                state = state._replace(fed=readout)
                readouts.append(readout)
            readout = torch.cat(readouts, dim=1)
        return self.head(readout), state  # (batch, target_len, vocab_size)

    def _read(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        output, recurrent = self.recurrent(x, state.recurrent)  # (batch, target_len, hidden_size)
        seen = torch.cat([self._attend(output, state), output], dim=2)
        return self.dropout(self.readout(seen).tanh()), state._replace(recurrent=recurrent)
