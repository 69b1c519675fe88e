"""Lesson 05: dot-product attention, from queries, keys and values to contexts."""

from collections.abc import Callable

import torch
from torch import nn

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson05_weights import OVER_QUERIES, UNSAFE, learns
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


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


def _one_that_learns() -> list[tuple]:
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
    points=1,
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
        holds("Do queries, keys and values all get a gradient?", learns, cases=_one_that_learns),
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
            "Your numbers are right, but no gradient comes back, so nothing can be learned. Stay with tensors: "
            "no detach, tolist, item or NumPy on the way.",
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
        Mistake(
            "contexts and weights",
            lambda queries, keys, values: (
                _attend()(queries, keys, values),
                torch.softmax(queries @ keys.T, dim=-1),
            ),
            "You returned the weights as well. Return the contexts alone.",
        ),
        Mistake(
            "softmax over the queries, by hand",
            lambda queries, keys, values: (
                (queries @ keys.T).exp() / (queries @ keys.T).exp().sum(dim=0) @ values
            ),
            OVER_QUERIES,
        ),
        Mistake(
            "no keepdim",
            lambda queries, keys, values: (
                (queries @ keys.T).exp() / (queries @ keys.T).exp().sum(dim=-1) @ values
            ),
            "Your sums are (target_len,) and get divided along the keys. With sum(dim=-1, keepdim=True) they are "
            "(target_len, 1), one for each row.",
        ),
        Mistake(
            "one softmax over the whole matrix",
            lambda queries, keys, values: (
                torch.softmax((queries @ keys.T).flatten(), dim=0).view(len(queries), len(keys)) @ values
            ),
            "You took one softmax over the whole matrix. Each query divides a weight of 1 among the keys: dim=-1.",
        ),
        Mistake(
            "divided by the sum of the scores",
            _attend(share=lambda scores, dim: scores / scores.sum(dim=dim, keepdim=True)),
            "You divided the scores by their sum. Scores may be negative, or sum to 0; the softmax takes exponentials "
            "first.",
        ),
        Mistake(
            "exponentials not divided by their sum",
            _attend(share=lambda scores, dim: scores.exp()),
            "You took exponentials and did not divide by their sum: the weights of a query must sum to 1.",
        ),
        Mistake(
            "lengths divided out",
            lambda queries, keys, values: _attend()(
                nn.functional.normalize(queries, dim=-1), nn.functional.normalize(keys, dim=-1), values
            ),
            "You compared directions alone: your scores are cosines. The dot product also counts the lengths of query "
            "and key.",
        ),
        Mistake(
            "softmax of the contexts",
            lambda queries, keys, values: torch.softmax(queries @ keys.T @ values, dim=-1),
            "You mixed the values by their scores and took the softmax of the result. The softmax comes first: it "
            "turns scores into weights, and the weights multiply the values.",
        ),
        Mistake(
            "sigmoid for softmax",
            _attend(share=lambda scores, dim: torch.sigmoid(scores)),
            "You took the sigmoid of each score by itself. The weights of a query must sum to 1: softmax.",
        ),
        Mistake(
            "logarithm of the weights",
            _attend(share=torch.log_softmax),
            "You used log_softmax, the logarithms of the weights. Multiply the values by the weights: softmax.",
        ),
        Mistake(
            "contexts as columns",
            lambda queries, keys, values: _attend()(queries, keys, values).T.clone(),
            "Your contexts are columns. Return one row for each query: weights @ values.",
        ),
    ],
)
