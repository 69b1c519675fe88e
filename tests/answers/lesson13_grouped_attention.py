"""13.grouped_attention, right answers from the prompt alone; lesson13_grouped_attention_wrong.py has the wrong ones."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from answers import right

ID = "13.grouped_attention"


def project(x, W, n_heads):
    """(batch, time, d_model) → (batch, n_heads, time, d_head)"""
    batch, time, _ = x.shape
    return F.linear(x, W).view(batch, time, n_heads, -1).transpose(1, 2)


def joined(heads, W_o):
    batch, _, time, _ = heads.shape
    return F.linear(heads.transpose(1, 2).reshape(batch, time, -1), W_o)


@right(ID)
def attention_of_pytorch_with_groups(x, weights, n_heads, n_kv_heads, rotate):
    q = rotate(project(x, weights["q"], n_heads))
    k = rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), weights["o"])


@right(ID)
def broadcast_over_the_group(x, weights, n_heads, n_kv_heads, rotate):
    q = rotate(project(x, weights["q"], n_heads)).unflatten(
        1, (n_kv_heads, -1)
    )  # (batch, kv, group, time, d)
    k = rotate(project(x, weights["k"], n_kv_heads))[:, :, None]
    v = project(x, weights["v"], n_kv_heads)[:, :, None]
    scores = q @ k.mT / q.shape[-1] ** 0.5
    time = x.shape[1]
    scores = scores.masked_fill(~torch.ones(time, time).tril().bool(), float("-inf"))
    return joined((scores.softmax(-1) @ v).flatten(1, 2), weights["o"])


@right(ID)
def einsum_over_groups(x, weights, n_heads, n_kv_heads, rotate):
    group = n_heads // n_kv_heads
    q = rotate(torch.einsum("btm,hdm->bhtd", x, weights["q"].unflatten(0, (n_heads, -1))))
    k = rotate(torch.einsum("btm,kdm->bktd", x, weights["k"].unflatten(0, (n_kv_heads, -1))))
    v = torch.einsum("btm,kdm->bktd", x, weights["v"].unflatten(0, (n_kv_heads, -1)))
    q = q.unflatten(1, (n_kv_heads, group))
    scores = torch.einsum("bkgtd,bksd->bkgts", q, k) * q.shape[-1] ** -0.5
    future = torch.arange(x.shape[1]) > torch.arange(x.shape[1])[:, None]
    A = torch.where(future, -torch.inf, scores).softmax(dim=-1)
    heads = torch.einsum("bkgts,bksd->btkgd", A, v)
    return torch.einsum("bthd,mhd->btm", heads.flatten(2, 3), weights["o"].unflatten(1, (n_heads, -1)))


@right(ID)
def one_head_at_a_time(x, weights, n_heads, n_kv_heads, rotate):
    time, d_head = x.shape[1], weights["q"].shape[0] // n_heads
    allowed = torch.ones(time, time, dtype=torch.bool).tril()
    outputs = []
    for h in range(n_heads):
        g = h * n_kv_heads // n_heads
        q = rotate((x @ weights["q"][h * d_head : (h + 1) * d_head].T)[:, None])[:, 0]
        k = rotate((x @ weights["k"][g * d_head : (g + 1) * d_head].T)[:, None])[:, 0]
        v = x @ weights["v"][g * d_head : (g + 1) * d_head].T
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(d_head)
        outputs.append(torch.bmm(scores.masked_fill(allowed.logical_not(), -math.inf).softmax(2), v))
    return torch.cat(outputs, dim=-1) @ weights["o"].T


@right(ID)
def one_query_at_a_time(x, weights, n_heads, n_kv_heads, rotate):
    group = n_heads // n_kv_heads
    q = rotate(project(x, weights["q"], n_heads))
    k = rotate(project(x, weights["k"], n_kv_heads)).repeat_interleave(group, 1)
    v = project(x, weights["v"], n_kv_heads).repeat_interleave(group, 1)
    outputs = []
    for t in range(x.shape[1]):
        scores = (k[:, :, : t + 1] * q[:, :, t : t + 1]).sum(-1) / math.sqrt(
            q.shape[-1]
        )  # (batch, heads, t + 1)
        outputs.append((scores.softmax(-1)[..., None] * v[:, :, : t + 1]).sum(2).flatten(1))
    return torch.stack(outputs, dim=1) @ weights["o"].T


@right(ID)
def rotated_after_the_repetition(x, weights, n_heads, n_kv_heads, rotate):
    group = n_heads // n_kv_heads
    q, k, v = (
        project(x, weights[name], n) for name, n in zip("qkv", (n_heads, n_kv_heads, n_kv_heads), strict=True)
    )
    k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
    q, k = rotate(q), rotate(k)
    return joined(F.scaled_dot_product_attention(q, k, v, is_causal=True), weights["o"])


@right(ID)
def queries_and_keys_rotated_together(x, weights, n_heads, n_kv_heads, rotate):
    all_heads = project(x, torch.cat([weights["q"], weights["k"], weights["v"]]), n_heads + 2 * n_kv_heads)
    turned = rotate(all_heads[:, : n_heads + n_kv_heads])
    q, k = turned.split([n_heads, n_kv_heads], dim=1)
    v = all_heads[:, -n_kv_heads:]
    of = torch.arange(n_heads) // (n_heads // n_kv_heads)  # whose keys and values a head uses
    return joined(F.scaled_dot_product_attention(q, k[:, of], v[:, of], is_causal=True), weights["o"])


@right(ID)
def rows_of_the_matrices_repeated(x, weights, n_heads, n_kv_heads, rotate):
    def widened(W):
        return W.unflatten(0, (n_kv_heads, -1)).repeat_interleave(n_heads // n_kv_heads, dim=0).flatten(0, 1)

    q = rotate(project(x, weights["q"], n_heads))
    k = rotate(project(x, widened(weights["k"]), n_heads))
    v = project(x, widened(weights["v"]), n_heads)
    scores = q @ k.transpose(2, 3) / math.sqrt(k.size(-1))
    scores = scores + torch.full(scores.shape[-2:], -math.inf).triu(1)
    return joined(F.softmax(scores, dim=-1) @ v, weights["o"])


@right(ID)
def expanded_and_reshaped_as_in_llama(x, weights, n_heads, n_kv_heads, rotate):
    def repeat_kv(part):
        batch, kv, time, d = part.shape
        group = n_heads // kv
        return part[:, :, None].expand(batch, kv, group, time, d).reshape(batch, n_heads, time, d)

    q = rotate(project(x, weights["q"], n_heads))
    k = repeat_kv(rotate(project(x, weights["k"], n_kv_heads)))
    v = repeat_kv(project(x, weights["v"], n_kv_heads))
    scores = torch.matmul(q, k.transpose(2, 3)) * (q.shape[-1] ** -0.5)
    scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), torch.finfo(x.dtype).min)
    return joined(torch.softmax(scores, dim=-1, dtype=torch.float32).to(q.dtype) @ v, weights["o"])


@right(ID)
def each_example_by_itself(x, weights, n_heads, n_kv_heads, rotate):
    results = []
    for example in x.split(1):
        q = rotate(project(example, weights["q"], n_heads))
        k = rotate(project(example, weights["k"], n_kv_heads))
        v = project(example, weights["v"], n_kv_heads)
        k, v = (torch.stack([part] * (n_heads // n_kv_heads), dim=2).flatten(1, 2) for part in (k, v))
        scores = q.div(math.sqrt(q.shape[-1])) @ k.mT
        scores[..., ~torch.ones(scores.shape[-2:]).tril().bool()] = -1e9
        results.append(joined(scores.softmax(-1) @ v, weights["o"]))
    return torch.cat(results)


@right(ID)
def numpy_inside(x, weights, n_heads, n_kv_heads, rotate):
    batch, time, _ = x.shape

    def heads(name, n):
        return (x.numpy() @ weights[name].numpy().T).reshape(batch, time, n, -1).transpose(0, 2, 1, 3)

    q = rotate(torch.from_numpy(heads("q", n_heads).copy())).numpy()
    k = rotate(torch.from_numpy(heads("k", n_kv_heads).copy())).numpy()
    k, v = (np.repeat(part, n_heads // n_kv_heads, axis=1) for part in (k, heads("v", n_kv_heads)))
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    scores = np.where(np.tri(time, dtype=bool), scores, -np.inf)
    A = np.exp(scores - scores.max(-1, keepdims=True))
    A /= A.sum(-1, keepdims=True)
    y = (A @ v).transpose(0, 2, 1, 3).reshape(batch, time, -1) @ weights["o"].numpy().T
    return torch.from_numpy(y.astype(np.float32))


@right(ID)
def double_precision_inside(x, weights, n_heads, n_kv_heads, rotate):
    wide = {name: W.double() for name, W in weights.items()}
    y = attention_of_pytorch_with_groups(x.double(), wide, n_heads, n_kv_heads, lambda h: rotate(h).double())
    return y.to(x.dtype)


@right(ID)
def heads_in_the_batch_dimension(x, weights, n_heads, n_kv_heads, rotate):
    batch, time, _ = x.shape
    q = rotate(project(x, weights["q"], n_heads)).flatten(0, 1)
    k = rotate(project(x, weights["k"], n_kv_heads)).flatten(0, 1).repeat_interleave(n_heads // n_kv_heads, 0)
    v = project(x, weights["v"], n_kv_heads).flatten(0, 1).repeat_interleave(n_heads // n_kv_heads, 0)
    bias = torch.zeros(time, time).masked_fill(torch.ones(time, time).triu(1) == 1, -math.inf)
    A = torch.baddbmm(bias, q, k.mT, alpha=1 / math.sqrt(q.shape[-1])).softmax(-1)
    return joined(torch.bmm(A, v).unflatten(0, (batch, n_heads)), weights["o"])


@right(ID)
def group_by_group(x, weights, n_heads, n_kv_heads, rotate):
    q = rotate(project(x, weights["q"], n_heads))
    k = rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    outputs = []
    for g, its_queries in enumerate(q.chunk(n_kv_heads, dim=1)):
        y = F.scaled_dot_product_attention(its_queries, k[:, g, None], v[:, g, None], is_causal=True)
        outputs.append(y)
    return joined(torch.cat(outputs, dim=1), weights["o"])


@right(ID)
def sum_of_the_heads_shares(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    total = torch.zeros_like(x)
    for h, W in enumerate(weights["o"].chunk(n_heads, dim=1)):  # each (d_model, d_head)
        g = h // (n_heads // n_kv_heads)
        scores = q[:, h] @ k[:, g].mT / math.sqrt(W.shape[1])
        allowed = torch.ones_like(scores).tril()
        A = scores.where(allowed > 0, torch.tensor(-math.inf)).softmax(-1)
        total += A @ v[:, g] @ W.T
    return total


@right(ID)
def scaled_before_it_is_rotated(x, weights, n_heads, n_kv_heads, rotate):
    group = n_heads // n_kv_heads
    d_head = weights["k"].size(0) // n_kv_heads
    q = rotate(project(x, weights["q"] / math.sqrt(d_head), n_heads))
    k = rotate(project(x, weights["k"], n_kv_heads).repeat_interleave(group, 1).contiguous())
    v = project(x, weights["v"], n_kv_heads).repeat_interleave(group, 1)
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
    return joined(F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0), weights["o"])


@right(ID)
def masked_weights_after_a_stable_exponential(x, weights, n_heads, n_kv_heads, rotate):
    q = rotate(project(x, weights["q"], n_heads)).unflatten(1, (n_kv_heads, -1))
    k, v = rotate(project(x, weights["k"], n_kv_heads)), project(x, weights["v"], n_kv_heads)
    scores = torch.einsum("bkgtd,bksd->bkgts", q, k) / math.sqrt(q.shape[-1])
    past = torch.ones(scores.shape[-2:]).tril()
    largest = scores.masked_fill(past == 0, -math.inf).amax(dim=-1, keepdim=True)
    weight = (scores - largest).clamp(max=0).exp() * past
    A = weight / weight.sum(-1, keepdim=True)
    return joined((A @ v.unsqueeze(2)).flatten(1, 2), weights["o"])


@right(ID)
def mask_cut_from_a_large_one(x, weights, n_heads, n_kv_heads, rotate):
    q, k = rotate(project(x, weights["q"], n_heads)), rotate(project(x, weights["k"], n_kv_heads))
    v = project(x, weights["v"], n_kv_heads)
    k, v = (torch.kron(part.contiguous(), torch.ones(1, n_heads // n_kv_heads, 1, 1)) for part in (k, v))
    tril, time = torch.tril(torch.ones(1024, 1024)), x.shape[1]
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(tril[:time, :time] == 0, -math.inf)
    return joined(scores.softmax(dim=-1) @ v, weights["o"])


@right(ID)
def a_copy_of_the_dictionary_widened(x, weights, n_heads, n_kv_heads, rotate):
    weights = dict(weights)
    for name in "kv":
        W = weights[name].unflatten(0, (n_kv_heads, -1))
        weights[name] = W.repeat_interleave(n_heads // n_kv_heads, dim=0).flatten(0, 1)
    q, k, v = (project(x, weights[name], n_heads) for name in "qkv")
    y = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
    return joined(y, weights["o"])
