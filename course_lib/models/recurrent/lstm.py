"""Long short-term memory, with the parameter names and the arithmetic of `torch.nn.LSTM`."""

from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.models.recurrent.base import RecurrentCell, RecurrentLayer, Weights

# Derivatives from outputs: sigmoid_backward(d, s) = d · s (1 − s), tanh_backward(d, t) = d · (1 − t²).
sigmoid_backward = torch.ops.aten.sigmoid_backward.default
tanh_backward = torch.ops.aten.tanh_backward.default


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

    Shapes (directions is 2 if bidirectional, else 1):
        x (batch, time, input_size), state (h_0, c_0), both (num_layers * directions, batch, hidden_size), or None
        for zeros, lengths (batch,) whole numbers from 1 to time, or None where no row is padded
        → output (batch, time, directions * hidden_size), the top layer's h at every step, 0 in padding,
        and (h_n, c_n), shaped as the state, every layer's h and c after each row's last real step.

    Raises:
        ValueError, TypeError: a size or a shape that does not fit, with what was expected.
        RuntimeError: the gradient of a gradient was asked for.

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
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, dropout, bidirectional)

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

    def _read(self, x: Tensor, states: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
        # The input's share of every step does not wait for h: one product for all steps, outside the loop.
        from_input = F.linear(x, weights.ih, weights.bias)  # (time, batch, 4 * hidden_size)
        # h and c, both (time, batch, hidden_size)
        return ThroughTime.apply(from_input, *states, weights.hh, torch.is_grad_enabled())

    def _gates(self, x: Tensor, h_before: Tensor, read: tuple[Tensor, ...], weights: Weights) -> LSTMGates:
        sums = F.linear(x, weights.ih, weights.bias) + F.linear(h_before, weights.hh)
        return LSTMGates(*_gates(sums), c=read[1], h=read[0])


class ThroughTime(torch.autograd.Function):
    """The loop over time with back-propagation through time written by hand.

    Autograd would find the same gradients from the loop alone. By hand, the gradient of W_hh is one matrix product
    over all steps instead of one a step, and nothing is cut and glued again: a tenth less time. `keep` says whether a
    backward pass may follow. The gradient of a gradient is refused.
    """

    @staticmethod
    def forward(
        ctx, from_input: Tensor, h_0: Tensor, c_0: Tensor, weight_hh: Tensor, keep: bool
    ) -> tuple[Tensor, Tensor]:
        recurrent = weight_hh.t()
        h, c = h_0, c_0
        hs, cs, kept = [], [], []
        for from_input_t in from_input.unbind(0):
            i, f, g, o = _gates(torch.addmm(from_input_t, h, recurrent))
            c_before, c = c, torch.addcmul(f * c, i, g)  # f ⊙ c + i ⊙ g
            shown = c.tanh()
            h = o * shown  # (batch, hidden_size)
            if keep:
                kept += (i, f, g, o, c_before, shown)
            hs.append(h)
            cs.append(c)
        hs = torch.stack(hs)  # (time, batch, hidden_size)
        if keep:
            ctx.save_for_backward(hs, h_0, weight_hh, *kept)
        ctx.set_materialize_grads(False)
        return hs, torch.stack(cs)

    @staticmethod
    def backward(ctx, grad_hs: Tensor | None, grad_cs: Tensor | None):
        if torch.is_grad_enabled():
            # Going on would leave the part through W_hh out, without a word.
            raise RuntimeError(
                "LSTM cannot give the gradient of a gradient (create_graph=True): use LSTMCell in a loop for that."
            )
        hs, h_0, weight_hh, *kept = ctx.saved_tensors
        time, batch, hidden_size = hs.shape
        grad_sums = hs.new_empty(time, batch, 4 * hidden_size)
        dh = dc = torch.zeros_like(h_0)  # (batch, hidden_size): what comes from later steps
        for t in reversed(range(time)):
            i, f, g, o, c_before, shown = kept[6 * t : 6 * t + 6]
            if grad_hs is not None:
                dh = dh + grad_hs[t]
            if grad_cs is not None:
                dc = dc + grad_cs[t]
            dc = dc + tanh_backward(dh * o, shown)
            gates = (
                sigmoid_backward(dc * g, i),
                sigmoid_backward(dc * c_before, f),
                tanh_backward(dc * i, g),
                sigmoid_backward(dh * shown, o),
            )
            grad_sums_t = torch.cat(gates, dim=1, out=grad_sums[t])  # (batch, 4 * hidden_size)
            dh = grad_sums_t @ weight_hh
            dc = dc * f
        h_before = torch.cat([h_0[None], hs[:-1]])  # (time, batch, hidden_size)
        grad_weight = grad_sums.flatten(0, 1).t() @ h_before.flatten(0, 1)  # (4 * hidden_size, hidden_size)
        return grad_sums, dh, dc, grad_weight, None
