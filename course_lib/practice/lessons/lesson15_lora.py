"""Lesson 15: a linear layer with a low-rank adapter, and the two merged."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _lora_linear(x, weight, A, B, alpha):
    scale = alpha / len(A)
    return x @ weight.T + scale * (x @ A.T) @ B.T, weight + scale * B @ A


def _version(
    *,
    scale=lambda alpha, rank, weight: alpha / rank,
    frozen=lambda weight: weight,
    update=lambda A, B: B @ A,
    sign=1,
    merged=None,
    y=None,
):
    """Output and merged weight; the options are the ways to get them wrong."""

    def lora_linear(x, weight, A, B, alpha):
        added = sign * scale(alpha, len(A), weight) * update(A, B)
        whole = frozen(weight) + added
        result = y(x, weight, A, B, alpha) if y else x @ whole.T
        return result, (merged(weight, A, B, alpha) if merged else whole)

    return lora_linear


def _in_place(x, weight, A, B, alpha):
    weight += alpha / len(A) * B @ A
    return x @ weight.T, weight.clone()


def _cases() -> list[tuple]:
    generator = seeded(156)

    def case(batch: int, out: int, inside: int, rank: int, alpha: float) -> tuple:
        def drawn(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=generator)

        return drawn(batch, inside), drawn(out, inside), drawn(rank, inside), drawn(out, rank), alpha

    x, weight, A, B, alpha = case(2, 3, 4, 2, 16.0)
    return [
        (x, weight, A, torch.zeros_like(B), alpha),
        case(2, 3, 4, 1, 1.0),
        case(2, 3, 5, 2, 6.0),
        case(4, 6, 6, 3, 4.0),
        case(3, 7, 5, 4, 16.0),
    ]


LORA_LINEAR = Exercise(
    id="15.lora_linear",
    title="LoRA",
    points=3,
    reference=_lora_linear,
    parts=("the output", "the merged weight"),
    cases=_cases,
    properties=[
        has_shape("Are the shapes (batch, out) and (out, in)?"),
        matches_reference("With B = 0, are the output x Wᵀ and the merged weight W?", cases=0),
        matches_reference("With rank 1 and alpha 1, is B A added?", cases=1),
        matches_reference("Is the update scaled by alpha / r?", cases=2),
        matches_reference("Is it right for square and for other matrices?", cases=[3, 4]),
    ],
    hints=[
        "What are the shapes of A, B and W? Which of the products A B and B A has the shape of W?",
        "r is the number of rows of A. The output is x Wᵀ + α/r · (x Aᵀ) Bᵀ, the merged weight W + α/r · B A.",
        "`scale = alpha / len(A)`. Then `x @ weight.T + scale * (x @ A.T) @ B.T` and `weight + scale * (B @ A)`.",
    ],
    mistakes=[
        Mistake(
            "not scaled",
            _version(scale=lambda alpha, rank, weight: 1.0),
            "You left out the factor alpha / r.",
        ),
        Mistake(
            "alpha alone",
            _version(scale=lambda alpha, rank, weight: alpha),
            "You scaled by alpha. Divide by the rank r too, so that a larger rank needs no other learning rate.",
        ),
        Mistake(
            "divided by the rank alone",
            _version(scale=lambda alpha, rank, weight: 1 / rank),
            "You scaled by 1 / r. The factor is alpha / r.",
        ),
        Mistake(
            "inverse",
            _version(scale=lambda alpha, rank, weight: rank / alpha),
            "You scaled by r / alpha. The factor is alpha / r.",
        ),
        Mistake(
            "square root",
            _version(scale=lambda alpha, rank, weight: alpha / rank**0.5),
            "You divided by the square root of r. That is a variant, rsLoRA; here the factor is alpha / r.",
        ),
        Mistake(
            "width for rank",
            _version(scale=lambda alpha, rank, weight: alpha / weight.shape[1]),
            "You divided by the number of inputs. r is the rank: the number of rows of A.",
        ),
        Mistake(
            "subtracted",
            _version(sign=-1),
            "You subtracted the update; it is added to W.",
        ),
        Mistake(
            "update alone",
            _version(frozen=torch.zeros_like),
            "You left out the frozen weight W. The adapter is added to it.",
        ),
        Mistake(
            "merged without W",
            _version(merged=lambda weight, A, B, alpha: alpha / len(A) * B @ A),
            "Your merged weight is the update alone. Merging adds it to W.",
        ),
        Mistake(
            "not merged",
            _version(merged=lambda weight, A, B, alpha: weight.clone()),
            "Your second result is W itself. The merged weight is W + alpha / r · B A.",
        ),
        Mistake(
            "merged without the scale",
            _version(merged=lambda weight, A, B, alpha: weight + B @ A),
            "You forgot alpha / r when merging, so the merged layer computes something else.",
        ),
        Mistake(
            "output without the scale",
            _version(y=lambda x, weight, A, B, alpha: x @ weight.T + (x @ A.T) @ B.T),
            "You forgot alpha / r in the output; the merged weight has it.",
        ),
        Mistake(
            "output without the adapter",
            _version(y=lambda x, weight, A, B, alpha: x @ weight.T),
            "Your output is that of W alone. Add the adapter's.",
        ),
        Mistake(
            "everything scaled",
            lambda x, weight, A, B, alpha: (
                alpha / len(A) * x @ (weight + B @ A).T,
                alpha / len(A) * (weight + B @ A),
            ),
            "You scaled W too. The factor alpha / r belongs to the update alone.",
        ),
        Mistake(
            "W overwritten",
            _in_place,
            "You changed W in place. It stays frozen; return a new matrix.",
        ),
    ],
)
