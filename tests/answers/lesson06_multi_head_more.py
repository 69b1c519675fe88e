"""06.multi_head, answered from the prompt alone: a second set of faults, and PyTorch's own function."""

import math

import torch
import torch.nn.functional as F

from answers import wrong

ID = "06.multi_head"
IN, IN_BIAS, OUT, OUT_BIAS = "in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"


def split(x, n_heads):
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


def build(fault):
    """The solution with one fault."""

    def multi_head(x, weights, n_heads, mask):
        joined = F.linear(x, weights[IN], weights[IN_BIAS])
        if fault == "x itself split":
            joined = x.repeat(1, 1, 3)
        q, k, v = (split(part, n_heads) for part in joined.chunk(3, dim=-1))
        if fault == "every head the first":
            q, k, v = (part[:, :1].repeat(1, n_heads, 1, 1) for part in (q, k, v))
        d_head = q.shape[-1]
        scores = q @ k.mT / (int(d_head**0.5) if fault == "root as a whole number" else d_head**0.5)
        if mask is not None:
            if fault == "triangle whatever the mask":
                mask = torch.ones_like(mask).tril()
            elif fault == "any over the queries":
                mask = mask.any(dim=1, keepdim=True)
            axis = {"axis behind the queries": 2, "axis in front": 0}.get(fault, 1)
            low = -1.0 if fault == "a score of −1 where masked" else -math.inf
            scores = scores.masked_fill(~mask.unsqueeze(axis), low)
        A = scores.softmax(dim=-1)
        if fault == "softmax once more":
            A = A.softmax(dim=-1)
        heads = A @ v
        if fault == "heads joined from the last":
            heads = heads.flip(1)
        y = heads.transpose(1, 2).flatten(2)
        if fault == "bias before the matrix":
            return (y + weights[OUT_BIAS]) @ weights[OUT].T
        if fault == "bias of the queries at the end":
            return F.linear(y, weights[OUT], weights[IN_BIAS][: y.shape[-1]])
        y = F.linear(y, weights[OUT], weights[OUT_BIAS])
        return x + y if fault == "x added at the end" else y

    return multi_head


FAULTS = {
    "x itself split": "no input projection",
    "every head the first": "the first head for all",
    "root as a whole number": "root rounded down",
    "triangle whatever the mask": "causal whatever the mask",
    "any over the queries": "allowed for one query, allowed for all",
    "axis behind the queries": "the heads' axis in the wrong place",
    "axis in front": "mask without an axis for the heads",
    "a score of −1 where masked": "a small negative score",
    "x added at the end": "x added",
    "softmax once more": "two softmaxes",
    "heads joined from the last": "last head first",
    "bias before the matrix": "output bias before the projection",
    "bias of the queries at the end": "another bias",
}
for fault, mistake in FAULTS.items():
    wrong(ID, fault, named=mistake)(build(fault))


def by_pytorch(x, weights, n_heads, **options):
    q, k, v = (split(part, n_heads) for part in F.linear(x, weights[IN], weights[IN_BIAS]).chunk(3, dim=-1))
    y = F.scaled_dot_product_attention(q, k, v, **options)
    return F.linear(y.transpose(1, 2).flatten(2), weights[OUT], weights[OUT_BIAS])


@wrong(ID, named="mask inverted for PyTorch's function")
def the_other_polarity_in_pytorch_s_function(x, weights, n_heads, mask):
    return by_pytorch(x, weights, n_heads, attn_mask=None if mask is None else ~mask[:, None])


@wrong(ID, named="causal whatever the mask")
def is_causal_for_the_mask(x, weights, n_heads, mask):
    return by_pytorch(x, weights, n_heads, is_causal=mask is not None)


@wrong(ID)
def the_caller_s_weights_used_up(x, weights, n_heads, mask):
    weights = {name: weights.pop(name) for name in list(weights)}
    return by_pytorch(x, weights, n_heads, attn_mask=None if mask is None else mask[:, None])
