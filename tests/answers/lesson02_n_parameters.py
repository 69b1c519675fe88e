"""02.n_parameters, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "02.n_parameters"


@right(ID)
def sum_of_the_four_shapes(input_size, hidden_size, gates):
    rows = gates * hidden_size
    shapes = [(rows, input_size), (rows, hidden_size), (rows,), (rows,)]
    return sum(math.prod(shape) for shape in shapes)


@right(ID)
def counted_in_an_nn_module(input_size, hidden_size, gates):
    kind = {1: nn.RNN, 3: nn.GRU, 4: nn.LSTM}[gates]
    return sum(p.numel() for p in kind(input_size, hidden_size).parameters())


@right(ID)
def counted_in_a_state_dict(input_size, hidden_size, gates):
    layer = {1: nn.RNNCell, 3: nn.GRUCell, 4: nn.LSTMCell}[gates](input_size, hidden_size)
    total = 0
    for value in layer.state_dict().values():
        total += value.nelement()
    return total


@right(ID)
def block_by_block(input_size, hidden_size, gates):
    total = 0
    for _ in range(gates):
        total += hidden_size * input_size
        total += hidden_size**2
        total += 2 * hidden_size
    return total


@right(ID)
def multiplied_out(input_size, hidden_size, gates):
    return gates * hidden_size * input_size + gates * hidden_size**2 + 2 * gates * hidden_size


@right(ID)
def numpy_integer(input_size, hidden_size, gates):
    return np.prod([gates, hidden_size, input_size + hidden_size + 2])


@right(ID)
def zero_dimensional_tensor(input_size, hidden_size, gates):
    return torch.tensor(gates * hidden_size * (input_size + hidden_size + 2))


@right(ID)
def two_linear_layers(input_size, hidden_size, gates):
    layers = nn.Linear(input_size, gates * hidden_size), nn.Linear(hidden_size, gates * hidden_size)
    return sum(p.numel() for layer in layers for p in layer.parameters())


@right(ID)
def sizes_of_numpy_arrays(input_size, hidden_size, gates):
    rows = gates * hidden_size
    return np.empty((rows, input_size)).size + np.empty((rows, hidden_size)).size + 2 * np.empty(rows).size


@right(ID)
def unit_by_unit(input_size, hidden_size, gates):
    per_unit = input_size + hidden_size + 2
    return sum(per_unit for _ in range(gates) for _ in range(hidden_size))


@wrong(ID, named="one bias")
def a_single_bias(input_size, hidden_size, gates):
    return gates * hidden_size * (input_size + hidden_size + 1)


@wrong(ID, named="no bias")
def no_bias(input_size, hidden_size, gates):
    return gates * (hidden_size * input_size + hidden_size * hidden_size)


@wrong(ID, named="biases once")
def biases_of_one_block(input_size, hidden_size, gates):
    return gates * (hidden_size * input_size + hidden_size**2) + 2 * hidden_size


@wrong(ID, named="input_size rows")
def matrices_input_by_input(input_size, hidden_size, gates):
    return gates * input_size * (input_size + hidden_size + 2)


@wrong(ID, named="one block")
def gates_forgotten(input_size, hidden_size, gates):
    return hidden_size * (input_size + hidden_size + 2)


@wrong(ID, named="a bias is one number")
def two_biases_in_all(input_size, hidden_size, gates):
    return gates * hidden_size * (input_size + hidden_size) + 2


@wrong(ID, named="no W_hh")
def recurrent_matrix_forgotten(input_size, hidden_size, gates):
    return gates * (hidden_size * input_size + 2 * hidden_size)


@wrong(ID, named="W_hh square in all blocks")
def recurrent_matrix_of_all_blocks_square(input_size, hidden_size, gates):
    rows = gates * hidden_size
    return rows * input_size + rows * rows + 2 * rows


@wrong(ID, named="W_hh and biases once")
def gates_only_on_the_input(input_size, hidden_size, gates):
    return gates * hidden_size * input_size + hidden_size**2 + 2 * hidden_size


@wrong(ID, named="always four blocks")
def an_lstm_whatever_is_asked(input_size, hidden_size, gates):
    return 4 * hidden_size * (input_size + hidden_size + 2)


@wrong(ID, named="one block more")
def a_block_for_the_candidate_on_top(input_size, hidden_size, gates):
    return (gates + 1) * hidden_size * (input_size + hidden_size + 2)


@wrong(ID, named="one block less")
def the_candidate_is_no_gate(input_size, hidden_size, gates):
    return (gates - 1) * hidden_size * (input_size + hidden_size + 2)
