"""Lesson 08: one step of attention with a cache, and how much of an induction head a head is."""

import math

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _step(own=True, front=False, swapped=False, scale=True, forget=False):
    """One query with a cache; the options are the ways to get it wrong."""

    def step(q, k, v, keys, values):
        if swapped:
            k, v = v, k
        new = (
            (lambda old, one: torch.cat([one[None], old]))
            if front
            else (lambda old, one: torch.cat([old, one[None]]))
        )
        all_keys, all_values = new(keys, k), new(values, v)
        seen_keys, seen_values = (all_keys, all_values) if own else (keys, values)
        scores = seen_keys @ q / (math.sqrt(len(q)) if scale else 1.0)
        # With nothing in the cache and its own key left out there is nothing to look at.
        y = scores.softmax(0) @ seen_values if len(seen_keys) else torch.zeros_like(v)
        return (y, keys, values) if forget else (y, all_keys, all_values)

    return step


def _step_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(8)

    def case(time: int, d_head: int) -> tuple:
        q, k, v = torch.randn(3, d_head, generator=generator)
        keys, values = torch.randn(2, time, d_head, generator=generator)
        return 2 * q, k.clone(), v.clone(), keys.clone(), values.clone()

    return [case(0, 3), case(1, 4), case(5, 8)]


CACHED_STEP = Exercise(
    id="08.cached_step",
    title="One step with a cache",
    reference=_step(),
    cases=_step_cases,
    properties=[
        has_shape("Are there three results: y (d_head,), and keys and values one row longer?"),
        holds(
            "Does the new key stand last, behind the old ones?",
            lambda result, q, k, v, keys, values: (
                torch.equal(result[1], torch.cat([keys, k[None]]))
                or "your keys are other rows, or in another order."
            ),
        ),
        holds(
            "And the new value?",
            lambda result, q, k, v, keys, values: (
                torch.equal(result[2], torch.cat([values, v[None]]))
                or "your values are other rows, or in another order."
            ),
        ),
        matches_reference("With an empty cache: is y the token's own value?", cases=0),
        matches_reference("With one token in the cache: does the new one look at it and at itself?", cases=1),
        matches_reference("With five?", cases=2),
    ],
    hints=[
        "First append, then attend: the new token may look at itself. One query gives one row of weights.",
        "keys = torch.cat([keys, k[None]]), (time + 1, d_head), the same for values; scores = keys @ q / √d_head.",
        "y = (keys @ q / math.sqrt(len(q))).softmax(dim=0) @ values; return y, keys, values",
    ],
    mistakes=[
        Mistake(
            "not at itself",
            _step(own=False),
            "You attended before appending: the new token cannot look at itself, and the first one at nothing.",
        ),
        Mistake(
            "in front",
            _step(front=True),
            "You put the new key and value in front. The sum does not mind, but the cache is no longer in the order "
            "of the text, and with a mask or positions that matters.",
        ),
        Mistake(
            "key and value swapped",
            _step(swapped=True),
            "You appended the key to the values and the value to the keys.",
        ),
        Mistake("no scale", _step(scale=False), "You did not divide the scores by √d_head."),
        Mistake(
            "cache not returned",
            _step(forget=True),
            "You returned the old cache: the next token will not see this one.",
        ),
    ],
)


def _mean_of(place, first=lambda period: period):
    """Mean weight on place(t, period) over the queries t of the repetition."""

    def score(A, period):
        rows = range(first(period), len(A))
        return torch.stack([A[place(t, period)] for t in rows]).mean()

    return score


def _maps() -> list[tuple]:
    generator = torch.Generator().manual_seed(8)

    def weights(time: int) -> torch.Tensor:
        scores = 2 * torch.randn(time, time, generator=generator)
        ahead = ~torch.ones(time, time, dtype=torch.bool).tril()
        return scores.masked_fill(ahead, -math.inf).softmax(dim=-1)

    perfect = torch.zeros(6, 6)
    for t in range(6):
        perfect[t, max(0, t - 2)] = 1.0  # period 3: one after the same symbol's last place
    return [(perfect, 3), (weights(8), 4), (weights(11), 4)]


INDUCTION_SCORE = Exercise(
    id="08.induction_score",
    title="How much of an induction head",
    reference=_mean_of(lambda t, period: (t, t - period + 1)),
    cases=_maps,
    properties=[
        has_shape("Is it one number, a tensor without dimensions?"),
        matches_reference(
            "Is it 1 for a head that always looks at what came after the same symbol before?", cases=0
        ),
        matches_reference(
            "Where a symbol is repeated once: the mean over the second half's queries only?", cases=1
        ),
        matches_reference("And where the sequence goes on for longer?", cases=2),
    ],
    hints=[
        "Query t stands in the repetition. Where did its own symbol stand before? And what stood right after that?",
        "The same symbol stood at t − period; the one after it at t − period + 1. Average A[t, t − period + 1] over "
        "t ≥ period.",
        "torch.stack([A[t, t - period + 1] for t in range(period, len(A))]).mean()",
    ],
    mistakes=[
        Mistake(
            "same symbol",
            _mean_of(lambda t, period: (t, t - period)),
            "You looked at t − period: that is the same symbol (a duplicate-token head). An induction head looks at "
            "the symbol after it, one to the right.",
        ),
        Mistake(
            "rows and columns turned",
            _mean_of(lambda t, period: (t - period + 1, t)),
            "You took key for query: rows are the tokens that look. With a causal mask those weights are all 0.",
        ),
        Mistake(
            "previous token",
            _mean_of(lambda t, period: (t, t - 1)),
            "You took the weight on the token before: that is the score of a previous-token head.",
        ),
        Mistake(
            "two after",
            _mean_of(lambda t, period: (t, t - period + 2)),
            "You looked two places after the same symbol; one is right: the symbol that came next.",
        ),
        Mistake(
            "one query too early",
            _mean_of(lambda t, period: (t, t - period + 1), first=lambda period: period - 1),
            "You began at t = period − 1, before the repetition; its first symbol stands at t = period.",
        ),
        Mistake(
            "one query too late",
            _mean_of(lambda t, period: (t, t - period + 1), first=lambda period: period + 1),
            "You began at t = period + 1; the first query of the repetition stands at t = period.",
        ),
    ],
)
