"""13.grouped_attention, wrong answers from the prompt alone."""

import math

import torch

from answers import wrong
from answers.lesson13_grouped_attention import ID


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
