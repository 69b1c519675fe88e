"""Lesson 13: wrong versions of grouped-query attention."""

import math

import torch
import torch.nn.functional as F


def _split(part, n_heads, how):
    """(batch, time, n_heads · d_head) → (batch, n_heads, time, d_head), or a wrong version of it."""
    batch, time, width = part.shape
    d_head = width // n_heads
    if how == "view":
        return part.reshape(batch, n_heads, time, d_head)
    if how == "in turn":
        return part.reshape(batch, time, d_head, n_heads).permute(0, 3, 1, 2)
    return part.reshape(batch, time, n_heads, d_head).transpose(1, 2)


def _shared(part, n_heads, how):
    """(batch, n_kv_heads, time, d_head) → n_heads of them, or a wrong version of it."""
    n_kv_heads = part.shape[1]
    group = n_heads // n_kv_heads
    if how == "in turn":
        return part.repeat(1, group, 1, 1)
    if how == "first":
        return part[:, :1].expand(-1, n_heads, -1, -1)
    if how == "mean":
        return part.mean(dim=1, keepdim=True).expand(-1, n_heads, -1, -1)
    if how == "not":
        return part
    if how == "time":
        return part.repeat_interleave(group, dim=2)
    times = {"by kv": n_kv_heads, "by heads": n_heads}.get(how, group)
    return part.repeat_interleave(times, dim=1)


def _masked(scores, mask, low):
    """The scores under a causal mask, or a wrong version of it."""
    time = scores.shape[-2]
    ones = torch.ones(time, time, dtype=torch.bool)
    future = {
        "self too": ones.triu(0),
        "one late": ones.triu(2),
        "past": ones.tril(-1),
        "kept": ones.tril(),
    }.get(mask, ones.triu(1))
    if mask == "never" or mask.startswith("after"):
        return scores
    if mask == "times":
        return scores * ~future
    if mask == "zeros":
        scores = scores.tril()
        return scores.masked_fill(scores == 0, low)
    if mask == "0 times infinity":
        return scores + low * future
    if mask == "added":
        return scores + ~future
    return scores.masked_fill(future, low)


def grouped(
    *, split="right", rotated="qk", where="right", k_share="right", v_share="right", queries="own", scale="head",
    mask="right", low=-math.inf, dim=-1, by_hand=False, join="right", out="right", order="qkv", own_rotate=None,
    x_first=False, rotate_x=False,
):  # fmt: skip
    """Grouped-query attention; the options are the ways to get it wrong."""

    def attend(x, weights, n_heads, n_kv_heads, rotate):
        given, rotate = x, own_rotate or rotate
        if x_first:
            x = x[:1]
        if rotate_x:
            x = rotate(x[:, None])[:, 0]
        batch, time, d_model = x.shape
        group = n_heads // n_kv_heads
        parts = {}
        for name, heads in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads)):
            part = x @ weights[name].T
            turns = rotated.count(name)
            if where == "flat" and turns:
                part = rotate(part)
            if where == "time in front" and turns:
                part = rotate(part.unflatten(-1, (heads, -1))).flatten(2)
            part = _split(part, heads, split)
            for _ in range(turns if where == "right" else 0):
                part = rotate(part)
            parts[name] = part
        q, k, v = (parts[name] for name in order)  # each (batch, heads, time, d_head)
        d_head = q.shape[-1]
        if queries in ("mean", "first"):
            grouped_queries = q.unflatten(1, (n_kv_heads, group))
            q = grouped_queries.mean(2) if queries == "mean" else grouped_queries[:, :, 0]
            q = q.repeat_interleave(group, dim=1)
        elif queries == "in turn":
            q = q.unflatten(1, (group, n_kv_heads)).transpose(1, 2).flatten(1, 2)
        k, v = _shared(k, n_heads, k_share), _shared(v, n_heads, v_share)
        size = {
            "head": math.sqrt(d_head), "model": math.sqrt(d_model), "none": 1.0, "square": d_head,
            "of model": math.sqrt(d_model / n_heads), "kv": math.sqrt(n_kv_heads * d_head),
            "times": 1 / math.sqrt(d_head), "twice": d_head, "all": math.sqrt(n_heads * d_head),
        }[scale]  # fmt: skip
        scores = q @ k.transpose(-2, -1) / size  # (batch, n_heads, time, time)
        scores = _masked(scores.transpose(-2, -1) if mask == "scores transposed" else scores, mask, low)
        A = scores.exp() / scores.exp().sum(-1, keepdim=True) if by_hand else scores.softmax(dim=dim)
        if mask.startswith("after"):
            A = A.tril()
            A = A / A.sum(-1, keepdim=True) if mask == "after, shared again" else A
        y = A @ v  # (batch, n_heads, time, d_head)
        if rotated == "y":
            y = rotate(y)
        if join == "view":
            y = y.reshape(batch, time, -1)
        elif join == "in turn":
            y = y.permute(0, 2, 3, 1).flatten(2)
        elif join == "mean":
            y = y.mean(dim=1).repeat(1, 1, n_heads)
        elif join == "groups in turn":
            y = y.unflatten(1, (n_kv_heads, group)).transpose(1, 2).flatten(1, 2).transpose(1, 2).flatten(2)
        elif join == "like x":
            y = y.transpose(1, 2).reshape(x.shape)
        else:
            y = y.transpose(1, 2).flatten(2)
        if out == "none":
            return y
        y = y @ (weights["o"] if out == "not transposed" else weights["o"].T)
        if x_first:
            return y.expand_as(given).clone()
        return {"x": lambda: x + y, "weights": lambda: (y, A), "last": lambda: y[:, -1]}.get(out, lambda: y)()

    return attend


def not_transposed(x, weights, n_heads, n_kv_heads, rotate):
    turned = {name: W.T for name, W in weights.items()}
    return grouped()(x, turned, n_heads, n_kv_heads, rotate)


def inverted_for_pytorch(x, weights, n_heads, n_kv_heads, rotate):
    def heads(name, n):
        return (x @ weights[name].T).unflatten(-1, (n, -1)).transpose(1, 2)

    q, k, v = rotate(heads("q", n_heads)), rotate(heads("k", n_kv_heads)), heads("v", n_kv_heads)
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    return y.transpose(1, 2).flatten(2) @ weights["o"].T


def by_n_kv_heads(x, weights, n_heads, n_kv_heads, rotate):
    def heads(name, n):
        return (x @ weights[name].T).unflatten(-1, (n, -1)).transpose(1, 2)

    of = torch.arange(n_heads) // n_kv_heads
    q, k, v = (
        rotate(heads("q", n_heads)),
        rotate(heads("k", n_kv_heads))[:, of],
        heads("v", n_kv_heads)[:, of],
    )
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2) @ weights["o"].T


def between_heads(rotated_over_time):
    def attend(x, weights, n_heads, n_kv_heads, rotate):
        def heads(name, n):
            return (x @ weights[name].T).unflatten(-1, (n, -1))  # (batch, time, heads, d_head)

        def turned(part):
            return rotate(part.transpose(1, 2)).transpose(1, 2) if rotated_over_time else rotate(part)

        q, k, v = turned(heads("q", n_heads)), turned(heads("k", n_kv_heads)), heads("v", n_kv_heads)
        k, v = (part.repeat_interleave(n_heads // n_kv_heads, dim=2) for part in (k, v))
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).flatten(2) @ weights["o"].T

    return attend


def all_split_into_n_heads(x, weights, n_heads, n_kv_heads, rotate):
    return grouped()(x, weights, n_heads, n_heads, rotate)


def batch_squeezed(x, weights, n_heads, n_kv_heads, rotate):
    return grouped()(x.squeeze(0)[None], weights, n_heads, n_kv_heads, rotate)


def changes_the_dictionary(x, weights, n_heads, n_kv_heads, rotate):
    result = grouped()(x, weights, n_heads, n_kv_heads, rotate)
    for name in "kv":
        rows = weights[name].unflatten(0, (n_kv_heads, -1))
        weights[name] = rows.repeat_interleave(n_heads // n_kv_heads, dim=0).flatten(0, 1)
    return result


def rotation(neighbours):
    """A rotation with the base of the papers, 10,000."""

    def rotate(heads):
        time, d_head = heads.shape[-2:]
        angles = torch.arange(time)[:, None] * 10_000.0 ** -(torch.arange(0, d_head, 2) / d_head)
        cos, sin = angles.cos(), angles.sin()
        a, b = (heads[..., ::2], heads[..., 1::2]) if neighbours else heads.chunk(2, dim=-1)
        turned = a * cos - b * sin, b * cos + a * sin
        return torch.stack(turned, dim=-1).flatten(-2) if neighbours else torch.cat(turned, dim=-1)

    return rotate
