"""00.mean_of_squares, answered from the prompt alone."""

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "00.mean_of_squares"


@right(ID)
def torch_mean_of_a_product(x):
    return torch.mean(x * x)


@right(ID)
def dot_product_over_n(x):
    return x @ x / len(x)


@right(ID)
def einsum(x):
    return torch.einsum("t,t->", x, x) / x.shape[0]


@right(ID)
def a_loop(x):
    total = torch.tensor(0.0)
    for number in x:
        total += number**2
    return total / x.numel()


@right(ID)
def a_comprehension_of_python_numbers(x):
    return torch.tensor(sum(number * number for number in x.tolist()) / len(x))


@right(ID)
def numpy_inside(x):
    return torch.tensor(np.mean(np.square(x.numpy())))


@right(ID)
def squared_error_to_zero(x):
    return nn.functional.mse_loss(x, torch.zeros_like(x))


@right(ID)
def squared_norm_over_n(x):
    return torch.linalg.vector_norm(x) ** 2 / len(x)


@right(ID)
def variance_plus_squared_mean(x):
    return x.var(unbiased=False) + x.mean().square()


@right(ID)
def in_double_precision(x):
    return x.double().pow(2).mean().float()


@wrong(ID, named="square of the mean")
def squared_too_late(x):
    return torch.mean(x) ** 2


@wrong(ID, named="sum of squares")
def only_added_up(x):
    return torch.sum(x**2)


@wrong(ID, named="root-mean-square")
def with_a_root(x):
    return torch.sqrt(torch.mean(x**2))


@wrong(ID, named="doubled")
def doubled_and_not_squared(x):
    return (x * 2).mean()


@wrong(ID, named="powers of two")
def two_to_the_x(x):
    return (2**x).mean()


@wrong(ID, named="variance")
def variance(x):
    return x.var()


@wrong(ID, named="n − 1")
def divided_by_n_minus_one(x):
    return (x**2).sum() / (len(x) - 1)


@wrong(ID, named="divided by three")
def divided_by_three_as_in_the_example(x):
    return (x**2).sum() / 3


@wrong(ID, named="absolute values")
def absolute_values(x):
    return x.abs().mean()


@wrong(ID, named="squares without a mean")
def squares_not_averaged(x):
    return x.pow(2)


@wrong(ID, named="median")
def median_of_the_squares(x):
    return (x**2).median()


@wrong(ID, named="rounded")
def a_python_number_rounded(x):
    return torch.tensor(round((x**2).mean().item(), 2))


@wrong(ID, named="in place")
def squared_in_place(x):
    return x.pow_(2).mean()


@wrong(ID, named="total set back")
def total_set_back_in_the_loop(x):
    for number in x:
        total = 0
        total += number**2
    return total / len(x)


@wrong(ID, named="return inside the loop")
def returned_in_the_first_round(x):
    total = torch.tensor(0.0)
    for number in x:
        total += number**2
        return total / len(x)


@wrong(ID, named="norm for the sum of squares")
def norm_over_n(x):
    return torch.linalg.norm(x) / len(x)


@wrong(ID, named="square of the sum")
def sum_squared_over_n(x):
    return x.sum() ** 2 / len(x)


@wrong(ID, named="variance, by n")
def variance_without_correction(x):
    return x.var(unbiased=False)
