"""09.bits_per_character, answered from the prompt alone."""

import math
from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "09.bits_per_character"


@right(ID)
def total_bits_over_characters(nats_per_token, n_tokens, n_characters):
    total_nats = nats_per_token * n_tokens
    total_bits = total_nats / math.log(2)
    return total_bits / n_characters


@right(ID)
def log2_of_e(nats_per_token, n_tokens, n_characters):
    return nats_per_token * math.log2(math.e) * (n_tokens / n_characters)


@right(ID)
def a_numpy_number(nats_per_token, n_tokens, n_characters):
    return np.float64(nats_per_token) / np.log(2) * n_tokens / n_characters


@right(ID)
def a_numpy_number_of_four_bytes(nats_per_token, n_tokens, n_characters):
    return np.float32(nats_per_token * n_tokens / n_characters / math.log(2))


@right(ID)
def a_tensor_without_dimensions(nats_per_token, n_tokens, n_characters):
    return torch.tensor(nats_per_token * n_tokens / n_characters) / torch.log(torch.tensor(2.0))


@right(ID)
def characters_per_token_first(nats_per_token, n_tokens, n_characters):
    characters_per_token = n_characters / n_tokens
    return nats_per_token / characters_per_token / math.log(2)


@right(ID)
def through_the_perplexity(nats_per_token, n_tokens, n_characters):
    return math.log2(math.exp(nats_per_token)) * n_tokens / n_characters


@right(ID)
def the_base_of_the_logarithm_changed(nats_per_token, n_tokens, n_characters):
    return math.log(math.exp(nats_per_token * n_tokens / n_characters), 2)


@right(ID)
def an_exact_fraction_inside(nats_per_token, n_tokens, n_characters):
    return float(Fraction(n_tokens, n_characters)) * nats_per_token / 0.6931471805599453


@right(ID)
def log_probability_of_the_text(nats_per_token, n_tokens, n_characters):
    log_probability = -nats_per_token * n_tokens
    return -(log_probability * math.log2(math.exp(1))) / n_characters


@wrong(ID, named="in nats")
def nats_and_not_bits(nats_per_token, n_tokens, n_characters):
    return nats_per_token * n_tokens / n_characters


@wrong(ID, named="times ln 2")
def multiplied_by_log_two(nats_per_token, n_tokens, n_characters):
    return nats_per_token * n_tokens / n_characters * math.log(2)


@wrong(ID, named="upside down")
def tokens_and_characters_exchanged(nats_per_token, n_tokens, n_characters):
    return nats_per_token / math.log(2) * n_characters / n_tokens


@wrong(ID, named="bits per token")
def bits_per_token(nats_per_token, n_tokens, n_characters):
    return nats_per_token / math.log(2)


@wrong(ID, named="mean taken for the sum")
def loss_taken_for_the_sum(nats_per_token, n_tokens, n_characters):
    return nats_per_token / n_characters / math.log(2)


@wrong(ID, named="log of the loss")
def log_two_of_the_loss(nats_per_token, n_tokens, n_characters):
    return math.log2(nats_per_token) * n_tokens / n_characters


@wrong(ID, named="whole text")
def bits_of_the_whole_text(nats_per_token, n_tokens, n_characters):
    return nats_per_token * n_tokens / math.log(2)


@wrong(ID, named="perplexity per character")
def perplexity_per_character(nats_per_token, n_tokens, n_characters):
    return 2 ** (nats_per_token * n_tokens / n_characters / math.log(2))


@wrong(ID, named="of the perplexity, in nats")
def perplexity_shared_by_the_characters(nats_per_token, n_tokens, n_characters):
    return math.exp(nats_per_token) * n_tokens / n_characters


@wrong(ID, named="log10")
def logarithm_to_base_ten(nats_per_token, n_tokens, n_characters):
    return nats_per_token * n_tokens / n_characters / math.log10(2)


@wrong(ID, named="whole characters per token")
def whole_characters_per_token(nats_per_token, n_tokens, n_characters):
    return nats_per_token / (n_characters // n_tokens) / math.log(2)


@wrong(ID, named="whole tokens per character")
def whole_tokens_per_character(nats_per_token, n_tokens, n_characters):
    return nats_per_token * (n_tokens // n_characters) / math.log(2)


@wrong(ID, named="halved")
def divided_by_two_for_bits(nats_per_token, n_tokens, n_characters):
    return nats_per_token * n_tokens / n_characters / 2


@wrong(ID, named="one token less")
def the_last_token_predicts_nothing(nats_per_token, n_tokens, n_characters):
    return nats_per_token * (n_tokens - 1) / math.log(2) / n_characters


@wrong(ID, named="characters per bit")
def fraction_turned_over(nats_per_token, n_tokens, n_characters):
    return n_characters / (nats_per_token / math.log(2) * n_tokens)


@wrong(ID, named="in bytes")
def eight_bits_make_a_byte(nats_per_token, n_tokens, n_characters):
    return nats_per_token * n_tokens / math.log(256) / n_characters


@wrong(ID)
def rounded_to_two_places(nats_per_token, n_tokens, n_characters):
    return round(nats_per_token * n_tokens / n_characters / math.log(2), 2)


@wrong(ID, named="multiplied inside the logarithm")
def tokens_multiplied_into_the_perplexity(nats_per_token, n_tokens, n_characters):
    return math.log2(math.exp(nats_per_token) * n_tokens / n_characters)


@wrong(ID, named="log of the nats per character")
def logarithm_of_the_nats_per_character(nats_per_token, n_tokens, n_characters):
    return math.log2(nats_per_token * n_tokens / n_characters)
