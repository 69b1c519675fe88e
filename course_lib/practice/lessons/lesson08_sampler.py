"""Lesson 08: temperature, top-k and top-p, right and in the ways in which they go wrong."""

import math

import torch
from torch import Tensor


def _kept(sorted_p: Tensor, p: float, rule: str) -> Tensor:
    """Which of the sorted probabilities (batch, vocab_size) stay; the rules are the right one and wrong ones."""
    reached = sorted_p.cumsum(dim=-1)
    if rule == "threshold":
        return sorted_p >= 1 - p
    if rule in ("one too few", "first column", "first row"):
        keep = reached <= p
        if rule == "first column":
            keep[:, 0] = True
        elif rule == "first row":
            keep[0] = True
        return keep
    if rule == "min-p":
        return sorted_p >= p * sorted_p.amax(dim=-1, keepdim=True)
    before = reached - sorted_p
    if rule == "largest nucleus":
        return (before < p).any(dim=0).expand_as(before)
    if rule == "one too many":
        return before <= p
    if rule == "ties":
        last = sorted_p.masked_fill(before >= p, math.inf).amin(dim=-1, keepdim=True)
        return sorted_p >= last
    return before < p


def _top_p(
    probabilities: Tensor,
    p: float,
    rule="right",
    order="descending",
    back=True,
    renormalise=True,
    batch=False,
) -> Tensor:
    if batch:
        return _top_p(probabilities.T, p, rule, order, back, renormalise).T
    places = torch.arange(probabilities.shape[-1]).expand_as(probabilities)
    sorted_p = probabilities
    if order != "vocabulary":
        sorted_p, places = probabilities.sort(dim=-1, descending=order == "descending", stable=True)
    kept = sorted_p * _kept(sorted_p, p, rule)
    if back == "gather":
        kept = kept.gather(-1, places)
    elif back:
        kept = torch.zeros_like(kept).scatter(-1, places, kept)
    if renormalise == "softmax":
        return kept.masked_fill(kept == 0, -math.inf).softmax(dim=-1)
    return kept / kept.sum(dim=-1, keepdim=True) if renormalise else kept


def _top_k(logits: Tensor, k: int, how: str) -> Tensor:
    if how == "zero":
        return logits * (logits >= logits.topk(k).values[..., -1:])
    if how == "smallest":
        return logits.masked_fill(logits > logits.topk(k, largest=False).values[..., -1:], -math.inf)
    if how == "first row":
        return logits.masked_fill(logits < logits[0].topk(k).values[-1], -math.inf)
    least = logits.topk(k + 1 if how == "one more" else k).values[..., -1:]
    return logits.masked_fill(logits <= least if how == "one fewer" else logits < least, -math.inf)


def sampler(
    *, greedy=True, heat="divide", k_how="right", first="top-k", dim=-1, safe=True, k=True, **top_p_options
):
    """Temperature, top-k, top-p; the options are the ways to get it wrong."""

    def next_probabilities(logits, temperature, top_k, top_p):
        if temperature == 0 and greedy == "ignored":
            temperature = 1.0
        if temperature == 0 and greedy:
            return torch.nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1]).float()
        unheated = logits
        if heat == "divide":
            logits = logits / temperature if temperature else logits / torch.tensor(0.0)
        elif heat == "multiply":
            logits = logits * temperature
        whole = logits.softmax(dim=-1)
        if top_k is not None and k and k_how != "not renormalised":
            logits = _top_k(logits, top_k, k_how)
        if safe:
            probabilities = logits.softmax(dim=dim)
        else:
            probabilities = logits.exp() / logits.exp().sum(dim=dim, keepdim=True)
        if top_k is not None and k_how == "not renormalised":
            probabilities = probabilities * (logits >= logits.topk(top_k).values[..., -1:])
        if top_p is None or (first == "either" and top_k is not None):
            return probabilities
        if first == "unheated":  # top-k and top-p, and the temperature on what they leave
            kept = _top_k(unheated, top_k, "right") if top_k is not None else unheated
            nucleus = _top_p(kept.softmax(dim=-1), top_p) > 0
            return logits.masked_fill(~nucleus, -math.inf).softmax(dim=-1)
        if first == "top-p":  # the nucleus of the whole distribution, then top-k within it
            nucleus = _top_p(whole, top_p) > 0
            probabilities = probabilities * nucleus
            return probabilities / probabilities.sum(dim=-1, keepdim=True)
        if first == "temperature last":
            nucleus = _top_p(unheated.softmax(dim=-1), top_p) > 0
            probabilities = probabilities * nucleus
            return probabilities / probabilities.sum(dim=-1, keepdim=True)
        return _top_p(probabilities, top_p, **top_p_options)

    return next_probabilities


def log_probabilities(logits, temperature, top_k, top_p):
    probabilities = sampler()(logits, temperature, top_k, top_p)
    return probabilities.log() if temperature else probabilities
