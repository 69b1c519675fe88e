"""07.feed_forward, answered from the prompt alone."""

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "07.feed_forward"


@right(ID)
def clamped_at_zero_in_two_lines(x, W_1, b_1, W_2, b_2):
    hidden = (x @ W_1 + b_1).clamp(min=0)
    return hidden @ W_2 + b_2


@right(ID)
def einsum_with_dots(x, W_1, b_1, W_2, b_2):
    hidden = torch.einsum("...i,ij->...j", x, W_1) + b_1
    return torch.einsum("...j,jk->...k", F.relu(hidden), W_2) + b_2


@right(ID)
def linear_with_transposed_weights(x, W_1, b_1, W_2, b_2):
    return F.linear(F.relu(F.linear(x, W_1.T, b_1)), W_2.T, b_2)


@right(ID)
def maximum_as_in_the_formula(x, W_1, b_1, W_2, b_2):
    hidden = torch.matmul(x, W_1) + b_1
    return torch.matmul(torch.maximum(torch.zeros_like(hidden), hidden), W_2) + b_2


@right(ID)
def token_by_token(x, W_1, b_1, W_2, b_2):
    tokens = [torch.relu(token @ W_1 + b_1) @ W_2 + b_2 for token in x.reshape(-1, x.shape[-1])]
    return torch.stack(tokens).reshape(*x.shape[:-1], W_2.shape[1])


@right(ID)
def flattened_addmm(x, W_1, b_1, W_2, b_2):
    flat = x.flatten(0, -2) if x.dim() > 1 else x[None]
    hidden = torch.addmm(b_1, flat, W_1)
    return torch.addmm(b_2, hidden * (hidden > 0), W_2).view(x.shape)


@right(ID)
def half_of_itself_and_its_absolute_value(x, W_1, b_1, W_2, b_2):
    hidden = x @ W_1 + b_1
    return (hidden + hidden.abs()) / 2 @ W_2 + b_2


@right(ID)
def in_double_precision_and_back(x, W_1, b_1, W_2, b_2):
    hidden = torch.where((wide := x.double() @ W_1.double() + b_1) > 0, wide, 0.0)
    return (hidden @ W_2.double() + b_2).to(x.dtype)


@right(ID)
def sum_over_a_product_that_is_broadcast(x, W_1, b_1, W_2, b_2):
    hidden = ((x.unsqueeze(-1) * W_1).sum(-2) + b_1).relu()
    return (hidden.unsqueeze(-1) * W_2).sum(-2) + b_2


@right(ID)
def hidden_unit_by_hidden_unit(x, W_1, b_1, W_2, b_2):
    y = b_2.expand(*x.shape[:-1], -1)
    for j in range(len(b_1)):
        y = y + torch.relu(x @ W_1[:, j] + b_1[j]).unsqueeze(-1) * W_2[j]
    return y


@right(ID)
def biases_as_one_more_row(x, W_1, b_1, W_2, b_2):
    def affine(y, W, b):
        return torch.cat([y, torch.ones_like(y[..., :1])], dim=-1) @ torch.cat([W, b[None]])

    return affine(affine(x, W_1, b_1).relu_(), W_2, b_2)


class Network(torch.nn.Module):
    def forward(self, x, W_1, b_1, W_2, b_2):
        for W, b, activation in ((W_1, b_1, torch.nn.ReLU()), (W_2, b_2, torch.nn.Identity())):
            x = activation(x @ W + b)
        return x


right(ID, "a module that is called")(Network())


@wrong(ID, named="activation at the end")
def relu_after_the_second_map(x, W_1, b_1, W_2, b_2):
    return torch.relu((x @ W_1 + b_1) @ W_2 + b_2)


@wrong(ID, named="activation twice")
def relu_after_both_maps(x, W_1, b_1, W_2, b_2):
    return torch.relu(torch.relu(x @ W_1 + b_1) @ W_2 + b_2)


@wrong(ID, named="no activation")
def two_linear_maps(x, W_1, b_1, W_2, b_2):
    return (x @ W_1 + b_1) @ W_2 + b_2


@wrong(ID, named="first bias after the ReLU")
def first_bias_outside_relu(x, W_1, b_1, W_2, b_2):
    return (torch.relu(x @ W_1) + b_1) @ W_2 + b_2


@wrong(ID, named="no first bias")
def first_bias_forgotten(x, W_1, b_1, W_2, b_2):
    return torch.relu(x @ W_1) @ W_2 + b_2


@wrong(ID, named="no second bias")
def second_bias_forgotten(x, W_1, b_1, W_2, b_2):
    return torch.relu(x @ W_1 + b_1) @ W_2


@wrong(ID, named="no biases")
def no_biases(x, W_1, b_1, W_2, b_2):
    return torch.relu(x @ W_1) @ W_2


@wrong(ID, named="GELU")
def gelu_for_relu(x, W_1, b_1, W_2, b_2):
    return F.gelu(x @ W_1 + b_1) @ W_2 + b_2


@wrong(ID, named="sigmoid")
def sigmoid_for_relu(x, W_1, b_1, W_2, b_2):
    return torch.sigmoid(x @ W_1 + b_1) @ W_2 + b_2


@wrong(ID, named="tanh")
def tanh_for_relu(x, W_1, b_1, W_2, b_2):
    return torch.tanh(x @ W_1 + b_1) @ W_2 + b_2


@wrong(ID, named="absolute value")
def absolute_value_for_relu(x, W_1, b_1, W_2, b_2):
    return (x @ W_1 + b_1).abs() @ W_2 + b_2


@wrong(ID, named="leaky ReLU")
def leaky_relu(x, W_1, b_1, W_2, b_2):
    return F.leaky_relu(x @ W_1 + b_1) @ W_2 + b_2


@wrong(ID, named="residual connection included")
def residual_connection_already_added(x, W_1, b_1, W_2, b_2):
    return x + torch.relu(x @ W_1 + b_1) @ W_2 + b_2


@wrong(ID, named="activation on x")
def relu_on_the_input(x, W_1, b_1, W_2, b_2):
    return (torch.relu(x) @ W_1 + b_1) @ W_2 + b_2


@wrong(ID, named="negative part")
def negative_numbers_kept_by_minimum(x, W_1, b_1, W_2, b_2):
    return torch.clamp(x @ W_1 + b_1, max=0) @ W_2 + b_2


@wrong(ID)
def maximum_over_the_hidden_units(x, W_1, b_1, W_2, b_2):
    hidden = x @ W_1 + b_1
    return hidden.max(dim=-1, keepdim=True).values.clamp(min=0) * torch.ones_like(hidden) @ W_2 + b_2


@wrong(ID, named="weights detached")
def computed_in_numpy_without_a_gradient(x, W_1, b_1, W_2, b_2):
    x, W_1, b_1, W_2, b_2 = (part.detach().numpy() for part in (x, W_1, b_1, W_2, b_2))
    return torch.from_numpy((x @ W_1 + b_1).clip(min=0) @ W_2 + b_2)


@wrong(ID, named="hidden layer returned")
def only_the_hidden_layer(x, W_1, b_1, W_2, b_2):
    return torch.relu(x @ W_1 + b_1)


@wrong(ID, named="softmax")
def softmax_for_relu(x, W_1, b_1, W_2, b_2):
    return (x @ W_1 + b_1).softmax(dim=-1) @ W_2 + b_2


@wrong(ID, named="capped")
def relu_with_a_ceiling(x, W_1, b_1, W_2, b_2):
    return (x @ W_1 + b_1).clamp(0, 6) @ W_2 + b_2


@wrong(ID, named="mean token")
def mean_of_the_tokens_first(x, W_1, b_1, W_2, b_2):
    return torch.relu(x.mean(dim=-2, keepdim=True) @ W_1 + b_1) @ W_2 + b_2


@wrong(ID)
def tokens_left_in_one_long_row(x, W_1, b_1, W_2, b_2):
    return torch.relu(x.reshape(-1, x.shape[-1]) @ W_1 + b_1) @ W_2 + b_2
