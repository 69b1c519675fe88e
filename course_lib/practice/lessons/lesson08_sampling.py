"""Lesson 08: the distribution to sample from, under temperature, top-k and top-p."""

import math

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


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
    before = reached - sorted_p
    if rule == "one too many":
        return before <= p
    if rule == "ties":
        last = sorted_p.masked_fill(before >= p, math.inf).amin(dim=-1, keepdim=True)
        return sorted_p >= last
    return before < p


def _top_p(
    probabilities: Tensor, p: float, rule="right", order="descending", back=True, renormalise=True
) -> Tensor:
    places = torch.arange(probabilities.shape[-1]).expand_as(probabilities)
    sorted_p = probabilities
    if order != "vocabulary":
        sorted_p, places = probabilities.sort(dim=-1, descending=order == "descending", stable=True)
    kept = sorted_p * _kept(sorted_p, p, rule)
    if back:
        kept = torch.zeros_like(kept).scatter(-1, places, kept)
    return kept / kept.sum(dim=-1, keepdim=True) if renormalise else kept


def _top_k(logits: Tensor, k: int, how: str) -> Tensor:
    if how == "zero":
        return logits * (logits >= logits.topk(k).values[..., -1:])
    if how == "smallest":
        return logits.masked_fill(logits > logits.topk(k, largest=False).values[..., -1:], -math.inf)
    least = logits.topk(k + 1 if how == "one more" else k).values[..., -1:]
    return logits.masked_fill(logits <= least if how == "one fewer" else logits < least, -math.inf)


def _next(
    *, greedy=True, heat="divide", k_how="right", first="top-k", dim=-1, safe=True, k=True, **top_p_options
):
    """Temperature, top-k, top-p; the options are the ways to get it wrong."""

    def next_probabilities(logits, temperature, top_k, top_p):
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
        if top_p is None:
            return probabilities
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


def _cases() -> list[tuple]:
    generator = seeded(8)

    def logits(batch: int, vocab_size: int, scale: float = 2.0) -> Tensor:
        return scale * torch.randn(batch, vocab_size, generator=generator)

    unsorted = torch.tensor([[0.05, 0.45, 0.2, 0.3], [0.6, 0.3, 0.07, 0.03]]).log()
    return [
        (logits(1, 5), 1.0, None, None),
        (logits(2, 7), 0.5, None, None),
        (logits(3, 4), 0.0, None, None),
        (logits(2, 8), 1.0, 3, None),
        (torch.tensor([[0.6, 0.3, 0.1]]).log(), 1.0, None, 0.5),
        (unsorted, 1.0, None, 0.7),
        (logits(3, 12, 1.0), 1.0, None, 0.85),
        (logits(4, 9, 1.0), 0.7, 5, 0.6),
        (logits(2, 5, 300.0), 1.0, None, None),
    ]


def _even() -> list[tuple]:
    """Equal probabilities: which of them stay is open, and how many is not."""
    return [(torch.zeros(1, 4), 1.0, None, 0.5)]


NEXT_PROBABILITIES = Exercise(
    id="08.next_probabilities",
    title="Temperature, top-k, top-p",
    reference=_next(),
    cases=_cases,
    properties=[
        has_shape("Does each row have one probability per symbol, (batch, vocab_size)?"),
        matches_reference(
            "With temperature 1 and no cut-off, is it the softmax over the vocabulary?", cases=0
        ),
        matches_reference("Does temperature 0.5 make likely symbols likelier?", cases=1),
        matches_reference("With temperature 0, is all probability on the likeliest symbol?", cases=2),
        matches_reference("With top_k = 3, do exactly the three likeliest stay, and sum to 1?", cases=3),
        matches_reference("Where the likeliest symbol alone reaches top_p, does only it stay?", cases=4),
        matches_reference(
            "With unsorted rows, does each keep the symbol with which its sum reaches top_p?", cases=5
        ),
        matches_reference("With three rows of twelve symbols, is every nucleus right?", cases=6),
        holds(
            "Where four symbols are equally likely and top_p is 0.5, do exactly two stay?",
            lambda probabilities, *_: (
                bool(((probabilities - 0.5).abs() < 1e-4).sum() == 2)
                or f"{int((probabilities > 0).sum())} stay."
            ),
            cases=_even,
        ),
        matches_reference(
            "With all three, does the temperature come first, then top-k, then top-p on what top-k left?",
            cases=7,
        ),
        matches_reference(
            "Are logits of several hundred safe, although their exponential is infinite?", cases=8
        ),
    ],
    hints=[
        "In which order do the three act? Which one needs logits, and which one needs probabilities?",
        "Divide the logits by T; set those outside the k likeliest to −∞; softmax. For top-p, sort the probabilities: "
        "a symbol stays while the sum of those before it is below p.",
        "`sorted_p, places = p.sort(dim=-1, descending=True)`, then `kept = sorted_p * (sorted_p.cumsum(-1) - sorted_p "
        "< top_p)`. `torch.zeros_like(p).scatter(-1, places, kept)` puts them back. What is left to do?",
    ],
    mistakes=[
        Mistake(
            "multiplied by the temperature",
            _next(heat="multiply"),
            "You multiplied by the temperature. Divide: a low temperature makes the likely symbols likelier.",
        ),
        Mistake("temperature ignored", _next(heat="no"), "You did not use the temperature."),
        Mistake(
            "divided by 0",
            _next(greedy=False),
            "Temperature 0 divides by 0. Treat it separately: all probability on the largest logit.",
        ),
        Mistake(
            "softmax over the batch",
            _next(dim=0),
            "You took the softmax over the batch. Each row has to sum to 1: dim=-1.",
        ),
        Mistake(
            "overflow",
            _next(safe=False),
            "exp of a large logit is infinite. Use softmax, or subtract each row's maximum first.",
        ),
        Mistake(
            "zero for minus infinity",
            _next(k_how="zero"),
            "You set the other logits to 0, and exp(0) = 1 is no small weight. Set them to −∞.",
        ),
        Mistake("the k smallest", _next(k_how="smallest"), "You kept the k unlikeliest symbols."),
        Mistake("k + 1", _next(k_how="one more"), "You kept k + 1 symbols."),
        Mistake(
            "k - 1",
            _next(k_how="one fewer"),
            "You kept k − 1 symbols: the k-th itself stays, so drop what is below it (<, not ≤).",
        ),
        Mistake(
            "top-k not renormalised",
            _next(k_how="not renormalised"),
            "After top-k you did not divide by what is left, so the rest does not sum to 1.",
        ),
        Mistake("top-k ignored", _next(k=False), "You did not use top_k."),
        Mistake(
            "one too few",
            _next(rule="one too few"),
            "You dropped the symbol with which the sum passes p, so what is left falls short of p, and may be nothing "
            "at all. Look at the sum before each symbol, not after it.",
        ),
        Mistake(
            "one too few, the first kept",
            _next(rule="first column"),
            "You dropped the symbol with which the sum passes p, and kept only the likeliest in any case. Look at the "
            "sum before each symbol: then the first one stays by itself.",
        ),
        Mistake(
            "first row kept",
            _next(rule="first row"),
            "`keep[0] = True` keeps the whole first row of the batch, not the first symbol of each row. Look at the "
            "sum before each symbol: then the first one stays by itself.",
        ),
        Mistake(
            "one too many",
            _next(rule="one too many"),
            "Where the likelier ones reach p exactly, you kept one symbol more: < p, not ≤ p.",
        ),
        Mistake(
            "all ties kept",
            _next(rule="ties"),
            "You kept every symbol as likely as the last one that is needed. Count: the fewest that reach p stay.",
        ),
        Mistake(
            "threshold for each symbol",
            _next(rule="threshold"),
            "You kept every symbol whose own probability passes a threshold. Top-p looks at the sum of the likeliest.",
        ),
        Mistake(
            "not sorted",
            _next(order="vocabulary"),
            "You summed in the vocabulary's order. Sort first: the nucleus is made of the likeliest symbols.",
        ),
        Mistake(
            "the unlikeliest",
            _next(order="ascending"),
            "You sorted upwards, and kept the least likely symbols.",
        ),
        Mistake(
            "left in sorted order",
            _next(back=False),
            "You returned the probabilities in sorted order: symbol 0 now has the likeliest one's. Put them back with "
            "scatter and the places that sort gave.",
        ),
        Mistake(
            "top-p not renormalised",
            _next(renormalise=False),
            "After top-p you did not divide by what is left, so the rest does not sum to 1.",
        ),
        Mistake(
            "nucleus of the whole distribution",
            _next(first="top-p"),
            "Your top-p looks at the whole distribution. It comes after top-k: the rest sums to 1 again, and of that "
            "the fewest that reach p stay.",
        ),
        Mistake(
            "nucleus before the temperature",
            _next(first="temperature last"),
            "Your top-p looks at the probabilities without temperature and top-k. Both come first.",
        ),
    ],
)
