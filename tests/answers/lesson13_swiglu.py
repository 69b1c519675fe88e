"""13.swiglu, answered from the prompt alone."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from answers import right, wrong

ID = "13.swiglu"


@right(ID)
def three_calls_of_linear(x, W_gate, W_up, W_down):
    return F.linear(F.silu(F.linear(x, W_gate)) * F.linear(x, W_up), W_down)


@right(ID)
def sigmoid_by_hand(x, W_gate, W_up, W_down):
    z = x @ W_gate.t()
    return (z * torch.sigmoid(z) * (x @ W_up.t())) @ W_down.t()


@right(ID)
def exponential_by_hand(x, W_gate, W_up, W_down):
    z = torch.matmul(x, W_gate.transpose(0, 1))
    value = torch.matmul(x, W_up.transpose(0, 1))
    return torch.matmul(z / (1 + torch.exp(-z)) * value, W_down.transpose(0, 1))


@right(ID)
def everything_in_einsum(x, W_gate, W_up, W_down):
    gate = nn.SiLU()(torch.einsum("...m,fm->...f", x, W_gate))
    return torch.einsum("...f,...m,fm,df->...d", gate, x, W_up, W_down)


@right(ID)
def both_matrices_at_once(x, W_gate, W_up, W_down):
    gate, value = (x @ torch.cat([W_gate, W_up]).T).chunk(2, dim=-1)
    return (F.silu(gate) * value) @ W_down.T


@right(ID)
def feature_by_feature(x, W_gate, W_up, W_down):
    result = torch.zeros_like(x)
    for gate_row, up_row, down_column in zip(W_gate, W_up, W_down.T, strict=True):
        h = F.silu((x * gate_row).sum(-1, keepdim=True)) * (x * up_row).sum(-1, keepdim=True)
        result = result + h * down_column
    return result


@right(ID)
def vector_by_vector(x, W_gate, W_up, W_down):
    results = [W_down @ (F.silu(W_gate @ v) * (W_up @ v)) for v in x.reshape(-1, x.shape[-1])]
    return torch.stack(results).view(x.shape)


@right(ID)
def numpy_inside(x, W_gate, W_up, W_down):
    x, W_gate, W_up, W_down = (part.numpy() for part in (x, W_gate, W_up, W_down))
    z = x @ W_gate.T
    with np.errstate(over="ignore"):
        hidden = z / (1 + np.exp(-z)) * (x @ W_up.T)
    return torch.tensor(hidden @ W_down.T)


@right(ID)
def double_precision_inside(x, W_gate, W_up, W_down):
    a, b, c, d = (part.double() for part in (x, W_gate, W_up, W_down))
    return ((F.silu(a @ b.T) * (a @ c.T)) @ d.T).to(x.dtype)


@right(ID)
def silu_in_place_on_its_own_tensor(x, W_gate, W_up, W_down):
    hidden = x @ W_gate.mT
    F.silu(hidden, inplace=True)
    hidden.mul_(x @ W_up.mT)
    return hidden @ W_down.mT


@right(ID)
def sigmoid_from_tanh(x, W_gate, W_up, W_down):
    z = x @ W_gate.T
    return (0.5 * z * (1 + torch.tanh(z / 2)) * (x @ W_up.T)) @ W_down.T


@right(ID)
def features_in_two_halves(x, W_gate, W_up, W_down):
    half = len(W_gate) // 2
    total = 0
    for part in (slice(0, half), slice(half, None)):
        total = total + (F.silu(x @ W_gate[part].T) * (x @ W_up[part].T)) @ W_down[:, part].T
    return total


@right(ID)
def modules_with_these_weights(x, W_gate, W_up, W_down):
    def linear(W):
        layer = nn.Linear(W.shape[1], W.shape[0], bias=False)
        layer.weight = nn.Parameter(W)
        return layer

    gate, up, down = linear(W_gate), linear(W_up), linear(W_down)
    return down(F.silu(gate(x)) * up(x)).detach()


@right(ID)
def gated_by_glu_of_pytorch(x, W_gate, W_up, W_down):
    z = x @ W_gate.T
    return F.glu(torch.cat([z * (x @ W_up.T), z], dim=-1), dim=-1) @ W_down.T


@wrong(ID, named="exchanged")
def gate_and_value_exchanged(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_up.T) * (x @ W_gate.T)) @ W_down.T


@wrong(ID, named="SiLU of the product")
def silu_of_the_product(x, W_gate, W_up, W_down):
    return F.silu((x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="SiLU of both")
def silu_of_both(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate.T) * F.silu(x @ W_up.T)) @ W_down.T


@wrong(ID, named="sigmoid")
def sigmoid_only(x, W_gate, W_up, W_down):
    return (torch.sigmoid(x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="ReLU")
def relu_for_silu(x, W_gate, W_up, W_down):
    return (F.relu(x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="GELU")
def gelu_for_silu(x, W_gate, W_up, W_down):
    return (F.gelu(x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="GELU with tanh")
def gelu_with_tanh(x, W_gate, W_up, W_down):
    return (F.gelu(x @ W_gate.T, approximate="tanh") * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="quick GELU")
def quick_gelu(x, W_gate, W_up, W_down):
    z = x @ W_gate.T
    return (z * torch.sigmoid(1.702 * z) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="tanh")
def tanh_for_silu(x, W_gate, W_up, W_down):
    return (torch.tanh(x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="no activation")
def no_activation(x, W_gate, W_up, W_down):
    return ((x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="no gate")
def no_gate(x, W_gate, W_up, W_down):
    return F.silu(x @ W_up.T) @ W_down.T


@wrong(ID, named="no value")
def no_value(x, W_gate, W_up, W_down):
    return F.silu(x @ W_gate.T) @ W_down.T


@wrong(ID, named="added")
def added_for_multiplied(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate.T) + x @ W_up.T) @ W_down.T


@wrong(ID, named="sigmoid of the value")
def gate_with_the_sigmoid_of_the_value(x, W_gate, W_up, W_down):
    return ((x @ W_gate.T) * torch.sigmoid(x @ W_up.T)) @ W_down.T


@wrong(ID, named="no W_down")
def no_way_down(x, W_gate, W_up, W_down):
    return F.silu(x @ W_gate.T) * (x @ W_up.T)


@wrong(ID, named="not transposed")
def nothing_transposed(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate) * (x @ W_up)) @ W_down


@wrong(ID, named="W_down not transposed")
def down_not_transposed(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate.T) * (x @ W_up.T)) @ W_down


@wrong(ID, named="x added")
def x_added(x, W_gate, W_up, W_down):
    return x + (F.silu(x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="SiLU at the end")
def silu_at_the_end(x, W_gate, W_up, W_down):
    return F.silu(((x @ W_gate.T) * (x @ W_up.T)) @ W_down.T)


@wrong(ID, named="gated after W_down")
def gate_after_the_way_down(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate.T) @ W_down.T) * (x @ W_up.T @ W_down.T)


@wrong(ID, named="softmax")
def softmax_gate(x, W_gate, W_up, W_down):
    return ((x @ W_gate.T).softmax(dim=-1) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="hidden features as well")
def hidden_features_as_well(x, W_gate, W_up, W_down):
    hidden = F.silu(x @ W_gate.T) * (x @ W_up.T)
    return hidden @ W_down.T, hidden


@wrong(ID, named="sign in the sigmoid")
def sigmoid_written_with_plus_z(x, W_gate, W_up, W_down):
    z = x @ W_gate.T
    return (z / (1 + torch.exp(z)) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="exponentials that overflow")
def sigmoid_as_a_fraction_of_exponentials(x, W_gate, W_up, W_down):
    z = x @ W_gate.T
    return (z * torch.exp(z) / (1 + torch.exp(z)) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="SiLU written into x")
def silu_written_into_x(x, W_gate, W_up, W_down):
    x *= torch.sigmoid(x)
    return ((x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


@wrong(ID, named="sigmoid of the value")
def glu_of_pytorch(x, W_gate, W_up, W_down):
    return F.glu(torch.cat([x @ W_gate.T, x @ W_up.T], dim=-1), dim=-1) @ W_down.T


@wrong(ID, named="added")
def both_brought_down_and_added(x, W_gate, W_up, W_down):
    return F.silu(x @ W_gate.T) @ W_down.T + (x @ W_up.T) @ W_down.T


@wrong(ID)
def hard_swish(x, W_gate, W_up, W_down):
    return (F.hardswish(x @ W_gate.T) * (x @ W_up.T)) @ W_down.T
