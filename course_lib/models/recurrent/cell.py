"""What RNNCell, LSTMCell and GRUCell share: parameters and the checks of one step."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.models.recurrent.inputs import check_dtype, check_positive, check_shape, unpack_state
from course_lib.models.recurrent.parameters import start_evenly


class RecurrentCell(nn.Module):
    """Base of the cells: the parameters of `torch.nn`'s cells, with their names and their initialisation."""

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
        start_evenly(self, hidden_size)

    def _start(self, x: Tensor, state: Any, names: tuple[str, ...]) -> tuple[Tensor, ...]:
        """Check x and the state; zeros, each (batch, hidden_size), where there is no state."""
        if x.dim() != 2 or x.shape[1] != self.input_size:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (batch, {self.input_size}).")
        check_dtype("x", x, self.weight_ih.dtype)
        expected = (x.shape[0], self.hidden_size)
        if state is None:
            return tuple(x.new_zeros(expected) for _ in names)
        states = unpack_state(state, names)
        for name, tensor in zip(names, states, strict=True):
            check_shape(name, tensor, expected, "(batch, hidden_size)")
            check_dtype(name, tensor, x.dtype)
        return states
