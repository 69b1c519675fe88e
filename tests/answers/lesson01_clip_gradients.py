"""01.clip_gradients, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "01.clip_gradients"


@right(ID)
def one_long_vector(gradients, max_norm):
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    if norm <= max_norm:
        return [gradient.clone() for gradient in gradients]
    return [gradient * max_norm / norm for gradient in gradients]


@right(ID)
def norm_of_the_norms(gradients, max_norm):
    norm = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients]).norm()
    return [gradient * (max_norm / norm).clamp(max=1) for gradient in gradients]


@right(ID)
def hypot_of_python_numbers(gradients, max_norm):
    norm = math.hypot(*(gradient.norm().item() for gradient in gradients))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [factor * gradient for gradient in gradients]


@right(ID)
def numpy_for_the_norm(gradients, max_norm):
    norm = np.sqrt(sum(np.square(gradient.numpy()).sum() for gradient in gradients))
    factor = float(max_norm / max(norm, max_norm))
    return [gradient * factor for gradient in gradients]


@right(ID)
def the_librarys_function_on_copies(gradients, max_norm):
    parameters = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters]


@right(ID)
def a_tiny_number_below_the_line(gradients, max_norm):
    norm = sum(gradient.pow(2).sum() for gradient in gradients) ** 0.5
    return [gradient * torch.clamp(max_norm / (norm + 1e-6), max=1.0) for gradient in gradients]


@right(ID)
def a_loop_that_appends(gradients, max_norm):
    total = 0.0
    for gradient in gradients:
        for number in gradient.flatten().tolist():
            total += number * number
    norm, clipped = total**0.5, []
    for gradient in gradients:
        clipped.append(gradient if norm <= max_norm else gradient / (norm / max_norm))
    return clipped


@right(ID)
def scaled_as_one_vector_and_split_again(gradients, max_norm):
    vector = nn.utils.parameters_to_vector(gradients)
    vector = vector * min(1.0, max_norm / (vector.norm().item() + 1e-12))
    parts = vector.split([gradient.numel() for gradient in gradients])
    return [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)]


@right(ID)
def renorm_of_a_matrix_of_one_row(gradients, max_norm):
    row = torch.cat([gradient.reshape(-1) for gradient in gradients])[None]
    row, out, start = torch.renorm(row, 2, 0, max_norm)[0], [], 0
    for gradient in gradients:
        out.append(row[start : start + gradient.numel()].reshape(gradient.shape))
        start += gradient.numel()
    return out


@right(ID)
def torch_where(gradients, max_norm):
    norm = torch.sqrt(sum((gradient * gradient).sum() for gradient in gradients))
    factor = torch.where(norm > max_norm, max_norm / norm, torch.ones_like(norm))
    return [torch.mul(gradient, factor) for gradient in gradients]


@right(ID)
def map_over_the_list(gradients, max_norm):
    norm = sum(torch.dot(g.flatten(), g.flatten()).item() for g in gradients) ** 0.5
    return list(map(lambda g: g * (max_norm / norm if norm > max_norm else 1), gradients))


@wrong(ID, named="each by itself")
def each_tensor_by_its_own_norm(gradients, max_norm):
    return [gradient * min(1.0, max_norm / (gradient.norm().item() + 1e-12)) for gradient in gradients]


@wrong(ID, named="by value")
def each_number_clamped(gradients, max_norm):
    return [gradient.clamp(-max_norm, max_norm) for gradient in gradients]


@wrong(ID, named="always scaled, NaN for zeros")
def always_scaled_to_max_norm(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    return [gradient * max_norm / norm for gradient in gradients]


@wrong(ID, named="root forgotten")
def root_forgotten(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients)
    return [gradient * max_norm / norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="sum of the norms")
def norms_simply_added(gradients, max_norm):
    norm = sum(gradient.norm() for gradient in gradients)
    return [gradient * max_norm / norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="in place")
def gradients_of_the_caller_scaled(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    if norm > max_norm:
        for gradient in gradients:
            gradient *= max_norm / norm
    return gradients


@wrong(ID, named="absolute values")
def sum_of_absolute_values(gradients, max_norm):
    norm = sum(gradient.abs().sum() for gradient in gradients)
    return [gradient * max_norm / norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="divided by the norm")
def divided_by_the_norm_only(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    return [gradient / norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="never shorter")
def the_larger_of_the_two_factors(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    return [gradient * torch.clamp(max_norm / norm, min=1.0) for gradient in gradients]


@wrong(ID, named="the largest norm")
def largest_norm_of_a_tensor(gradients, max_norm):
    norm = max(gradient.norm() for gradient in gradients)
    return [gradient * max_norm / norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="upside down")
def factor_upside_down(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    return [gradient * norm / max_norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="mean of the squares")
def mean_of_the_squares(gradients, max_norm):
    norm = sum((gradient**2).mean() for gradient in gradients).sqrt()
    return [gradient * max_norm / norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="zeros for long ones")
def set_to_zero_when_too_long(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    return [torch.zeros_like(gradient) if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="largest number")
def largest_number_as_the_norm(gradients, max_norm):
    norm = max(gradient.abs().max() for gradient in gradients)
    return [gradient * max_norm / norm if norm > max_norm else gradient for gradient in gradients]


@wrong(ID, named="the mean norm")
def mean_of_the_norms(gradients, max_norm):
    norm = torch.stack([gradient.norm() for gradient in gradients]).mean()
    return [gradient * min(1.0, float(max_norm / norm)) for gradient in gradients]


@wrong(ID, named="the last norm")
def norm_overwritten_in_the_loop(gradients, max_norm):
    for gradient in gradients:
        norm = float(gradient.norm())
    return [gradient * max_norm / max(norm, max_norm) for gradient in gradients]


@wrong(ID, named="square compared")
def squared_norm_compared_with_max_norm(gradients, max_norm):
    total = sum((gradient**2).sum() for gradient in gradients)
    return [g * max_norm / total.sqrt() for g in gradients] if total > max_norm else list(gradients)


@wrong(ID, named="difference subtracted")
def surplus_subtracted_from_every_entry(gradients, max_norm):
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    return [g - (norm - max_norm) for g in gradients] if norm > max_norm else list(gradients)


@wrong(ID)
def an_equal_share_of_max_norm_for_each(gradients, max_norm):
    share = max_norm / len(gradients) ** 0.5
    return [g * min(1.0, share / max(g.norm().item(), 1e-12)) for g in gradients]
