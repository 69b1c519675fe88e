"""Lesson 08: how much of an induction head a head is, and how many layers a copying task needs."""

import math

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _mean_of(place, first=lambda period: period, total=False):
    """Mean weight on place(t, period) over the queries t of the repetition."""

    def score(A, period):
        rows = range(first(period), len(A))
        weights = torch.stack([A[place(t, period)] for t in rows])
        return weights.sum() / len(A) if total else weights.mean()

    return score


def _each(A, period):
    return torch.stack([A[t, t - period + 1] for t in range(period, len(A))])


def _every_earlier(A, period):
    columns = [range(t + 1 - period, 0, -period) for t in range(len(A))]
    return torch.stack([A[t, list(columns[t])].sum() for t in range(period, len(A))]).mean()


def _largest_there(A, period):
    t = torch.arange(period, len(A))
    return (A[period:].argmax(dim=-1) == t - period + 1).float().mean()


def _maps() -> list[tuple]:
    generator = seeded(8)

    def weights(time: int) -> torch.Tensor:
        scores = 2 * torch.randn(time, time, generator=generator)
        ahead = ~torch.ones(time, time, dtype=torch.bool).tril()
        return scores.masked_fill(ahead, -math.inf).softmax(dim=-1)

    perfect = torch.zeros(6, 6)
    for t in range(6):
        perfect[t, max(0, t - 2)] = 1.0  # period 3: the token after the same token's last place
    return [(perfect, 3), (weights(8), 4), (weights(13), 5)]


INDUCTION_SCORE = Exercise(
    id="08.induction_score",
    title="Induction score",
    reference=_mean_of(lambda t, period: (t, t - period + 1)),
    cases=_maps,
    properties=[
        has_shape("Is it one number, a tensor without dimensions?"),
        matches_reference(
            "Is it 1 for a head that always attends to the token after the same token's last place?", cases=0
        ),
        matches_reference(
            "With 8 tokens and period 4, is it the mean over the queries of the second half?", cases=1
        ),
        matches_reference("With 13 tokens and period 5, is it the mean over all repeated tokens?", cases=2),
    ],
    hints=[
        "Query t repeats an earlier token. Where was that token before, and which position came right after it?",
        "The same token was at t − period; the one after it is at t − period + 1. Average that weight over t ≥ period.",
        "`torch.stack([A[t, …] for t in range(period, len(A))])` collects the weights: which column belongs to the "
        "dots? Then take the mean.",
    ],
    mistakes=[
        Mistake(
            "same token",
            _mean_of(lambda t, period: (t, t - period)),
            "You took t − period: that is the same token (a duplicate-token head). An induction head attends to the "
            "token after it, one to the right.",
        ),
        Mistake(
            "rows and columns exchanged",
            _mean_of(lambda t, period: (t - period + 1, t)),
            "You exchanged query and key: rows are queries. With a causal mask those weights are all 0.",
        ),
        Mistake(
            "previous token",
            _mean_of(lambda t, period: (t, t - 1)),
            "You took the weight on the token before: that is the score of a previous-token head.",
        ),
        Mistake(
            "two after",
            _mean_of(lambda t, period: (t, t - period + 2)),
            "You took the second token after the same token's last place; the first one came next.",
        ),
        Mistake(
            "one query too early",
            _mean_of(lambda t, period: (t, t - period + 1), first=lambda period: period - 1),
            "You began at t = period − 1, before the repetition; its first token is at t = period.",
        ),
        Mistake(
            "one query too late",
            _mean_of(lambda t, period: (t, t - period + 1), first=lambda period: period + 1),
            "You began at t = period + 1; the first query of the repetition is at t = period.",
        ),
        Mistake(
            "mean over all queries",
            _mean_of(lambda t, period: (t, t - period + 1), total=True),
            "You divided by the number of all queries. Before t = period nothing is repeated: leave those out.",
        ),
        Mistake(
            "token before",
            _mean_of(lambda t, period: (t, t - period - 1)),
            "You took t − period − 1: the token before the same token's last place. What came next is on the other "
            "side, at t − period + 1.",
        ),
        Mistake(
            "sum",
            lambda A, period: _each(A, period).sum(),
            "You added the weights up. The score is their mean, so that it is 1 for a perfect head.",
        ),
        Mistake(
            "one weight for each query",
            _each,
            "Your weights are the right ones, one for each query. The score is their mean.",
        ),
        Mistake(
            "largest weight",
            lambda A, period: A[period:].amax(dim=-1).mean(),
            "You took the largest weight of each row, wherever it is. The score asks for one position: t − period + 1.",
        ),
        Mistake(
            "share of the largest",
            _largest_there,
            "You counted the rows whose largest weight is at the right place. The score is the mean of the weights.",
        ),
        Mistake(
            "second round only",
            lambda A, period: _each(A[: 2 * period], period).mean(),
            "You stopped at t = 2 · period − 1. A third round is a repetition as well: go on to the last token.",
        ),
        Mistake(
            "every earlier round",
            _every_earlier,
            "You added the weights on all earlier rounds. Only the previous occurrence counts: t − period + 1.",
        ),
        Mistake(
            "over the largest weight",
            lambda A, period: (_each(A, period) / A[period:].amax(dim=-1)).mean(),
            "You divided each weight by the largest of its row. A row's weights sum to 1 as they are: take their mean.",
        ),
        Mistake(
            "first query",
            lambda A, period: A[period, 1],
            "You took the first repeated token's weight only. The score is the mean over all queries from t = period "
            "on.",
        ),
        Mistake(
            "last query",
            lambda A, period: A[-1, len(A) - period],
            "You took the last query's weight only. The score is the mean over all queries from t = period on.",
        ),
    ],
)

LAYERS_NEEDED = Exercise(
    id="08.layers_needed",
    title="One period for all rows",
    reference=1,
    properties=[
        holds(
            "Is it one of the numbers of layers that you tried, 1 or 2?",
            lambda layers: layers in (1, 2) or "expected 1 or 2.",
        ),
        matches_reference("Is it the smallest number of layers whose accuracy is at least 0.95?"),
    ],
    hints=[
        "Where is the answer in a row of period 10? Does the model have to compare any tokens to find it?",
        "With one period, the answer is always the same number of positions back. Rotary positions can express that "
        "in one layer.",
        "Run `copy_task(num_layers=n, period=10)` for n = 1 and n = 2 and read off the accuracies.",
    ],
    mistakes=[
        Mistake(
            "two",
            2,
            "Two layers do succeed, but so does one: with a fixed period it is enough to count back, and nothing has "
            "to be compared.",
        ),
        Mistake(
            "none",
            0,
            "Without a layer no token sees another one, so nothing can be copied. Try 1 and 2.",
        ),
        Mistake("period", 10, "10 is the period. Hand in the number of layers."),
        Mistake(
            "distance",
            9,
            "Nine positions back is where the answer is. Hand in the number of layers with which it is found.",
        ),
    ],
)
