"""Lesson 08: writing with a key/value cache, right and in the ways in which it goes wrong."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.lessons.lesson08_sampling import NEXT_PROBABILITIES


def _mask(kind: str, n_new: int, n_keys: int) -> Tensor:
    """(n_new, n_keys) booleans, True = may attend; the last query belongs to the last key."""
    if kind == "none":
        return torch.ones(n_new, n_keys, dtype=torch.bool)
    if kind == "strict":
        return torch.ones(n_new, n_keys, dtype=torch.bool).tril(n_keys - n_new - 1)
    if kind == "corner" or n_keys <= n_new:
        return torch.ones(n_new, n_keys, dtype=torch.bool).tril()
    return torch.ones(n_new, n_keys, dtype=torch.bool).tril(n_keys - n_new)


def _append(kind: str, kept: tuple | None, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    if kept is None or kind in ("none", "newest"):
        return k, v
    keys = [k, kept[0]] if kind == "keys in front" else [kept[0], k]
    values = [v, kept[1]] if kind == "values in front" else [kept[1], v]
    return torch.cat(keys, dim=2), torch.cat(values, dim=2)


def _choose(logits: Tensor, knobs: tuple, draw: str) -> Tensor:
    """(batch, vocab_size) → (batch, 1)."""
    if draw == "greedy":
        return logits.argmax(dim=-1, keepdim=True)
    if draw == "softmax" or (draw == "plain" and knobs[0] > 0):
        return torch.multinomial(logits.softmax(dim=-1), 1)
    temperature, top_k, top_p = knobs
    if draw in ("no temperature", "no top-k", "no top-p"):
        temperature = 1.0 if draw == "no temperature" and temperature > 0 else temperature
        top_k, top_p = None if draw == "no top-k" else top_k, None if draw == "no top-p" else top_p
    probabilities = NEXT_PROBABILITIES.reference(logits, temperature, top_k, top_p)
    if draw == "one":
        return torch.multinomial(probabilities[:1], 1).expand(len(logits), 1)
    return torch.multinomial(probabilities, 1)


def writer(
    *, cache="kept", position="right", mask="causal", scale="d_head", softmax_over=-1, last_norm=True, last="last",
    prompt_in="one pass", draw="right", with_prompt=True, extra=0,
):  # fmt: skip
    """Writing token by token; the options are the ways to get it wrong."""

    scales = {
        "d_head": lambda q: math.sqrt(q.shape[-1]),
        "d_model": lambda q: math.sqrt(q.shape[-1] * q.shape[1]),
        "none": lambda q: 1.0,
    }

    def read(model, new: Tensor, start: int, caches: list) -> Tensor:
        """The logits of the next token, (batch, vocab_size)."""
        if cache == "library":
            return model(new)[:, -1]
        first = {"zero": 0, "late": start + (start > 0), "right": start}[position]
        first += prompt_in == "one pass, last token again" and caches[0] is not None
        x = model.token_embedding(new) + model.position_embedding.weight[first : first + new.shape[1]]
        for number, layer in enumerate(model.blocks.layers):
            attention = layer.self_attn
            joined = F.linear(layer.norm1(x), attention.in_proj_weight, attention.in_proj_bias)
            q, k, v = (
                part.unflatten(-1, (attention.n_heads, -1)).transpose(1, 2)
                for part in joined.chunk(3, dim=-1)
            )
            place = 0 if cache == "shared" else number
            kept = caches[place]
            caches[place] = _append(cache, kept, k, v)
            keys, values = kept if cache == "late" and kept is not None else caches[place]
            if (cache == "no prompt" and start == 0) or (cache == "prompt only" and start > 0):
                caches[place] = kept
            scores = q @ keys.transpose(-2, -1) / scales[scale](q)
            allowed = _mask(
                mask, new.shape[1], start + new.shape[1] if mask == "of positions" else keys.shape[2]
            )
            heads = scores.masked_fill(~allowed, -math.inf).softmax(dim=softmax_over) @ values
            x = x + attention.out_proj(heads.transpose(1, 2).flatten(2))
            x = x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x)), approximate="tanh"))
        x = x[:, 0] if last == "first" else x[:, -1]
        return (model.blocks.norm(x) if last_norm else x) @ model.token_embedding.weight.T

    @torch.no_grad()
    def write(model, prompt, n_new, temperature, top_k, top_p):
        caches: list = [None] * len(model.blocks.layers)
        ids = new = prompt
        if prompt_in == "single tokens":
            for t in range(prompt.shape[1] - 1):
                read(model, prompt[:, t : t + 1], t, caches)
        elif prompt_in != "one pass":
            read(model, prompt, 0, caches)
        if prompt_in != "one pass":
            new = prompt[:, -1:]
        for _ in range(n_new + extra):
            start = ids.shape[1] - new.shape[1]
            newest = _choose(read(model, new, start, caches), (temperature, top_k, top_p), draw)
            ids = torch.cat([ids, newest], dim=1)
            new = ids if cache in ("none", "library") else newest
        return ids if with_prompt else ids[:, prompt.shape[1] :]

    return write
