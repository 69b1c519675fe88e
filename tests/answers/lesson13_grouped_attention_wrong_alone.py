"""13.grouped_attention, more wrong answers from the prompt alone, each written by itself."""

import math

import torch
import torch.nn.functional as F

from answers import wrong
from answers.lesson13_grouped_attention import ID, joined, project
from answers.lesson13_grouped_attention_wrong import build


@wrong(ID, named="not transposed")
def matrices_not_transposed(x, weights, n_heads, n_kv_heads, rotate):
    q = rotate((x @ weights["q"]).unflatten(-1, (n_heads, -1)).transpose(1, 2))
    k = rotate((x @ weights["k"]).unflatten(-1, (n_kv_heads, -1)).transpose(1, 2))
    v = (x @ weights["v"]).unflatten(-1, (n_kv_heads, -1)).transpose(1, 2)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return y.transpose(1, 2).flatten(2) @ weights["o"]


@wrong(ID, named="not causal")
def pytorch_without_is_causal(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k, v, enable_gqa=True), weights["o"])


@wrong(ID, named="mask inverted for PyTorch")
def pytorch_with_its_mask_inverted(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    return joined(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True), weights["o"])


@wrong(ID, named="not shared")
def pytorch_without_enable_gqa(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True), weights["o"])


@wrong(ID, named="all split into n_heads")
def key_heads_split_into_n_heads(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = (project(x, weights[name], n_heads) for name in "qkv")
    return joined(F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True), weights["o"])


@wrong(ID, named="heads as wide as x")
def view_with_d_model_over_n_heads(x, weights, n_heads, n_kv_heads, rotate):
    batch, time, d_model = x.shape
    d_head = d_model // n_heads
    q = rotate((x @ weights["q"].T).view(batch, time, n_heads, d_head).transpose(1, 2))
    k = rotate((x @ weights["k"].T).view(batch, time, n_kv_heads, d_head).transpose(1, 2))
    v = (x @ weights["v"].T).view(batch, time, n_kv_heads, d_head).transpose(1, 2)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return y.transpose(1, 2).reshape(batch, time, d_model) @ weights["o"].T


@wrong(ID, named="heads as wide as x")
def heads_joined_to_the_shape_of_x(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return y.transpose(1, 2).reshape(x.shape) @ weights["o"].T


@wrong(ID, named="first of the batch")
def first_row_of_the_batch_alone(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x[:1], weights["q"], n_heads)), rotate(project(x[:1], weights["k"], n_kv_heads))
    v = project(x[:1], weights["v"], n_kv_heads)
    y = joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])
    return y.expand_as(x).clone()


@wrong(ID, named="batch squeezed")
def batch_squeezed(x, weights, n_heads, n_kv_heads, rotate):
    time = x.shape[1]
    x = x.squeeze(0)
    q = rotate((x @ weights["q"].T).view(time, n_heads, -1).transpose(0, 1)[None])
    k = rotate((x @ weights["k"].T).view(time, n_kv_heads, -1).transpose(0, 1)[None])
    v = (x @ weights["v"].T).view(time, n_kv_heads, -1).transpose(0, 1)[None]
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])


def rotary(heads, base=10_000.0, neighbours=False):
    """A rotation of the learner's own in place of the argument."""
    time, d_head = heads.shape[-2:]
    angles = torch.arange(time)[:, None] * base ** -(torch.arange(0, d_head, 2) / d_head)
    if neighbours:
        a, b = heads[..., ::2], heads[..., 1::2]
        return torch.stack(
            [a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1
        ).flatten(-2)
    a, b = heads.chunk(2, dim=-1)
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], dim=-1)


@wrong(ID, named="rotation of its own")
def a_rotation_of_its_own(x, weights, n_heads, n_kv_heads, rotate):
    return build("")(x, weights, n_heads, n_kv_heads, rotary)


@wrong(ID, named="rotation of its own, of neighbours")
def a_rotation_of_neighbours(x, weights, n_heads, n_kv_heads, rotate):
    return build("")(x, weights, n_heads, n_kv_heads, lambda heads: rotary(heads, neighbours=True))


@wrong(ID, named="rotated before the split")
def rotated_before_the_heads_are_split(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(x @ weights["q"].T), rotate(x @ weights["k"].T)
    q, k = q.unflatten(-1, (n_heads, -1)).transpose(1, 2), k.unflatten(-1, (n_kv_heads, -1)).transpose(1, 2)
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])


@wrong(ID, named="x rotated")
def x_rotated(x, weights, n_heads, n_kv_heads, rotate):
    return build("nothing rotated")(rotate(x[:, None])[:, 0], weights, n_heads, n_kv_heads, rotate)


@wrong(ID, named="weights changed")
def keys_and_values_repeated_in_the_dictionary(x, weights, n_heads, n_kv_heads, rotate):
    for name in "kv":
        W = weights[name].unflatten(0, (n_kv_heads, -1))
        weights[name] = W.repeat_interleave(n_heads // n_kv_heads, dim=0).flatten(0, 1)
    return build("")(x, weights, n_heads, n_heads, rotate)


@wrong(ID, named="not rotated")
def result_of_rotate_thrown_away(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = (project(x, weights[n], h) for n, h in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads)))
    rotate(q)
    rotate(k)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])


@wrong(ID, named="scores transposed")
def last_dimension_of_the_keys_not_transposed(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = (project(x, weights[n], h) for n, h in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads)))
    k, v = (part.repeat_interleave(n_heads // n_kv_heads, dim=1) for part in (rotate(k), v))
    scores = torch.einsum("bhtd,bhsd->bhst", rotate(q), k) / math.sqrt(q.shape[-1])
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return joined(scores.masked_fill(future, -math.inf).softmax(-1) @ v, weights["o"])


def parts(x, weights, n_heads, n_kv_heads, rotate):
    """Queries, keys and values, rotated and split; keys and values as many as queries."""
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    return q, *(part.repeat_interleave(n_heads // n_kv_heads, dim=1) for part in (k, v))


@wrong(ID, named="zero scores masked")
def scores_of_zero_masked(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = parts(x, weights, n_heads, n_kv_heads, rotate)
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).tril()
    return joined(scores.masked_fill(scores == 0, -math.inf).softmax(-1) @ v, weights["o"])


@wrong(ID, named="a score of 0")
def lower_triangle_of_the_scores(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = parts(x, weights, n_heads, n_kv_heads, rotate)
    return joined((q @ k.mT / math.sqrt(q.shape[-1])).tril().softmax(-1) @ v, weights["o"])


@wrong(ID, named="0 times infinity")
def minus_infinity_times_the_mask(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = parts(x, weights, n_heads, n_kv_heads, rotate)
    bias = -math.inf * torch.ones(x.shape[1], x.shape[1]).triu(1)
    return joined((q @ k.mT / math.sqrt(q.shape[-1]) + bias).softmax(-1) @ v, weights["o"])


@wrong(ID, named="attention between heads, rotated over time")
def heads_attend_to_heads(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = (part.transpose(1, 2) for part in parts(x, weights, n_heads, n_kv_heads, rotate))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).flatten(2) @ weights["o"].T


@wrong(ID, named="attention between heads")
def never_transposed(x, weights, n_heads, n_kv_heads, rotate):
    q = rotate((x @ weights["q"].T).unflatten(2, (n_heads, -1)))
    k = rotate((x @ weights["k"].T).unflatten(2, (n_kv_heads, -1)))
    v = (x @ weights["v"].T).unflatten(2, (n_kv_heads, -1))
    k, v = (part.repeat_interleave(n_heads // n_kv_heads, dim=2) for part in (k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).flatten(2) @ weights["o"].T


@wrong(ID, named="output rotated")
def what_comes_out_rotated(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = parts(x, weights, n_heads, n_kv_heads, lambda heads: heads)
    return joined(rotate(F.scaled_dot_product_attention(q, k, v, is_causal=True)), weights["o"])


@wrong(ID, named="heads shared in turn")
def head_number_modulo(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    of = torch.arange(n_heads) % n_kv_heads
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k[:, of], v[:, of], is_causal=True), weights["o"])


@wrong(ID, named="h // n_kv_heads")
def head_number_by_n_kv_heads(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v, of = project(x, weights["v"], n_kv_heads), [h // n_kv_heads for h in range(n_heads)]
    return joined(F.scaled_dot_product_attention(q, k[:, of], v[:, of], is_causal=True), weights["o"])


@wrong(ID)
def groups_of_three_always(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    k, v = k.repeat_interleave(3, dim=1), project(x, weights["v"], n_kv_heads).repeat_interleave(3, dim=1)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True), weights["o"])


@wrong(ID, named="divided by d_head")
def scaled_before_pytorch_scales(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = parts(x, weights, n_heads, n_kv_heads, rotate)
    q = q / math.sqrt(q.shape[-1])
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True), weights["o"])


@wrong(ID, named="as many keys as queries")
def d_head_from_the_keys_over_n_heads(x, weights, n_heads, n_kv_heads, rotate):
    batch, time, _ = x.shape
    d_head = weights["k"].shape[0] // n_heads
    q, k, v = (
        (x @ weights[name].T).view(batch, time, n, d_head).transpose(1, 2)
        for name, n in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads))
    )
    y = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True, enable_gqa=True)
    return joined(y, weights["o"])
