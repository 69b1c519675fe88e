"""Lesson 01: clipping a gradient by its norm."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _gradient_cases() -> list[tuple]:
    generator = seeded(2)
    return [
        ([torch.tensor([0.3, 0.4])], 1.0),  # norm 0.5: nothing to clip
        ([torch.tensor([3.0, 4.0])], 1.0),  # norm 5
        ([torch.tensor([3.0, 0.0]), torch.tensor([[0.0], [4.0]])], 1.0),  # norm 5 together, 3 and 4 each
        ([torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)], 2.0),
        ([torch.zeros(2, 2)], 1.0),
        ([torch.tensor([1.2, 1.6])], 3.0),  # norm 2, whose square is above max_norm: nothing to clip
    ]


def _clip(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))
    return [gradient * max_norm / max(norm, max_norm) for gradient in gradients]


def _clipped_by(norm_of: Callable, scale: Callable = lambda norm, max_norm: max_norm / norm) -> Callable:
    """Clipping with another norm, or another factor where the norm is too large."""

    def clip_gradients(gradients, max_norm):
        norm = float(norm_of(gradients))
        factor = scale(norm, max_norm) if norm > max_norm else 1.0
        return [gradient * factor for gradient in gradients]

    return clip_gradients


def _in_place(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    for gradient, clipped in zip(gradients, _clip(gradients, max_norm), strict=True):
        gradient.copy_(clipped)
    return gradients


def _joint_norm(gradients: list[Tensor]) -> Tensor:
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


CLIP_GRADIENTS = Exercise(
    id="01.clip_gradients",
    title="Clipping by the norm of the whole gradient",
    reference=_clip,
    cases=_gradient_cases,
    properties=[
        has_shape("Do you return as many gradients as you got, each with its shape?"),
        matches_reference("Does a gradient that is short enough stay as it is?", cases=(0, 5)),
        matches_reference("Is [3, 4], whose norm is 5, divided by 5?", cases=1),
        holds(
            "Does the gradient of two tensors keep its direction?",
            lambda clipped, gradients, max_norm: bool(
                torch.allclose(
                    torch.cat([g.flatten() for g in clipped]) / _joint_norm(clipped),
                    torch.cat([g.flatten() for g in gradients]) / _joint_norm(gradients),
                    atol=1e-5,
                )
            ),
            cases=2,
        ),
        matches_reference("Is the norm taken over all tensors together?", cases=3),
        matches_reference("Does a gradient of zeros stay as it is, without a division by zero?", cases=4),
    ],
    hints=[
        "If all gradients are one long vector, how long is it, and by which number must you multiply it?",
        "norm = √(Σ over all tensors of the sum of squares); scale by max_norm / norm, but only if norm > max_norm.",
        "The joint norm is `sum((g**2).sum() for g in gradients) ** 0.5`. Now find one factor that is 1 where "
        "the norm is small enough.",
    ],
    mistakes=[
        Mistake(
            "each by itself",
            lambda gradients, max_norm: [g * max_norm / max(float(g.norm()), max_norm) for g in gradients],
            "You clipped every tensor by its own norm, which changes the direction of the gradient. Take one norm "
            "over all of them.",
        ),
        Mistake(
            "by value",
            lambda gradients, max_norm: [g.clamp(-max_norm, max_norm) for g in gradients],
            "You clipped every number by itself: large entries shrink, small ones do not, and the direction changes.",
        ),
        Mistake(
            "always scaled",
            lambda gradients, max_norm: [g * (max_norm / float(_joint_norm(gradients))) for g in gradients],
            "You always scale, which makes short gradients longer; scale only if the norm exceeds max_norm.",
        ),
        Mistake(
            "always scaled, NaN for zeros",
            lambda gradients, max_norm: [g * max_norm / _joint_norm(gradients) for g in gradients],
            "You always scale, which makes short gradients longer; scale only if the norm exceeds max_norm.",
        ),
        Mistake(
            "root forgotten",
            _clipped_by(lambda gradients: _joint_norm(gradients) ** 2),
            "You divided by the squared norm: the square root is missing.",
        ),
        Mistake(
            "sum of the norms",
            lambda gradients, max_norm: [
                g * max_norm / max(sum(float(part.norm()) for part in gradients), max_norm) for g in gradients
            ],
            "You added up the norms of the tensors. The joint norm adds their squares and then takes one root.",
        ),
        Mistake(
            "the largest norm",
            lambda gradients, max_norm: [
                g * max_norm / max(max(float(part.norm()) for part in gradients), max_norm) for g in gradients
            ],
            "You took the norm of the largest tensor. The joint norm adds the squares of all tensors and then takes "
            "one root.",
        ),
        Mistake(
            "the mean norm",
            _clipped_by(lambda gradients: sum(g.norm() for g in gradients) / len(gradients)),
            "You averaged the norms of the tensors. The joint norm adds the squares of all tensors and then takes one "
            "root.",
        ),
        Mistake(
            "the last norm",
            _clipped_by(lambda gradients: gradients[-1].norm()),
            "You took the norm of the last tensor alone: add up the squares of all tensors before you take the root.",
        ),
        Mistake(
            "always scaled, safe for zeros",
            lambda gradients, max_norm: [
                g * max_norm / (float(_joint_norm(gradients)) + 1e-6) for g in gradients
            ],
            "You always scale, which makes short gradients longer; scale only if the norm exceeds max_norm.",
        ),
        Mistake(
            "divided by the norm",
            lambda gradients, max_norm: [
                g / max(float(_joint_norm(gradients)), 1.0) if float(_joint_norm(gradients)) > max_norm else g
                for g in gradients
            ],
            "You scaled to a norm of 1; scale to max_norm.",
        ),
        Mistake(
            "nothing done",
            lambda gradients, max_norm: [g.clone() for g in gradients],
            "You returned the gradients unchanged even where their norm exceeds max_norm.",
        ),
        Mistake(
            "absolute values",
            _clipped_by(lambda gradients: sum(g.abs().sum() for g in gradients)),
            "You added up absolute values; the norm is the root of the sum of the squares.",
        ),
        Mistake(
            "mean of the squares",
            _clipped_by(lambda gradients: sum((g**2).mean() for g in gradients) ** 0.5),
            "You averaged the squares; the norm adds them up.",
        ),
        Mistake(
            "largest number",
            _clipped_by(lambda gradients: max(g.abs().max() for g in gradients)),
            "You took the largest number for the norm; the norm is the root of the sum of all squares.",
        ),
        Mistake(
            "upside down",
            _clipped_by(_joint_norm, lambda norm, max_norm: norm / max_norm),
            "Your factor is upside down and makes long gradients longer: it is max_norm / norm.",
        ),
        Mistake(
            "zeros for long ones",
            _clipped_by(_joint_norm, lambda norm, max_norm: 0.0),
            "You threw a long gradient away; its direction is right, so shorten it to max_norm.",
        ),
        Mistake(
            "never shorter",
            lambda gradients, max_norm: [
                g * torch.clamp(max_norm / _joint_norm(gradients), min=1.0) for g in gradients
            ],
            "Your factor is at least 1; it has to be at most 1, so that long gradients get shorter.",
        ),
        Mistake(
            "in place",
            _in_place,
            "The numbers are right, but you scaled the caller's tensors; return new ones, gradient * factor.",
        ),
        Mistake(
            "square compared",
            lambda gradients, max_norm: [
                g * max_norm / _joint_norm(gradients) if _joint_norm(gradients) ** 2 > max_norm else g
                for g in gradients
            ],
            "You compared the squared norm with max_norm: take the root before you compare.",
        ),
        Mistake(
            "difference subtracted",
            lambda gradients, max_norm: [
                g - max(float(_joint_norm(gradients)) - max_norm, 0.0) for g in gradients
            ],
            "You subtracted a number from every entry, which turns the gradient; multiply by max_norm / norm instead.",
        ),
    ],
)
