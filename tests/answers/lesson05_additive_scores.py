"""05.additive_scores, answered from the prompt alone."""

import math

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "05.additive_scores"


@right(ID)
def unsqueezed_and_added(queries, keys, W, U, v):
    q = torch.matmul(queries, W.T).unsqueeze(1)
    k = torch.matmul(keys, U.T).unsqueeze(0)
    return torch.tanh(q + k).matmul(v)


@right(ID)
def einsum_throughout(queries, keys, W, U, v):
    hidden = torch.einsum("td,ad->ta", queries, W)[:, None] + torch.einsum("sd,ad->sa", keys, U)
    return torch.einsum("tsa,a->ts", hidden.tanh(), v)


@right(ID)
def two_loops(queries, keys, W, U, v):
    rows = [[torch.dot(v, torch.tanh(W @ q + U @ k)) for k in keys] for q in queries]
    return torch.stack([torch.stack(row) for row in rows])


@right(ID)
def a_table_filled_in_place(queries, keys, W, U, v):
    scores = torch.zeros(len(queries), len(keys))
    for t in range(queries.shape[0]):
        for i in range(keys.shape[0]):
            scores[t, i] = (v * (W @ queries[t] + U @ keys[i]).tanh()).sum()
    return scores


@wrong(ID, named="detached")
def numpy_inside_without_a_gradient(queries, keys, W, U, v):
    q, k, w, u, out = (part.detach().numpy() for part in (queries, keys, W, U, v))
    return torch.from_numpy(np.tanh((q @ w.T)[:, np.newaxis] + (k @ u.T)[np.newaxis]) @ out)


@right(ID)
def one_matrix_for_the_joined_pair(queries, keys, W, U, v):
    t, s = len(queries), len(keys)
    pairs = torch.cat([queries[:, None].expand(t, s, -1), keys[None].expand(t, s, -1)], dim=-1)
    return torch.tanh(pairs @ torch.cat([W, U], dim=1).T) @ v


@right(ID)
def every_pair_as_a_row(queries, keys, W, U, v):
    t, s = len(queries), len(keys)
    hidden = (queries @ W.T).repeat_interleave(s, dim=0) + (keys @ U.T).repeat(t, 1)
    return (hidden.tanh() @ v).reshape(t, s)


@right(ID)
def one_query_at_a_time(queries, keys, W, U, v):
    k = nn.functional.linear(keys, U)
    return torch.stack([torch.tanh(k + nn.functional.linear(query, W)) @ v for query in queries])


@right(ID)
def one_hidden_unit_at_a_time(queries, keys, W, U, v):
    scores = 0
    for w, u, out in zip(W, U, v, strict=True):
        scores = scores + out * torch.tanh((queries @ w)[:, None] + (keys @ u)[None, :])
    return scores


@right(ID)
def tanh_by_exponentials(queries, keys, W, U, v):
    z = (queries @ W.T)[:, None] + keys @ U.T
    return ((2 * torch.sigmoid(2 * z) - 1) * v).sum(-1)


@right(ID)
def columns_as_in_the_formula(queries, keys, W, U, v):
    q, k = W @ queries.T, U @ keys.T  # (a, target_len), (a, source_len)
    return torch.tensordot(v, torch.tanh(q[:, :, None] + k[:, None, :]), dims=1)


@right(ID)
def mapped_twice(queries, keys, W, U, v):
    def score(q, k):
        return v @ torch.tanh(W @ q + U @ k)

    return torch.vmap(lambda q: torch.vmap(lambda k: score(q, k))(keys))(queries)


class Additive:
    def hidden(self, queries, keys, W, U):
        return torch.tanh((queries @ W.mT)[..., None, :] + (keys @ U.mT)[..., None, :, :])

    def __call__(self, queries, keys, W, U, v):
        return (self.hidden(queries, keys, W, U) @ v[:, None]).squeeze(-1)


right(ID, "an object that is called")(Additive())


@wrong(ID, named="no tanh")
def tanh_forgotten(queries, keys, W, U, v):
    return ((queries @ W.T)[:, None] + keys @ U.T) @ v


@wrong(ID, named="tanh of each part")
def tanh_of_each_part(queries, keys, W, U, v):
    return (torch.tanh(queries @ W.T)[:, None] + torch.tanh(keys @ U.T)) @ v


@wrong(ID, named="tanh outside")
def tanh_after_v(queries, keys, W, U, v):
    return torch.tanh(((queries @ W.T)[:, None] + keys @ U.T) @ v)


@wrong(ID, named="sigmoid for tanh")
def sigmoid_for_tanh(queries, keys, W, U, v):
    return torch.sigmoid((queries @ W.T)[:, None] + keys @ U.T) @ v


@wrong(ID, named="ReLU for tanh")
def relu_for_tanh(queries, keys, W, U, v):
    return torch.relu((queries @ W.T)[:, None] + keys @ U.T) @ v


@wrong(ID, named="softmax taken")
def softmax_at_the_end(queries, keys, W, U, v):
    return (torch.tanh((queries @ W.T)[:, None] + keys @ U.T) @ v).softmax(-1)


@wrong(ID, named="keys as rows")
def keys_as_rows(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T)[None] + (keys @ U.T)[:, None]) @ v


@wrong(ID, named="sum instead of v")
def v_forgotten(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T)[:, None] + keys @ U.T).sum(-1)


@wrong(ID, named="hidden layer times v, not summed")
def hidden_layer_returned(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T)[:, None] + keys @ U.T) * v


@wrong(ID, named="product of the parts")
def product_of_the_two_parts(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T)[:, None] * (keys @ U.T)) @ v


@wrong(ID, named="a dot product in the hidden layer")
def a_general_score_with_tanh(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T) @ (keys @ U.T).T)


@wrong(ID, named="scaled")
def divided_by_the_root_of_a(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T)[:, None] + keys @ U.T) @ v / math.sqrt(len(v))


@wrong(ID, named="v inside the tanh")
def v_inside_the_tanh(queries, keys, W, U, v):
    return torch.tanh(((queries @ W.T)[:, None] + keys @ U.T) * v).sum(-1)


@wrong(ID, named="no keys")
def keys_left_out(queries, keys, W, U, v):
    return (torch.tanh(queries @ W.T) @ v)[:, None].expand(len(queries), len(keys))


@wrong(ID, named="no pairs")
def no_dimension_for_the_pairs(queries, keys, W, U, v):
    return torch.tanh(queries @ W.T + keys @ U.T) @ v


@wrong(ID, named="mean over the hidden units")
def mean_over_the_hidden_units(queries, keys, W, U, v):
    return (torch.tanh((queries @ W.T)[:, None] + keys @ U.T) * v).mean(-1)


@wrong(ID, named="every 1 squeezed away")
def squeezed_in_every_dimension(queries, keys, W, U, v):
    return (torch.tanh((queries @ W.T)[:, None] + keys @ U.T) @ v[:, None]).squeeze()


@wrong(ID, named="v as a column")
def the_last_dimension_kept(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T)[:, None] + keys @ U.T) @ v.reshape(-1, 1)


@wrong(ID, named="W and U swapped")
def U_for_the_queries(queries, keys, W, U, v):
    return torch.tanh((queries @ U.T)[:, None] + keys @ W.T) @ v


@wrong(ID, named="difference")
def query_minus_key(queries, keys, W, U, v):
    return torch.tanh((queries @ W.T)[:, None] - keys @ U.T) @ v
