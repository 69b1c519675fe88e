"""Lesson 05: the ways to get a decoder step with attention wrong, and what to say about each."""

import math
from collections.abc import Callable

import torch
from torch import nn

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson05_weights import FINITE


def step(
    *, squash=torch.tanh, swap=False, mask_as="right", dim=-1, order="yc", readout="new", seen="scy",
    before_head=torch.tanh, mix="weights", returned="new", third="weights", cut="", query="old", answer="lsw",
    squeeze=False, low=-math.inf, attended="memory", scaled=False,
    call=lambda cell, x, s: cell(x, s),
) -> Callable:  # fmt: skip
    """One decoder step; the options are the ways to get it wrong."""

    def attend(s, memory, mask, net):
        """Scores, weights and context for one state as the query."""
        W, U = (net.U, net.W) if swap else (net.W, net.U)
        from_query = 0.0 if query == "none" else W(s) if query == "no keys' dimension" else W(s)[:, None]
        scores = net.v(squash(from_query + U(memory)))  # (batch, source_len, 1)
        scores = scores.squeeze() if squeeze else scores[..., 0]
        scores = scores / net.v.in_features**0.5 if scaled else scores
        if mask_as in ("right", "inverted"):
            scores = scores.masked_fill(mask if mask_as == "inverted" else ~mask, low)
        scores = scores * mask if mask_as == "zero" else scores
        if mask_as == "unsafe":
            weights = scores.exp() * mask
            weights = weights / weights.sum(dim=1, keepdim=True)
        else:
            weights = scores.softmax(dim=dim)
        weights = weights * mask if mask_as == "late" else weights
        mixed = {
            "weights": lambda: weights,
            "mean": lambda: mask / mask.sum(dim=1, keepdim=True),
            "mean of all": lambda: torch.ones_like(weights) / mask.shape[1],
            "scores": lambda: scores.masked_fill(~mask, 0.0),
            "best": lambda: nn.functional.one_hot(weights.argmax(dim=1), mask.shape[1]).to(weights.dtype),
            "last": lambda: (torch.arange(mask.shape[1]) == mask.sum(dim=1, keepdim=True) - 1).to(
                weights.dtype
            ),
        }[mix]()
        values = {"memory": memory, "keys": U(memory)}[attended]
        values = values.detach() if cut == "memory" else values
        c = (mixed[:, :, None] * values).sum(dim=1)  # (batch, memory_size)
        return scores, weights, c.detach() if cut == "context" else c

    def one_step(last, s, memory, mask, net):
        y = net.embedding(last)  # (batch, d_embed)
        scores, weights, c = attend(s, memory, mask, net)
        parts = {"y": y, "c": c, "s": s}
        joined = torch.cat([parts[name] for name in order], dim=1)
        new = call(net.cell, joined, s)
        if query == "new":
            scores, weights, parts["c"] = attend(new, memory, mask, net)
        parts["s"] = new if readout == "new" else s
        logits = net.head(before_head(net.readout(torch.cat([parts[name] for name in seen], dim=1))))
        logits = logits.softmax(dim=-1) if answer == "probabilities" else logits
        handed_on = s if returned == "old" else new.detach() if cut == "state" else new
        results = {"l": logits, "s": handed_on, "w": weights if third == "weights" else scores}
        return tuple(results[name] for name in ("lsw" if answer == "probabilities" else answer))

    return one_step


def _changed(change: Callable, **options) -> Callable:
    """A step whose results are changed afterwards: change(net, logits, new state, weights)."""
    return lambda last, s, memory, mask, net: change(net, *step(**options)(last, s, memory, mask, net))


def _tanh_of_logits(net, logits, s, weights) -> tuple:
    return torch.tanh(logits), s, weights


MISTAKES = [
    Mistake("mask ignored", step(mask_as="ignored"), "You did not use the mask: padding gets weight."),
    Mistake(
        "mask inverted",
        step(mask_as="inverted"),
        "Your mask is inverted: True = may attend. Set the score to −∞ where it is False.",
    ),
    Mistake(
        "masked after the softmax",
        step(mask_as="late"),
        "You masked the weights after the softmax, so that they no longer sum to 1. Set scores to −∞ before it.",
    ),
    Mistake(
        "a finite score for padding",
        step(low=-100.0),
        FINITE,
    ),
    Mistake(
        "softmax over the batch",
        step(dim=0),
        "You took the softmax over the batch (dim=0). It runs over the keys, the last dimension.",
    ),
    Mistake(
        "no tanh in the score",
        step(squash=lambda x: x),
        "You left out the tanh of the score. Then W s adds the same to every key's score, and the softmax drops "
        "it: the query has no effect.",
    ),
    Mistake(
        "sigmoid in the score",
        step(squash=torch.sigmoid),
        "You squashed with the sigmoid; the score's hidden layer has tanh.",
    ),
    Mistake(
        "W and U exchanged",
        step(swap=True),
        "You exchanged W and U: W goes with the query s, U with the keys.",
    ),
    Mistake(
        "plain mean",
        step(mix="mean"),
        "Your context is the plain mean of the memory. Weigh each key's state by its weight.",
    ),
    Mistake(
        "scores instead of weights",
        step(mix="scores"),
        "You mixed the memory with the scores. Take the softmax of them first.",
    ),
    Mistake(
        "best key only",
        step(mix="best"),
        "Your context is the state of the best key alone. Through an arg-max the scores get no gradient.",
    ),
    Mistake(
        "last state only",
        step(mix="last"),
        "Your context is the last state of the source: that is the fixed vector of lesson 04.",
    ),
    Mistake(
        "context first",
        step(order="cy"),
        "You gave the cell [c; y]. Its weights expect the embedding first, [y; c]; sizes do not show it.",
    ),
    Mistake(
        "readout of the old state",
        step(readout="old"),
        "Your readout sees the old state. Use the new one, which has read the last symbol and the context.",
    ),
    Mistake(
        "old state handed on",
        step(returned="old"),
        "You return the state that came in, so that every step begins from the start. Return the new one.",
    ),
    Mistake(
        "readout in the order of the cell",
        step(seen="ycs"),
        "Your readout sees [y; c; s]; its weights expect [s; c; y].",
    ),
    Mistake(
        "readout with context first",
        step(seen="csy"),
        "Your readout sees [c; s; y]; its weights expect [s; c; y].",
    ),
    Mistake(
        "no tanh before the head",
        step(before_head=lambda x: x),
        "You left out the tanh between readout and head: two linear layers in a row are one.",
    ),
    Mistake(
        "scores returned",
        step(third="scores"),
        "Your third result holds the scores. Return the weights, after the softmax.",
    ),
    Mistake(
        "exponential without its maximum",
        step(mask_as="unsafe"),
        "Your exponential is infinite from scores of about 89 on, and infinity over infinity is NaN. Use softmax, "
        "which subtracts the largest score first.",
    ),
    Mistake(
        "context detached",
        step(cut="context"),
        "You cut the gradient (detach, no_grad or a new tensor). All numbers are right, and the attention never "
        "learns where to attend.",
    ),
    Mistake("a larger finite score for padding", step(low=-1e4), FINITE),
    Mistake(
        "scores of padding set to 0",
        step(mask_as="zero"),
        "You set the scores of padding to 0; e^0 = 1 is a weight like any other. Set them to −∞.",
    ),
    Mistake(
        "the new state as the query",
        step(query="new"),
        "Your weights and the context of the readout come from the new state. That is Luong's order; here the query is "
        "s, the state that comes in.",
    ),
    Mistake(
        "no query",
        step(query="none"),
        "The query does not enter your scores: W s is missing from the sum.",
    ),
    Mistake(
        "no dimension for the keys",
        step(query="no keys' dimension"),
        "net.W(s) is (batch, a) and net.U(memory) is (batch, source_len, a). Give the query a dimension for the keys: "
        "net.W(s)[:, None].",
    ),
    Mistake(
        "every 1 squeezed away",
        step(squeeze=True),
        "squeeze() drops every dimension of length 1, the batch or the source as well. squeeze(-1) drops the last "
        "alone.",
    ),
    Mistake(
        "mean of all states",
        step(mix="mean of all"),
        "Your context is the plain mean of the memory, padding included. Weigh each key's state by its weight.",
    ),
    Mistake(
        "keys as values",
        step(attended="keys"),
        "You averaged net.U(memory), the keys of the score. The context is the weighted mean of memory itself.",
    ),
    Mistake(
        "cell without a state",
        step(call=lambda cell, x, s: cell(x)),
        "You called the cell without s, so it began from zeros: net.cell(x, s).",
    ),
    Mistake(
        "ReLU before the head",
        step(before_head=torch.relu),
        "You used the ReLU between readout and head; the formula has tanh.",
    ),
    Mistake(
        "probabilities",
        step(answer="probabilities"),
        "You took the softmax of the logits. The loss and the search take it themselves: return the logits.",
    ),
    Mistake(
        "weights before the state",
        step(answer="lws"),
        "You returned logits, weights, state. The order is logits, new state, weights.",
    ),
    Mistake(
        "state before the logits",
        step(answer="slw"),
        "You returned state, logits, weights. The order is logits, new state, weights.",
    ),
    Mistake(
        "weights left out",
        step(answer="ls"),
        "You returned two tensors. Return the weights as well, after the new state.",
    ),
    Mistake(
        "scaled",
        step(scaled=True),
        "You divided the scores by the square root of the number of hidden units. The additive score has no scale.",
    ),
    Mistake(
        "head of the state",
        _changed(lambda net, logits, s, weights: (net.head(s), s, weights)),
        "You gave the state straight to the head. The readout comes before it: head(tanh(readout([s; c; y]))).",
    ),
    Mistake(
        "tanh after the head",
        _changed(_tanh_of_logits),
        "You took the tanh of the logits. It belongs between readout and head; a logit may be any number.",
    ),
    Mistake(
        "tanh after the head, none before it",
        _changed(_tanh_of_logits, before_head=lambda x: x),
        "Your tanh is around the head. It belongs between readout and head; a logit may be any number.",
    ),
    Mistake(
        "logarithms of the probabilities",
        _changed(lambda net, logits, s, weights: (logits.log_softmax(dim=-1), s, weights)),
        "You took the log_softmax of the logits. The loss and the search take it themselves: return the logits.",
    ),
    Mistake(
        "arguments of the cell exchanged",
        step(call=lambda cell, x, s: cell(s, x)),
        "You called net.cell(s, x). The input comes first, then the state: net.cell(x, s).",
    ),
    Mistake(
        "memory detached",
        step(cut="memory"),
        "Part of the gradient is cut (detach or .data). The encoder would learn through the scores alone, and not "
        "through the states that the context is made of.",
    ),
    Mistake(
        "new state detached",
        step(cut="state"),
        "You detached the new state. Each step would learn for itself, and nothing would reach the steps before.",
    ),
]
