"""Made-up exercises for the tests of the practice floor, and what to do with them."""

import dataclasses

import torch

from course_lib.practice import Exercise, Mistake, has_shape, holds, matches_reference
from course_lib.practice.verdict import evaluate


def scale_cases():
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.tensor([1.0, 2.0]), 2.0),
        (torch.randn(3, 4, generator=generator), 0.5),
    ]


def scale(x, factor):
    return x * factor


def function_exercise(**changes) -> Exercise:
    exercise = Exercise(
        id="99.scale",
        title="Scale a tensor",
        reference=scale,
        cases=scale_cases,
        properties=[
            has_shape("Is the shape that of x?"),
            holds("Does the sum grow with the factor?", lambda y, x, f: bool(y.sum() > x.sum()), cases=0),
            matches_reference("Is every number multiplied?"),
        ],
        hints=["One.", "Two.", "Three."],
        mistakes=[
            Mistake("adds", lambda x, f: x + f, "You added the factor; multiply by it."),
            Mistake("sums", lambda x, f: (x * f).sum(), "You added the numbers up at the end."),
        ],
    )
    return dataclasses.replace(exercise, **changes)


def value_exercise(value, wrong, **changes) -> Exercise:
    exercise = Exercise(
        id="99.value",
        title="A value",
        reference=value,
        properties=[has_shape("Has it the right size?"), matches_reference("Did you count everything?")],
        hints=["One.", "Two.", "Three."],
        mistakes=[Mistake("wrong", wrong, "You forgot the bias.")],
    )
    return dataclasses.replace(exercise, **changes)


def verdict(answer, exercise=None):
    return evaluate(exercise or function_exercise(), answer)


def failure(answer, exercise=None) -> str:
    """The text after the sign and the id; asserts that it is readable."""
    found = verdict(answer, exercise)
    assert found.status == "failed"
    sign, _, text = found.text.partition(": ")
    assert sign == f"✗ {(exercise or function_exercise()).id}"
    lines = text.split("\n")
    assert len(lines) == 1 + (found.mistake is not None)
    assert len(lines[0]) < 300
    assert "Traceback" not in text and "0x" not in text and "  " not in lines[0]
    return text
