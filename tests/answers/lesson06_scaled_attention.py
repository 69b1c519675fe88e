"""06.scaled_attention, answered from the prompt alone."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "06.scaled_attention"


@right(ID)
def einsum_throughout(Q, K, V):
    scores = torch.einsum("...td,...sd->...ts", Q, K) / Q.shape[-1] ** 0.5
    return torch.einsum("...ts,...sv->...tv", torch.softmax(scores, -1), V)


@right(ID)
def the_function_of_pytorch(Q, K, V):
    return F.scaled_dot_product_attention(Q, K, V)


@right(ID)
def queries_scaled_beforehand(Q, K, V):
    Q = Q * Q.size(-1) ** -0.5
    return F.softmax(torch.matmul(Q, K.mT), dim=-1).matmul(V)


@right(ID)
def fourth_root_on_both_sides(Q, K, V):
    root = math.sqrt(math.sqrt(K.shape[-1]))
    return torch.softmax((Q / root) @ (K / root).swapaxes(-1, -2), dim=-1) @ V


@right(ID)
def softmax_by_hand(Q, K, V):
    scores = Q.matmul(K.transpose(-2, -1)).div(math.sqrt(Q.shape[-1]))
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers @ V / powers.sum(dim=-1, keepdim=True)


@right(ID)
def loops_over_queries_and_keys(Q, K, V):
    if Q.dim() > 2:
        return torch.stack([loops_over_queries_and_keys(q, k, v) for q, k, v in zip(Q, K, V, strict=True)])
    rows = []
    for q in Q:
        weights = torch.stack([(q * k).sum() / math.sqrt(len(k)) for k in K]).softmax(dim=0)
        rows.append(sum(weight * v for weight, v in zip(weights, V, strict=True)))
    return torch.stack(rows)


@wrong(ID, named="gradient cut off")
def numpy_inside_which_no_gradient_passes(Q, K, V):
    q, k, v = (part.detach().numpy() for part in (Q, K, V))
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return torch.from_numpy(weights @ v)


@right(ID)
def keys_in_front_and_the_softmax_downwards(Q, K, V):
    scores = K @ Q.transpose(-1, -2) / math.sqrt(Q.shape[-1])
    return scores.softmax(dim=-2).transpose(-1, -2) @ V


@right(ID)
def broadcast_products_summed(Q, K, V):
    scores = (Q.unsqueeze(-2) * K.unsqueeze(-3)).sum(-1) / math.sqrt(Q.shape[-1])
    return (scores.softmax(-1).unsqueeze(-1) * V.unsqueeze(-3)).sum(-2)


@right(ID)
def batches_flattened_for_bmm(Q, K, V):
    front = Q.shape[:-2]
    q, k, v = (part.reshape(-1, *part.shape[-2:]) for part in (Q, K, V))
    y = torch.bmm(torch.softmax(torch.bmm(q, k.permute(0, 2, 1)) / q.shape[2] ** 0.5, dim=2), v)
    return y.view(*front, *y.shape[-2:])


@right(ID)
def double_precision_inside(Q, K, V):
    scores = Q.double() @ K.double().mT / math.sqrt(Q.shape[-1])
    return (scores.log_softmax(dim=-1).exp() @ V.double()).to(V.dtype)


class Attention:
    def __call__(self, Q, K, V):
        return self.weights(Q, K) @ V

    def weights(self, Q, K):
        return torch.nn.Softmax(dim=-1)(Q @ K.transpose(-1, -2) / np.sqrt(Q.shape[-1]))


right(ID, "an object that is called")(Attention())


@wrong(ID, named="no scale")
def scores_as_they_are(Q, K, V):
    return (Q @ K.transpose(-2, -1)).softmax(dim=-1) @ V


@wrong(ID, named="divided by d_k")
def divided_by_d_k(Q, K, V):
    return (Q @ K.transpose(-2, -1) / Q.shape[-1]).softmax(dim=-1) @ V


@wrong(ID, named="a power without brackets")
def a_power_without_parentheses(Q, K, V):
    return (Q @ K.transpose(-2, -1) / (Q.shape[-1] ** 1 / 2)).softmax(dim=-1) @ V


@wrong(ID, named="scale of the length")
def root_of_the_number_of_keys(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(K.shape[-2])).softmax(dim=-1) @ V


@wrong(ID, named="scale of the values")
def root_of_the_values_features(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(V.shape[-1])).softmax(dim=-1) @ V


@wrong(ID, named="multiplied")
def multiplied_by_the_root(Q, K, V):
    return (Q @ K.transpose(-2, -1) * math.sqrt(Q.shape[-1])).softmax(dim=-1) @ V


@wrong(ID, named="scaled after the softmax")
def weights_scaled_instead_of_scores(Q, K, V):
    return (Q @ K.transpose(-2, -1)).softmax(dim=-1) / math.sqrt(Q.shape[-1]) @ V


@wrong(ID, named="softmax over the queries")
def softmax_over_the_queries(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).softmax(dim=-2) @ V


@wrong(ID, named="softmax over dimension 1")
def softmax_along_dimension_one(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).softmax(dim=1) @ V


@wrong(ID, named="softmax over the first dimension")
def softmax_along_dimension_zero(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).softmax(dim=0) @ V


@wrong(ID, named="the weights")
def stops_at_the_weights(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).softmax(dim=-1)


@wrong(ID, named="keys for values")
def keys_averaged_instead_of_values(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).softmax(dim=-1) @ K


@wrong(ID, named="no softmax")
def no_softmax(Q, K, V):
    return Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1]) @ V


@wrong(ID, named="all dimensions transposed")
def dot_t_for_the_transpose(Q, K, V):
    return (Q @ K.T / math.sqrt(Q.shape[-1])).softmax(dim=-1) @ V


@wrong(ID, named="all dimensions transposed")
def transpose_of_dimensions_zero_and_one(Q, K, V):
    return (Q @ K.transpose(0, 1) / math.sqrt(Q.shape[-1])).softmax(dim=-1) @ V


@wrong(ID, named="the weights as well")
def weights_and_outputs(Q, K, V):
    weights = (Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).softmax(dim=-1)
    return weights @ V, weights


@wrong(ID, named="one softmax for the whole batch")
def all_examples_in_one_softmax(Q, K, V):
    q, k, v = (part.reshape(-1, part.shape[-1]) for part in (Q, K, V))
    y = (q @ k.T / math.sqrt(q.shape[-1])).softmax(dim=-1) @ v
    return y.reshape(*Q.shape[:-1], V.shape[-1])


@wrong(ID)
def scores_divided_in_place_on_the_queries(Q, K, V):
    Q /= math.sqrt(Q.shape[-1])
    return (Q @ K.transpose(-2, -1)).softmax(dim=-1) @ V


@wrong(ID, named="root rounded down")
def root_as_a_whole_number(Q, K, V):
    return (Q @ K.transpose(-2, -1) / int(Q.shape[-1] ** 0.5)).softmax(dim=-1) @ V


@wrong(ID, named="a batch expected")
def transpose_of_dimensions_one_and_two(Q, K, V):
    return (Q @ K.transpose(1, 2) / math.sqrt(Q.shape[-1])).softmax(dim=-1) @ V


@wrong(ID, named="three dimensions only")
def bmm_for_the_products(Q, K, V):
    return torch.bmm(torch.bmm(Q, K.transpose(1, 2)).div(math.sqrt(Q.shape[-1])).softmax(-1), V)


@wrong(ID, named="a loop over the first dimension")
def one_example_after_the_other(Q, K, V):
    return torch.stack(
        [(q @ k.T / q.shape[-1] ** 0.5).softmax(-1) @ v for q, k, v in zip(Q, K, V, strict=False)]
    )


@wrong(ID, named="squeezed")
def result_squeezed(Q, K, V):
    return ((Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).softmax(dim=-1) @ V).squeeze()


@wrong(ID, named="causal")
def the_function_of_pytorch_with_is_causal(Q, K, V):
    return F.scaled_dot_product_attention(Q, K, V, is_causal=True)


@wrong(ID, named="cosines")
def cosine_similarity_for_the_scores(Q, K, V):
    return (F.normalize(Q, dim=-1) @ F.normalize(K, dim=-1).transpose(-2, -1)).softmax(dim=-1) @ V


@wrong(ID, named="the best value only")
def value_of_the_largest_score(Q, K, V):
    best = (Q @ K.transpose(-2, -1)).argmax(dim=-1)
    return torch.take_along_dim(V, best[..., None], dim=-2)


@wrong(ID, named="logarithms for weights")
def log_softmax_of_the_scores(Q, K, V):
    return F.log_softmax(Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1]), dim=-1) @ V


@wrong(ID, named="divided by d_k")
def both_sides_divided_by_the_root(Q, K, V):
    root = math.sqrt(Q.shape[-1])
    return (Q / root @ (K / root).transpose(-2, -1)).softmax(dim=-1) @ V


@wrong(ID, named="weights not normalised")
def exponentials_without_their_sum(Q, K, V):
    return (Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])).exp() @ V


@wrong(ID, named="query added")
def the_query_kept_in_the_output(Q, K, V):
    y = torch.softmax(Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1]), dim=-1) @ V
    return y + Q if y.shape == Q.shape else y
