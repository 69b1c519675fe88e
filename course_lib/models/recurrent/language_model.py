"""A language model on top of a recurrent layer: P(w_1 … w_n) = ∏ P(w_i | w_<i)."""

from torch import Tensor, nn

from course_lib.models.recurrent.base import RecurrentLayer

State = Tensor | tuple[Tensor, ...]  # of an RNN or a GRU: h; of an LSTM: (h, c)


class RecurrentLM(nn.Module):
    """Embedding → recurrent layer → one logit for every possible next symbol.

    Args:
        vocab_size: number of symbols.
        d_embed: features of a symbol's embedding.
        recurrent: an RNN, LSTM or GRU that reads forwards only; its input_size must equal d_embed.

    Shapes:
        ids (batch, time) integers below vocab_size, state as the recurrent layer's or None
        → logits (batch, time, vocab_size), where logits[:, t] speak of the symbol after ids[:, t],
        and the state after the last step.

    Source: Mikolov et al. 2010, "Recurrent neural network based language model".
    """

    def __init__(self, vocab_size: int, d_embed: int, recurrent: RecurrentLayer):
        super().__init__()
        if recurrent.input_size != d_embed:
            raise ValueError(
                f"recurrent reads {recurrent.input_size} features, but the embedding has d_embed = {d_embed}."
            )
        if recurrent.bidirectional:
            raise ValueError(
                "recurrent is bidirectional: read backwards, the text gives away the symbols to be predicted. "
                "A language model needs bidirectional=False."
            )
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.recurrent = recurrent
        self.head = nn.Linear(recurrent.hidden_size, vocab_size)

    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        if ids.dim() != 2:
            raise ValueError(f"ids has shape {tuple(ids.shape)}; expected (batch, time).")
        hidden, state = self.recurrent(self.embedding(ids), state)  # (batch, time, hidden_size)
        return self.head(hidden), state  # (batch, time, vocab_size)
