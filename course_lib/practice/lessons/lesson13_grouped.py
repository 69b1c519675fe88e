"""Lesson 13: grouped-query attention on the weights of SmolLM2."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise
from course_lib.practice.lessons.lesson13_grouped_mistakes import MISTAKES
from course_lib.practice.properties import has_shape, holds, matches_reference


def _grouped_attention(x, weights, n_heads, n_kv_heads, rotate):
    """x (batch, time, d_model) → (batch, time, d_model)."""
    q, k, v = (
        (x @ weights[name].T).unflatten(-1, (heads, -1)).transpose(1, 2)  # (batch, heads, time, d_head)
        for name, heads in (("q", n_heads), ("k", n_kv_heads), ("v", n_kv_heads))
    )
    q, k = rotate(q), rotate(k)
    k, v = (part.repeat_interleave(n_heads // n_kv_heads, dim=1) for part in (k, v))  # n_kv_heads → n_heads
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (batch, n_heads, time, time)
    future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
    A = scores.masked_fill(future, -math.inf).softmax(dim=-1)
    return (A @ v).transpose(1, 2).flatten(2) @ weights["o"].T


def _rotation(d_head: int, turned: bool, base: float = 20.0) -> Callable[[Tensor], Tensor]:
    """What turns (…, time, d_head) by the angles of its positions, as the course's Rotary does, with another base."""
    frequencies = turned * base ** -(torch.arange(0, d_head, 2) / d_head)  # (d_head / 2,)

    def rotate(heads):
        if heads.shape[-1] != d_head:
            raise ValueError(f"rotate got {tuple(heads.shape)}; its last dimension must be d_head = {d_head}")
        angles = torch.arange(heads.shape[-2], dtype=heads.dtype)[:, None] * frequencies  # (time, d_head / 2)
        cos, sin = angles.cos(), angles.sin()
        first, second = heads.chunk(2, dim=-1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)

    return rotate


def _cases() -> list[tuple]:
    generator = seeded(134)

    def case(
        batch: int, time: int, d_model: int, n_heads: int, n_kv_heads: int, d_head: int,
        rotated: bool = True, scale: float = 1.0,
    ) -> tuple:  # fmt: skip
        shapes = {
            "q": (n_heads * d_head, d_model),
            "k": (n_kv_heads * d_head, d_model),
            "v": (n_kv_heads * d_head, d_model),
            "o": (d_model, n_heads * d_head),
        }
        x = scale * torch.randn(batch, time, d_model, generator=generator)
        weights = {
            name: 1.5 * torch.randn(rows, columns, generator=generator) / math.sqrt(columns)
            for name, (rows, columns) in shapes.items()
        }
        return x, weights, n_heads, n_kv_heads, _rotation(d_head, rotated)

    blank, *rest = case(1, 5, 6, 4, 2, 2)
    blank[:, 1] = 0.0
    return [
        case(2, 1, 4, 1, 1, 4),
        case(1, 4, 4, 1, 1, 4, rotated=False),
        case(1, 5, 4, 1, 1, 4),
        case(1, 5, 8, 2, 2, 4),
        case(1, 5, 8, 4, 1, 2),
        case(1, 4, 12, 6, 2, 2),
        case(3, 4, 6, 4, 2, 4),
        case(1, 4, 8, 4, 2, 2, scale=1000.0),  # scores of millions: -1e4 in place of −∞ is too much
        (blank, *rest),
        case(2, 7, 18, 9, 3, 2),
    ]


def _first_is_its_value(
    y: Tensor, x: Tensor, weights: dict, n_heads: int, n_kv_heads: int, rotate
) -> bool | str:
    """Token 0 attends to itself alone, so no weight, scale or rotation has a say in its output."""
    v = (x[:, 0] @ weights["v"].T).unflatten(-1, (n_kv_heads, -1))  # (batch, n_kv_heads, d_head)
    expected = v.repeat_interleave(n_heads // n_kv_heads, dim=1).flatten(1) @ weights["o"].T
    return torch.allclose(y[:, 0], expected, rtol=1e-3, atol=1e-4 * expected.abs().max().item()) or (
        f"the first token's output begins with {y[0, 0, 0]:.3g}, expected {expected[0, 0]:.3g}: it can attend to "
        "itself alone, so its output is the values of its heads, joined and projected."
    )


GROUPED_ATTENTION = Exercise(
    id="13.grouped_attention",
    title="Grouped-query attention",
    points=4,
    reference=_grouped_attention,
    cases=_cases,
    properties=[
        has_shape("Does the output have the shape of x, (batch, time, d_model)?"),
        matches_reference(
            "With a single token, whose weight is 1, is the output its value, projected?", cases=0
        ),
        matches_reference("With one head and no rotation, is it causal, scaled attention?", cases=1),
        matches_reference("With one head, are queries and keys rotated, and values not?", cases=2),
        matches_reference(
            "With two query heads and two key/value heads, are heads split, rotated and joined?", cases=3
        ),
        matches_reference("With four query heads, do all share the only key/value head?", cases=4),
        holds(
            "With six query heads and two key/value heads, does each head take the values of its own group?",
            _first_is_its_value,
            cases=5,
        ),
        matches_reference("Do heads 0–2 attend by the first keys, and heads 3–5 by the second?", cases=5),
        matches_reference(
            "With a batch of three and heads that together are wider than d_model, is every output right?",
            cases=6,
        ),
        matches_reference("Are scores of millions safe, and a later token without weight?", cases=7),
        matches_reference(
            "Does a token of zeros, whose scores are all 0, attend to all tokens up to itself?", cases=8
        ),
        matches_reference("With SmolLM2's nine query heads and three key/value heads, is it right?", cases=9),
    ],
    hints=[
        "Which of the four matrices have n_heads heads, and which n_kv_heads? Where do the two have to meet?",
        "Project, split into heads, rotate queries and keys, give each query head the keys and values of its group, "
        "then causal attention as in lesson 06, and join the heads again.",
        '`(x @ weights["k"].T).unflatten(-1, (n_kv_heads, -1)).transpose(1, 2)` is (batch, n_kv_heads, time, d_head). '
        "repeat_interleave along dim=1 makes head 0, 0, 0, 1, 1, 1, … of it; repeat makes 0, 1, 2, 0, 1, 2, …",
    ],
    mistakes=MISTAKES,
)
