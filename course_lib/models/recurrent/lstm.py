"""Long short-term memory, with the parameter names and the arithmetic of `torch.nn.LSTM`."""

from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.models.recurrent.base import RecurrentLayer, check_batch_first
from course_lib.models.recurrent.cell import RecurrentCell
from course_lib.models.recurrent.inputs import in_own_precision
from course_lib.models.recurrent.parameters import Weights


class LSTMGates(NamedTuple):
    """What an LSTM decided at every step, each (batch, time, hidden_size).

    Input gate i, forget gate f and output gate o (from 0 to 1; f = 1 keeps the cell as it is), candidate g
    (from −1 to 1), cell state c, hidden state h.
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor


def _gates(sums: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(…, 4 * hidden_size), gate after gate in the order i, f, g, o → the four gates, activated."""
    i, f, g, o = sums.chunk(4, dim=-1)  # each (…, hidden_size)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


class LSTMCell(RecurrentCell):
    """One step of long short-term memory.

        i = σ(W_ii x + b_ii + W_hi h + b_hi)       input gate: how much to write
        f = σ(W_if x + b_if + W_hf h + b_hf)       forget gate: how much to keep
        g = tanh(W_ig x + b_ig + W_hg h + b_hg)    candidate: what to write
        o = σ(W_io x + b_io + W_ho h + b_ho)       output gate: how much to show
        c' = f ⊙ c + i ⊙ g
        h' = o ⊙ tanh(c')

    Args:
        input_size, hidden_size: features of x, and of both h and c.
        bias: False leaves b_ih and b_hh out.

    Shapes:
        x (batch, input_size), state (h, c), both (batch, hidden_size), or None for zeros → (h', c');
        weight_ih (4 * hidden_size, input_size) holds the blocks i, f, g, o, one below the other.

    Source: Hochreiter & Schmidhuber 1997, section 4; the forget gate is Gers, Schmidhuber & Cummins 2000.
    """

    gates = 4

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True):
        super().__init__(input_size, hidden_size, bias)

    @in_own_precision
    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        h, c = self._start(x, state, ("h", "c"))
        sums = F.linear(x, self.weight_ih, self.bias_ih) + F.linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = _gates(sums)  # (batch, 4 * hidden_size) → four times (batch, hidden_size)
        c = f * c + i * g
        return o * torch.tanh(c), c


class LSTM(RecurrentLayer):
    """A stack of LSTM layers over whole sequences; same numbers as `torch.nn.LSTM(batch_first=True)`.

    Args:
        input_size: features of one time step of the input.
        hidden_size: features of the hidden state h and of the cell state c.
        num_layers: layers; each reads the hidden states of the one below.
        bias: False leaves all biases out.
        dropout: share of the features set to 0 between layers while training.
        bidirectional: read each row from both ends; the output holds both, side by side.
        batch_first: always True here; accepted as in `torch.nn`.

    Shapes (directions is 2 if bidirectional, else 1):
        x (batch, time, input_size), state (h_0, c_0), both (num_layers * directions, batch, hidden_size), or None
        for zeros, lengths (batch,) whole numbers from 1 to time, or None where no row is padded
        → output (batch, time, directions * hidden_size), the top layer's h at every step, 0 in padding,
        and (h_n, c_n), shaped as the state, every layer's h and c after each row's last real step.

    Raises:
        ValueError, TypeError: a size or a shape that does not fit, with what was expected.

    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000; the equations are those of `LSTMCell`.
    """

    gates = 4
    state_names = ("h_0", "c_0")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        *,
        dropout: float = 0.0,
        bidirectional: bool = False,
        batch_first: bool = True,
    ):
        check_batch_first(batch_first)
        super().__init__("LSTM", input_size, hidden_size, num_layers, bias, dropout, bidirectional)

    def forget_bias_(self, value: float | Tensor) -> Self:
        """Start the forget gate at σ(value): b_if = value, b_hf = 0, in every layer and direction.

        An undisturbed cell fades as σ(value)^t, so ln(lag) lets about 1/e survive `lag` steps, and 1 only 4e-6 of
        40 steps.

        Args:
            value: one number for all units, or (hidden_size,).

        Source: Gers et al. 2000 (positive biases); Jozefowicz et al. 2015 (a bias of 1); Tallec & Ollivier 2018,
        section 2 (ln of the time to be bridged; they also close the input gate as far, which this does not).
        """
        self._gate_bias_(1, value)
        return self

    def loop_over_time(self, x: Tensor, states: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
        h, c = states
        # The input's share of every step does not wait for h: one product for all steps, outside the loop.
        from_input = F.linear(x, weights.ih, weights.bias)  # (time, batch, 4 * hidden_size)
        recurrent = weights.hh.t()
        hs, cs = [], []
        for from_input_t in from_input.unbind(0):
            i, f, g, o = _gates(torch.addmm(from_input_t, h, recurrent))
            c = f * c + i * g
            h = o * c.tanh()  # (batch, hidden_size)
            hs.append(h)
            cs.append(c)
        return torch.stack(hs), torch.stack(cs)  # both (time, batch, hidden_size)

    def _gates(self, x: Tensor, h_before: Tensor, read: tuple[Tensor, ...], weights: Weights) -> LSTMGates:
        sums = F.linear(x, weights.ih, weights.bias) + F.linear(h_before, weights.hh)
        return LSTMGates(*_gates(sums), c=read[1], h=read[0])
