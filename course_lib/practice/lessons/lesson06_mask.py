"""Lesson 06: the causal mask."""

import math

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference

CAUSAL_MASK = Exercise(
    id="06.causal_mask",
    title="The causal mask",
    points=1,
    reference=lambda time: torch.ones(time, time, dtype=torch.bool).tril(),
    cases=lambda: [(1,), (2,), (5,), (12,), (70,)],
    properties=[
        has_shape("Is it a square of booleans, (time, time)?"),
        holds(
            "Can every token attend to itself?",
            lambda mask, time: bool(mask.diagonal().all()) or "the diagonal is not all True.",
        ),
        holds(
            "Is the future hidden?",
            lambda mask, time: not bool(mask.triu(1).any()) or "some token attends to a later one.",
        ),
        matches_reference("Can every token attend to all earlier ones?"),
    ],
    hints=[
        "Row t, column s: does token t attend to token s? Which of the two must be the smaller?",
        "True where s ≤ t: the lower triangle, with the diagonal.",
        "Start from `torch.ones(time, time, dtype=torch.bool)`. A method of tensors keeps the lower triangle.",
    ],
    mistakes=[
        Mistake(
            "inverted",
            lambda time: torch.ones(time, time, dtype=torch.bool).triu(1),
            "Your True marks what is forbidden. Here, and in scaled_dot_product_attention, True = may attend. "
            "(nn.MultiheadAttention has it the other way round.)",
        ),
        Mistake(
            "upper triangle",
            lambda time: torch.ones(time, time, dtype=torch.bool).triu(),
            "You took the upper triangle: every token attends to itself and to its future.",
        ),
        Mistake(
            "without the diagonal",
            lambda time: torch.ones(time, time, dtype=torch.bool).tril(-1),
            "You left the diagonal out: the first token could attend to nothing at all.",
        ),
        Mistake(
            "one ahead",
            lambda time: torch.ones(time, time, dtype=torch.bool).tril(1),
            "You let every token attend to the next one, which is the very token that a language model has to predict.",
        ),
        Mistake(
            "all allowed",
            lambda time: torch.ones(time, time, dtype=torch.bool),
            "You let every token attend to every other: the next token would be copied, not predicted.",
        ),
        Mistake(
            "floats",
            lambda time: torch.ones(time, time).tril(),
            "Your mask consists of 0 and 1. Booleans are asked for: with numbers, ~mask and masked_fill raise errors. "
            "Use dtype=torch.bool, or .bool() at the end.",
        ),
        Mistake(
            "whole numbers",
            lambda time: torch.ones(time, time, dtype=torch.long).tril(),
            "Your mask consists of 0 and 1. Booleans are asked for: with whole numbers, ~1 is −2. Use "
            "dtype=torch.bool, or .bool() at the end.",
        ),
        Mistake(
            "scores to add",
            lambda time: torch.full((time, time), -math.inf).triu(1),
            "Your mask consists of 0 and −∞, to be added to scores. Here the mask says True where a token may attend.",
        ),
        Mistake(
            "one row",
            lambda time: torch.ones(time, dtype=torch.bool),
            "You returned a single row. Every token needs a row of its own, as each may attend to one token more.",
        ),
        Mistake(
            "a dimension in front",
            lambda time: torch.ones(1, time, time, dtype=torch.bool).tril(),
            "You added a dimension for the batch. The causal mask is the same for all; return (time, time).",
        ),
        Mistake(
            "two dimensions in front",
            lambda time: torch.ones(1, 1, time, time, dtype=torch.bool).tril(),
            "You added dimensions for batch and heads. The causal mask is the same for all; return (time, time).",
        ),
        Mistake(
            "one row and column more",
            lambda time: torch.ones(time + 1, time + 1, dtype=torch.bool).tril(),
            "Your mask is one token too large: there are `time` queries and as many keys.",
        ),
        Mistake(
            "bytes",
            lambda time: torch.ones(time, time, dtype=torch.uint8).tril(),
            "Your mask consists of 0 and 1. Booleans are asked for: use dtype=torch.bool, or .bool() at the end.",
        ),
        Mistake(
            "itself only",
            lambda time: torch.eye(time, dtype=torch.bool),
            "You let each token attend to itself alone. The earlier ones are allowed as well.",
        ),
        Mistake(
            "first token sees all",
            lambda time: torch.ones(time, time, dtype=torch.bool).tril() | (torch.arange(time) == 0)[:, None],
            "You let the first token attend to all others, which lie in its future. It attends to itself.",
        ),
        Mistake(
            "the first token's column, without the diagonal",
            lambda time: torch.ones(time, time, dtype=torch.bool).tril(-1) | (torch.arange(time) == 0),
            "You left the diagonal out, but for the first token. Every token attends to itself.",
        ),
        Mistake(
            "large negative scores to add",
            lambda time: torch.full((time, time), -1e9).triu(1),
            "Your mask is to be added to scores. Here the mask says True where a token may attend.",
        ),
        Mistake(
            "two tokens only",
            lambda time: torch.ones(time, time, dtype=torch.bool).tril().triu(-1),
            "You let each token attend to itself and to the one before. All earlier ones are allowed.",
        ),
        Mistake(
            "all but the next",
            lambda time: ~torch.ones(time, time, dtype=torch.bool).tril(1).triu(1),
            "You forbade the next token only. Those after it lie in the future as well.",
        ),
        Mistake(
            "the other diagonal",
            lambda time: torch.ones(time, time, dtype=torch.bool).tril().flip(1),
            "Your triangle lies along the other diagonal: row t must be True in columns 0 to t, not in the last ones.",
        ),
        Mistake(
            "fixed size",
            lambda time: torch.ones(8, 8, dtype=torch.bool).tril()[:time, :time],
            "Your mask is cut from one of a fixed size. Build it from `time`.",
        ),
    ],
)
