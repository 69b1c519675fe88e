"""What RNN, LSTM and GRU share: parameters, layers, directions, rows of different lengths.

The networks themselves are in `rnn.py`, `lstm.py` and `gru.py`; each adds what one step does.
"""

import math
from typing import Any, NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def check_positive(**sizes: int) -> None:
    """ValueError for a size that is no whole number of at least 1."""
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} is {size!r}; it must be a whole number of at least 1.")


def check_shape(name: str, tensor: Tensor, expected: tuple[int, ...], meaning: str) -> None:
    """ValueError that names the tensor, its shape, the expected one and what that stands for."""
    if tuple(tensor.shape) != expected:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected {expected}, which is {meaning}.")


def unpack_state(state: Any, names: tuple[str, ...]) -> tuple[Tensor, ...]:
    """One state as a tuple, whether a network keeps one tensor (RNN, GRU) or a pair (LSTM)."""
    states = (state,) if isinstance(state, Tensor) else state
    if not isinstance(states, tuple | list) or len(states) != len(names):
        given = "one tensor" if isinstance(state, Tensor) else f"a {type(state).__name__}"
        expected = "one tensor" if len(names) == 1 else "a tuple"
        raise TypeError(f"state is {given}; expected {expected}: {', '.join(names)}.")
    return tuple(states)


class Weights(NamedTuple):
    """The parameters of one layer in one direction.

    Shapes: ih (gates · hidden_size, features), hh (gates · hidden_size, hidden_size),
    both biases (gates · hidden_size,) or None.
    """

    ih: Tensor
    hh: Tensor
    bias_ih: Tensor | None
    bias_hh: Tensor | None

    @property
    def bias(self) -> Tensor | None:
        """The sum of both biases, for networks that only ever use their sum."""
        return None if self.bias_ih is None else self.bias_ih + self.bias_hh


class RecurrentCell(nn.Module):
    """Base of the cells: the parameters of `torch.nn`'s cells, with their names and their start."""

    gates: int  # blocks of hidden_size rows in every weight

    def __init__(self, input_size: int, hidden_size: int, bias: bool):
        super().__init__()
        check_positive(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = self.gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows)) if bias else None
        self.bias_hh = nn.Parameter(torch.empty(rows)) if bias else None
        _start_evenly(self, hidden_size)

    def _start(self, x: Tensor, state: Any, names: tuple[str, ...]) -> tuple[Tensor, ...]:
        """Check x and the state; zeros, each (batch, hidden_size), where there is no state."""
        if x.dim() != 2 or x.shape[1] != self.input_size:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (batch, {self.input_size}).")
        expected = (x.shape[0], self.hidden_size)
        if state is None:
            return tuple(x.new_zeros(expected) for _ in names)
        states = unpack_state(state, names)
        for name, tensor in zip(names, states, strict=True):
            check_shape(name, tensor, expected, "(batch, hidden_size)")
        return states


class RecurrentLayer(nn.Module):
    """Base of the layers: a stack over whole sequences, in one direction or both, over rows of any lengths.

    Parameters have `torch.nn`'s names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then the same with
    `_reverse` where the layer reads both ways, then _l1 and so on.

    Source for two directions: Schuster & Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    gates: int  # blocks of hidden_size rows in every weight
    state_names: tuple[str, ...] = ("h_0",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        dropout: float,
        bidirectional: bool,
    ):
        super().__init__()
        check_positive(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout!r}; it must be at least 0 and below 1.")
        if dropout and num_layers == 1:
            raise ValueError(f"dropout is {dropout}, but it acts between layers and num_layers is 1.")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.dropout, self.bidirectional = bias, dropout, bidirectional
        self.recorder = None  # set by `record_gates`
        for place, name in enumerate(self.weight_names):
            features = input_size if place < self.num_directions else self.output_size
            rows = self.gates * hidden_size
            self.register_parameter(f"weight_ih_{name}", nn.Parameter(torch.empty(rows, features)))
            self.register_parameter(f"weight_hh_{name}", nn.Parameter(torch.empty(rows, hidden_size)))
            if bias:
                self.register_parameter(f"bias_ih_{name}", nn.Parameter(torch.empty(rows)))
                self.register_parameter(f"bias_hh_{name}", nn.Parameter(torch.empty(rows)))
        _start_evenly(self, hidden_size)

    @property
    def num_directions(self) -> int:
        """2 where the layer reads both ways, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Features of one step of the output: hidden_size for each direction."""
        return self.hidden_size * self.num_directions

    @property
    def weight_names(self) -> list[str]:
        """One name for each layer and direction, in the order of the states: "l0", "l0_reverse", "l1", …"""
        directions = ("", "_reverse")[: self.num_directions]
        return [f"l{layer}{direction}" for layer in range(self.num_layers) for direction in directions]

    def weights(self, name: str) -> Weights:
        """The parameters of one layer and direction, by a name of `weight_names`."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return Weights(*(getattr(self, f"{kind}_{name}", None) for kind in kinds))

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}"
        text += "" if self.bias else ", bias=False"
        text += f", dropout={self.dropout}" if self.dropout else ""
        return text + (", bidirectional=True" if self.bidirectional else "")

    def orthogonal_(self, gain: float = 1.0) -> Self:
        """Start every W_hh as a random rotation times `gain`: at gain 1 it changes no vector's length.

        Where a weight holds several gates, each gate gets a rotation of its own.

        Source: Saxe et al. 2014, "Exact solutions…", section 3; Le et al. 2015 for the identity.
        """
        with torch.no_grad():
            for name in self.weight_names:
                for block in self.weights(name).hh.chunk(self.gates):  # (hidden_size, hidden_size)
                    nn.init.orthogonal_(block, gain=gain)
        return self

    def _gate_bias_(self, gate: int, value: float | Tensor) -> None:
        if not self.bias:
            raise ValueError("This layer was made with bias=False: it has no bias to set.")
        if isinstance(value, Tensor) and value.dim() > 0:
            check_shape("value", value, (self.hidden_size,), "(hidden_size,); one number serves as well")
        with torch.no_grad():
            for name in self.weight_names:
                weights = self.weights(name)
                # Both biases are added up; what is wanted goes into one, and the other says nothing.
                weights.bias_ih.chunk(self.gates)[gate].copy_(torch.as_tensor(value))  # (hidden_size,)
                weights.bias_hh.chunk(self.gates)[gate].zero_()  # (hidden_size,)

    def forward(self, x: Tensor, state: Any = None, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        if torch.is_autocast_enabled(x.device.type):
            # What is rounded to 16 bits at every step adds up over time: read in the weights' own precision.
            with torch.autocast(x.device.type, enabled=False):
                return self.forward(x.to(self.weight_ih_l0.dtype), state, lengths)
        if x.dim() != 3 or x.shape[2] != self.input_size:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (batch, time, {self.input_size}).")
        batch, time, _ = x.shape
        if time == 0:
            raise ValueError(f"x has shape {tuple(x.shape)}; it needs at least one time step.")
        state_shape = (len(self.weight_names), batch, self.hidden_size)
        if state is None:
            states = tuple(x.new_zeros(state_shape) for _ in self.state_names)
        else:
            states = unpack_state(state, self.state_names)
        directions = " * 2" if self.bidirectional else ""
        for name, tensor in zip(self.state_names, states, strict=True):
            check_shape(name, tensor, state_shape, f"(num_layers{directions}, batch, hidden_size)")
        rows = Rows(lengths, batch, time, x.device)
        # Padding may hold anything, even NaN, which times a gradient of 0 is still NaN.
        below = rows.clear(x.transpose(0, 1))  # (time, batch, input_size)
        last_states = []
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout:
                below = F.dropout(below, self.dropout, self.training)
            outputs = []  # of both directions
            for direction in range(self.num_directions):
                place = layer * self.num_directions + direction
                output, last = self._direction(below, tuple(tensor[place] for tensor in states), rows, place)
                outputs.append(output)
                last_states.append(last)
            # (time, batch, output_size)
            below = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
        output = below.transpose(0, 1).contiguous()  # (batch, time, output_size)
        # One (num_layers * num_directions, batch, hidden_size) for every kind of state.
        final = tuple(torch.stack(kind) for kind in zip(*last_states, strict=True))
        return output, final if len(final) > 1 else final[0]

    def _direction(
        self, x: Tensor, states: tuple[Tensor, ...], rows: "Rows", place: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One layer in one direction: x (time, batch, features) → output (time, batch, hidden_size), last states."""
        name = self.weight_names[place]
        weights, is_reverse = self.weights(name), name.endswith("_reverse")
        if is_reverse:
            x = rows.reverse(x)
        read = self._read(x, states, weights)  # one (time, batch, hidden_size) for every kind of state
        if self.recorder is not None:
            with torch.no_grad():
                h_before = torch.cat([states[0][None], read[0][:-1]])  # (time, batch, hidden_size)
                gates = self._gates(x, h_before, read, weights)
                parts = (rows.reverse(part) if is_reverse else part for part in gates)
                # Batch first, as the output; NaN where there is nothing but padding.
                parts = (rows.clear(part.detach(), math.nan).transpose(0, 1) for part in parts)
                self.recorder(name, type(gates)(*parts))
        last = tuple(rows.last(values) for values in read)
        output = rows.clear(read[0])
        return rows.reverse(output) if is_reverse else output, last

    def _read(self, x: Tensor, states: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
        """Read from the first step to the last.

        x (time, batch, features) and one (batch, hidden_size) for every kind of state
        → for every kind of state its values after each step, (time, batch, hidden_size); h comes first.
        """
        raise NotImplementedError

    def _gates(self, x: Tensor, h_before: Tensor, read: tuple[Tensor, ...], weights: Weights) -> tuple:
        """The activations of every gate, each (time, batch, hidden_size), as a named tuple.

        `read` is what `_read` gave, and `h_before`, of its shape, the h that each step started from: with it, all
        steps come from one product.
        """
        raise NotImplementedError


class Rows:
    """Where each row of a batch ends. Tensors are time first here: (time, batch, features).

    Args:
        lengths: (batch,) whole numbers from 1 to time, on any device; None: every row is `time` long.
    """

    def __init__(self, lengths: Tensor | None, batch: int, time: int, device: torch.device):
        self.is_real = None
        if lengths is None:
            return
        if not isinstance(lengths, Tensor) or lengths.is_floating_point() or lengths.dtype == torch.bool:
            kind = lengths.dtype if isinstance(lengths, Tensor) else type(lengths).__name__
            raise TypeError(f"lengths is of type {kind}; expected a tensor of whole numbers, (batch,).")
        check_shape("lengths", lengths, (batch,), "(batch,)")
        shortest, longest = lengths.aminmax()
        if shortest < 1 or longest > time:
            raise ValueError(
                f"lengths go from {int(shortest)} to {int(longest)}; expected 1 to {time}, the time steps of x."
            )
        lengths = lengths.to(device)
        steps = torch.arange(time, device=device)[:, None]  # (time, 1)
        self.is_real = (steps < lengths)[..., None]  # (time, batch, 1)
        # The real part of each row from back to front; padding stays where it is. Its own inverse.
        self.turned = torch.where(steps < lengths, lengths - 1 - steps, steps)[..., None]  # (time, batch, 1)
        self.last_step = (lengths - 1)[None, :, None]  # (1, batch, 1)

    def clear(self, x: Tensor, value: float = 0.0) -> Tensor:
        """x with `value` in place of padding."""
        return x if self.is_real is None else x.masked_fill(~self.is_real, value)

    def reverse(self, x: Tensor) -> Tensor:
        """Each row from its last real step to its first."""
        return x.flip(0) if self.is_real is None else x.gather(0, self.turned.expand_as(x))

    def last(self, x: Tensor) -> Tensor:
        """Each row's last real step: (batch, features)."""
        return x[-1] if self.is_real is None else x.gather(0, self.last_step.expand(1, *x.shape[1:]))[0]


def _start_evenly(module: nn.Module, hidden_size: int) -> None:
    """`torch.nn`'s start: every number from U(−1/√H, 1/√H)."""
    bound = 1 / math.sqrt(hidden_size)
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -bound, bound)
