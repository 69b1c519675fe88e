"""06.sinusoid, answered from the prompt alone."""

import cmath
import math
from itertools import chain

import numpy as np
import torch

from answers import right, wrong

ID = "06.sinusoid"


@right(ID)
def filled_with_strides(position, d_model):
    features = [0.0] * d_model
    angles = [position / 10000 ** (2 * i / d_model) for i in range(d_model // 2)]
    features[::2] = [math.sin(angle) for angle in angles]
    features[1::2] = [math.cos(angle) for angle in angles]
    return features


@right(ID)
def numpy_stack(position, d_model):
    angles = position / np.power(10_000.0, np.arange(0, d_model, 2) / d_model)
    return np.stack([np.sin(angles), np.cos(angles)], axis=1).ravel().tolist()


@right(ID)
def float32_tensors(position, d_model):
    rates = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
    features = torch.zeros(d_model)
    features[0::2], features[1::2] = torch.sin(position * rates), torch.cos(position * rates)
    return features.tolist()


@right(ID)
def loop_over_features_with_floor_division(position, d_model):
    features = []
    for j in range(d_model):
        angle = position / 10_000 ** (2 * (j // 2) / d_model)
        features.append(math.sin(angle) if j % 2 == 0 else math.cos(angle))
    return features


@right(ID)
def complex_numbers(position, d_model):
    turns = [cmath.exp(1j * position * 1e4 ** (-2 * i / d_model)) for i in range(d_model // 2)]
    return [part for turn in turns for part in (turn.imag, turn.real)]


@right(ID)
def cosine_as_a_shifted_sine(position, d_model):
    return [
        math.sin(position / 10000 ** ((j - j % 2) / d_model) + (j % 2) * math.pi / 2) for j in range(d_model)
    ]


@right(ID)
def rate_multiplied_from_pair_to_pair(position, d_model):
    features, angle = [], float(position)
    for _ in range(d_model // 2):
        features.extend((math.sin(angle), math.cos(angle)))
        angle /= 10_000 ** (2 / d_model)
    return features


@right(ID)
def chained_generators(position, d_model):
    angles = (position * 10_000 ** (-even / d_model) for even in range(0, d_model, 2))
    return list(chain.from_iterable((math.sin(angle), math.cos(angle)) for angle in angles))


@right(ID)
def tensors_in_double_precision(position, d_model):
    angles = position / 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten().tolist()


@right(ID)
def list_of_numpy_numbers(position, d_model):
    angles = [position / np.power(10000, 2 * i / d_model) for i in range(d_model // 2)]
    return [f(angle) for angle in angles for f in (np.sin, np.cos)]


@right(ID)
def list_of_tensors(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = torch.tensor(position / 10_000 ** (2 * i / d_model), dtype=torch.float64)
        features += [torch.sin(angle), torch.cos(angle)]
    return features


class Clocks:
    def __call__(self, position, d_model):
        return sum((self.hand(position, i, d_model) for i in range(d_model // 2)), [])

    def hand(self, position, i, d_model):
        angle = position * math.exp(-math.log(10_000) * 2 * i / d_model)
        return [math.sin(angle), math.cos(angle)]


right(ID, "an object that is called")(Clocks())


@wrong(ID, named="halves")
def sines_first_then_cosines(position, d_model):
    angles = [position / 10_000 ** (2 * i / d_model) for i in range(d_model // 2)]
    return [math.sin(a) for a in angles] + [math.cos(a) for a in angles]


@wrong(ID, named="an angle for every feature")
def every_feature_its_own_angle(position, d_model):
    angles = [position / 10_000 ** (j / d_model) for j in range(d_model)]
    return [math.cos(a) if j % 2 else math.sin(a) for j, a in enumerate(angles)]


@wrong(ID, named="i for the feature")
def index_of_the_feature_for_the_pair(position, d_model):
    angles = [position / 10_000 ** (2 * j / d_model) for j in range(d_model)]
    return [math.cos(a) if j % 2 else math.sin(a) for j, a in enumerate(angles)]


@wrong(ID, named="i for 2i")
def the_two_forgotten(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position / 10_000 ** (i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="4i for 2i")
def doubled_once_more(position, d_model):
    features = []
    for i in range(0, d_model, 2):
        angle = position / 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="no brackets around the exponent")
def a_power_without_parentheses(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position / 10_000**2 * i / d_model
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="cosine first")
def cosine_first(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position / 10_000 ** (2 * i / d_model)
        features += [math.cos(angle), math.sin(angle)]
    return features


@wrong(ID, named="multiplied")
def multiplied_instead_of_divided(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position * 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="base 1000")
def one_zero_too_few(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position / 1_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="pairs from 1")
def pairs_counted_from_one(position, d_model):
    features = []
    for i in range(1, d_model // 2 + 1):
        angle = position / 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="degrees")
def degrees(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = math.radians(position / 10_000 ** (2 * i / d_model))
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="exponent rounded down")
def whole_number_division_in_the_exponent(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position / 10_000 ** (2 * i // d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="a list of pairs")
def a_list_of_pairs(position, d_model):
    angles = [position / 10_000 ** (2 * i / d_model) for i in range(d_model // 2)]
    return [[math.sin(a), math.cos(a)] for a in angles]


@wrong(ID, named="up to the base itself")
def slowest_clock_reaches_ten_thousand(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position / 10_000 ** (i / max(d_model // 2 - 1, 1))
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="sines only")
def sines_only(position, d_model):
    return [math.sin(position / 10_000 ** (2 * (j // 2) / d_model)) for j in range(d_model)]


@wrong(ID, named="one pair too few")
def range_ends_one_too_early(position, d_model):
    features = []
    for i in range(d_model // 2 - 1):
        angle = position / 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="positions from 1")
def first_position_is_one(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = (position + 1) / 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="full turns")
def two_pi_for_a_turn(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = 2 * math.pi * position / 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="base e")
def logarithm_forgotten(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position * math.exp(-2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="exponent around the quotient")
def the_quotient_raised(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = (position / 10_000) ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="angle rounded down")
def floor_division_of_the_position(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position // 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="4i for 2i")
def half_of_d_model_in_the_exponent(position, d_model):
    features = []
    for i in range(d_model // 2):
        angle = position / 10_000 ** (2 * i / (d_model // 2))
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="quotient outside the sine")
def sine_divided(position, d_model):
    return [
        f(position) / 10_000 ** (2 * i / d_model) for i in range(d_model // 2) for f in (math.sin, math.cos)
    ]


@wrong(ID, named="one feature a pair")
def sines_and_cosines_in_turn(position, d_model):
    angles = [position / 10_000 ** (2 * i / d_model) for i in range(d_model // 2)]
    return [math.cos(angle) if i % 2 else math.sin(angle) for i, angle in enumerate(angles)]


@wrong(ID)
def a_tensor(position, d_model):
    angles = position / 10_000 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten()


@right(ID)
def a_tuple(position, d_model):
    angles = (position / 10_000 ** (2 * i / d_model) for i in range(d_model // 2))
    return tuple(chain.from_iterable((math.sin(angle), math.cos(angle)) for angle in angles))


@wrong(ID, named="slowest first")
def pairs_from_the_last_to_the_first(position, d_model):
    features = []
    for i in reversed(range(d_model // 2)):
        angle = position / 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features


@wrong(ID, named="a product for the power")
def ten_thousand_times_the_quotient(position, d_model):
    features = [math.sin(position), math.cos(position)]
    for i in range(1, d_model // 2):
        angle = position / (10_000 * 2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features
