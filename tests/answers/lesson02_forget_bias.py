"""02.forget_bias, answered from the prompt alone."""

import math

import numpy as np
import torch

from answers import right, wrong

ID = "02.forget_bias"


@right(ID)
def minus_log_of_one_over_keep_minus_one(lag, share):
    return -math.log(share ** (-1 / lag) - 1)


@right(ID)
def root_by_way_of_logarithms(lag, share):
    log_keep = math.log(share) / lag
    return log_keep - math.log(-math.expm1(log_keep))


@right(ID)
def torch_logit(lag, share):
    return torch.logit(torch.tensor(share, dtype=torch.float64) ** (1 / lag))


@right(ID)
def torch_logit_in_single_precision(lag, share):
    return torch.tensor(share).pow(1 / lag).logit().item()


@right(ID)
def numpy_number(lag, share):
    keep = np.power(share, 1 / lag)
    return np.log(keep) - np.log1p(-keep)


@right(ID)
def bisection(lag, share):
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        if (1 / (1 + math.exp(-middle))) ** lag < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@right(ID)
def newton(lag, share):
    b = 0.0
    for _ in range(100):
        gate = 1 / (1 + math.exp(-b))
        b -= (math.log(gate) - math.log(share) / lag) / (1 - gate)
    return b


@right(ID)
def twice_the_inverse_of_tanh(lag, share):
    keep = math.exp(math.log(share) / lag)
    return 2 * math.atanh(2 * keep - 1)


@right(ID)
def difference_of_two_logarithms(lag, share):
    keep = share ** (1 / lag)
    return math.log(keep) - math.log(1 - keep)


@right(ID)
def log_base_two_converted(lag, share):
    keep = 2 ** (math.log2(share) / lag)
    return math.log2(keep / (1 - keep)) / math.log2(math.e)


@wrong(ID, named="logarithm of the lag")
def logarithm_of_the_lag(lag, share):
    return math.log(lag)


@wrong(ID, named="the gate, not the bias")
def the_gate_instead_of_its_bias(lag, share):
    return share ** (1 / lag)


@wrong(ID, named="logarithm of the gate")
def logarithm_without_the_odds(lag, share):
    return math.log(share ** (1 / lag))


@wrong(ID, named="odds inverted")
def odds_upside_down(lag, share):
    keep = share ** (1 / lag)
    return math.log((1 - keep) / keep)


@wrong(ID, named="no root")
def no_root_at_all(lag, share):
    return math.log(share / (1 - share))


@wrong(ID, named="share divided by lag")
def divided_instead_of_the_root(lag, share):
    keep = share / lag
    return math.log(keep / (1 - keep))


@wrong(ID, named="power for root")
def power_instead_of_the_root(lag, share):
    keep = share**lag
    return math.log(keep / (1 - keep))


@wrong(ID, named="logarithm to base ten")
def logarithm_to_base_ten(lag, share):
    keep = share ** (1 / lag)
    return math.log10(keep / (1 - keep))


@wrong(ID, named="odds without logarithm")
def odds_without_logarithm(lag, share):
    keep = share ** (1 / lag)
    return keep / (1 - keep)


@wrong(ID, named="share that is lost")
def share_that_is_lost(lag, share):
    keep = (1 - share) ** (1 / lag)
    return math.log(keep / (1 - keep))


@wrong(ID, named="sigmoid of the gate")
def sigmoid_instead_of_its_inverse(lag, share):
    return 1 / (1 + math.exp(-(share ** (1 / lag))))


@wrong(ID, named="loss divided by lag")
def the_same_loss_at_every_step(lag, share):
    keep = 1 - (1 - share) / lag
    return math.log(keep / (1 - keep))


@wrong(ID, named="bias divided by lag")
def inverse_sigmoid_of_the_share_over_lag(lag, share):
    return math.log(share / (1 - share)) / lag


@wrong(ID, named="approximation for long lags")
def rule_of_thumb_for_any_share(lag, share):
    return math.log(lag / math.log(1 / share))
