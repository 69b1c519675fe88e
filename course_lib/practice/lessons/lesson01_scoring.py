"""Lesson 01: scoring and sampling: perplexity and temperature."""

import math

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _log_probs() -> list[tuple]:
    generator = seeded(0)
    return [
        (torch.tensor([0.25]).log(),),
        (torch.tensor([0.5, 0.125]).log(),),
        (torch.full((6,), 1 / 65).log(),),
        (torch.log_softmax(torch.randn(9, 4, generator=generator), dim=-1)[:, 0],),
        (torch.log_softmax(torch.randn(2000, 4, generator=generator), dim=-1)[:, 0],),  # their product is 1e-1535
    ]


PERPLEXITY = Exercise(
    id="01.perplexity",
    title="The perplexity of a text",
    points=1,
    reference=lambda log_probs: torch.exp(-log_probs.mean()),
    cases=_log_probs,
    properties=[
        has_shape("Is the result one number, a tensor of shape ()?"),
        holds(
            "Is the perplexity at least 1, as for any probabilities?",
            lambda value, _: bool(value >= 1),
        ),
        matches_reference("One symbol that got probability 1/4: is the perplexity 4?", cases=0),
        unchanged_when(
            "Does a text twice as long, with the same probabilities, have the same perplexity?",
            lambda log_probs: (torch.cat([log_probs, log_probs]),),
            cases=1,
        ),
        matches_reference(
            "Probabilities 1/2 and 1/8: is the perplexity 4, one over their geometric mean?", cases=1
        ),
        matches_reference("Does a uniform distribution over 65 symbols have perplexity 65?", cases=2),
        matches_reference("Is it right for other probabilities too?", cases=3),
        matches_reference("And for 2,000 characters, whose product is zero in every floating-point type?", cases=4),
    ],
    hints=[
        "The loss in nats is the mean of −ln p. What undoes a natural logarithm?",
        "perplexity = exp(−(1/n) Σ ln pᵢ): mean first, then the minus sign, then exp.",
        "`-log_probs.mean()` is the loss in nats. One function call is missing.",
    ],
    mistakes=[
        Mistake(
            "minus forgotten",
            lambda log_probs: torch.exp(log_probs.mean()),
            "You left out the minus sign: that is the geometric mean of the probabilities; perplexity is one over it.",
        ),
        Mistake(
            "sum for mean",
            lambda log_probs: torch.exp(-log_probs.sum()),
            "You took the sum, not the mean: a longer text would look harder only because it is longer.",
        ),
        Mistake(
            "mean of 1/p",
            lambda log_probs: torch.exp(-log_probs).mean(),
            "You averaged after undoing the logarithm; take the mean of the logarithms first, then exp.",
        ),
        Mistake(
            "base two",
            lambda log_probs: 2 ** (-log_probs.mean()),
            "You raised 2 to a loss in nats; the logarithms are natural ones, so e is the base: torch.exp.",
        ),
        Mistake(
            "logarithm of a logarithm",
            lambda log_probs: torch.exp(-log_probs.log().mean()),
            "log_probs are logarithms already, and the logarithm of a negative number is NaN.",
        ),
        Mistake(
            "mean of the probabilities",
            lambda log_probs: 1 / torch.exp(log_probs).mean(),
            "You averaged the probabilities; average their logarithms, then undo the logarithm.",
        ),
        Mistake(
            "loss, no exp",
            lambda log_probs: -log_probs.mean(),
            "That is the loss in nats; the perplexity is exp of it.",
        ),
        Mistake(
            "one for each character",
            lambda log_probs: torch.exp(-log_probs),
            "That is one number per character, 1 / p; take the mean of the logarithms before exp.",
        ),
        Mistake(
            "bits per character",
            lambda log_probs: -log_probs.mean() / math.log(2),
            "Those are bits per character; the perplexity is e to the loss in nats.",
        ),
        Mistake(
            "minus outside",
            lambda log_probs: -torch.exp(log_probs.mean()),
            "Your minus sign stands outside exp; it belongs to the logarithms inside.",
        ),
        Mistake(
            "median",
            lambda log_probs: torch.exp(-log_probs.median()),
            "You took the median; the loss is the mean of all characters.",
        ),
        Mistake(
            "softmax first",
            lambda log_probs: torch.exp(-torch.log_softmax(log_probs, dim=0).mean()),
            "log_probs are one probability for each character of the text, not scores of rivals: no softmax over them.",
        ),
        Mistake(
            "product of the probabilities",
            lambda log_probs: log_probs.exp().prod() ** (-1 / len(log_probs)),
            "The formula is right, but the product of thousands of probabilities is rounded to zero. Stay with the "
            "logarithms: their mean first, then exp.",
        ),
        Mistake(
            "e to the bits",
            lambda log_probs: torch.exp(-log_probs.mean() / math.log(2)),
            "You raised e to a loss in bits; e goes with nats: torch.exp(-log_probs.mean()).",
        ),
        Mistake(
            "entropy",
            lambda log_probs: torch.exp(-(log_probs.exp() * log_probs).sum()),
            "You weighted each logarithm with its own probability, as in an entropy; here all count the same.",
        ),
        Mistake(
            "worst character",
            lambda log_probs: torch.exp(-log_probs.min()),
            "You took the least likely character alone; the loss is the mean of all characters.",
        ),
        Mistake(
            "base ten",
            lambda log_probs: 10 ** (-log_probs.mean()),
            "You raised 10 to a loss in nats; the logarithms are natural ones, so e is the base: torch.exp.",
        ),
    ],
)


def _logit_cases() -> list[tuple]:
    generator = seeded(3)
    return [
        (torch.tensor([0.0, 0.0, 0.0, 0.0]), 0.5),
        (torch.tensor([0.1, 0.3, 0.6]).log(), 1.0),
        (torch.tensor([0.2, 0.8]).log(), 0.5),
        (torch.randn(6, generator=generator), 2.0),
        (torch.tensor([1000.0, 999.0, 0.0]), 1.0),
    ]


def _in_place(logits, temperature):
    return torch.softmax(logits.div_(temperature), dim=-1)


TEMPERATURE = Exercise(
    id="01.temperature",
    title="Sampling with a temperature",
    points=1,
    reference=lambda logits, temperature: torch.softmax(logits / temperature, dim=-1),
    cases=_logit_cases,
    properties=[
        has_shape("Is there one probability for each logit?"),
        holds(
            "Do the probabilities sum to 1?",
            lambda probabilities, *_: (
                abs(float(probabilities.sum()) - 1) < 1e-4 or f"they sum to {float(probabilities.sum()):.3f}."
            ),
            cases=range(4),
        ),
        matches_reference("Are equal logits equally likely at every temperature?", cases=0),
        matches_reference("At temperature 1, is it the ordinary softmax?", cases=1),
        matches_reference("At temperature 1/2, are odds of 1 : 4 squared to 1 : 16?", cases=2),
        matches_reference("At temperature 2, is the distribution flatter?", cases=3),
        matches_reference("Is it safe for logits of 1000, whose exponential is infinite?", cases=4),
    ],
    hints=[
        "Does the temperature act on the logits before the softmax, or on the probabilities after it?",
        "P = softmax(logits / T): a large T brings the logits closer together.",
        "`logits / temperature` is what the softmax gets. `torch.softmax` wants to know along which dimension.",
    ],
    mistakes=[
        Mistake(
            "multiplied",
            lambda logits, temperature: torch.softmax(logits * temperature, dim=-1),
            "You multiplied the logits by the temperature, or raised the probabilities to it; divide the logits, so "
            "that a high temperature flattens.",
        ),
        Mistake(
            "after the softmax",
            lambda logits, temperature: torch.softmax(logits, dim=-1) / temperature,
            "You divided the probabilities, so they no longer sum to 1. Divide the logits, before the softmax.",
        ),
        Mistake(
            "after the softmax, renormalised",
            lambda logits, temperature: torch.softmax(torch.softmax(logits, dim=-1) / temperature, dim=-1),
            "You took the softmax twice; divide the logits by the temperature, then take one softmax.",
        ),
        Mistake(
            "log_softmax",
            lambda logits, temperature: torch.log_softmax(logits / temperature, dim=-1),
            "These are the logarithms of the probabilities; softmax gives the probabilities themselves.",
        ),
        Mistake(
            "no softmax",
            lambda logits, temperature: logits / temperature,
            "These are the scaled logits; the softmax makes probabilities of them.",
        ),
        Mistake(
            "exponentials of large numbers",
            lambda logits, temperature: (
                torch.exp(logits / temperature) / torch.exp(logits / temperature).sum()
            ),
            "The formula is right, but exp overflows for large logits. Subtract the largest logit first, or use "
            "torch.softmax.",
        ),
        Mistake(
            "no temperature",
            lambda logits, temperature: torch.softmax(logits, dim=-1),
            "The temperature has no effect on your result; divide every logit by it, before the softmax.",
        ),
        Mistake(
            "power without a new sum",
            lambda logits, temperature: torch.softmax(logits, dim=-1) ** (1 / temperature),
            "Raised to 1/T, the probabilities no longer sum to 1; divide them by their sum, or the logits by T before "
            "the softmax.",
        ),
        Mistake(
            "clamped",
            lambda logits, temperature: torch.softmax((logits / temperature).clamp(max=50.0), dim=-1),
            "You cut large logits off, which makes them equal; torch.softmax copes with large logits as they are.",
        ),
        Mistake(
            "all on the best",
            lambda logits, temperature: (torch.arange(len(logits)) == logits.argmax()).float(),
            "You gave everything to the best symbol; that is the limit for T near 0. Take a softmax.",
        ),
        Mistake(
            "no exponential",
            lambda logits, temperature: logits / temperature / (logits / temperature).sum(),
            "You divided the logits by their sum; the softmax takes exponentials first, so that all are positive.",
        ),
        Mistake(
            "sigmoid",
            lambda logits, temperature: torch.sigmoid(logits / temperature),
            "A sigmoid judges each symbol by itself; the softmax lets them share a probability of 1.",
        ),
        Mistake(
            "in place",
            _in_place,
            "logits /= … changes the caller's tensor; write logits / temperature, which makes a new one.",
        ),
        Mistake(
            "divided by the largest",
            lambda logits, temperature: torch.softmax(logits / logits.max() / temperature, dim=-1),
            "You divided by the largest logit, which changes the odds; to be safe from overflow, subtract it.",
        ),
        Mistake(
            "root of the temperature",
            lambda logits, temperature: torch.softmax(logits / temperature**0.5, dim=-1),
            "You divided by the square root of the temperature; divide by the temperature itself.",
        ),
    ],
)
