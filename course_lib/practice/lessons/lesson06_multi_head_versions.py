"""Lesson 06: multi-head attention, right and with every fault that the checker knows."""

import math

import torch
from torch import nn

NAMES = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")


def _scores(scores, mask, use, low):
    """The scores (batch, heads, time, time) under a mask (batch or 1, time, time)."""
    if use == "no axis":
        return scores.masked_fill(~mask, low)
    if use == "axis behind the queries":
        return scores.masked_fill(~mask.unsqueeze(2), low)
    n_heads, allowed = scores.shape[1], mask[:, None]
    if use == "inverted":
        allowed = ~allowed
    elif use == "transposed":
        allowed = allowed.transpose(-2, -1)
    elif use == "any query":
        allowed = allowed.any(dim=-2, keepdim=True)
    elif use == "first row":
        allowed = allowed[:1]
    elif use == "first head":
        allowed = torch.cat([allowed, torch.ones_like(allowed).expand(-1, n_heads - 1, -1, -1)], dim=1)
    elif use == "repeated":
        allowed = mask.expand(len(scores), -1, -1).repeat(n_heads, 1, 1).view_as(scores)
    if use == "added":
        return scores + allowed
    if use == "times":
        return scores * allowed
    if use == "subtracted":
        return scores + low * ~allowed
    return scores.masked_fill(~allowed, low)


def multi_head(
    *, size="head", order=(0, 1, 2), split="right", join="right", use="right", after="", dim=-1, out="right",
    in_bias=True, out_bias=True, transposed=True, cut=False, one_head=False, low=-math.inf, fixed=False,
    none=True, more="", project="right",
):  # fmt: skip
    """Multi-head attention; the options are the ways to get it wrong."""

    def attend(x, weights, n_heads, mask):
        W, b, W_O, b_O = (weights[name].detach() if cut else weights[name] for name in NAMES)
        batch, time, d_model = x.shape
        n_heads = 1 if one_head else n_heads
        d_head = d_model // n_heads
        if project == "none":
            joined = torch.cat([x, x, x], dim=-1)
        elif transposed:
            joined = x @ W.T  # (batch, time, 3 * d_model)
        else:
            joined = torch.cat([x @ part for part in W.chunk(3)], dim=-1)
        joined = joined + b if in_bias and project == "right" else joined
        if split == "three in each":
            parts = joined.reshape(batch, time, n_heads, 3 * d_head).transpose(1, 2).chunk(3, dim=-1)
        else:
            parts = []
            for part in joined.chunk(3, dim=-1):
                if split == "view":
                    parts.append(part.reshape(batch, n_heads, time, d_head))
                elif split == "in turn":
                    parts.append(part.reshape(batch, time, d_head, n_heads).permute(0, 3, 1, 2))
                else:
                    parts.append(part.reshape(batch, time, n_heads, d_head).transpose(1, 2))
        Q, K, V = (parts[place] for place in order)  # each (batch, heads, time, d_head)
        if split == "first head":
            Q, K, V = (part[:, :1].expand_as(part) for part in (Q, K, V))
        scale = {
            "head": math.sqrt(d_head),
            "model": math.sqrt(d_model),
            "none": 1.0,
            "square": d_head,
            "whole": math.isqrt(d_head),
        }[size]
        scores = Q @ K.transpose(-2, -1) / scale  # (batch, heads, time, time)
        if use != "never" and not after and (mask is not None or not none):
            scores = _scores(scores, mask, use, low)
        A = scores.softmax(dim=dim)
        A = A.detach() if fixed else A.softmax(dim=dim) if more == "a second softmax" else A
        if mask is not None and after:
            A = A * mask[:, None]
            A = A / A.sum(dim=-1, keepdim=True) if after == "shared again" else A
        Y = A @ V  # (batch, heads, time, d_head)
        Y = Y.flip(1) if join == "last head first" else Y
        if join == "mean":
            Y = Y.mean(dim=1).repeat(1, 1, n_heads)
        elif join == "in turn":
            Y = Y.permute(0, 2, 3, 1).flatten(2)
        else:
            Y = (Y if join == "view" else Y.transpose(1, 2)).reshape(batch, time, d_model)
        if out == "none":
            return Y
        if out == "bias first":
            return (Y + b_O) @ W_O.T
        if out == "bias of the queries":
            return Y @ W_O.T + b[:d_model]
        Y = Y @ (W_O.T if out == "right" else W_O)
        Y = Y + b_O if out_bias else Y
        return (Y, A) if more == "weights" else x + Y if more == "x" else Y

    return attend


def time_in_front(x, weights, n_heads, mask):
    """PyTorch's layer without batch_first=True."""
    layer = nn.MultiheadAttention(x.shape[-1], n_heads)
    if mask is not None:
        mask = (~mask).expand(len(x), -1, -1).repeat_interleave(n_heads, dim=0)
    return torch.func.functional_call(layer, dict(weights), (x, x, x), {"attn_mask": mask})[0]


def _with_pytorch(x, weights, n_heads, options):
    """On torch.nn.functional.scaled_dot_product_attention, called with these options."""
    W, b, W_O, b_O = (weights[name] for name in NAMES)
    Q, K, V = (
        part.unflatten(2, (n_heads, -1)).transpose(1, 2) for part in (x @ W.T + b).chunk(3, dim=-1)
    )  # each (batch, heads, time, d_head)
    Y = torch.nn.functional.scaled_dot_product_attention(Q, K, V, **options)
    return Y.transpose(1, 2).flatten(2) @ W_O.T + b_O


def pytorch_function_inverted(x, weights, n_heads, mask):
    """With PyTorch's other polarity. Unlike a softmax, its function gives zeros where nothing is allowed."""
    return _with_pytorch(x, weights, n_heads, {"attn_mask": None if mask is None else ~mask[:, None]})


def causal_whatever(x, weights, n_heads, mask):
    """Causal where there is a mask, whatever it says."""
    return _with_pytorch(x, weights, n_heads, {"is_causal": mask is not None})
