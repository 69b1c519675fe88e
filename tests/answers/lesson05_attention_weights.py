"""05.attention_weights, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "05.attention_weights"


@right(ID)
def where_then_softmax(scores, mask):
    return torch.where(mask, scores, torch.tensor(float("-inf"))).softmax(-1)


@right(ID)
def logarithm_of_the_mask_added(scores, mask):
    return torch.softmax(scores + mask.to(scores.dtype).log(), dim=1)


@right(ID)
def softmax_of_the_real_columns_put_back(scores, mask):
    weights = torch.zeros_like(scores)
    weights[:, mask] = torch.softmax(scores[:, mask], dim=-1)
    return weights


@right(ID)
def a_copy_with_minus_infinity_assigned(scores, mask):
    scores = scores.clone()
    scores[:, ~mask] = -math.inf
    return scores.softmax(dim=-1)


@right(ID)
def row_by_row(scores, mask):
    return torch.stack([row.masked_fill(mask.logical_not(), float("-inf")).softmax(0) for row in scores])


@wrong(ID, named="detached")
def python_loops_without_a_gradient(scores, mask):
    keep, table = mask.tolist(), []
    for row in scores.tolist():
        top = max(score for score, kept in zip(row, keep, strict=True) if kept)
        powers = [math.exp(score - top) if kept else 0.0 for score, kept in zip(row, keep, strict=True)]
        table.append([power / sum(powers) for power in powers])
    return torch.tensor(table)


@wrong(ID, named="detached")
def numpy_inside_without_a_gradient(scores, mask):
    masked = np.where(mask.numpy(), scores.detach().numpy(), -np.inf)
    powers = np.exp(masked - masked.max(axis=1, keepdims=True))
    return torch.from_numpy(powers / powers.sum(axis=1, keepdims=True))


@right(ID)
def exponentials_times_the_mask(scores, mask):
    top = scores.masked_fill(~mask, -math.inf).amax(dim=1, keepdim=True)
    powers = torch.where(mask, (scores - top), torch.tensor(-math.inf)).exp() * mask
    return powers / powers.sum(dim=1, keepdim=True)


@right(ID)
def the_lowest_number_of_the_type(scores, mask):
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)


@right(ID)
def a_bias_of_zeros_and_infinities(scores, mask):
    bias = torch.zeros(len(mask))
    bias[mask == False] = float("-inf")  # noqa: E712
    return nn.functional.softmax(scores + bias, dim=-1)


@right(ID)
def masked_tensor_by_index_fill(scores, mask):
    padding = torch.nonzero(~mask).flatten()
    return scores.index_fill(1, padding, -torch.inf).softmax(1)


@right(ID)
def log_sum_exp(scores, mask):
    masked = scores.masked_fill(~mask[None, :], -torch.inf)
    return (masked - masked.logsumexp(dim=-1, keepdim=True)).exp()


class Weights:
    def __init__(self, empty=-math.inf):
        self.empty = empty

    def __call__(self, scores, mask):
        return scores.masked_fill(~mask.expand_as(scores), self.empty).softmax(dim=-1)


right(ID, "an object that is called")(Weights())


@wrong(ID, named="mask inverted")
def real_keys_masked(scores, mask):
    return scores.masked_fill(mask, -math.inf).softmax(-1)


@wrong(ID, named="mask after the softmax")
def zeroed_after_the_softmax(scores, mask):
    return scores.softmax(-1) * mask


@wrong(ID, named="scores set to 0")
def scores_times_mask(scores, mask):
    return (scores * mask).softmax(-1)


@wrong(ID, named="scores set to 0")
def masked_scores_set_to_zero(scores, mask):
    return scores.masked_fill(~mask, 0.0).softmax(-1)


@wrong(ID, named="softmax over the queries, NaN at padding")
def softmax_over_the_queries(scores, mask):
    return scores.masked_fill(~mask, -math.inf).softmax(0)


@wrong(ID, named="columns dropped")
def columns_dropped(scores, mask):
    return scores[:, mask].softmax(-1)


@wrong(ID, named="a finite score for padding")
def minus_one_hundred(scores, mask):
    return scores.masked_fill(~mask, -100.0).softmax(-1)


@wrong(ID, named="a finite score for padding")
def minus_ten_thousand(scores, mask):
    return scores.masked_fill(~mask, -1e4).softmax(-1)


@wrong(ID, named="a finite amount subtracted")
def a_large_number_subtracted(scores, mask):
    return (scores - 1000.0 * ~mask).softmax(-1)


@wrong(ID, named="the row's smallest score for padding")
def the_smallest_score_of_the_row(scores, mask):
    lowest = scores.min(dim=-1, keepdim=True).values
    return torch.where(mask, scores, lowest).softmax(-1)


@wrong(ID, named="no mask")
def mask_ignored(scores, mask):
    return scores.softmax(-1)


@wrong(ID, named="infinity times 0")
def infinity_times_the_mask(scores, mask):
    return (scores + -math.inf * (~mask).float()).softmax(-1)


@wrong(ID)
def scores_of_the_caller_changed(scores, mask):
    return scores.masked_fill_(~mask, -math.inf).softmax(-1)


@wrong(ID, named="no softmax")
def masked_scores_but_no_softmax(scores, mask):
    return scores.masked_fill(~mask, -math.inf)


@wrong(ID, named="exponential without its maximum")
def plain_shares_of_the_exponentials(scores, mask):
    powers = scores.exp() * mask
    return powers / powers.sum(-1, keepdim=True)


@wrong(ID, named="one sum for all rows")
def everything_divided_by_one_sum(scores, mask):
    powers = torch.softmax(scores, -1) * mask
    return powers / powers.sum()


@wrong(ID, named="the first keys taken for the real ones")
def first_positions_by_count(scores, mask):
    real = int(mask.sum())
    weights = torch.zeros_like(scores)
    weights[:, :real] = scores[:, :real].softmax(-1)
    return weights


@wrong(ID, named="padding's weight shared out")
def weight_of_the_padding_shared_out_evenly(scores, mask):
    weights = scores.softmax(-1)
    lost = (weights * ~mask).sum(-1, keepdim=True)
    return weights * mask + lost / mask.sum() * mask


@right(ID)
def minus_a_thousand_million(scores, mask):
    return scores.masked_fill(~mask, -1e9).softmax(-1)


@wrong(ID, named="divided by what padding left")
def zeroed_after_the_softmax_and_divided_by_the_sum(scores, mask):
    weights = scores.softmax(-1) * mask
    return weights / weights.sum(-1, keepdim=True)


@wrong(ID, named="−∞ after the softmax")
def minus_infinity_after_the_softmax(scores, mask):
    return scores.softmax(-1).masked_fill(~mask, -math.inf)


@wrong(ID, named="+∞ or NaN for padding")
def plus_infinity(scores, mask):
    return scores.masked_fill(~mask, math.inf).softmax(-1)


@wrong(ID, named="+∞ or NaN for padding")
def not_a_number_for_padding(scores, mask):
    return scores.masked_fill(~mask, math.nan).softmax(-1)


@wrong(ID, named="logarithm of the weights")
def logarithms_of_the_weights(scores, mask):
    return scores.masked_fill(~mask, -math.inf).log_softmax(-1)


@wrong(ID, named="mask along the queries")
def mask_over_the_rows(scores, mask):
    return scores.masked_fill(~mask[:, None], -math.inf).softmax(-1)
