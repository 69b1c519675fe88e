"""13.grouped_attention, wrong answers from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import wrong
from answers.lesson13_grouped_attention import ID, joined, project


def build(fault):
    """The solution with one fault."""

    def grouped_attention(x, weights, n_heads, n_kv_heads, rotate):
        batch, time, d_model = x.shape
        group = n_heads // n_kv_heads
        d_head = weights["q"].shape[0] // n_heads
        q, k, v = (
            (x @ weights[name].T).reshape(batch, time, n, d_head)
            for name, n in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads))
        )
        if fault == "queries and keys exchanged in their groups":
            q = q.unflatten(2, (group, n_kv_heads)).transpose(2, 3).flatten(2, 3)
        if fault == "rotated with heads and time exchanged":
            q, k = rotate(q), rotate(k)
        if fault == "split by one reshape":
            q, k, v = (
                part.reshape(batch, n, time, d_head)
                for part, n in ((q, n_heads), (k, n_kv_heads), (v, n_kv_heads))
            )
        elif fault == "features dealt out in turn":
            q, k, v = (
                part.reshape(batch, time, d_head, n).permute(0, 3, 1, 2)
                for part, n in ((q, n_heads), (k, n_kv_heads), (v, n_kv_heads))
            )
        else:
            q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        if fault not in ("rotated with heads and time exchanged", "nothing rotated", "only keys rotated"):
            q = rotate(q)
        if fault not in ("rotated with heads and time exchanged", "nothing rotated", "only queries rotated"):
            k = rotate(k)
        if fault == "values rotated too":
            v = rotate(v)
        if fault == "rotated twice":
            q, k = rotate(q), rotate(k)
        if fault == "only values rotated":
            q, k, v = rotate(q), k, rotate(v)
        if fault == "keys and values exchanged":
            k, v = v, k
        if fault == "mean of each group's queries":
            q = q.unflatten(1, (n_kv_heads, group)).mean(2).repeat_interleave(group, 1)
        if fault == "first query of each group":
            q = q[:, ::group].repeat_interleave(group, 1)
        if fault == "repeat":
            k, v = k.repeat(1, group, 1, 1), v.repeat(1, group, 1, 1)
        elif fault == "keys repeated in turn, values in order":
            k, v = k.repeat(1, group, 1, 1), v.repeat_interleave(group, dim=1)
        elif fault == "values repeated in turn, keys in order":
            k, v = k.repeat_interleave(group, dim=1), v.repeat(1, group, 1, 1)
        elif fault == "first key head for everybody":
            k, v = (part[:, :1].expand(-1, n_heads, -1, -1) for part in (k, v))
        elif fault == "mean key head for everybody":
            k, v = (part.mean(1, keepdim=True).expand(-1, n_heads, -1, -1) for part in (k, v))
        elif fault == "nothing repeated":
            pass
        elif fault == "repeated n_kv_heads times":
            k, v = (part.repeat_interleave(n_kv_heads, dim=1) for part in (k, v))
        elif fault == "repeated n_heads times":
            k, v = (part.repeat_interleave(n_heads, dim=1) for part in (k, v))
        elif fault == "repeated along the time":
            k, v = (part.repeat_interleave(group, dim=2) for part in (k, v))
        else:
            k, v = (part.repeat_interleave(group, dim=1) for part in (k, v))
        scores = q @ k.transpose(-2, -1)
        scale = {
            "not scaled": 1.0,
            "root of d_model": math.sqrt(d_model),
            "divided by d_head": d_head,
            "d_head from d_model": math.sqrt(d_model / n_heads),
            "root of the width of keys": math.sqrt(n_kv_heads * d_head),
            "root of the time": math.sqrt(time),
            "times the root": 1 / math.sqrt(d_head),
        }.get(fault, math.sqrt(d_head))
        scores = scores / scale
        future = torch.ones(time, time, dtype=torch.bool).triu(1)
        if fault == "past for future":
            future = torch.ones(time, time, dtype=torch.bool).tril(-1)
        if fault == "itself masked too":
            future = torch.ones(time, time, dtype=torch.bool).triu(0)
        if fault == "one token of the future":
            future = torch.ones(time, time, dtype=torch.bool).triu(2)
        low = {"minus 1e4": -1e4, "a score of 0": 0.0, "minus 100": -100.0}.get(fault, -math.inf)
        after = fault in ("masked after the softmax", "masked after the softmax, shared out again")
        if fault == "scores times the mask":
            scores = scores * ~future
        elif fault == "booleans added":
            scores = scores + ~future
        elif fault == "minus infinity at the kept ones":
            scores = scores.masked_fill(~future, low)
        elif fault != "not causal" and not after:
            scores = scores.masked_fill(future, low)
        if fault == "exponential by hand":
            A = scores.exp() / scores.exp().sum(-1, keepdim=True)
        else:
            A = scores.softmax(
                dim={"softmax over the queries": -2, "softmax over the heads": 1}.get(fault, -1)
            )
        if after:
            A = A * ~future
            A = A / A.sum(-1, keepdim=True) if fault.endswith("again") else A
        y = A @ v  # (batch, n_heads, time, d_head)
        if fault == "joined without transposing":
            y = y.reshape(batch, time, -1)
        elif fault == "joined feature by feature":
            y = y.permute(0, 2, 3, 1).flatten(2)
        elif fault == "heads averaged":
            y = y.mean(dim=1).repeat(1, 1, n_heads)
        elif fault == "heads joined in the order of repeat":
            y = y.unflatten(1, (n_kv_heads, group)).transpose(1, 2).flatten(1, 2).transpose(1, 2).flatten(2)
        else:
            y = y.transpose(1, 2).flatten(2)
        if fault == "no output projection":
            return y
        if fault == "output not transposed":
            return y @ weights["o"]
        y = y @ weights["o"].T
        if fault == "x added":
            return x + y
        if fault == "weights as well":
            return y, A
        if fault == "only the last token":
            return y[:, -1]
        if fault == "a second softmax":
            return y.softmax(-1)
        return y

    return grouped_attention


FAULTS = {
    "repeat": None,
    "keys repeated in turn, values in order": None,
    "values repeated in turn, keys in order": None,
    "queries and keys exchanged in their groups": None,
    "heads joined in the order of repeat": None,
    "first key head for everybody": None,
    "mean key head for everybody": None,
    "mean of each group's queries": None,
    "first query of each group": None,
    "nothing repeated": None,
    "repeated n_kv_heads times": None,
    "repeated n_heads times": None,
    "repeated along the time": None,
    "rotated with heads and time exchanged": None,
    "nothing rotated": None,
    "only keys rotated": None,
    "only queries rotated": None,
    "values rotated too": None,
    "rotated twice": None,
    "only values rotated": None,
    "keys and values exchanged": None,
    "split by one reshape": None,
    "features dealt out in turn": None,
    "not scaled": None,
    "root of d_model": None,
    "divided by d_head": None,
    "d_head from d_model": None,
    "root of the width of keys": None,
    "times the root": None,
    "not causal": None,
    "past for future": None,
    "itself masked too": None,
    "one token of the future": None,
    "minus infinity at the kept ones": None,
    "minus 1e4": None,
    "minus 100": None,
    "a score of 0": None,
    "scores times the mask": None,
    "booleans added": None,
    "masked after the softmax": None,
    "masked after the softmax, shared out again": None,
    "exponential by hand": None,
    "softmax over the queries": None,
    "softmax over the heads": None,
    "joined without transposing": None,
    "joined feature by feature": None,
    "heads averaged": None,
    "no output projection": None,
    "output not transposed": None,
    "x added": None,
    "weights as well": None,
    "only the last token": None,
}
for fault, mistake in FAULTS.items():
    wrong(ID, fault, named=mistake)(build(fault))


@wrong(ID)
def matrices_not_transposed(x, weights, n_heads, n_kv_heads, rotate):
    q = rotate((x @ weights["q"]).unflatten(-1, (n_heads, -1)).transpose(1, 2))
    k = rotate((x @ weights["k"]).unflatten(-1, (n_kv_heads, -1)).transpose(1, 2))
    v = (x @ weights["v"]).unflatten(-1, (n_kv_heads, -1)).transpose(1, 2)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return y.transpose(1, 2).flatten(2) @ weights["o"]


@wrong(ID)
def pytorch_without_is_causal(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k, v, enable_gqa=True), weights["o"])


@wrong(ID)
def pytorch_with_its_mask_inverted(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    return joined(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True), weights["o"])


@wrong(ID)
def pytorch_without_enable_gqa(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True), weights["o"])


@wrong(ID)
def key_heads_split_into_n_heads(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = (project(x, weights[name], n_heads) for name in "qkv")
    return joined(F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True), weights["o"])


@wrong(ID)
def view_with_d_model_over_n_heads(x, weights, n_heads, n_kv_heads, rotate):
    batch, time, d_model = x.shape
    d_head = d_model // n_heads
    q = rotate((x @ weights["q"].T).view(batch, time, n_heads, d_head).transpose(1, 2))
    k = rotate((x @ weights["k"].T).view(batch, time, n_kv_heads, d_head).transpose(1, 2))
    v = (x @ weights["v"].T).view(batch, time, n_kv_heads, d_head).transpose(1, 2)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return y.transpose(1, 2).reshape(batch, time, d_model) @ weights["o"].T


@wrong(ID)
def heads_joined_to_the_shape_of_x(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return y.transpose(1, 2).reshape(x.shape) @ weights["o"].T


@wrong(ID)
def first_row_of_the_batch_alone(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x[:1], weights["q"], n_heads)), rotate(project(x[:1], weights["k"], n_kv_heads))
    v = project(x[:1], weights["v"], n_kv_heads)
    y = joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])
    return y.expand_as(x).clone()


@wrong(ID)
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


@wrong(ID)
def a_rotation_of_its_own(x, weights, n_heads, n_kv_heads, rotate):
    return build("")(x, weights, n_heads, n_kv_heads, rotary)


@wrong(ID)
def a_rotation_of_neighbours(x, weights, n_heads, n_kv_heads, rotate):
    return build("")(x, weights, n_heads, n_kv_heads, lambda heads: rotary(heads, neighbours=True))


@wrong(ID)
def rotated_before_the_heads_are_split(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(x @ weights["q"].T), rotate(x @ weights["k"].T)
    q, k = q.unflatten(-1, (n_heads, -1)).transpose(1, 2), k.unflatten(-1, (n_kv_heads, -1)).transpose(1, 2)
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])


@wrong(ID)
def x_rotated(x, weights, n_heads, n_kv_heads, rotate):
    return build("nothing rotated")(rotate(x[:, None])[:, 0], weights, n_heads, n_kv_heads, rotate)


@wrong(ID)
def keys_and_values_repeated_in_the_dictionary(x, weights, n_heads, n_kv_heads, rotate):
    for name in "kv":
        W = weights[name].unflatten(0, (n_kv_heads, -1))
        weights[name] = W.repeat_interleave(n_heads // n_kv_heads, dim=0).flatten(0, 1)
    return build("")(x, weights, n_heads, n_heads, rotate)


@wrong(ID)
def result_of_rotate_thrown_away(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = (project(x, weights[n], h) for n, h in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads)))
    rotate(q)
    rotate(k)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])


@wrong(ID)
def last_dimension_of_the_keys_not_transposed(x, weights, n_heads, n_kv_heads, rotate):
    q, k, v = (project(x, weights[n], h) for n, h in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads)))
    k, v = (part.repeat_interleave(n_heads // n_kv_heads, dim=1) for part in (rotate(k), v))
    scores = torch.einsum("bhtd,bhsd->bhst", rotate(q), k) / math.sqrt(q.shape[-1])
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return joined(scores.masked_fill(future, -math.inf).softmax(-1) @ v, weights["o"])
