"""01.perplexity, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong
from course_lib.metrics import perplexity

ID = "01.perplexity"


@right(ID)
def exp_of_the_negative_mean(log_probs):
    return (-log_probs.mean()).exp()


@right(ID)
def sum_over_n(log_probs):
    return torch.exp(-log_probs.sum() / log_probs.shape[0])


@right(ID)
def a_loop_over_the_characters(log_probs):
    total = torch.zeros(())
    for log_prob in log_probs:
        total = total - log_prob
    return torch.exp(total / len(log_probs))


@right(ID)
def one_over_the_geometric_mean(log_probs):
    return 1 / torch.exp(log_probs.mean())


@right(ID)
def python_numbers_and_a_tensor_at_the_end(log_probs):
    return torch.tensor(math.exp(-sum(log_probs.tolist()) / len(log_probs)))


@right(ID)
def numpy_inside(log_probs):
    return torch.tensor(np.exp(-log_probs.numpy().mean()))


@right(ID)
def in_double_precision(log_probs):
    return log_probs.double().mean().neg().exp().float()


@right(ID)
def the_librarys_perplexity(log_probs):
    return torch.tensor(perplexity(-log_probs.mean()))


@right(ID)
def a_power_of_e(log_probs):
    return torch.tensor(math.e) ** -torch.mean(log_probs)


@right(ID)
def two_to_the_bits(log_probs):
    return 2 ** (-log_probs / math.log(2)).mean()


@right(ID)
def negative_log_likelihood_of_one_class(log_probs):
    loss = nn.functional.nll_loss(log_probs[:, None], torch.zeros(len(log_probs), dtype=torch.long))
    return loss.exp()


@right(ID)
def einsum_with_equal_weights(log_probs):
    n = len(log_probs)
    return torch.einsum("i,i->", log_probs, torch.full((n,), -1 / n)).exp()


@wrong(ID, named="minus forgotten")
def sign_forgotten(log_probs):
    return torch.exp(log_probs.mean())


@wrong(ID, named="loss, no exp")
def the_loss_itself(log_probs):
    return -log_probs.mean()


@wrong(ID, named="sum for mean")
def sum_and_not_mean(log_probs):
    return torch.exp(-log_probs.sum())


@wrong(ID, named="mean of 1/p")
def mean_of_the_perplexities(log_probs):
    return torch.exp(-log_probs).mean()


@wrong(ID, named="mean of the probabilities")
def one_over_the_mean_probability(log_probs):
    return 1 / log_probs.exp().mean()


@wrong(ID, named="base two")
def two_to_the_nats(log_probs):
    return 2 ** (-log_probs.mean())


@wrong(ID, named="logarithm of a logarithm")
def logarithm_taken_again(log_probs):
    return torch.exp(-torch.log(log_probs).mean())


@wrong(ID, named="one for each character")
def one_number_for_each_character(log_probs):
    return torch.exp(-log_probs)


@wrong(ID, named="bits per character")
def bits_per_character(log_probs):
    return -log_probs.mean() / math.log(2)


@wrong(ID, named="minus outside")
def the_minus_outside(log_probs):
    return -torch.exp(log_probs.mean())


@wrong(ID, named="median")
def the_median_character(log_probs):
    return torch.exp(-log_probs.median())


@wrong(ID, named="softmax first")
def softmax_first(log_probs):
    return torch.exp(-torch.log_softmax(log_probs, dim=0).mean())


@wrong(ID, named="entropy")
def entropy_of_the_given_probabilities(log_probs):
    return torch.exp(-(log_probs.exp() * log_probs).sum())


@wrong(ID, named="product of the probabilities")
def root_of_the_product(log_probs):
    return log_probs.double().exp().prod().pow(-1 / len(log_probs)).float()


@wrong(ID, named="e to the bits")
def e_to_the_bits(log_probs):
    return torch.exp(-torch.log2(log_probs.exp()).mean())


@wrong(ID, named="worst character")
def the_worst_character_alone(log_probs):
    return torch.exp(-log_probs.min())


@wrong(ID, named="base ten")
def ten_to_the_nats(log_probs):
    return 10 ** -log_probs.mean()


@wrong(ID)
def mean_with_its_dimension_kept(log_probs):
    return torch.exp(-log_probs.mean(0, keepdim=True))
