"""Lesson 05: from scores to weights under a padding mask, and from queries, keys and values to contexts."""

from collections.abc import Callable

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when

NEVER = -float("inf")
OVER_QUERIES = (
    "You took the softmax over the queries (dim=0), so the columns sum to 1. Every query shares out its own weight 1 "
    "among the keys: dim=-1."
)
UNSAFE = (
    "Your exponential is infinite from scores of about 89 on, and infinity over infinity is NaN. Use torch.softmax, "
    "which subtracts each row's largest score first."
)
NO_GRADIENT = (
    "the result has no gradient, because of detach, item or a new tensor: nothing can be learned through it."
)


def _weights(scores, mask):
    return torch.softmax(scores.masked_fill(~mask, NEVER), dim=-1)


def _weights_cases() -> list[tuple]:
    generator = seeded(0)

    def case(target_len: int, allowed: list[bool]) -> tuple:
        return 2 * torch.randn(target_len, len(allowed), generator=generator), torch.tensor(allowed)

    return [
        case(1, [True, True, True]),
        case(3, [True, True, True, True]),
        case(2, [True, True, True, False, False]),
        case(4, [True, False, True, True]),
        tuple(part if n else 100 * part for n, part in enumerate(case(3, [True, True, False, True, True]))),
        tuple(part if n else part - 30_000 for n, part in enumerate(case(2, [True, True, False, False]))),
    ]


def _rows_sum_to_one(weights, *_) -> bool | str:
    sums = weights.sum(dim=-1)
    t = int((sums - 1).abs().argmax())
    return bool((sums - 1).abs().max() < 1e-4) or f"your row {t} sums to {sums[t]:.3f}, not to 1."


def _scores_that_learn() -> list[tuple]:
    scores, mask = _weights_cases()[2]
    return [(scores.requires_grad_(), mask)]


def learns(result, *_) -> bool | str:
    return result.requires_grad or NO_GRADIENT


def _padding_gets_nothing(weights, scores, mask) -> bool | str:
    given = float(weights[:, ~mask].abs().max()) if not mask.all() else 0.0
    return given < 1e-6 or f"a key where the mask is False gets {given:.3f}."


ATTENTION_WEIGHTS = Exercise(
    id="05.attention_weights",
    title="From scores to weights, padding left out",
    reference=_weights,
    cases=_weights_cases,
    properties=[
        has_shape("Are there as many weights as scores, (target_len, source_len)?"),
        matches_reference(
            "For one query that may attend to every key: is it the softmax of its scores?", cases=0
        ),
        holds("Does every row sum to 1, one row for each query?", _rows_sum_to_one, cases=1),
        holds("Does a padded key, where the mask is False, get weight 0?", _padding_gets_nothing),
        holds("Does every row still sum to 1 when some keys are padding?", _rows_sum_to_one),
        matches_reference("Are the weights right for every query and mask?", cases=(0, 1, 2, 3)),
        unchanged_when(
            "Do the weights stay the same, however large the score of a padded key is?",
            lambda scores, mask: (torch.where(mask, scores, scores + 30), mask),
            cases=(0, 1, 2, 3),
        ),
        matches_reference(
            "Are scores of a few hundred safe, although their exponential is infinite?", cases=4
        ),
        holds(
            "Is padding without weight even where all scores are far below zero?",
            _padding_gets_nothing,
            cases=5,
        ),
        holds("Does a gradient come back to the scores?", learns, cases=_scores_that_learn),
    ],
    hints=[
        "A weight after the softmax must be 0 where the mask is False. Which score has e^score = 0?",
        "Set the scores to −∞ where the mask is False, before the softmax. The softmax runs over the keys.",
        "`scores.masked_fill(~mask, -math.inf)` sets them, the same in every row. The keys are the last dimension.",
    ],
    mistakes=[
        Mistake(
            "softmax over the queries",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, NEVER), dim=0).nan_to_num(0.0),
            OVER_QUERIES,
        ),
        Mistake(
            "softmax over the queries, NaN at padding",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, NEVER), dim=0),
            OVER_QUERIES,
        ),
        Mistake(
            "softmax over the queries, shared padding",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, -1e9), dim=0),
            OVER_QUERIES,
        ),
        Mistake(
            "a finite score for padding",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, -100.0), dim=-1),
            "You gave padding a score of about −100. Other scores can be lower still; use −math.inf.",
        ),
        Mistake(
            "no mask",
            lambda scores, mask: torch.softmax(scores, dim=-1),
            "You did not use the mask: padding takes its share of the weight, and the result depends on how much of it "
            "a batch happens to have.",
        ),
        Mistake(
            "mask inverted",
            lambda scores, mask: torch.softmax(scores.masked_fill(mask, NEVER), dim=-1),
            "Your mask is inverted. In this course, as in scaled_dot_product_attention, True = may attend. (In "
            "nn.MultiheadAttention, True = masked.)",
        ),
        Mistake(
            "mask after the softmax",
            lambda scores, mask: torch.softmax(scores, dim=-1) * mask,
            "You set weights to 0 after the softmax: what padding had taken is missing now, and the rows sum to less "
            "than 1. Mask the scores, before the softmax.",
        ),
        Mistake(
            "mask added",
            lambda scores, mask: torch.softmax(scores + mask, dim=-1),
            "You added the mask to the scores: True counts as 1, so a real key is preferred a little and padding still "
            "gets weight. An additive mask holds 0 and −∞.",
        ),
        Mistake(
            "scores set to 0",
            lambda scores, mask: torch.softmax(scores * mask, dim=-1),
            "You set the scores of padding to 0; e^0 = 1 is a weight like any other. The score that gives 0 is −∞.",
        ),
        Mistake(
            "mask along the queries",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask[:, None], NEVER), dim=-1),
            "mask[:, None] applies the mask to the rows, the queries. It is about the keys, the last dimension: mask "
            "as it is, or mask[None, :].",
        ),
        Mistake(
            "no keepdim",
            lambda scores, mask: (scores.exp() * mask) / (scores.exp() * mask).sum(dim=-1),
            "Your sums are (target_len,) and get divided along the keys. With sum(dim=-1, keepdim=True) they are "
            "(target_len, 1), one for each row.",
        ),
        Mistake(
            "exponential without its maximum",
            lambda scores, mask: (scores.exp() * mask) / (scores.exp() * mask).sum(dim=-1, keepdim=True),
            UNSAFE,
        ),
        Mistake(
            "detached",
            lambda scores, mask: _weights(scores.detach(), mask),
            "You detached the scores. All numbers are right, and nothing can be learned.",
        ),
    ],
)


def _attend(
    softmax_dim: int = -1, mixed: str = "values", scale: bool = False, share: Callable = torch.softmax
) -> Callable:
    """Dot-product attention; the options are the ways to get it wrong."""

    def attend(queries, keys, values):
        scores = queries @ keys.T / (keys.shape[1] ** 0.5 if scale else 1)
        return share(scores, dim=softmax_dim) @ {"values": values, "keys": keys}[mixed]

    return attend


def _attend_cases() -> list[tuple]:
    generator = seeded(1)

    def case(target_len: int, source_len: int, size: int, value_size: int) -> tuple:
        shapes = (target_len, size), (source_len, size), (source_len, value_size)
        return tuple(torch.randn(*shape, generator=generator) for shape in shapes)

    large = case(2, 4, 3, 2)
    return [case(1, 3, 2, 2), case(3, 3, 3, 3), case(4, 5, 4, 3), (1000 * large[0], *large[1:])]


def _one_thatlearns() -> list[tuple]:
    """Cases in which one of queries, keys and values asks for its gradient."""
    return [
        tuple(part.requires_grad_() if n == chosen else part for n, part in enumerate(_attend_cases()[2]))
        for chosen in range(3)
    ]


def _between_the_values(context, queries, keys, values) -> bool | str:
    low, high = values.min(dim=0).values, values.max(dim=0).values
    fits = bool(((context > low - 1e-4) & (context < high + 1e-4)).all())
    return fits or "some of your numbers lie outside what the values have there; no weighted mean does."


def _other_way_round(queries, keys, values) -> tuple:
    return queries, keys.flip(0), values.flip(0)


DOT_ATTENTION = Exercise(
    id="05.dot_attention",
    title="Dot-product attention, all queries at once",
    reference=_attend(),
    cases=_attend_cases,
    properties=[
        has_shape("Is it one context for each query, (target_len, value_size)?"),
        matches_reference("For one query and three keys: is it the weighted mean of the values?", cases=0),
        holds(
            "Does every context lie among the values, as a mean must?", _between_the_values, cases=(0, 1, 2)
        ),
        unchanged_when(
            "Keys and values in a different order, but together: is the context the same?",
            _other_way_round,
            cases=(0, 1, 2),
        ),
        matches_reference("Is it right for several queries?", cases=1),
        matches_reference(
            "Is it right where there are more keys than queries, and values have a size of their own?",
            cases=2,
        ),
        matches_reference(
            "Are scores of a few hundred safe, although their exponential is infinite?", cases=3
        ),
        holds("Do queries, keys and values all get a gradient?", learns, cases=_one_thatlearns),
    ],
    hints=[
        "Which matrix product has the dot product of query t and key i in row t, column i?",
        "Three operations, no loop: a score for every query with every key, weights, weighted mean of the values.",
        "`queries @ keys.T` are the scores, (target_len, source_len). Each row needs its own softmax, and the weights "
        "then multiply the values from the left.",
    ],
    mistakes=[
        Mistake(
            "softmax over the queries",
            _attend(softmax_dim=0),
            OVER_QUERIES,
        ),
        Mistake(
            "keys mixed, not values",
            _attend(mixed="keys"),
            "You took the weighted mean of the keys. Keys decide the weights; what gets averaged are the values.",
        ),
        Mistake(
            "plain mean",
            lambda queries, keys, values: values.mean(dim=0).repeat(len(queries), 1),
            "You took the plain mean of the values, the same for every query: use the weights.",
        ),
        Mistake(
            "no softmax",
            _attend(share=lambda scores, dim: scores),
            "You left out the softmax: scores may be negative and sum to anything; weights are shares of 1.",
        ),
        Mistake(
            "only the best key",
            lambda queries, keys, values: values[(queries @ keys.T).argmax(dim=-1)],
            "You took the value of the best key alone. That is hard attention: through an arg-max no gradient reaches "
            "the scores. Mix all values, each by its weight.",
        ),
        Mistake(
            "scaled",
            _attend(scale=True),
            "You divided by √d: that is the scaled dot product of the next lesson. Luong's has no scale.",
        ),
        Mistake(
            "exponential without its maximum",
            _attend(share=lambda scores, dim: scores.exp() / scores.exp().sum(dim=dim, keepdim=True)),
            UNSAFE,
        ),
        Mistake(
            "detached",
            lambda queries, keys, values: _attend()(queries.detach(), keys.detach(), values.detach()),
            "Something is detached: the numbers are right, but queries, keys or values cannot be learned.",
        ),
        Mistake(
            "the weights",
            lambda queries, keys, values: torch.softmax(queries @ keys.T, dim=-1),
            "You returned the weights; the contexts are weights @ values.",
        ),
        Mistake(
            "no transpose",
            lambda queries, keys, values: torch.softmax(queries @ keys, dim=-1) @ values,
            "queries @ keys does not fit: (target_len, d) needs (d, source_len) on its right, and that is keys.T.",
        ),
    ],
)
