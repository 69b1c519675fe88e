"""05.dot_attention, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong
from course_lib.models.attention import DotProductAttention

ID = "05.dot_attention"


@right(ID)
def three_lines(queries, keys, values):
    scores = torch.matmul(queries, keys.transpose(0, 1))
    weights = scores.softmax(1)
    return torch.mm(weights, values)


@right(ID)
def einsum_throughout(queries, keys, values):
    weights = torch.einsum("td,sd->ts", queries, keys).softmax(-1)
    return torch.einsum("ts,sv->tv", weights, values)


@right(ID)
def one_query_after_the_other(queries, keys, values):
    return torch.stack([torch.softmax(keys @ query, dim=0) @ values for query in queries])


@right(ID)
def loops_over_queries_and_keys(queries, keys, values):
    contexts = []
    for query in queries:
        scores = [torch.dot(query, key) for key in keys]
        top = max(score.item() for score in scores)
        powers = [torch.exp(score - top) for score in scores]
        contexts.append(sum(power / sum(powers) * value for power, value in zip(powers, values, strict=True)))
    return torch.stack(contexts)


@wrong(ID, named="detached")
def numpy_inside_without_a_gradient(queries, keys, values):
    q, k, v = (part.detach().cpu().numpy() for part in (queries, keys, values))
    scores = q @ k.T
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return torch.from_numpy(powers / powers.sum(axis=1, keepdims=True) @ v)


@right(ID)
def exponentials_after_the_maximum(queries, keys, values):
    scores = queries @ keys.T
    powers = (scores - scores.max(dim=1, keepdim=True).values).exp()
    return (powers @ values) / powers.sum(dim=1, keepdim=True)


@right(ID)
def the_fused_kernel_without_its_scale(queries, keys, values):
    return nn.functional.scaled_dot_product_attention(queries[None], keys[None], values[None], scale=1.0)[0]


@right(ID)
def keys_times_queries(queries, keys, values):
    weights = (keys @ queries.T).softmax(dim=0)  # (source_len, target_len)
    return weights.T @ values


@right(ID)
def broadcast_and_sum(queries, keys, values):
    scores = (queries[:, None, :] * keys[None, :, :]).sum(-1)
    return (scores.softmax(-1)[:, :, None] * values[None]).sum(1)


@right(ID)
def log_weights(queries, keys, values):
    scores = queries @ keys.T
    return (scores - torch.logsumexp(scores, dim=1, keepdim=True)).exp() @ values


@right(ID)
def the_library_s_module(queries, keys, values):
    return DotProductAttention(keys.shape[-1])(queries[None], keys[None], values[None])[0]


@right(ID)
def in_float64(queries, keys, values):
    return ((queries.double() @ keys.double().T).softmax(-1) @ values.double()).float()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, queries, keys, values):
        return self.softmax(queries @ keys.mT) @ values


right(ID, "a module that is called")(Attention())


@wrong(ID, named="scaled")
def divided_by_the_root_of_d(queries, keys, values):
    return (queries @ keys.T / math.sqrt(queries.shape[-1])).softmax(-1) @ values


@wrong(ID, named="softmax over the queries")
def softmax_over_the_queries(queries, keys, values):
    return (queries @ keys.T).softmax(0) @ values


@wrong(ID, named="no softmax")
def no_softmax(queries, keys, values):
    return queries @ keys.T @ values


@wrong(ID, named="the weights")
def weights_only(queries, keys, values):
    return (queries @ keys.T).softmax(-1)


@wrong(ID, named="contexts and weights")
def weights_and_contexts(queries, keys, values):
    weights = (queries @ keys.T).softmax(-1)
    return weights @ values, weights


@wrong(ID, named="keys mixed, not values")
def mean_of_the_keys(queries, keys, values):
    return (queries @ keys.T).softmax(-1) @ keys


@wrong(ID, named="one softmax over the whole matrix")
def one_softmax_over_the_whole_matrix(queries, keys, values):
    scores = queries @ keys.T
    return scores.flatten().softmax(0).view_as(scores) @ values


@wrong(ID, named="only the best key")
def only_the_best_value(queries, keys, values):
    return values[(queries @ keys.T).argmax(-1)]


@wrong(ID, named="exponential without its maximum")
def exponential_without_the_maximum(queries, keys, values):
    powers = torch.exp(queries @ keys.T)
    return powers / powers.sum(-1, keepdim=True) @ values


@wrong(ID, named="divided by the sum of the scores")
def divided_by_the_sum_of_the_scores(queries, keys, values):
    scores = queries @ keys.T
    return scores / scores.sum(-1, keepdim=True) @ values


@wrong(ID, named="softmax over the queries, by hand")
def exponentials_divided_by_the_sum_of_columns(queries, keys, values):
    powers = torch.exp(queries @ keys.T)
    return powers / powers.sum(0) @ values


@wrong(ID, named="exponentials not divided by their sum")
def sum_of_exponentials_forgotten(queries, keys, values):
    return torch.exp(queries @ keys.T) @ values


@wrong(ID, named="lengths divided out")
def cosine_of_query_and_key(queries, keys, values):
    normal = nn.functional.normalize
    return (normal(queries, dim=-1) @ normal(keys, dim=-1).T).softmax(-1) @ values


@wrong(ID)
def only_the_last_query(queries, keys, values):
    return (queries[-1] @ keys.T).softmax(-1) @ values


@wrong(ID, named="contexts as columns")
def contexts_as_columns(queries, keys, values):
    return ((queries @ keys.T).softmax(-1) @ values).T


@wrong(ID, named="softmax of the contexts")
def softmax_at_the_end(queries, keys, values):
    return torch.softmax(queries @ keys.T @ values, dim=-1)


@wrong(ID, named="sigmoid for softmax")
def a_sigmoid_for_each_score(queries, keys, values):
    return torch.sigmoid(queries @ keys.T) @ values


@wrong(ID, named="logarithm of the weights")
def log_softmax_for_softmax(queries, keys, values):
    return nn.functional.log_softmax(queries @ keys.T, dim=1) @ values
