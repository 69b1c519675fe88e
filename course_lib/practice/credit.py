"""Partial credit: which properties an answer has, and what share of the points they are worth."""

import contextlib
from dataclasses import dataclass
from typing import Any

from course_lib.practice.attempt import Attempt
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.sandbox import steady_state
from course_lib.practice.verdict import Verdict, evaluate


@dataclass(frozen=True)
class Credit:
    """verdict: as `check` gives it. held: of each property, whether it holds; all False for an answer that was not
    attempted or can not be called. share: of the points, between 0 and 1."""

    verdict: Verdict
    held: list[bool]
    share: float


def credit(exercise: Exercise, answer: Any, show_prints: bool = False) -> Credit:
    """The verdict on an answer, and every property asked by itself, also those after the first that fails."""
    verdict = evaluate(exercise, answer, show_prints)
    n = len(exercise.properties)
    if verdict.status == "passed":
        return Credit(verdict, [True] * n, 1.0)
    if verdict.n_held is None:
        return Credit(verdict, [False] * n, 0.0)
    with steady_state():
        attempt = Attempt(exercise, answer)
        rest = [_holds(property, attempt) for property in exercise.properties[verdict.n_held + 1 :]]
    held = [True] * verdict.n_held + [False] + rest
    weights = [property.weight for property in exercise.properties]
    share = sum(weight for weight, one in zip(weights, held, strict=True) if one) / sum(weights)
    return Credit(verdict, held, share)


def _holds(property: Property, attempt: Attempt) -> bool:
    with contextlib.suppress(Exception):
        return property.test(attempt) is None
    return False
