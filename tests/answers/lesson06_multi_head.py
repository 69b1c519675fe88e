"""06.multi_head, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from answers import right, wrong

ID = "06.multi_head"
IN, IN_BIAS, OUT, OUT_BIAS = "in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"


def split(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


@right(ID)
def one_head_at_a_time(x, weights, n_heads, mask):
    d_model = x.shape[-1]
    d_head = d_model // n_heads
    outputs = []
    for h in range(n_heads):
        parts = []
        for start in (0, d_model, 2 * d_model):
            rows = slice(start + h * d_head, start + (h + 1) * d_head)
            parts.append(F.linear(x, weights[IN][rows], weights[IN_BIAS][rows]))
        q, k, v = parts
        scores = torch.bmm(q, k.transpose(1, 2)) / d_head**0.5
        if mask is not None:
            scores = scores.masked_fill(mask.logical_not(), float("-inf"))
        outputs.append(torch.bmm(F.softmax(scores, dim=2), v))
    return F.linear(torch.cat(outputs, dim=2), weights[OUT], weights[OUT_BIAS])


@right(ID)
def attention_of_pytorch(x, weights, n_heads, mask):
    q, k, v = (split(part, n_heads) for part in F.linear(x, weights[IN], weights[IN_BIAS]).chunk(3, dim=-1))
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=None if mask is None else mask.unsqueeze(1))
    return F.linear(y.permute(0, 2, 1, 3).reshape(x.shape), weights[OUT], weights[OUT_BIAS])


@right(ID)
def whole_function_of_pytorch(x, weights, n_heads, mask):
    batch, time, d_model = x.shape
    if mask is not None:
        mask = ~mask.expand(batch, time, time).repeat_interleave(n_heads, dim=0)  # there, True is masked
    xt = x.transpose(0, 1)
    y, _ = F.multi_head_attention_forward(
        xt, xt, xt, d_model, n_heads, weights[IN], weights[IN_BIAS], None, None, False, 0.0,
        weights[OUT], weights[OUT_BIAS], attn_mask=mask, need_weights=False,
    )  # fmt: skip
    return y.transpose(0, 1)


@right(ID)
def the_module_called_with_these_weights(x, weights, n_heads, mask):
    layer = nn.MultiheadAttention(x.shape[-1], n_heads, batch_first=True)
    if mask is not None:
        mask = (~mask).expand(len(x), -1, -1).repeat_interleave(n_heads, dim=0)
    return torch.func.functional_call(layer, dict(weights), (x, x, x), {"attn_mask": mask})[0]


@right(ID)
def einsum_over_stacked_matrices(x, weights, n_heads, mask):
    W = weights[IN].unflatten(0, (3, n_heads, -1))
    q, k, v = torch.einsum("btm,phdm->pbhtd", x, W) + weights[IN_BIAS].view(3, 1, n_heads, 1, -1)
    scores = torch.einsum("bhtd,bhsd->bhts", q, k) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = torch.where(mask[:, None], scores, torch.tensor(-torch.inf, dtype=scores.dtype))
    heads = torch.einsum("bhts,bhsd->bthd", scores.softmax(-1), v)
    W_O = weights[OUT].unflatten(1, (n_heads, -1))
    return torch.einsum("bthd,mhd->btm", heads, W_O) + weights[OUT_BIAS]


@right(ID)
def each_example_by_itself(x, weights, n_heads, mask):
    results = []
    for b, example in enumerate(x):
        projected = example @ weights[IN].t() + weights[IN_BIAS]
        q, k, v = projected.view(len(example), 3, n_heads, -1).permute(1, 2, 0, 3)
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if mask is not None:
            allowed = mask[b] if len(mask) > 1 else mask[0]
            scores = scores + torch.zeros_like(scores).masked_fill(~allowed, -math.inf)
        y = (scores.softmax(dim=-1) @ v).transpose(0, 1).reshape(example.shape)
        results.append(y @ weights[OUT].t() + weights[OUT_BIAS])
    return torch.stack(results)


@right(ID)
def heads_in_the_batch_dimension(x, weights, n_heads, mask):
    batch, time, d_model = x.shape
    projected = x @ weights[IN].mT + weights[IN_BIAS]
    q, k, v = (split(part, n_heads).flatten(0, 1) for part in projected.split(d_model, dim=-1))
    scores = torch.bmm(q, k.transpose(1, 2)) / (d_model / n_heads) ** 0.5
    if mask is not None:
        mask = mask.expand(batch, time, time)[:, None].expand(-1, n_heads, -1, -1).reshape(-1, time, time)
        scores[~mask] = -math.inf
    y = torch.bmm(scores.softmax(-1), v).unflatten(0, (batch, n_heads))
    return torch.cat(y.unbind(1), dim=-1) @ weights[OUT].mT + weights[OUT_BIAS]


@right(ID)
def most_negative_number_for_minus_infinity(x, weights, n_heads, mask):
    q, k, v = (split(part, n_heads) for part in F.linear(x, weights[IN], weights[IN_BIAS]).chunk(3, dim=-1))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], torch.finfo(scores.dtype).min)
    return F.linear((scores.softmax(-1) @ v).transpose(1, 2).flatten(2), weights[OUT], weights[OUT_BIAS])


@right(ID)
def a_thousand_million_subtracted(x, weights, n_heads, mask):
    q, k, v = (split(part, n_heads) for part in F.linear(x, weights[IN], weights[IN_BIAS]).chunk(3, dim=-1))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores - 1e9 * (1 - mask[:, None].float())
    return F.linear((scores.softmax(-1) @ v).transpose(1, 2).flatten(2), weights[OUT], weights[OUT_BIAS])


@right(ID)
def sum_of_the_heads_shares_of_the_output(x, weights, n_heads, mask):
    d_head = x.shape[-1] // n_heads
    y = weights[OUT_BIAS]
    for h, (W_q, W_k, W_v) in enumerate(zip(*(W.split(d_head) for W in weights[IN].chunk(3)), strict=True)):
        b_q, b_k, b_v = (b.split(d_head)[h] for b in weights[IN_BIAS].chunk(3))
        scores = (x @ W_q.T + b_q) @ (x @ W_k.T + b_k).transpose(1, 2) / math.sqrt(d_head)
        scores = scores if mask is None else scores.masked_fill(mask == 0, -math.inf)
        y = y + scores.softmax(dim=-1) @ (x @ W_v.T + b_v) @ weights[OUT][:, h * d_head : (h + 1) * d_head].T
    return y


def build(fault):
    """The solution with one fault."""

    def multi_head(x, weights, n_heads, mask):
        batch, time, d_model = x.shape
        d_head = d_model // n_heads
        W, W_O = weights[IN], weights[OUT]
        bias, bias_O = weights[IN_BIAS], weights[OUT_BIAS]
        if fault == "matrices not transposed":
            q, k, v = (x @ part for part in W.chunk(3))
            q, k, v = (part + b for part, b in zip((q, k, v), bias.chunk(3), strict=True))
        else:
            joined = x @ W.T + (0 if fault == "no bias of the input" else bias)
            q, k, v = joined.chunk(3, dim=-1)
        if fault == "keys come first":
            q, k = k, q
        if fault == "values come first":
            q, k, v = v, q, k
        if fault == "split by one reshape":
            q, k, v = (part.reshape(batch, n_heads, time, d_head) for part in (q, k, v))
        elif fault == "three parts within every head":
            q, k, v = joined.reshape(batch, time, n_heads, 3 * d_head).transpose(1, 2).chunk(3, dim=-1)
        elif fault == "features dealt out in turn":
            q, k, v = (part.reshape(batch, time, d_head, n_heads).permute(0, 3, 1, 2) for part in (q, k, v))
        else:
            q, k, v = (split(part, n_heads) for part in (q, k, v))
        scores = q @ k.transpose(-2, -1)
        size = {"root of d_model": d_model, "scores not scaled": 1, "divided by d_head": d_head**2}.get(fault, d_head)
        scores = scores / math.sqrt(size)
        low = {"minus 1e4 for minus infinity": -1e4, "zero for minus infinity": 0.0, "minus 100": -100.0}.get(
            fault, -math.inf
        )
        dim = -2 if fault == "softmax over the queries" else -1
        if mask is not None and fault != "mask never used":
            allowed = mask[:, None]
            if fault == "inverted":
                allowed = ~allowed
            if fault == "mask transposed":
                allowed = allowed.transpose(-2, -1)
            if fault == "first mask for the whole batch":
                allowed = allowed[:1]
            if fault == "only the first head masked":
                scores = torch.cat([scores[:, :1].masked_fill(~allowed, low), scores[:, 1:]], dim=1)
            elif fault == "booleans added to the scores":
                scores = scores + allowed
            elif fault == "scores times the mask":
                scores = scores * allowed
            elif fault == "1e4 subtracted":
                scores = scores - 1e4 * (~allowed).float()
            elif fault not in ("masked after the softmax", "masked after the softmax and shared out again"):
                scores = scores.masked_fill(~allowed, low)
        A = scores.softmax(dim=dim)
        if mask is not None and fault.startswith("masked after the softmax"):
            A = A * mask[:, None]
            if fault.endswith("again"):
                A = A / A.sum(dim=-1, keepdim=True)
        heads = A @ v
        if fault == "joined by one reshape":
            y = heads.reshape(batch, time, d_model)
        elif fault == "joined feature by feature":
            y = heads.permute(0, 2, 3, 1).flatten(2)
        elif fault == "heads averaged":
            y = heads.mean(dim=1).repeat(1, 1, n_heads)
        else:
            y = heads.transpose(1, 2).flatten(2)
        if fault == "no output projection":
            return y
        if fault == "output matrix not transposed":
            return y @ W_O + bias_O
        if fault == "no bias of the output":
            return y @ W_O.T
        if fault == "x added":
            return x + y @ W_O.T + bias_O
        if fault == "weights returned as well":
            return y @ W_O.T + bias_O, A
        return y @ W_O.T + bias_O

    return multi_head


FAULTS = {
    "matrices not transposed": "not transposed",
    "output matrix not transposed": "output projection not transposed",
    "no bias of the input": "no input bias",
    "no bias of the output": "no output bias",
    "no output projection": "no output projection",
    "keys come first": "queries and keys exchanged",
    "values come first": "values first",
    "split by one reshape": "split by view, joined with a transpose",
    "three parts within every head": "queries, keys and values within each head",
    "features dealt out in turn": "features in turn",
    "root of d_model": "scale of the model",
    "scores not scaled": "no scale",
    "divided by d_head": "divided by d_head",
    "softmax over the queries": "softmax over the queries",
    "mask never used": "mask ignored",
    "inverted": "mask inverted",
    "mask transposed": "mask transposed",
    "first mask for the whole batch": "one mask for the batch",
    "only the first head masked": "one head masked",
    "booleans added to the scores": "booleans added",
    "scores times the mask": "a score of 0",
    "1e4 subtracted": "a number subtracted",
    "minus 1e4 for minus infinity": "a finite score for masked keys",
    "minus 100": "a finite score for masked keys",
    "zero for minus infinity": "a score of 0",
    "masked after the softmax": "masked after the softmax",
    "masked after the softmax and shared out again": "shared out again",
    "joined by one reshape": "joined without transpose",
    "joined feature by feature": "joined feature by feature",
    "heads averaged": "heads averaged",
    "x added": "x added",
    "weights returned as well": "the weights as well",
}
for fault, mistake in FAULTS.items():
    wrong(ID, fault, named=mistake)(build(fault))


@wrong(ID, named="mask without an axis for the heads")
def mask_without_an_axis_for_the_heads(x, weights, n_heads, mask):
    q, k, v = (split(part, n_heads) for part in F.linear(x, weights[IN], weights[IN_BIAS]).chunk(3, dim=-1))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return F.linear((scores.softmax(-1) @ v).transpose(1, 2).flatten(2), weights[OUT], weights[OUT_BIAS])


@wrong(ID, named="no mask not foreseen")
def none_not_foreseen(x, weights, n_heads, mask):
    q, k, v = (split(part, n_heads) for part in F.linear(x, weights[IN], weights[IN_BIAS]).chunk(3, dim=-1))
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~mask[:, None], -math.inf)
    return F.linear((scores.softmax(-1) @ v).transpose(1, 2).flatten(2), weights[OUT], weights[OUT_BIAS])


@wrong(ID, named="weights detached")
def weights_copied_into_a_module(x, weights, n_heads, mask):
    layer = nn.MultiheadAttention(x.shape[-1], n_heads, batch_first=True, dtype=x.dtype)
    _ = layer.load_state_dict(weights)
    if mask is not None:
        mask = (~mask).expand(len(x), -1, -1).repeat_interleave(n_heads, dim=0)
    return layer(x, x, x, attn_mask=mask)[0]


@wrong(ID, named="time in front")
def module_without_batch_first(x, weights, n_heads, mask):
    layer = nn.MultiheadAttention(x.shape[-1], n_heads)
    if mask is not None:
        mask = (~mask).expand(len(x), -1, -1).repeat_interleave(n_heads, dim=0)
    return torch.func.functional_call(layer, dict(weights), (x, x, x), {"attn_mask": mask})[0]


@wrong(ID, named="mask inverted")
def pytorch_s_polarity_in_its_module(x, weights, n_heads, mask):
    layer = nn.MultiheadAttention(x.shape[-1], n_heads, batch_first=True)
    if mask is not None:
        mask = mask.expand(len(x), -1, -1).repeat_interleave(n_heads, dim=0)
    return torch.func.functional_call(layer, dict(weights), (x, x, x), {"attn_mask": mask})[0]


@wrong(ID, named="masks in turn")
def masks_repeated_in_the_wrong_order(x, weights, n_heads, mask):
    layer = nn.MultiheadAttention(x.shape[-1], n_heads, batch_first=True)
    if mask is not None:
        mask = (~mask).expand(len(x), -1, -1).repeat(n_heads, 1, 1)
    return torch.func.functional_call(layer, dict(weights), (x, x, x), {"attn_mask": mask})[0]


@wrong(ID)
def the_caller_s_mask_inverted_in_place(x, weights, n_heads, mask):
    if mask is not None:
        mask.logical_not_()
    q, k, v = (split(part, n_heads) for part in F.linear(x, weights[IN], weights[IN_BIAS]).chunk(3, dim=-1))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(mask[:, None], -math.inf)
    return F.linear((scores.softmax(-1) @ v).transpose(1, 2).flatten(2), weights[OUT], weights[OUT_BIAS])
