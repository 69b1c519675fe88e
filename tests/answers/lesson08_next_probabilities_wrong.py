"""08.next_probabilities: what a learner may hand in by mistake, written from the prompt alone."""

import torch
import torch.nn.functional as F

from answers import wrong

ID = "08.next_probabilities"


def zero(logits):
    return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).float()


def keep_k(z, top_k):
    return z if top_k is None else z.masked_fill(z < z.topk(top_k, dim=-1).values[:, -1:], -torch.inf)


def keep_p(p, top_p, dim=-1):
    if top_p is None:
        return p
    sorted_p, places = p.sort(dim=dim, descending=True)
    kept = sorted_p * (sorted_p.cumsum(dim=dim) - sorted_p < top_p)
    kept = torch.zeros_like(p).scatter(dim, places, kept)
    return kept / kept.sum(dim=dim, keepdim=True)


@wrong(ID, named="multiplied by the temperature")
def multiplies_by_the_temperature(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    return keep_p(keep_k(logits * temperature, top_k).softmax(-1), top_p)


@wrong(ID, named="temperature ignored")
def temperature_after_the_softmax(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits, top_k).softmax(-1) / temperature
    return keep_p(p / p.sum(-1, keepdim=True), top_p)


@wrong(ID, named="temperature last")
def temperature_last(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_p(keep_k(logits, top_k).softmax(-1), top_p)
    p = p ** (1 / temperature)
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="divided by 0")
def no_case_for_temperature_0(logits, temperature, top_k, top_p):
    return keep_p(keep_k(logits / temperature, top_k).softmax(-1), top_p)


@wrong(ID, named="temperature 0 as 1")
def temperature_0_read_as_no_temperature(logits, temperature, top_k, top_p):
    z = logits / temperature if temperature > 0 else logits
    return keep_p(keep_k(z, top_k).softmax(-1), top_p)


@wrong(ID)
def temperature_never_below_a_half(logits, temperature, top_k, top_p):
    return keep_p(keep_k(logits / max(temperature, 0.5), top_k).softmax(-1), top_p)


@wrong(ID, named="one too few, the first kept")
def word_that_reaches_p_left_out(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    sorted_p, places = p.sort(-1, descending=True)
    keep = sorted_p.cumsum(-1) <= top_p
    keep[:, 0] = True
    p = torch.zeros_like(p).scatter(-1, places, sorted_p * keep)
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="one too few")
def word_that_reaches_p_left_out_and_perhaps_all(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    sorted_p, places = p.sort(-1, descending=True)
    p = torch.zeros_like(p).scatter(-1, places, sorted_p * (sorted_p.cumsum(-1) <= top_p))
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="one too many")
def one_word_more_where_p_is_met_exactly(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    sorted_p, places = p.sort(-1, descending=True)
    p = torch.zeros_like(p).scatter(-1, places, sorted_p * (sorted_p.cumsum(-1) - sorted_p <= top_p))
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="all ties kept")
def ties_with_the_last_word_kept(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    sorted_p = p.sort(-1, descending=True).values
    n = (sorted_p.cumsum(-1) - sorted_p < top_p).sum(-1, keepdim=True)
    p = p * (p >= sorted_p.gather(-1, n - 1))
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="top-p not renormalised")
def not_divided_by_the_sum(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    sorted_p, places = p.sort(-1, descending=True)
    return torch.zeros_like(p).scatter(-1, places, sorted_p * (sorted_p.cumsum(-1) - sorted_p < top_p))


@wrong(ID, named="nucleus of the whole distribution")
def top_p_before_top_k(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_p((logits / temperature).softmax(-1), top_p)
    return keep_k(p.log(), top_k).softmax(-1)


@wrong(ID, named="nucleus of the whole distribution")
def top_p_counts_what_top_k_removed(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = (logits / temperature).softmax(-1)
    if top_k is not None:
        p = p * (p >= p.topk(top_k, dim=-1).values[:, -1:])  # not divided by its sum
    if top_p is not None:
        sorted_p, places = p.sort(-1, descending=True)
        p = torch.zeros_like(p).scatter(-1, places, sorted_p * (sorted_p.cumsum(-1) - sorted_p < top_p))
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="left in sorted order")
def left_in_sorted_order(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    p = p.sort(-1, descending=True).values
    p = p * (p.cumsum(-1) - p < top_p)
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="gathered instead of scattered")
def gathered_by_the_places_instead_of_scattered(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    sorted_p, places = p.sort(-1, descending=True)
    kept = (sorted_p * (sorted_p.cumsum(-1) - sorted_p < top_p)).gather(-1, places)
    return kept / kept.sum(-1, keepdim=True)


@wrong(ID, named="everything over the batch")
def softmax_over_the_batch(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    return keep_p(keep_k(logits / temperature, top_k).softmax(0), top_p, dim=0)


@wrong(ID, named="either top-k or top-p")
def either_top_k_or_top_p(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    z = logits / temperature
    if top_k is not None:
        return keep_k(z, top_k).softmax(-1)
    return keep_p(z.softmax(-1), top_p)


@wrong(ID, named="first row's threshold")
def threshold_of_the_first_row(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    z = logits / temperature
    if top_k is not None:
        z = z.masked_fill(z < z[0].topk(top_k).values[-1], -torch.inf)
    return keep_p(z.softmax(-1), top_p)


@wrong(ID, named="k - 1")
def k_minus_one_words(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    z = logits / temperature
    if top_k is not None and top_k > 1:
        z = z.masked_fill(z <= z.topk(top_k, dim=-1).values[:, -1:], -torch.inf)
    return keep_p(z.softmax(-1), top_p)


@wrong(ID, named="zero for minus infinity")
def removed_logits_are_zero(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    z = logits / temperature
    if top_k is not None:
        z = z.masked_fill(z < z.topk(top_k, dim=-1).values[:, -1:], 0.0)
    return keep_p(z.softmax(-1), top_p)


@wrong(ID, named="min-p")
def words_at_least_as_probable_as_p(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    p = p * (p >= top_p * p.max(-1, keepdim=True).values)
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="the unlikeliest")
def smallest_first(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    p = keep_k(logits / temperature, top_k).softmax(-1)
    if top_p is None:
        return p
    sorted_p, places = p.sort(-1)
    p = torch.zeros_like(p).scatter(-1, places, sorted_p * (sorted_p.cumsum(-1) - sorted_p < top_p))
    return p / p.sum(-1, keepdim=True)


@wrong(ID, named="log probabilities")
def returns_logits(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    return keep_p(keep_k(logits / temperature, top_k).softmax(-1), top_p).log()


@wrong(ID)
def logits_of_the_caller_changed(logits, temperature, top_k, top_p):
    if temperature == 0:
        return zero(logits)
    logits /= temperature
    if top_k is not None:
        logits[logits < logits.topk(top_k, dim=-1).values[:, -1:]] = -torch.inf
    return keep_p(logits.softmax(-1), top_p)


def temperature_and_top_k(logits, temperature, top_k):
    if temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).float()
    logits = logits / temperature
    if top_k is not None:
        logits = logits.masked_fill(logits < logits.topk(top_k, dim=-1).values[:, -1:], -torch.inf)
    return logits.softmax(dim=-1)


@wrong(ID, named="one nucleus size for all rows")
def as_many_words_in_every_row(logits, temperature, top_k, top_p):
    p = temperature_and_top_k(logits, temperature, top_k)
    if top_p is None or temperature == 0:
        return p
    sorted_p, places = p.sort(dim=-1, descending=True)
    n = (sorted_p.cumsum(dim=-1) - sorted_p < top_p).sum(dim=-1).max()
    kept = torch.zeros_like(p).scatter(-1, places[:, :n], sorted_p[:, :n])
    return kept / kept.sum(dim=-1, keepdim=True)


@wrong(ID, named="softmax of probabilities")
def renormalised_by_a_second_softmax(logits, temperature, top_k, top_p):
    p = temperature_and_top_k(logits, temperature, top_k)
    if top_p is None or temperature == 0:
        return p
    sorted_p, places = p.sort(dim=-1, descending=True)
    out = torch.zeros_like(p, dtype=torch.bool).scatter(
        -1, places, sorted_p.cumsum(dim=-1) - sorted_p >= top_p
    )
    return p.masked_fill(out | (p == 0), -torch.inf).softmax(dim=-1)
