"""Lesson 12: a sentence as one vector."""

import torch
import torch.nn.functional as F

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _mean_pooling(padding: bool = False, normalise: bool = True, divide: bool = True, which: str = "all"):
    """A unit vector for each sentence; the options are the ways to get it wrong."""

    def pool(hidden, real):
        weights = torch.ones_like(real) if padding else real
        weights = weights.to(hidden.dtype)[..., None]  # (batch, time, 1)
        total = (hidden * weights).sum(dim=1)
        count = weights.sum(dim=1) if divide else 1
        pooled = hidden[:, 0] if which == "first" else total / count
        return F.normalize(pooled, dim=-1) if normalise else pooled

    return pool


def _words_only(hidden, real):
    words = real.clone()
    words[:, 0] = False
    words[torch.arange(len(real)), real.sum(dim=1) - 1] = False
    return F.normalize((hidden * words[..., None]).sum(dim=1), dim=-1)


def _pooling_cases() -> list[tuple]:
    generator = seeded(3)

    def case(lengths: list[int], time: int, features: int) -> tuple:
        real = torch.arange(time) < torch.tensor(lengths)[:, None]
        return torch.randn(len(lengths), time, features, generator=generator), real

    return [
        (torch.tensor([[[3.0, 0.0], [0.0, 4.0]]]), torch.tensor([[True, False]])),
        (torch.tensor([[[3.0, 0.0], [0.0, 4.0]]]), torch.tensor([[True, True]])),
        case([4, 2, 1], 4, 3),
        case([5, 3], 6, 4),
    ]


def _other_padding(hidden, real):
    return hidden.masked_fill(~real[..., None], 7.0), real


def _unit(result, *_) -> bool | str:
    lengths = result.norm(dim=-1)
    row = int((lengths - 1).abs().argmax())
    return (
        bool((lengths - 1).abs().max() < 1e-4) or f"your vector {row} has length {lengths[row]:.3f}, not 1."
    )


MEAN_POOLING = Exercise(
    id="12.mean_pooling",
    title="A sentence as one vector",
    reference=_mean_pooling(),
    cases=_pooling_cases,
    properties=[
        has_shape("Is there one vector for each sentence, (batch, d_model)?"),
        unchanged_when("Does the vector stay the same when other numbers fill the padding?", _other_padding),
        matches_reference("One real token (3, 0): is it (1, 0)?", cases=0),
        matches_reference("Two real tokens, (3, 0) and (0, 4): is it (0.6, 0.8)?", cases=1),
        holds("Has every vector length 1?", _unit),
        matches_reference("Is every vector right for sentences of different lengths?", cases=(2, 3)),
    ],
    hints=[
        "The mean over the real tokens only, then divided by its length, so that a dot product is a cosine.",
        "Multiply by the mask, (batch, time, 1), sum over time, divide by the number of real tokens, normalise.",
        "F.normalize((hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True), dim=-1)",
    ],
    mistakes=[
        Mistake(
            "padding counted",
            _mean_pooling(padding=True),
            "You averaged the padding, too: then a sentence's vector depends on its longest neighbour in the batch.",
        ),
        Mistake(
            "not normalised",
            _mean_pooling(normalise=False),
            "You did not bring the vectors to length 1: their dot products are not cosines.",
        ),
        Mistake(
            "divided by time",
            lambda hidden, real: (hidden * real[..., None]).mean(dim=1),
            "You divided by time, padding included, and did not normalise.",
        ),
        Mistake(
            "sum",
            _mean_pooling(normalise=False, divide=False),
            "That is the sum; divide by the number of real tokens, and bring it to length 1.",
        ),
        Mistake(
            "the first token",
            _mean_pooling(which="first"),
            "You took the first token, [CLS]. This model was trained with the mean over all real tokens.",
        ),
        Mistake(
            "each token normalised",
            lambda hidden, real: _mean_pooling(normalise=False)(F.normalize(hidden, dim=-1), real),
            "You normalised the tokens before averaging; the mean comes first, then its length is made 1.",
        ),
        Mistake(
            "tokens and mean normalised",
            lambda hidden, real: _mean_pooling()(F.normalize(hidden, dim=-1), real),
            "You normalised each token as well as the mean. Tokens keep their lengths; normalise only the mean.",
        ),
        Mistake(
            "inverted mask",
            lambda hidden, real: _mean_pooling()(hidden, ~real),
            "You averaged the padding instead of the real tokens: real is True for real tokens.",
        ),
        Mistake(
            "one token too many",
            lambda hidden, real: _mean_pooling()(
                hidden, torch.arange(real.shape[1]) <= real.sum(dim=1, keepdim=True)
            ),
            "You included the first padded token: positions count from 0, so real ones are `< lengths`, not `<=`.",
        ),
        Mistake(
            "the largest",
            lambda hidden, real: F.normalize(
                hidden.masked_fill(~real[..., None], -torch.inf).amax(dim=1), dim=-1
            ),
            "That is max-pooling, the largest of each feature; the mean is asked for.",
        ),
        Mistake(
            "padding as minus infinity",
            lambda hidden, real: F.normalize(
                hidden.masked_fill(~real[..., None], -torch.inf).mean(dim=1), dim=-1
            ),
            "You wrote −∞ into the padding. That suits a maximum or a softmax; a mean becomes −∞, too. Write 0, and "
            "divide by the number of real tokens.",
        ),
        Mistake(
            "divided by the sum",
            lambda hidden, real: (
                (mean := _mean_pooling(normalise=False)(hidden, real)) / mean.sum(dim=-1, keepdim=True)
            ),
            "You divided by the sum of the features. The length is the root of the sum of squares.",
        ),
        Mistake(
            "inverted mask, sum",
            lambda hidden, real: F.normalize((hidden * ~real[..., None]).sum(dim=1), dim=-1),
            "You averaged the padding instead of the real tokens: real is True for real tokens.",
        ),
        Mistake(
            "one mean for the batch",
            lambda hidden, real: F.normalize(hidden[real].mean(dim=0), dim=-1).expand(len(hidden), -1),
            "You averaged the tokens of all sentences together; average over time, in each sentence on its own.",
        ),
        Mistake(
            "normalised over the batch",
            lambda hidden, real: F.normalize(_mean_pooling(normalise=False)(hidden, real), dim=0),
            "You normalised along the batch, dim=0. Each sentence's vector gets length 1: dim=-1.",
        ),
        Mistake(
            "[CLS] and [SEP] left out",
            _words_only,
            "You left out the first and the last real token. This model's mean includes [CLS] and [SEP].",
        ),
        Mistake(
            "absolute values sum to 1",
            lambda hidden, real: F.normalize(_mean_pooling(normalise=False)(hidden, real), p=1, dim=-1),
            "You divided by the sum of the absolute values. The length is the root of the sum of squares.",
        ),
        Mistake(
            "one length for the batch",
            lambda hidden, real: (mean := _mean_pooling(normalise=False)(hidden, real)) / mean.norm(),
            "You divided by the length of the whole batch. Each sentence's vector is divided by its own: dim=-1.",
        ),
        Mistake(
            "the squared length",
            lambda hidden, real: (
                (mean := _mean_pooling(normalise=False)(hidden, real))
                / mean.square().sum(dim=-1, keepdim=True)
            ),
            "You divided by the sum of squares. The length is its square root.",
        ),
        Mistake(
            "standardised",
            lambda hidden, real: (
                ((mean := _mean_pooling(normalise=False)(hidden, real)) - mean.mean(dim=-1, keepdim=True))
                / mean.std(dim=-1, keepdim=True)
            ),
            "You subtracted a mean and divided by a standard deviation. Only divide by the vector's length.",
        ),
        Mistake(
            "the last real token",
            lambda hidden, real: F.normalize(hidden[torch.arange(len(real)), real.sum(dim=1) - 1], dim=-1),
            "You took the last real token, [SEP]. This model was trained with the mean over all real tokens.",
        ),
        Mistake(
            "softmax",
            lambda hidden, real: _mean_pooling(normalise=False)(hidden, real).softmax(dim=-1),
            "A softmax makes the features sum to 1. Divide by the vector's length instead, F.normalize.",
        ),
        Mistake(
            "length from argmin",
            lambda hidden, real: _mean_pooling()(
                hidden, torch.arange(real.shape[1]) < real.int().argmin(dim=1, keepdim=True)
            ),
            "Your length is the position of the first padded token; a sentence without padding has none, and argmin "
            "gives 0. Use real.sum(dim=1).",
        ),
    ],
)
