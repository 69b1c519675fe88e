"""08.next_probabilities, answered from the prompt alone."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from answers import right

ID = "08.next_probabilities"


@right(ID)
def row_by_row_in_python(logits, temperature, top_k, top_p):
    rows = []
    for row in logits.tolist():
        order = sorted(range(len(row)), key=lambda i: -row[i])
        if temperature == 0:
            rows.append([float(i == order[0]) for i in range(len(row))])
            continue
        order = order[:top_k]
        weights = {i: math.exp((row[i] - row[order[0]]) / temperature) for i in order}
        total = sum(weights.values())
        kept, so_far = {}, 0.0
        for i in order:
            kept[i] = weights[i] / total
            so_far += kept[i]
            if top_p is not None and so_far >= top_p:
                break
        rows.append([kept.get(i, 0.0) / sum(kept.values()) for i in range(len(row))])
    return torch.tensor(rows)


@right(ID)
def numpy_inside(logits, temperature, top_k, top_p):
    z = logits.numpy().astype(np.float64)
    if temperature == 0:
        return torch.from_numpy(np.eye(z.shape[1])[z.argmax(1)]).float()
    z = (z - z.max(1, keepdims=True)) / temperature
    order = np.argsort(-z, axis=1, kind="stable")
    p = np.take_along_axis(np.exp(z), order, 1)
    if top_k is not None:
        p[:, top_k:] = 0
    p /= p.sum(1, keepdims=True)
    if top_p is not None:
        p[:, 1:][p.cumsum(1)[:, :-1] >= top_p] = 0
        p /= p.sum(1, keepdims=True)
    out = np.zeros_like(p)
    np.put_along_axis(out, order, p, 1)
    return torch.from_numpy(out).float()


@right(ID)
def hugging_face_style(logits, temperature, top_k, top_p):
    if temperature == 0:
        return torch.zeros_like(logits).scatter_(1, logits.argmax(-1, keepdim=True), 1.0)
    scores = logits / temperature
    if top_k is not None:
        remove = scores < torch.topk(scores, top_k)[0][..., -1, None]
        scores = scores.masked_fill(remove, -float("inf"))
    if top_p is not None:
        sorted_scores, places = torch.sort(scores, descending=True)
        remove = sorted_scores.softmax(dim=-1).cumsum(dim=-1) >= top_p
        remove[..., 1:] = remove[..., :-1].clone()
        remove[..., 0] = False
        scores = scores.masked_fill(remove.scatter(1, places, remove), -float("inf"))
    return scores.softmax(dim=-1)


@right(ID)
def ranks_by_two_argsorts(logits, temperature, top_k, top_p):
    ranks = logits.argsort(dim=-1, descending=True).argsort(dim=-1)
    if temperature == 0:
        return (ranks == 0).to(logits.dtype)
    p = (logits / temperature).softmax(-1)
    if top_k is not None:
        p = p * (ranks < top_k)
        p = p / p.sum(-1, keepdim=True)
    if top_p is not None:
        before = (p[:, None, :] * (ranks[:, None, :] < ranks[:, :, None])).sum(-1)  # (batch, vocab_size)
        p = torch.where(before < top_p, p, torch.zeros_like(p))
        p = p / p.sum(-1, keepdim=True)
    return p


@right(ID)
def double_precision_inside(logits, temperature, top_k, top_p):
    z = logits.double()
    if temperature == 0:
        return F.one_hot(z.argmax(-1), z.shape[-1]).to(logits.dtype)
    z, places = (z / temperature).sort(dim=-1, descending=True)
    z = z[:, :top_k]
    p = z.softmax(-1)
    if top_p is not None:
        p = p * (p.cumsum(-1) - p < top_p)
    return torch.zeros_like(logits).scatter(
        -1, places[:, :top_k], (p / p.sum(-1, keepdim=True)).to(logits.dtype)
    )


@right(ID)
def a_tiny_temperature_for_zero(logits, temperature, top_k, top_p):
    z = (logits - logits.amax(dim=-1, keepdim=True)) / max(temperature, 1e-8)
    z, places = z.sort(dim=-1, descending=True)
    places_kept = torch.ones_like(z, dtype=torch.bool)
    if top_k is not None:
        places_kept[:, top_k:] = False
    p = z.masked_fill(~places_kept, -torch.inf).softmax(-1)
    if top_p is not None:
        places_kept &= p.cumsum(-1) - p < top_p
    p = z.masked_fill(~places_kept, -torch.inf).softmax(-1)
    return p.gather(-1, places.argsort(dim=-1))


@right(ID)
def how_many_stay_by_counting(logits, temperature, top_k, top_p):
    if temperature == 0:
        top_k, temperature = 1, 1.0
    p = torch.softmax(logits / temperature, dim=1)
    out = torch.zeros_like(p)
    for row, kept in zip(p, out, strict=True):
        values, places = row.topk(len(row) if top_k is None else top_k)
        values = values / values.sum()
        n = len(values) if top_p is None else 1 + int((values.cumsum(0)[:-1] < top_p).sum())
        kept[places[:n]] = values[:n] / values[:n].sum()
    return out


@right(ID)
def three_small_functions(logits, temperature, top_k, top_p):
    def warm(z):
        return z / temperature

    def best(z):
        if top_k is None:
            return z
        values, places = z.topk(top_k, dim=1)
        return torch.full_like(z, -math.inf).scatter(1, places, values)

    def nucleus(p):
        if top_p is None:
            return p
        values, places = p.sort(1, True)
        values = values * (values.cumsum(1).roll(1, 1).index_fill(1, torch.tensor([0]), 0.0) < top_p)
        return torch.zeros_like(p).scatter(1, places, values / values.sum(1, keepdim=True))

    if temperature == 0:
        return (torch.arange(logits.shape[1]) == logits.argmax(1)[:, None]).float()

    return nucleus(best(warm(logits)).softmax(1))


class Sampler:
    def __call__(self, logits, temperature, top_k, top_p):
        return torch.stack([self.row(z, temperature, top_k, 1.0 if top_p is None else top_p) for z in logits])

    def row(self, z, temperature, top_k, top_p):
        p = torch.zeros_like(z)
        if not temperature:
            p[z.argmax()] = 1
            return p
        values, places = (z / temperature).topk(min(top_k or len(z), len(z)))
        values = values.softmax(0)
        total = 0.0
        for value, place in zip(values, places, strict=True):
            p[place] = value
            total += float(value)
            if total >= top_p:
                break
        return p / p.sum()


right(ID, "an object with a loop that stops")(Sampler())


@right(ID)
def log_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return logits.eq(logits.max(dim=-1, keepdim=True).values).float()
    log_p = (logits / temperature).log_softmax(-1)
    if top_k is not None:
        threshold = log_p.sort(-1).values[:, -top_k, None]
        log_p = log_p.where(log_p >= threshold, -torch.inf).log_softmax(-1)
    if top_p is not None:
        ordered, places = log_p.sort(-1, descending=True)
        before = ordered.logcumsumexp(-1).roll(1, -1)
        before[:, 0] = -torch.inf
        ordered = ordered.where(before.exp() < top_p, -torch.inf).log_softmax(-1)
        log_p = torch.empty_like(log_p).scatter_(-1, places, ordered)
    return log_p.exp()
