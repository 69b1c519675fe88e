"""08.write, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import right

ID = "08.write"


def queries_keys_values(layer, x):  # given in the notebook's cell, like rest_of_layer
    attention = layer.self_attn
    joined = F.linear(layer.norm1(x), attention.in_proj_weight, attention.in_proj_bias)
    return [part.unflatten(-1, (attention.n_heads, -1)).transpose(1, 2) for part in joined.chunk(3, dim=-1)]


def rest_of_layer(layer, x, heads):
    x = x + layer.self_attn.out_proj(heads.transpose(1, 2).flatten(2))
    return x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x)), approximate="tanh"))


def next_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).float()
    logits = logits / temperature
    if top_k is not None:
        logits = logits.masked_fill(logits < logits.topk(top_k, dim=-1).values[:, -1:], -math.inf)
    probabilities = logits.softmax(dim=-1)
    if top_p is not None:
        sorted_p, places = probabilities.sort(dim=-1, descending=True)
        kept = sorted_p * (sorted_p.cumsum(dim=-1) - sorted_p < top_p)
        probabilities = torch.zeros_like(probabilities).scatter(-1, places, kept)
        probabilities = probabilities / probabilities.sum(dim=-1, keepdim=True)
    return probabilities


@right(ID)
@torch.no_grad()
def built_in_attention_and_a_dictionary(model, prompt, n_new, temperature, top_k, top_p):
    cache, ids, new = {}, prompt, prompt
    for _ in range(n_new):
        first = ids.shape[1] - new.shape[1]
        x = model.token_embedding(new) + model.position_embedding(torch.arange(first, ids.shape[1]))
        for layer in model.blocks.layers:
            q, k, v = queries_keys_values(layer, x)
            if layer in cache:
                k, v = (torch.cat(pair, dim=-2) for pair in zip(cache[layer], (k, v), strict=True))
            cache[layer] = (k, v)
            x = rest_of_layer(layer, x, F.scaled_dot_product_attention(q, k, v, is_causal=first == 0))
        logits = F.linear(model.blocks.norm(x)[:, -1], model.token_embedding.weight)
        new = torch.multinomial(next_probabilities(logits, temperature, top_k, top_p), 1)
        ids = torch.cat((ids, new), dim=1)
    return ids


@right(ID)
@torch.no_grad()
def buffers_made_once(model, prompt, n_new, temperature, top_k, top_p):
    batch, time = prompt.shape
    layers = model.blocks.layers
    heads = layers[0].self_attn.n_heads
    width = model.token_embedding.weight.shape[1] // heads
    keys = torch.zeros(len(layers), batch, heads, time + n_new, width)
    values = torch.zeros_like(keys)
    ids = torch.zeros(batch, time + n_new, dtype=torch.long)
    ids[:, :time] = prompt
    start = 0
    for end in range(time, time + n_new):
        x = model.token_embedding.weight[ids[:, start:end]] + model.position_embedding.weight[start:end]
        may_see = torch.ones(end, end, dtype=torch.bool).tril()[start:]
        for i, layer in enumerate(layers):
            q, keys[i, :, :, start:end], values[i, :, :, start:end] = queries_keys_values(layer, x)
            weights = torch.einsum("bhqd,bhkd->bhqk", q, keys[i, :, :, :end]) / width**0.5
            weights = torch.where(may_see, weights, -torch.inf).softmax(-1)
            x = rest_of_layer(layer, x, torch.einsum("bhqk,bhkd->bhqd", weights, values[i, :, :, :end]))
        logits = model.blocks.norm(x[:, -1]) @ model.token_embedding.weight.T
        ids[:, end] = torch.multinomial(next_probabilities(logits, temperature, top_k, top_p), 1)[:, 0]
        start = end
    return ids


class Writer:
    """One object a call: it remembers keys and values, one list of pieces for each layer."""

    def __init__(self, model):
        self.model, self.pieces, self.n_read = model, [[] for _ in model.blocks.layers], 0

    def read(self, ids):
        n = ids.shape[1]
        x = (
            self.model.token_embedding(ids)
            + self.model.position_embedding.weight[self.n_read : self.n_read + n]
        )
        for layer, pieces in zip(self.model.blocks.layers, self.pieces, strict=True):
            q, k, v = queries_keys_values(layer, x)
            pieces.append((k, v))
            keys, values = (torch.cat(parts, dim=2) for parts in zip(*pieces, strict=True))
            heads = []
            for t in range(n):  # each query sees the keys up to its own: no mask
                end = self.n_read + t + 1
                weights = (q[:, :, t : t + 1] @ keys[:, :, :end].mT / q.shape[-1] ** 0.5).softmax(-1)
                heads.append(weights @ values[:, :, :end])
            x = rest_of_layer(layer, x, torch.cat(heads, dim=2))
        self.n_read += n
        return (self.model.blocks.norm(x) @ self.model.token_embedding.weight.T)[:, -1]


@right(ID)
def an_object_that_reads(model, prompt, n_new, temperature, top_k, top_p):
    writer, written = Writer(model), [prompt]
    with torch.no_grad():
        for _ in range(n_new):
            p = next_probabilities(writer.read(written[-1]), temperature, top_k, top_p)
            written.append(torch.multinomial(p, 1))
    return torch.cat(written, dim=1)


@right(ID)
@torch.no_grad()
def prompt_and_steps_apart(model, prompt, n_new, temperature, top_k, top_p):
    if n_new == 0:
        return prompt
    x, caches = model.token_embedding(prompt) + model.position_embedding.weight[: prompt.shape[1]], []
    future = torch.ones(prompt.shape[1], prompt.shape[1]).triu(1) * -1e9  # 0 where a token may look
    for layer in model.blocks.layers:
        q, k, v = queries_keys_values(layer, x)
        caches.append([k, v])
        x = rest_of_layer(layer, x, (q @ k.transpose(2, 3) / math.sqrt(k.size(-1)) + future).softmax(-1) @ v)
    out = prompt
    while True:
        logits = model.blocks.norm(x[:, -1]) @ model.token_embedding.weight.T
        new = torch.multinomial(next_probabilities(logits, temperature, top_k, top_p), 1)
        out = torch.cat([out, new], 1)
        if out.shape[1] == prompt.shape[1] + n_new:
            return out
        x = model.token_embedding(new) + model.position_embedding.weight[out.shape[1] - 1]
        for layer, cache in zip(model.blocks.layers, caches, strict=True):
            q, k, v = queries_keys_values(layer, x)
            cache[0], cache[1] = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            weights = torch.softmax(q @ cache[0].transpose(2, 3) / math.sqrt(k.size(-1)), dim=-1)
            x = rest_of_layer(layer, x, weights @ cache[1])


def recursive(model, ids, new, n_new, caches, settings):
    if n_new == 0:
        return ids
    x = (
        model.token_embedding(new)
        + model.position_embedding.weight[ids.shape[1] - new.shape[1] : ids.shape[1]]
    )
    kept = []
    for layer, (old_k, old_v) in zip(model.blocks.layers, caches, strict=True):
        q, k, v = queries_keys_values(layer, x)
        k, v = torch.cat([old_k, k], dim=2), torch.cat([old_v, v], dim=2)
        kept.append((k, v))
        n, m = q.shape[2], k.shape[2]
        mask = torch.ones(n, m, dtype=torch.bool).tril(m - n)
        x = rest_of_layer(layer, x, F.scaled_dot_product_attention(q, k, v, attn_mask=mask))
    p = next_probabilities(model.blocks.norm(x[:, -1]) @ model.token_embedding.weight.T, *settings)
    new = torch.multinomial(p, 1)
    return recursive(model, torch.cat([ids, new], dim=1), new, n_new - 1, kept, settings)


@right(ID)
@torch.no_grad()
def one_call_a_token(model, prompt, n_new, temperature, top_k, top_p):
    heads = model.blocks.layers[0].self_attn.n_heads
    nothing = torch.empty(len(prompt), heads, 0, model.token_embedding.embedding_dim // heads)
    caches = [(nothing, nothing) for _ in model.blocks.layers]
    return recursive(model, prompt, prompt, n_new, caches, (temperature, top_k, top_p))


@right(ID)
def gradient_left_on(model, prompt, n_new, temperature, top_k, top_p):
    writer, ids = Writer(model), prompt
    for t in range(n_new):
        logits = writer.read(ids if t == 0 else ids[:, -1:])
        ids = torch.cat([ids, next_probabilities(logits, temperature, top_k, top_p).multinomial(1)], dim=-1)
    return ids
