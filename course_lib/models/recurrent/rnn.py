"""The Elman network, with the parameter names and the arithmetic of `torch.nn.RNN`."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.models.recurrent.base import RecurrentLayer, check_batch_first
from course_lib.models.recurrent.cell import RecurrentCell
from course_lib.models.recurrent.inputs import in_own_precision
from course_lib.models.recurrent.parameters import Weights

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


def _activation(nonlinearity: str):
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity is {nonlinearity!r}; it must be one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[nonlinearity]


class RNNCell(RecurrentCell):
    """One step of the Elman network: h' = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Args:
        input_size: features of x.
        hidden_size: features of h.
        nonlinearity: "tanh" or "relu".
        bias: False leaves b_ih and b_hh out.

    Shapes:
        x (batch, input_size), h (batch, hidden_size) or None for zeros → (batch, hidden_size)

    Source: Elman 1990, "Finding structure in time"; the two biases are those of `torch.nn.RNNCell`.
    """

    gates = 1

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "tanh", bias: bool = True):
        super().__init__(input_size, hidden_size, bias)
        self.activation = _activation(nonlinearity)

    @in_own_precision
    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        (h,) = self._start(x, h, ("h",))
        return self.activation(
            F.linear(x, self.weight_ih, self.bias_ih) + F.linear(h, self.weight_hh, self.bias_hh)
        )  # (batch, hidden_size)


class RNN(RecurrentLayer):
    """A stack of Elman layers over whole sequences; same numbers as `torch.nn.RNN(batch_first=True)`.

    Args:
        input_size: features of one time step of the input.
        hidden_size: features of the hidden state h.
        num_layers: layers; each reads the hidden states of the one below.
        nonlinearity: "tanh" or "relu".
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
        ValueError, TypeError: a size, a shape or a nonlinearity that does not fit, with what was expected.

    Source: Elman 1990; parameters as in `torch.nn.RNN` (weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, …).
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        *,
        dropout: float = 0.0,
        bidirectional: bool = False,
        batch_first: bool = True,
    ):
        check_batch_first(batch_first)
        activation = _activation(nonlinearity)
        mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(mode, input_size, hidden_size, num_layers, bias, dropout, bidirectional)
        self.activation = activation

    def loop_over_time(self, x: Tensor, states: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
        (h,) = states
        # The input's share of every step does not wait for h: one product for all steps, outside the loop.
        from_input = F.linear(x, weights.ih, weights.bias)  # (time, batch, hidden_size)
        recurrent = weights.hh.t()
        hs = []
        for from_input_t in from_input.unbind(0):
            h = self.activation(torch.addmm(from_input_t, h, recurrent))  # (batch, hidden_size)
            hs.append(h)
        return (torch.stack(hs),)  # (time, batch, hidden_size)
