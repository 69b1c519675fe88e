"""01.rnn_step, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "01.rnn_step"


@right(ID)
def columns_and_back(x, h, W_ih, W_hh, b):
    return torch.tanh(W_ih @ x.T + W_hh @ h.T + b[:, None]).T


@right(ID)
def two_linear_functions(x, h, W_ih, W_hh, b):
    return nn.functional.linear(x, W_ih, b).add(nn.functional.linear(h, W_hh)).tanh()


@right(ID)
def einsum_for_both(x, h, W_ih, W_hh, b):
    return torch.tanh(torch.einsum("bi,hi->bh", x, W_ih) + torch.einsum("bk,hk->bh", h, W_hh) + b)


@right(ID)
def one_product_of_both_side_by_side(x, h, W_ih, W_hh, b):
    return torch.tanh(torch.cat([x, h], dim=1) @ torch.cat([W_ih, W_hh], dim=1).T + b)


@right(ID)
def example_by_example(x, h, W_ih, W_hh, b):
    return torch.stack([torch.tanh(W_ih @ x_i + W_hh @ h_i + b) for x_i, h_i in zip(x, h, strict=True)])


@right(ID)
def number_by_number(x, h, W_ih, W_hh, b):
    out = torch.empty(len(x), len(b))
    for row in range(len(x)):
        for unit in range(len(b)):
            out[row, unit] = torch.tanh((W_ih[unit] * x[row]).sum() + (W_hh[unit] * h[row]).sum() + b[unit])
    return out


@right(ID)
def the_librarys_cell_with_these_weights(x, h, W_ih, W_hh, b):
    cell = nn.RNNCell(W_ih.shape[1], W_hh.shape[0])
    parameters = {"weight_ih": W_ih, "weight_hh": W_hh, "bias_ih": b, "bias_hh": torch.zeros_like(b)}
    return torch.func.functional_call(cell, parameters, (x, h))


@right(ID)
def by_broadcasting_and_a_sum(x, h, W_ih, W_hh, b):
    return torch.tanh((x[:, None, :] * W_ih).sum(-1) + (h[:, None, :] * W_hh).sum(-1) + b)


@right(ID)
def tanh_from_the_exponential(x, h, W_ih, W_hh, b):
    before = x.mm(W_ih.t()) + h.mm(W_hh.t()) + b
    return 2 * torch.sigmoid(2 * before) - 1


@right(ID)
def matrices_times_vectors_with_matmul(x, h, W_ih, W_hh, b):
    return torch.tanh((W_ih @ x[..., None] + W_hh @ h[..., None]).squeeze(-1) + b)


@right(ID)
def addmm_twice(x, h, W_ih, W_hh, b):
    return torch.addmm(torch.addmm(b, x, W_ih.T), h, W_hh.T).tanh_()


@wrong(ID, named="W_hh not transposed")
def recurrent_weights_not_transposed(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T + h @ W_hh + b)


@wrong(ID, named="nothing transposed")
def no_transpose_at_all(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih + h @ W_hh + b)


@wrong(ID, named="bias forgotten")
def bias_forgotten(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T + h @ W_hh.T)


@wrong(ID, named="no tanh")
def tanh_forgotten(x, h, W_ih, W_hh, b):
    return x @ W_ih.T + h @ W_hh.T + b


@wrong(ID, named="sigmoid")
def a_sigmoid(x, h, W_ih, W_hh, b):
    return torch.sigmoid(x @ W_ih.T + h @ W_hh.T + b)


@wrong(ID, named="relu")
def relu(x, h, W_ih, W_hh, b):
    return torch.relu(x @ W_ih.T + h @ W_hh.T + b)


@wrong(ID, named="bias outside")
def bias_behind_the_tanh(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T + h @ W_hh.T) + b


@wrong(ID, named="old state added")
def old_state_added_at_the_end(x, h, W_ih, W_hh, b):
    return h + torch.tanh(x @ W_ih.T + h @ W_hh.T + b)


@wrong(ID, named="tanh of each term")
def tanh_of_each_term(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T) + torch.tanh(h @ W_hh.T + b)


@wrong(ID, named="bias twice")
def two_biases(x, h, W_ih, W_hh, b):
    return torch.tanh(nn.functional.linear(x, W_ih, b) + nn.functional.linear(h, W_hh, b))


@wrong(ID, named="memory forgotten")
def state_not_used(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T + b)


@wrong(ID, named="columns for rows")
def formula_as_it_stands(x, h, W_ih, W_hh, b):
    return torch.tanh(W_ih @ x + W_hh @ h + b)


@wrong(ID, named="gradient cut off")
def detached_through_numpy(x, h, W_ih, W_hh, b):
    x, h, W_ih, W_hh, b = (tensor.detach().numpy() for tensor in (x, h, W_ih, W_hh, b))
    return torch.from_numpy(np.tanh(x @ W_ih.T + h @ W_hh.T + b))


@wrong(ID, named="only the diagonal of W_hh")
def element_by_element_products(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T + h * torch.diagonal(W_hh) + b)


@wrong(ID, named="math.tanh")
def math_tanh_of_a_tensor(x, h, W_ih, W_hh, b):
    return math.tanh(x @ W_ih.T + h @ W_hh.T + b)


@wrong(ID, named="columns returned")
def columns_never_turned_back(x, h, W_ih, W_hh, b):
    return torch.tanh(W_ih @ x.T + W_hh @ h.T + b[:, None])


@wrong(ID, named="over the old state")
def state_written_over(x, h, W_ih, W_hh, b):
    h.copy_(torch.tanh(x @ W_ih.T + h @ W_hh.T + b))
    return h


@wrong(ID, named="nothing transposed")
def only_the_recurrent_weights_transposed(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih + h @ W_hh.T + b)


@wrong(ID)
def squeezed_too_far(x, h, W_ih, W_hh, b):
    return torch.tanh((W_ih @ x[..., None] + W_hh @ h[..., None]).squeeze() + b)


@wrong(ID, named="tanh of the old state")
def tanh_of_the_old_state_again(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T + torch.tanh(h) @ W_hh.T + b)


@wrong(ID, named="one state for the batch")
def mean_state_of_the_batch(x, h, W_ih, W_hh, b):
    return torch.tanh(x @ W_ih.T + h.mean(dim=0) @ W_hh.T + b)


@wrong(ID, named="input forgotten")
def input_not_used(x, h, W_ih, W_hh, b):
    return torch.tanh(h @ W_hh.T + b)
