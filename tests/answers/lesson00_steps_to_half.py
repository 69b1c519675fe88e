"""00.steps_to_half, answered from the prompt alone."""

import math
from itertools import accumulate, count, repeat
from operator import mul

import numpy as np
import torch

from answers import right, wrong

ID = "00.steps_to_half"


@right(ID)
def a_loop_with_a_product(keep):
    n, left = 0, 1
    while left > 0.5:
        left *= keep
        n += 1
    return n


@right(ID)
def the_formula_rounded_up(keep):
    return math.ceil(math.log(0.5) / math.log(keep))


@right(ID)
def logarithm_to_the_base_keep(keep):
    return math.ceil(round(math.log(0.5, keep), 9))


@right(ID)
def next_of_a_generator(keep):
    return next(n for n in count(1) if keep**n <= 0.5)


@right(ID)
def powers_in_a_for_loop(keep):
    for n in range(100_000):
        if keep**n <= 0.5:
            return n
    return None


@right(ID)
def recursively(keep, left=1.0):
    return 0 if left <= 0.5 else 1 + recursively(keep, left * keep)


@right(ID)
def numpy_argmax(keep):
    return int(np.argmax(keep ** np.arange(10_000) <= 0.5))


@right(ID)
def a_numpy_whole_number(keep):
    return np.argmax(keep ** np.arange(10_000) <= 0.5)


@right(ID)
def torch_count_of_what_is_too_large(keep):
    powers = torch.tensor(keep, dtype=torch.float64) ** torch.arange(10_000)
    return (powers > 0.5).sum().item()


@right(ID)
def accumulated_products(keep):
    return 1 + next(n for n, left in enumerate(accumulate(repeat(keep), mul)) if left <= 0.5)


@right(ID)
def rounded_up_and_returned_as_a_float(keep):
    return float(np.ceil(np.log2(0.5) / np.log2(keep)))


@wrong(ID, named="rounded down")
def formula_rounded_down(keep):
    return int(math.log(0.5) / math.log(keep))


@wrong(ID, named="rounded")
def formula_rounded(keep):
    return round(math.log(0.5) / math.log(keep))


@wrong(ID, named="not rounded")
def formula_not_rounded(keep):
    return math.log(0.5) / math.log(keep)


@wrong(ID, named="less than half")
def rounded_down_plus_one(keep):
    return int(math.log(0.5) / math.log(keep)) + 1


@wrong(ID, named="less than half")
def until_less_than_half(keep):
    n, left = 0, 1.0
    while left >= 0.5:
        left *= keep
        n += 1
    return n


@wrong(ID, named="the same loss every time")
def loses_the_same_each_time(keep):
    n, left = 0, 1.0
    while left > 0.5:
        left -= 1 - keep
        n += 1
    return n


@wrong(ID, named="one step too few")
def counted_before_the_test(keep):
    n, left = 0, 1.0
    while left > 0.5:
        n += 1
        left *= keep
        if left <= 0.5:
            return n - 1
    return n


@wrong(ID, named="upside down")
def logarithms_upside_down(keep):
    return math.ceil(math.log(keep) / math.log(0.5))


@wrong(ID, named="half divided by keep")
def half_of_what_is_lost(keep):
    return math.ceil(0.5 / keep)


@wrong(ID, named="what is lost is kept")
def keep_taken_for_the_loss(keep):
    n, left = 0, 1.0
    while left > 0.5:
        left *= 1 - keep
        n += 1
    return n


@wrong(ID, named="what is left")
def what_is_left_returned(keep):
    left = 1.0
    while left > 0.5:
        left *= keep
    return left


@wrong(ID, named="one step too few")
def starts_from_keep(keep):
    n, left = 0, keep
    while left > 0.5:
        left *= keep
        n += 1
    return n


@wrong(ID, named="one step too many")
def list_of_the_values(keep):
    values = [1.0]
    while values[-1] > 0.5:
        values.append(values[-1] * keep)
    return len(values)


@wrong(ID, named="rule of 70")
def rule_of_seventy(keep):
    return math.ceil(0.7 / (1 - keep))


@wrong(ID, named="keep squared")
def multiplied_by_itself(keep):
    n = 0
    while keep > 0.5:
        keep *= keep
        n += 1
    return n


@wrong(ID, named="logarithm of keep only")
def one_logarithm(keep):
    return math.ceil(0.5 / -math.log(keep))


@wrong(ID, named="the example's answer")
def seven_for_all(keep):
    return 7


@wrong(ID, named="rule of 69")
def log_two_over_the_loss(keep):
    return round(math.log(2) / (1 - keep))


@wrong(ID, named="a limit of 100 steps")
def a_loop_that_ends_at_a_hundred(keep):
    left = 1.0
    for n in range(1, 101):
        left *= keep
        if left <= 0.5:
            return n
    return 100


@wrong(ID, named="rule of 69, rounded up")
def log_two_over_the_loss_rounded_up(keep):
    return math.ceil(math.log(2) / (1 - keep))
