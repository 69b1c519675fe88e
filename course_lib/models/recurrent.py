"""Recurrent layers, with the parameter names and the arithmetic of their `torch.nn` namesakes.

A state dict of `torch.nn.RNN` loads into `RNN` and back. Tensors are batch first.
"""

import math
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


def _positive(**sizes: int) -> None:
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} is {size!r}; it must be a whole number of at least 1.")


def _activation(nonlinearity: str):
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity is {nonlinearity!r}; it must be one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[nonlinearity]


def _same_shape(name: str, tensor: Tensor, expected: tuple[int, ...], meaning: str) -> None:
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected {expected}, which is {meaning}.")


class RNNCell(nn.Module):
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

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: str = "tanh", bias: bool = True):
        super().__init__()
        _positive(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.activation = _activation(nonlinearity)
        self.weight_ih = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(hidden_size)) if bias else None
        self.bias_hh = nn.Parameter(torch.empty(hidden_size)) if bias else None
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        if x.dim() != 2 or x.shape[1] != self.input_size:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (batch, {self.input_size}).")
        if h is None:
            h = x.new_zeros(x.shape[0], self.hidden_size)
        _same_shape("h", h, (x.shape[0], self.hidden_size), "(batch, hidden_size)")
        return self.activation(
            F.linear(x, self.weight_ih, self.bias_ih) + F.linear(h, self.weight_hh, self.bias_hh)
        )  # (batch, hidden_size)


class RNN(nn.Module):
    """A stack of Elman layers over whole sequences; same numbers as `torch.nn.RNN(batch_first=True)`.

    Args:
        input_size: features of one time step of the input.
        hidden_size: features of the hidden state h.
        num_layers: layers; each reads the hidden states of the one below.
        nonlinearity: "tanh" or "relu".
        bias: False leaves all biases out.

    Shapes:
        x (batch, time, input_size), h_0 (num_layers, batch, hidden_size) or None for zeros
        → output (batch, time, hidden_size), the top layer's h at every step,
        and h_n (num_layers, batch, hidden_size), every layer's last h.

    Raises:
        ValueError: a size, a shape or a nonlinearity that does not fit, with what was expected.

    Source: Elman 1990; parameters as in `torch.nn.RNN` (weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, …).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
    ):
        super().__init__()
        _positive(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias = bias
        self.activation = _activation(nonlinearity)
        for layer in range(num_layers):
            layer_input = input_size if layer == 0 else hidden_size
            self.register_parameter(f"weight_ih_l{layer}", nn.Parameter(torch.empty(hidden_size, layer_input)))
            self.register_parameter(f"weight_hh_l{layer}", nn.Parameter(torch.empty(hidden_size, hidden_size)))
            if bias:
                self.register_parameter(f"bias_ih_l{layer}", nn.Parameter(torch.empty(hidden_size)))
                self.register_parameter(f"bias_hh_l{layer}", nn.Parameter(torch.empty(hidden_size)))
        bound = 1 / math.sqrt(hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def orthogonal_(self, gain: float = 1.0) -> Self:
        """Start every W_hh as a random rotation times `gain`: at gain 1 it changes no vector's length.

        Source: Saxe et al. 2014, "Exact solutions…", section 3; Le et al. 2015 for the identity.
        """
        for layer in range(self.num_layers):
            nn.init.orthogonal_(getattr(self, f"weight_hh_l{layer}"), gain=gain)
        return self

    def forward(self, x: Tensor, h_0: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if x.dim() != 3 or x.shape[2] != self.input_size:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (batch, time, {self.input_size}).")
        batch, time, _ = x.shape
        if time == 0:
            raise ValueError(f"x has shape {tuple(x.shape)}; it needs at least one time step.")
        if h_0 is None:
            h_0 = x.new_zeros(self.num_layers, batch, self.hidden_size)
        _same_shape(
            "h_0", h_0, (self.num_layers, batch, self.hidden_size), "(num_layers, batch, hidden_size)"
        )
        last_states = []
        for layer in range(self.num_layers):
            x, h = self._layer(layer, x, h_0[layer])
            last_states.append(h)
        return x, torch.stack(last_states)  # (num_layers, batch, hidden_size)

    def _layer(self, layer: int, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        weight_ih, weight_hh = getattr(self, f"weight_ih_l{layer}"), getattr(self, f"weight_hh_l{layer}")
        bias = getattr(self, f"bias_ih_l{layer}") + getattr(self, f"bias_hh_l{layer}") if self.bias else None
        # The input's share of every step does not wait for h: one product for all steps, outside the loop.
        from_input = F.linear(x.transpose(0, 1), weight_ih, bias)  # (time, batch, hidden_size)
        recurrent = weight_hh.t()
        states = []
        for from_input_t in from_input.unbind(0):
            h = self.activation(torch.addmm(from_input_t, h, recurrent))  # (batch, hidden_size)
            states.append(h)
        return torch.stack(states, dim=1), h  # (batch, time, hidden_size), (batch, hidden_size)
