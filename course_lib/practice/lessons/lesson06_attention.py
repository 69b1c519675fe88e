"""Lesson 06: scaled dot-product attention by hand, and who may look where."""

import math

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _attention(
    divide=math.sqrt, dim=-1, late=False, weights_only=False, size=lambda q, k: q.shape[-1], mean=False
):
    """Scaled dot-product attention; the options are the ways to get it wrong."""

    def attend(Q, K, V):
        scale = divide(size(Q, K))
        scores = Q @ K.T if late else Q @ K.T / scale
        weights = scores.softmax(dim)
        if late:
            weights = weights / scale
        if weights_only:
            return weights
        return weights @ V / len(V) if mean else weights @ V

    return attend


def _attention_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(6)

    def case(target_len: int, source_len: int, d_k: int, d_v: int, same: bool = False) -> tuple:
        Q = torch.randn(target_len, d_k, generator=generator)
        K = torch.randn(source_len, d_k, generator=generator)
        # Equal keys give equal weights, whatever the scale: then only V matters.
        K = K[:1].expand(source_len, d_k).clone() if same else K
        return 2 * Q, 2 * K, torch.randn(source_len, d_v, generator=generator)

    return [
        case(1, 3, 4, 2, same=True),
        case(1, 3, 1, 2),
        case(1, 5, 16, 3),
        case(4, 7, 9, 2),
        case(6, 6, 16, 16),
    ]


def _permute(Q, K, V):
    order = torch.randperm(len(K), generator=torch.Generator().manual_seed(1))
    return Q, K[order], V[order]


SCALED_ATTENTION = Exercise(
    id="06.scaled_attention",
    title="Scaled dot-product attention",
    reference=_attention(),
    cases=_attention_cases,
    properties=[
        has_shape("Is there one output for each query, (target_len, d_v)?"),
        matches_reference("Where all keys are equal, is the output the plain mean of the values?", cases=0),
        matches_reference(
            "With d_k = 1, where nothing is scaled, are the weights a softmax over the keys?", cases=1
        ),
        matches_reference("With d_k = 16: are the scores divided before the softmax, and by what?", cases=2),
        matches_reference("With four queries and d_k = 9?", cases=3),
        unchanged_when("If keys and values are shuffled together, does the output stay?", _permute, cases=3),
        matches_reference(
            "Where queries, keys and values are as many, so that every product has a shape?", cases=4
        ),
    ],
    hints=[
        "Three lines: scores, weights, output. Which dimension of the scores runs over the keys?",
        "scores = Q @ K.T / √d_k, (target_len, source_len); the softmax runs along each row; then @ V.",
        "(Q @ K.T / math.sqrt(Q.shape[-1])).softmax(dim=-1) @ V",
    ],
    mistakes=[
        Mistake(
            "divided by d_k",
            _attention(divide=float),
            "You divided by d_k; the scale is √d_k: the *standard deviation* of a dot product, not its variance.",
        ),
        Mistake(
            "no scale",
            _attention(divide=lambda d: 1.0),
            "You did not divide by √d_k.",
        ),
        Mistake(
            "softmax over the queries",
            _attention(dim=0),
            "You took the softmax over the queries (dim=0): each column sums to 1, not each row.",
        ),
        Mistake(
            "scaled after the softmax",
            _attention(late=True),
            "You divided the weights; divide the scores, before the softmax. Rows must still sum to 1.",
        ),
        Mistake(
            "scale of the length",
            _attention(size=lambda q, k: len(k)),
            "You divided by the root of the number of keys; d_k is the number of features of a key, K.shape[-1].",
        ),
        Mistake(
            "the weights",
            _attention(weights_only=True),
            "You returned the weights A; the output is A @ V.",
        ),
        Mistake(
            "mean of the weighted values",
            _attention(mean=True),
            "You divided by the number of keys; the weights sum to 1 already, so A @ V is a mean as it is.",
        ),
    ],
)

CAUSAL_MASK = Exercise(
    id="06.causal_mask",
    title="Who may look where",
    reference=lambda time: torch.ones(time, time, dtype=torch.bool).tril(),
    cases=lambda: [(1,), (2,), (5,)],
    properties=[
        has_shape("Is it a square of booleans, (time, time)?"),
        holds("May every token look at itself?", lambda mask, time: bool(mask.diagonal().all())),
        holds("May nobody look ahead?", lambda mask, time: not bool(mask.triu(1).any())),
        matches_reference("May everybody look at all that came before?"),
    ],
    hints=[
        "Row t, column s: may token t look at token s? Which of the two must be the smaller?",
        "True where s ≤ t: the lower triangle, with the diagonal. torch.tril takes the lower triangle of a matrix.",
        "torch.ones(time, time, dtype=torch.bool).tril()",
    ],
    mistakes=[
        Mistake(
            "turned over",
            lambda time: torch.ones(time, time, dtype=torch.bool).triu(1),
            "Your True marks what is forbidden. Here, and in scaled_dot_product_attention, True = may attend. "
            "(nn.MultiheadAttention has it the other way round.)",
        ),
        Mistake(
            "looks ahead",
            lambda time: torch.ones(time, time, dtype=torch.bool).triu(),
            "You took the upper triangle: every token looks at itself and at its future.",
        ),
        Mistake(
            "not at itself",
            lambda time: torch.ones(time, time, dtype=torch.bool).tril(-1),
            "You left the diagonal out: the first token could look at nothing at all.",
        ),
        Mistake(
            "all allowed",
            lambda time: torch.ones(time, time, dtype=torch.bool),
            "You let every token look everywhere: with that, the next token is no riddle but an answer to copy.",
        ),
    ],
)
