"""Lesson 15, exercise 2: affine quantisation."""

import numpy as np
import torch

from answers import right, wrong

ID = "15.quantise_affine"


def parts(x, bits):
    """The smallest value, 0 included, and the step."""
    low, high = min(float(x.min()), 0.0), max(float(x.max()), 0.0)
    return low, (high - low) / (2**bits - 1)


@right(ID)
def zero_inside_the_rounding(x, bits):
    low, scale = parts(x, bits)
    zero = round(-low / scale)
    return torch.round(x / scale + zero).clamp(0, 2**bits - 1), scale, zero


@right(ID)
def tensors_all_the_way(x, bits):
    low, high = x.min().clamp(max=0), x.max().clamp(min=0)
    scale = (high - low) / (2**bits - 1)
    zero = torch.round(-low / scale)
    return torch.clamp(torch.round(x / scale) + zero, 0, 2**bits - 1), scale, zero


@right(ID)
def a_list_of_three(x, bits):
    return list(zero_inside_the_rounding(x, bits))


@right(ID)
def with_numpy(x, bits):
    low, scale = parts(x, bits)
    zero = int(np.rint(-low / scale))
    numbers = np.clip(np.rint(x.numpy() / scale) + zero, 0, 2**bits - 1)
    return torch.from_numpy(numbers).float(), scale, zero


@right(ID)
def number_by_number(x, bits):
    low, scale = parts(x, bits)
    zero = round(-low / scale)
    numbers = [max(0, min(2**bits - 1, round(value / scale) + zero)) for value in x.flatten().tolist()]
    return torch.tensor(numbers, dtype=torch.float32).view(x.shape), scale, zero


@right(ID)
def minimum_and_maximum(x, bits):
    ends = torch.cat([x.flatten(), torch.zeros(1)])
    low, high = ends.aminmax()
    scale = (high - low) / (2**bits - 1)
    zero = (-low / scale).round()
    q = (x / scale).round() + zero
    return q.clip(0, 2**bits - 1), scale.item(), zero.item()


@right(ID)
def half_added_and_floored(x, bits):
    low, scale = parts(x, bits)
    zero = int(-low / scale + 0.5)
    return torch.floor(x / scale + 0.5).add(zero).clamp(0, 2**bits - 1), scale, zero


@right(ID)
def minimum_of_two_tensors(x, bits):
    highest = torch.tensor(2.0**bits - 1)
    low, scale = parts(x, bits)
    zero = round(-low / scale)
    return torch.minimum(torch.maximum(torch.round(x / scale) + zero, torch.tensor(0.0)), highest), scale, zero


@right(ID)
def with_relu(x, bits):
    low = -torch.relu(-x.min())
    scale = (torch.relu(x.max()) - low).item() / ((1 << bits) - 1)
    zero = round(-low.item() / scale)
    return ((x / scale).round() + zero).clamp_(0, (1 << bits) - 1), scale, zero


@right(ID)
def in_double(x, bits):
    low, scale = parts(x.double(), bits)
    zero = round(-low / scale)
    return (torch.round(x.double() / scale) + zero).clamp(0, 2**bits - 1).float(), scale, zero


@wrong(ID, named="one step too many")
def two_to_the_bits(x, bits):
    low, scale = parts(x, bits)
    scale = scale * (2**bits - 1) / 2**bits
    zero = round(-low / scale)
    return (torch.round(x / scale) + zero).clamp(0, 2**bits), scale, zero


@wrong(ID, named="not clamped")
def no_clamp(x, bits):
    low, scale = parts(x, bits)
    zero = round(-low / scale)
    return torch.round(x / scale) + zero, scale, zero


@wrong(ID, named="0 not in the range")
def range_without_zero(x, bits):
    low, high = x.min().item(), x.max().item()
    scale = (high - low) / (2**bits - 1)
    zero = round(-low / scale)
    return (torch.round(x / scale) + zero).clamp(0, 2**bits - 1), scale, zero


@wrong(ID, named="symmetric")
def by_the_largest(x, bits):
    scale = x.abs().max().item() / (2 ** (bits - 1) - 1)
    return torch.round(x / scale), scale, 0


@wrong(ID, named="zero point subtracted")
def minus_zero(x, bits):
    low, scale = parts(x, bits)
    zero = round(-low / scale)
    return (torch.round(x / scale) - zero).clamp(0, 2**bits - 1), scale, zero


@wrong(ID, named="dequantised")
def there_and_back(x, bits):
    numbers, scale, zero = zero_inside_the_rounding(x, bits)
    return scale * (numbers - zero), scale, zero
