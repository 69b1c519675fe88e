"""12.rollout, answered from the prompt alone."""

from functools import reduce

import numpy as np
import torch

from answers import right, wrong

ID = "12.rollout"


@right(ID)
def loop_from_the_first_layer(A):
    n = A.size(-1)
    R = torch.eye(n, dtype=A.dtype)
    for l in range(A.size(0)):  # noqa: E741
        R = torch.matmul((A[l].mean(0) + torch.eye(n, dtype=A.dtype)) / 2, R)
    return R


@right(ID)
def loop_from_the_last_layer(A):
    mixed = 0.5 * A.mean(dim=1) + 0.5 * torch.eye(A.shape[-1])
    R = mixed[-1]
    for layer in reversed(mixed[:-1]):
        R = R @ layer
    return R


@right(ID)
def reduced_with_a_lambda(A):
    eye = torch.eye(A.shape[-1])
    return reduce(lambda R, layer: (layer + eye) / 2 @ R, A.mean(dim=1), eye)


@right(ID)
def multi_dot_of_the_reversed_layers(A):
    mixed = [(layer.mean(0) + torch.eye(A.shape[-1])) / 2 for layer in A]
    return mixed[0] if len(mixed) == 1 else torch.linalg.multi_dot(mixed[::-1])


@right(ID)
def numpy_inside(A):
    a = A.numpy()
    R = np.eye(a.shape[-1])
    for layer in a:
        R = (0.5 * layer.mean(axis=0) + 0.5 * np.eye(a.shape[-1])) @ R
    return torch.from_numpy(R).float()


@right(ID)
def double_precision_inside(A):
    R = torch.eye(A.shape[-1], dtype=torch.float64)
    for layer in A.double():
        R = 0.5 * layer.mean(0) @ R + 0.5 * R
    return R.to(A.dtype)


@right(ID)
def einsum_for_every_product(A):
    R = torch.eye(A.shape[-1])
    for layer in A:
        R = 0.5 * torch.einsum("hts,su->tu", layer, R) / A.shape[1] + 0.5 * R
    return R


@right(ID)
def recursive(A):
    if len(A) == 0:
        return torch.eye(A.shape[-1])
    return 0.5 * (A[-1].mean(dim=0) + torch.eye(A.shape[-1])) @ recursive(A[:-1])


@right(ID)
def chain_matmul_with_matrix_powers_of_the_transposes(A):
    R = torch.eye(A.shape[-1])
    for layer in A.mean(dim=1).transpose(1, 2):
        R = R @ (0.5 * layer + 0.5 * torch.eye(A.shape[-1]))
    return R.T


@right(ID)
def heads_summed_by_hand_and_the_diagonal_raised(A):
    R = None
    for layer in A:
        mean = sum(layer[h] for h in range(layer.shape[0])) / layer.shape[0]
        mixed = mean / 2
        mixed.diagonal().add_(0.5)
        R = mixed if R is None else mixed @ R
    return R


@wrong(ID, named="no residual")
def no_residual(A):
    R = torch.eye(A.shape[-1])
    for layer in A:
        R = layer.mean(dim=0) @ R
    return R


@wrong(ID, named="layers in reverse order")
def multiplied_on_the_right(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = R @ (0.5 * layer.mean(dim=0) + 0.5 * eye)
    return R


@wrong(ID, named="not halved")
def halves_forgotten(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = (layer.mean(dim=0) + eye) @ R
    return R


@wrong(ID, named="element by element")
def elementwise_product(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = (0.5 * layer.mean(dim=0) + 0.5 * eye) * R
    return R


@wrong(ID, named="sum of the heads")
def heads_summed(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = (0.5 * layer.sum(dim=0) + 0.5 * eye) @ R
    return R


@wrong(ID, named="a power of the mean")
def mean_over_layers_first(A):
    eye = torch.eye(A.shape[-1])
    mixed = 0.5 * A.mean(dim=(0, 1)) + 0.5 * eye
    return torch.matrix_power(mixed, len(A))


@wrong(ID, named="the residual path once")
def residual_added_once_at_the_end(A):
    R = torch.eye(A.shape[-1])
    for layer in A:
        R = layer.mean(dim=0) @ R
    return 0.5 * R + 0.5 * torch.eye(A.shape[-1])


@wrong(ID, named="the first layer left out")
def one_layer_forgotten(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A[1:]:
        R = (0.5 * layer.mean(dim=0) + 0.5 * eye) @ R
    return R


@wrong(ID, named="the strongest head")
def strongest_head_of_each_layer(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = (0.5 * layer.amax(dim=0) + 0.5 * eye) @ R
    return R


@wrong(ID, named="ones for the identity")
def residual_of_ones(A):
    ones = torch.ones(A.shape[-1], A.shape[-1])
    R = torch.eye(A.shape[-1])
    for layer in A:
        R = (0.5 * layer.mean(dim=0) + 0.5 * ones) @ R
    return R


@wrong(ID, named="each head by itself")
def each_head_rolled_out_alone(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = (0.5 * layer + 0.5 * eye) @ R
    return R.mean(dim=0)


@wrong(ID, named="mean of the layers")
def layers_averaged(A):
    return (0.5 * A.mean(dim=1) + 0.5 * torch.eye(A.shape[-1])).mean(dim=0)


@wrong(ID, named="the identity for R")
def residual_added_after_the_product(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = 0.5 * (layer.mean(dim=0) @ R) + 0.5 * eye
    return R


@wrong(ID, named="transposed")
def transposed_at_the_end(A):
    R = torch.eye(A.shape[-1])
    for layer in A:
        R = (0.5 * layer.mean(dim=0) + 0.5 * torch.eye(A.shape[-1])) @ R
    return R.T


@wrong(ID, named="every step")
def every_step_returned(A):
    steps = [torch.eye(A.shape[-1])]
    for layer in A:
        steps.append((0.5 * layer.mean(dim=0) + 0.5 * steps[0]) @ steps[-1])
    return torch.stack(steps[1:])


@wrong(ID, named="averaged over the queries")
def averaged_over_the_queries(A):
    R = torch.eye(A.shape[-1])
    for layer in A:
        R = 0.5 * layer.mean(dim=0) @ R + 0.5 * R
    return R.mean(dim=0)


@wrong(ID, named="the strongest head, rescaled")
def strongest_weights_made_to_sum_to_one(A):
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        strongest = layer.amax(0)
        R = (0.5 * strongest / strongest.sum(-1, keepdim=True) + 0.5 * eye) @ R
    return R


@wrong(ID, named="the first layer without its residual")
def started_from_the_first_map(A):
    mean = A.mean(dim=1)
    R = mean[0]
    for layer in mean[1:]:
        R = (layer + torch.eye(len(layer))) / 2 @ R
    return R
