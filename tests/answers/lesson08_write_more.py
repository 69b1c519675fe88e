"""08.write, answered from the prompt alone: a second set of right answers, and faults of the cache itself."""

import math

import numpy as np
import torch

from answers import right, wrong
from answers.lesson08_write import next_probabilities, queries_keys_values, rest_of_layer

ID = "08.write"


def embedded(model, ids, start):
    return model.token_embedding(ids) + model.position_embedding.weight[start : start + ids.shape[1]]


def last_logits(model, x):
    return model.blocks.norm(x[:, -1]) @ model.token_embedding.weight.T


def attended(q, k, v):
    """The newest len(q) of the tokens of k: each query sees the keys up to its own."""
    n, m = q.shape[-2], k.shape[-2]
    future = torch.ones(n, m, dtype=torch.bool).triu(m - n + 1)
    scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).masked_fill(future, -math.inf)
    return scores.softmax(dim=-1) @ v


@right(ID)
@torch.no_grad()
def one_tensor_for_all_caches(model, prompt, n_new, temperature, top_k, top_p):
    kept, ids, new = None, prompt, prompt
    for _ in range(n_new):
        x, pairs = embedded(model, new, ids.shape[1] - new.shape[1]), []
        for number, layer in enumerate(model.blocks.layers):
            q, *pair = queries_keys_values(layer, x)
            pair = torch.stack(pair)  # (2, batch, heads, new tokens, d_head)
            if kept is not None:
                pair = torch.cat([kept[number], pair], dim=-2)
            pairs.append(pair)
            x = rest_of_layer(layer, x, attended(q, *pair))
        kept = torch.stack(pairs)  # (layers, 2, batch, heads, tokens so far, d_head)
        new = torch.multinomial(next_probabilities(last_logits(model, x), temperature, top_k, top_p), 1)
        ids = torch.hstack([ids, new])
    return ids


@right(ID)
@torch.no_grad()
def numpy_attention(model, prompt, n_new, temperature, top_k, top_p):
    caches, ids, new = [[] for _ in model.blocks.layers], prompt, prompt
    for _ in range(n_new):
        start = ids.shape[1] - new.shape[1]
        x = embedded(model, new, start)
        for layer, cache in zip(model.blocks.layers, caches, strict=True):
            q, k, v = (part.numpy() for part in queries_keys_values(layer, x))
            cache.append((k, v))
            k, v = (np.concatenate(parts, axis=2) for parts in zip(*cache, strict=True))
            scores = np.einsum("bhqd,bhkd->bhqk", q, k) / np.sqrt(q.shape[-1])
            scores = scores + np.where(
                np.arange(ids.shape[1]) > np.arange(start, ids.shape[1])[:, None], -np.inf, 0
            )
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            weights = weights / weights.sum(axis=-1, keepdims=True)
            x = rest_of_layer(layer, x, torch.from_numpy((weights @ v).astype(np.float32)))
        new = torch.multinomial(next_probabilities(last_logits(model, x), temperature, top_k, top_p), 1)
        ids = torch.cat([ids, new], dim=1)
    return ids


def reader(model):
    """A coroutine: send it new ids, and it yields the logits of the last; what it kept are its own variables."""
    kept, n_read, logits = {}, 0, None
    while True:
        ids = yield logits
        x = embedded(model, ids, n_read)
        n_read += ids.shape[1]
        for layer in model.blocks.layers:
            q, k, v = queries_keys_values(layer, x)
            old_k, old_v = kept.get(layer, (k[:, :, :0], v[:, :, :0]))
            kept[layer] = k, v = torch.cat([old_k, k], dim=2), torch.cat([old_v, v], dim=2)
            x = rest_of_layer(layer, x, attended(q, k, v))
        logits = last_logits(model, x)


@right(ID)
def a_coroutine_that_reads(model, prompt, n_new, temperature, top_k, top_p):
    model_reads = reader(model)
    next(model_reads)
    ids = [prompt]
    with torch.no_grad():
        while len(ids) <= n_new:
            p = next_probabilities(model_reads.send(ids[-1]), temperature, top_k, top_p)
            ids.append(torch.multinomial(p, 1))
    return torch.cat(ids, dim=-1)


@right(ID)
@torch.no_grad()
def newest_key_in_front(model, prompt, n_new, temperature, top_k, top_p):
    """The order of the cached keys does not matter once each of them is in the past."""
    caches, ids, new = [None] * len(model.blocks.layers), prompt, prompt
    for _ in range(n_new):
        x = embedded(model, new, ids.shape[1] - new.shape[1])
        for number, layer in enumerate(model.blocks.layers):
            q, k, v = queries_keys_values(layer, x)
            if caches[number] is None:
                heads = attended(q, k, v)
            else:
                k, v = (torch.cat(both, dim=2) for both in zip((k, v), caches[number], strict=True))
                heads = (q @ k.mT * q.shape[-1] ** -0.5).softmax(dim=-1) @ v
            caches[number] = (k, v)
            x = rest_of_layer(layer, x, heads)
        new = torch.multinomial(next_probabilities(last_logits(model, x), temperature, top_k, top_p), 1)
        ids = torch.cat([ids, new], dim=1)
    return ids


@right(ID)
@torch.no_grad()
def head_by_head_in_double_precision(model, prompt, n_new, temperature, top_k, top_p):
    caches, ids = [[] for _ in model.blocks.layers], prompt.clone()
    for step in range(n_new):
        new = ids[:, -1:] if step else ids
        x = embedded(model, new, ids.shape[1] - new.shape[1])
        for layer, cache in zip(model.blocks.layers, caches, strict=True):
            q, k, v = (part.double().unbind(dim=1) for part in queries_keys_values(layer, x))
            cache.append((k, v))
            heads = []
            for h, query in enumerate(q):
                keys = torch.cat([old[0][h] for old in cache], dim=1)  # (batch, tokens so far, d_head)
                values = torch.cat([old[1][h] for old in cache], dim=1)
                heads.append(attended(query, keys, values))
            x = rest_of_layer(layer, x, torch.stack(heads, dim=1).float())
        p = next_probabilities(last_logits(model, x), temperature, top_k, top_p)
        ids = torch.cat([ids, torch.multinomial(p, 1)], dim=1)
    return ids


@wrong(ID, named="no cache")
@torch.no_grad()
def layer_inputs_kept_instead_of_keys(model, prompt, n_new, temperature, top_k, top_p):
    caches, ids, new = [None] * len(model.blocks.layers), prompt, prompt
    for _ in range(n_new):
        x = embedded(model, new, ids.shape[1] - new.shape[1])
        for number, layer in enumerate(model.blocks.layers):
            before = x if caches[number] is None else torch.cat([caches[number], x], dim=1)
            caches[number] = before
            q, k, v = queries_keys_values(layer, before)
            x = rest_of_layer(layer, x, attended(q[:, :, -new.shape[1] :], k, v))
        new = torch.multinomial(next_probabilities(last_logits(model, x), temperature, top_k, top_p), 1)
        ids = torch.cat([ids, new], dim=1)
    return ids


@wrong(ID, named="keys not kept in order")
@torch.no_grad()
def keys_in_front_and_values_at_the_end(model, prompt, n_new, temperature, top_k, top_p):
    caches, ids, new = [None] * len(model.blocks.layers), prompt, prompt
    for _ in range(n_new):
        x = embedded(model, new, ids.shape[1] - new.shape[1])
        for number, layer in enumerate(model.blocks.layers):
            q, k, v = queries_keys_values(layer, x)
            if caches[number] is not None:
                old_k, old_v = caches[number]
                k, v = torch.cat([k, old_k], dim=2), torch.cat([old_v, v], dim=2)
            caches[number] = k, v
            x = rest_of_layer(layer, x, attended(q, k, v))
        new = torch.multinomial(next_probabilities(last_logits(model, x), temperature, top_k, top_p), 1)
        ids = torch.cat([ids, new], dim=1)
    return ids
