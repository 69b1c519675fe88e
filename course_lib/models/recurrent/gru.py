"""The gated recurrent unit, with the parameter names and the arithmetic of `torch.nn.GRU`."""

from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.models.recurrent.base import RecurrentLayer, check_batch_first
from course_lib.models.recurrent.cell import RecurrentCell
from course_lib.models.recurrent.inputs import in_own_precision
from course_lib.models.recurrent.parameters import Weights


class GRUGates(NamedTuple):
    """What a GRU decided at every step, each (batch, time, hidden_size).

    Reset gate r and update gate z (from 0 to 1; z = 1 keeps the old state), candidate n (from −1 to 1), state h.
    """

    r: Tensor
    z: Tensor
    n: Tensor
    h: Tensor


def _gates(from_input: Tensor, from_state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both (…, 3 * hidden_size), gate after gate in the order r, z, n → the three gates, activated."""
    two_gates = from_input.shape[-1] // 3 * 2
    input_rz, input_n = from_input.split((two_gates, two_gates // 2), dim=-1)
    state_rz, state_n = from_state.split((two_gates, two_gates // 2), dim=-1)
    r, z = torch.sigmoid(input_rz + state_rz).chunk(2, dim=-1)
    return r, z, torch.tanh(input_n + r * state_n)  # each (…, hidden_size)


def _next_state(z: Tensor, n: Tensor, h: Tensor) -> Tensor:
    return torch.lerp(n, h, z)  # (1 − z) n + z h in one pass


class GRUCell(RecurrentCell):
    """One step of a gated recurrent unit.

        r = σ(W_ir x + b_ir + W_hr h + b_hr)            reset: how much of h the candidate may see
        z = σ(W_iz x + b_iz + W_hz h + b_hz)            update: how much of h stays
        n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))   candidate
        h' = (1 − z) ⊙ n + z ⊙ h

    Args:
        input_size, hidden_size: features of x and of h.
        bias: False leaves b_ih and b_hh out.

    Shapes:
        x (batch, input_size), h (batch, hidden_size) or None for zeros → h' (batch, hidden_size);
        weight_ih (3 * hidden_size, input_size) holds the blocks r, z, n, one below the other.

    Source: Cho et al. 2014, "Learning phrase representations…", section 2.3. As in `torch.nn.GRUCell` (and
    cuDNN), r acts after the product with W_hn, not before it. (Chung et al. 2014 swap z and 1 − z.)
    """

    gates = 3

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True):
        super().__init__(input_size, hidden_size, bias)

    @in_own_precision
    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        (h,) = self._start(x, h, ("h",))
        from_input = F.linear(x, self.weight_ih, self.bias_ih)  # (batch, 3 * hidden_size)
        from_state = F.linear(h, self.weight_hh, self.bias_hh)  # (batch, 3 * hidden_size)
        _, z, n = _gates(from_input, from_state)
        return _next_state(z, n, h)  # (batch, hidden_size)


class GRU(RecurrentLayer):
    """A stack of GRU layers over whole sequences; same numbers as `torch.nn.GRU(batch_first=True)`.

    Args:
        input_size: features of one time step of the input.
        hidden_size: features of the hidden state h.
        num_layers: layers; each reads the hidden states of the one below.
        bias: False leaves all biases out.
        dropout: share of the features set to 0 between layers while training.
        bidirectional: read each row from both ends; the output holds both, side by side.
        batch_first: always True here; accepted as in `torch.nn`.

    Shapes (directions is 2 if bidirectional, else 1):
        x (batch, time, input_size), h_0 (num_layers * directions, batch, hidden_size) or None for zeros,
        lengths (batch,) whole numbers from 1 to time, or None where no row is padded
        → output (batch, time, directions * hidden_size), the top layer's h at every step, 0 in padding,
        and h_n (num_layers * directions, batch, hidden_size), every layer's h after each row's last real step.

    Raises:
        ValueError, TypeError: a size or a shape that does not fit, with what was expected.

    Source: Cho et al. 2014; the equations are those of `GRUCell`.
    """

    gates = 3

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
        super().__init__("GRU", input_size, hidden_size, num_layers, bias, dropout, bidirectional)

    def update_bias_(self, value: float | Tensor) -> Self:
        """Start the update gate at σ(value): b_iz = value, b_hz = 0, in every layer and direction.

        The GRU's counterpart of `LSTM.forget_bias_`: an undisturbed state fades as σ(value)^t.

        Args:
            value: one number for all units, or (hidden_size,).

        Source: Tallec & Ollivier 2018, "Can recurrent neural networks warp time?", section 2.
        """
        self._gate_bias_(1, value)
        return self

    def loop_over_time(self, x: Tensor, states: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
        (h,) = states
        # b_hn stands inside the reset gate's product, so only b_ih can go outside the loop.
        from_input = F.linear(x, weights.ih, weights.bias_ih)  # (time, batch, 3 * hidden_size)
        hs = []
        for from_input_t in from_input.unbind(0):
            from_state = F.linear(h, weights.hh, weights.bias_hh)  # (batch, 3 * hidden_size)
            _, z, n = _gates(from_input_t, from_state)
            h = _next_state(z, n, h)  # (batch, hidden_size)
            hs.append(h)
        return (torch.stack(hs),)  # (time, batch, hidden_size)

    def _gates(self, x: Tensor, h_before: Tensor, read: tuple[Tensor, ...], weights: Weights) -> GRUGates:
        from_input = F.linear(x, weights.ih, weights.bias_ih)  # (time, batch, 3 * hidden_size)
        from_state = F.linear(h_before, weights.hh, weights.bias_hh)  # (time, batch, 3 * hidden_size)
        return GRUGates(*_gates(from_input, from_state), h=read[0])
