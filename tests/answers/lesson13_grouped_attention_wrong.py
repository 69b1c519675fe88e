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
        if fault not in (
            "rotated with heads and time exchanged",
            "nothing rotated",
            "only keys rotated",
            "only values rotated",
        ):
            q = rotate(q)
        if fault not in (
            "rotated with heads and time exchanged",
            "nothing rotated",
            "only queries rotated",
            "only values rotated",
        ):
            k = rotate(k)
        if fault in ("values rotated too", "only values rotated"):
            v = rotate(v)
        if fault == "rotated twice":
            q, k = rotate(q), rotate(k)
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
    "repeat": "heads shared in turn",
    "keys repeated in turn, values in order": "keys shared in turn",
    "values repeated in turn, keys in order": "values shared in turn",
    "queries and keys exchanged in their groups": "queries in turn",
    "heads joined in the order of repeat": "groups joined in turn",
    "first key head for everybody": "first key/value head for all",
    "mean key head for everybody": "key/value heads averaged",
    "mean of each group's queries": "queries averaged",
    "first query of each group": "first query of the group",
    "nothing repeated": "not shared",
    "repeated n_kv_heads times": "repeated n_kv_heads times",
    "repeated n_heads times": "repeated n_heads times",
    "repeated along the time": "as many keys as queries",
    "rotated with heads and time exchanged": "rotated with heads and time exchanged",
    "nothing rotated": "not rotated",
    "only keys rotated": "queries not rotated",
    "only queries rotated": "keys not rotated",
    "values rotated too": "values rotated too",
    "rotated twice": "rotated twice",
    "only values rotated": "values alone rotated",
    "keys and values exchanged": "keys and values exchanged",
    "split by one reshape": "split by view",
    "features dealt out in turn": "features in turn",
    "not scaled": "not scaled",
    "root of d_model": "scale of the model",
    "divided by d_head": "divided by d_head",
    "d_head from d_model": "scale of d_model / n_heads",
    "root of the width of keys": "scale of all keys",
    "times the root": "multiplied",
    "not causal": "not causal",
    "past for future": "past masked",
    "itself masked too": "itself masked too",
    "one token of the future": "one token of the future",
    "minus infinity at the kept ones": "mask inverted",
    "minus 1e4": "a finite score",
    "minus 100": "a finite score",
    "a score of 0": "a score of 0",
    "scores times the mask": "a score of 0",
    "booleans added": "booleans added",
    "masked after the softmax": "masked after the softmax",
    "masked after the softmax, shared out again": "masked after the softmax, shared again",
    "exponential by hand": "exponential by hand",
    "softmax over the queries": "softmax over the queries",
    "softmax over the heads": "softmax over the heads",
    "joined without transposing": "joined without transposing",
    "joined feature by feature": "joined feature by feature",
    "heads averaged": "heads averaged",
    "no output projection": "no output projection",
    "output not transposed": "output not transposed",
    "x added": "x added",
    "weights as well": "attention weights as well",
    "only the last token": "last token alone",
}
for fault, mistake in FAULTS.items():
    wrong(ID, fault, named=mistake)(build(fault))


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
