"""01.temperature, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong
from course_lib.decoding import next_distribution

ID = "01.temperature"


@right(ID)
def softmax_method(logits, temperature):
    return (logits / temperature).softmax(0)


@right(ID)
def largest_subtracted_by_hand(logits, temperature):
    scaled = logits / temperature
    weights = torch.exp(scaled - scaled.max())
    return weights / weights.sum()


@right(ID)
def log_softmax_and_exp(logits, temperature):
    return nn.functional.log_softmax(logits / temperature, dim=-1).exp()


@right(ID)
def logsumexp(logits, temperature):
    scaled = logits * (1 / temperature)
    return (scaled - torch.logsumexp(scaled, dim=0)).exp()


@right(ID)
def powers_of_the_odds_to_the_best(logits, temperature):
    odds = torch.exp(logits - logits.max())
    powers = odds ** (1 / temperature)
    return powers / powers.sum()


@right(ID)
def the_module_softmax(logits, temperature):
    return nn.Softmax(dim=0)(logits.div(temperature))


@right(ID)
def python_numbers(logits, temperature):
    values = [value / temperature for value in logits.tolist()]
    best = max(values)
    weights = [math.exp(value - best) for value in values]
    return torch.tensor([weight / sum(weights) for weight in weights])


@right(ID)
def numpy_inside(logits, temperature):
    scaled = logits.numpy() / temperature
    weights = np.exp(scaled - np.max(scaled))
    return torch.from_numpy(weights / weights.sum())


@right(ID)
def in_double_precision(logits, temperature):
    return torch.softmax(logits.double() / temperature, dim=0).float()


@right(ID)
def a_row_of_a_batch(logits, temperature):
    return nn.functional.softmax(logits[None] / temperature, dim=1).squeeze(0)


@right(ID)
def the_librarys_distribution(logits, temperature):
    return next_distribution(logits, temperature)


@right(ID)
def one_over_the_sum_of_odds(logits, temperature):
    differences = (logits[None, :] - logits[:, None]) / temperature  # (vocab_size, vocab_size)
    return 1 / differences.exp().sum(1)


@wrong(ID, named="after the softmax")
def probabilities_divided(logits, temperature):
    return torch.softmax(logits, dim=-1) / temperature


@wrong(ID, named="multiplied")
def multiplied(logits, temperature):
    return torch.softmax(logits * temperature, dim=-1)


@wrong(ID, named="exponentials of large numbers")
def exponentials_without_the_largest_taken_off(logits, temperature):
    weights = torch.exp(logits / temperature)
    return weights / weights.sum()


@wrong(ID, named="log_softmax")
def logarithms_of_the_probabilities(logits, temperature):
    return torch.log_softmax(logits / temperature, dim=-1)


@wrong(ID, named="no temperature")
def temperature_forgotten(logits, temperature):
    return torch.softmax(logits, dim=-1)


@wrong(ID, named="after the softmax, renormalised")
def softmax_twice(logits, temperature):
    return torch.softmax(torch.softmax(logits, dim=-1) / temperature, dim=-1)


@wrong(ID, named="no temperature")
def largest_taken_off_after_dividing_it_alone(logits, temperature):
    weights = torch.exp(logits - logits.max() / temperature)
    return weights / weights.sum()


@wrong(ID, named="no temperature")
def largest_taken_off_but_temperature_only_on_it(logits, temperature):
    weights = torch.exp(logits - logits.max())
    weights = weights / temperature
    return weights / weights.sum()


@wrong(ID, named="power without a new sum")
def power_without_a_new_sum(logits, temperature):
    return torch.softmax(logits, dim=-1) ** (1 / temperature)


@wrong(ID, named="multiplied")
def power_of_the_temperature(logits, temperature):
    powers = torch.softmax(logits, dim=-1) ** temperature
    return powers / powers.sum()


@wrong(ID, named="no softmax")
def only_divided(logits, temperature):
    return logits / temperature


@wrong(ID, named="clamped")
def logits_clamped(logits, temperature):
    return torch.softmax((logits / temperature).clamp(max=50.0), dim=-1)


@wrong(ID, named="all on the best")
def all_on_the_best(logits, temperature):
    return nn.functional.one_hot(logits.argmax(), len(logits)).float()


@wrong(ID, named="no exponential")
def divided_by_the_sum_of_the_logits(logits, temperature):
    scaled = logits / temperature
    return scaled / scaled.sum()


@wrong(ID, named="sigmoid")
def a_sigmoid_for_each(logits, temperature):
    return torch.sigmoid(logits / temperature)


@wrong(ID, named="in place")
def logits_of_the_caller_divided(logits, temperature):
    logits /= temperature
    return torch.softmax(logits, dim=-1)


@right(ID)
def power_of_the_probabilities_and_a_new_sum(logits, temperature):
    powers = torch.softmax(logits, dim=-1) ** (1 / temperature)
    return powers / powers.sum()


@wrong(ID, named="exponentials of large numbers")
def mean_subtracted_in_place_of_the_largest(logits, temperature):
    weights = torch.exp((logits - logits.mean()) / temperature)
    return weights / weights.sum()


@wrong(ID)
def a_symbol_drawn(logits, temperature):
    return torch.multinomial(torch.softmax(logits / temperature, dim=-1), 1)


@wrong(ID, named="divided by the largest")
def divided_by_the_largest_to_be_safe(logits, temperature):
    return torch.softmax(logits / logits.max() / temperature, dim=-1)


@wrong(ID, named="root of the temperature")
def root_of_the_temperature(logits, temperature):
    return torch.softmax(logits / temperature**0.5, dim=-1)
