"""What RNN, LSTM and GRU share: parameters, layers, directions, rows of different lengths.

The networks themselves are in `rnn.py`, `lstm.py` and `gru.py`; each adds what one step does.
"""

import math
from collections.abc import Callable
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.recurrent.fused import flatten_for_cudnn, kernel_serves, read_by_kernel
from course_lib.models.recurrent.inputs import (
    check_dtype,
    check_positive,
    check_shape,
    in_own_precision,
    unpack_state,
)
from course_lib.models.recurrent.parameters import Weights, start_evenly
from course_lib.models.recurrent.rows import Rows


class RecurrentLayer(nn.Module):
    """Base of the layers: a stack over whole sequences, in one direction or both, over rows of any lengths.

    Parameters have `torch.nn`'s names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then the same with
    `_reverse` where the layer reads both ways, then _l1 and so on.

    torch's own kernel computes (the fused form), or, where it does not serve (`record_gates`, `torch.func`), the loop
    over time that each layer has (the readable form); both give the same numbers. What comes out has the type of the
    weights, under autocast too.

    Attributes:
        weight_names: one for each layer and direction, in the order of the states: "l0", "l0_reverse", "l1", …

    Source for two directions: Schuster & Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    gates: int  # blocks of hidden_size rows in every weight
    state_names: tuple[str, ...] = ("h_0",)

    def __init__(
        self,
        mode: str,  # a name of `KERNELS`
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
        self.mode = mode
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.dropout, self.bidirectional = bias, dropout, bidirectional
        self.recorder = None  # set by `record_gates`
        directions = ("", "_reverse")[: self.num_directions]
        self.weight_names = [f"l{layer}{way}" for layer in range(num_layers) for way in directions]
        for place, name in enumerate(self.weight_names):
            features = input_size if place < self.num_directions else self.output_size
            rows = self.gates * hidden_size
            self.register_parameter(f"weight_ih_{name}", nn.Parameter(torch.empty(rows, features)))
            self.register_parameter(f"weight_hh_{name}", nn.Parameter(torch.empty(rows, hidden_size)))
            if bias:
                self.register_parameter(f"bias_ih_{name}", nn.Parameter(torch.empty(rows)))
                self.register_parameter(f"bias_hh_{name}", nn.Parameter(torch.empty(rows)))
        start_evenly(self, hidden_size)
        flatten_for_cudnn(self)

    @property
    def num_directions(self) -> int:
        """2 where the layer reads both ways, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Features of one step of the output: hidden_size for each direction."""
        return self.hidden_size * self.num_directions

    @property
    def blocks(self) -> list[range]:
        """The layers that are read in one go: all, or one by one where dropout acts between them."""
        step = 1 if self.dropout else self.num_layers
        return [range(first, first + step) for first in range(0, self.num_layers, step)]

    def weights(self, name: str) -> Weights:
        """The parameters of one layer and direction, by a name of `weight_names`."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if self.bias else 2]
        return Weights(*(getattr(self, f"{kind}_{name}") for kind in kinds))

    def weights_of(self, layers: range) -> dict[str, Weights]:
        """The parameters of some layers, by name, in the order of the states."""
        directions = self.num_directions
        names = self.weight_names[layers.start * directions : layers.stop * directions]
        return {name: self.weights(name) for name in names}

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}"
        text += "" if self.bias else ", bias=False"
        text += f", dropout={self.dropout}" if self.dropout else ""
        return text + (", bidirectional=True" if self.bidirectional else "")

    def orthogonal_(self, gain: float = 1.0) -> Self:
        """Initialise every W_hh as a random rotation times `gain`: at gain 1 it changes no vector's length.

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

    @in_own_precision
    def forward(self, x: Tensor, state: Any = None, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        if x.dim() != 3 or x.shape[2] != self.input_size:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (batch, time, {self.input_size}).")
        batch, time, _ = x.shape
        if time == 0:
            raise ValueError(f"x has shape {tuple(x.shape)}; it needs at least one time step.")
        check_dtype("x", x, self.weight_ih_l0.dtype)
        state_shape = (len(self.weight_names), batch, self.hidden_size)
        if state is None:
            states = tuple(x.new_zeros(state_shape) for _ in self.state_names)
        else:
            states = unpack_state(state, self.state_names)
            directions = " * 2" if self.bidirectional else ""
            for name, tensor in zip(self.state_names, states, strict=True):
                check_shape(name, tensor, state_shape, f"(num_layers{directions}, batch, hidden_size)")
                check_dtype(name, tensor, x.dtype)
        rows = Rows(lengths, batch, time, x.device)
        below = x.transpose(0, 1)  # (time, batch, input_size)
        finals = []
        for layers in self.blocks:
            if layers.start > 0:
                below = F.dropout(below, self.dropout, self.training)
            weights = self.weights_of(layers)
            first = layers.start * self.num_directions
            initial = tuple(kind[first : first + len(weights)] for kind in states)
            if kernel_serves(self, x):
                below, final = read_by_kernel(self, below, initial, weights, rows)
            else:
                below, final = self.read_by_loop(below, initial, weights, rows, self.recorder)
            finals.append(final)
        output = below.transpose(0, 1)  # (batch, time, output_size)
        # One (num_layers * num_directions, batch, hidden_size) for every kind of state.
        final = (
            finals[0] if len(finals) == 1 else tuple(torch.cat(kind) for kind in zip(*finals, strict=True))
        )
        return output, final if len(final) > 1 else final[0]

    def read_by_loop(
        self,
        x: Tensor,
        states: tuple[Tensor, ...],
        weights: dict[str, Weights],
        rows: Rows,
        recorder: Callable[[str, tuple], None] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The readable form: one layer after the other, one direction after the other, one step after the other.

        Args:
            x: (time, batch, features).
            states: for every kind of state (len(weights), batch, hidden_size), what reading starts from.
            weights: of consecutive layers, by their names.
            recorder: called with each name and the gates of that layer and direction.

        Returns:
            output (time, batch, output_size) of the highest of these layers, 0 in padding, and the last states, shaped
            as `states`.
        """
        # Padding may hold anything, even NaN, which times a gradient of 0 is still NaN.
        below, last_states, names = rows.clear(x), [], list(weights)
        for first in range(0, len(names), self.num_directions):
            outputs = []  # of both directions
            for place in range(first, first + self.num_directions):
                name, initial = names[place], tuple(kind[place] for kind in states)
                is_reverse = name.endswith("_reverse")
                given = rows.reverse(below) if is_reverse else below
                # One (time, batch, hidden_size) for every kind of state.
                read = self.loop_over_time(given, initial, weights[name])
                if recorder is not None:
                    recorder(name, self._recorded(given, initial, read, weights[name], rows, is_reverse))
                last_states.append(tuple(rows.last(values) for values in read))
                output = rows.clear(read[0])
                outputs.append(rows.reverse(output) if is_reverse else output)
            # (time, batch, output_size)
            below = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
        return below, tuple(torch.stack(kind) for kind in zip(*last_states, strict=True))

    @torch.no_grad()
    def _recorded(self, x, states, read, weights: Weights, rows: Rows, is_reverse: bool) -> tuple:
        """The gates of every step, each (batch, time, hidden_size), in the order of the text; NaN in padding."""
        h_before = torch.cat([states[0][None], read[0][:-1]])  # (time, batch, hidden_size)
        gates = self._gates(x, h_before, read, weights)
        parts = (rows.reverse(part) if is_reverse else part for part in gates)
        return type(gates)(*(rows.clear(part.detach(), math.nan).transpose(0, 1) for part in parts))

    def loop_over_time(self, x: Tensor, states: tuple[Tensor, ...], weights: Weights) -> tuple[Tensor, ...]:
        """Read from the first step to the last.

        x (time, batch, features) and one (batch, hidden_size) for every kind of state
        → for every kind of state its values after each step, (time, batch, hidden_size); h comes first.
        """
        raise NotImplementedError

    def _gates(self, x: Tensor, h_before: Tensor, read: tuple[Tensor, ...], weights: Weights) -> tuple:
        """The activations of every gate, each (time, batch, hidden_size), as a named tuple.

        `read` is what `loop_over_time` gave, and `h_before`, of its shape, the h that each step started from: with it,
        all steps come from one product.
        """
        raise NotImplementedError

    def _apply(self, fn, recurse: bool = True) -> Self:
        """Every move to another device or type comes through here."""
        super()._apply(fn, recurse)
        flatten_for_cudnn(self)
        return self


def check_batch_first(batch_first: bool) -> None:
    """ValueError for torch.nn's other order of dimensions."""
    if batch_first is not True:
        raise ValueError(
            f"batch_first is {batch_first!r}; layers of this course read (batch, time, features) only. "
            "Turn other tensors with x.transpose(0, 1)."
        )
