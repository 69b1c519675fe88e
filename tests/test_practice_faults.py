"""Answers that can not be judged: each gets one sentence."""

import sys

import pytest
import torch

from course_lib.practice import Mistake, Property, has_shape, matches_reference
from practice_examples import failure, function_exercise, scale, verdict


def yields(x, factor):
    yield x * factor


async def awaits(x, factor):
    return x * factor


def in_place(x, factor):
    x *= factor
    return x


def exits(x, factor):
    sys.exit(3)


def endless_recursion(x, factor):
    return endless_recursion(x, factor)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            lambda x, factor: None,
            "Your function returns None for x = [1, 2], factor = 2: does every way through it end with return …?",
        ),
        (lambda x, factor: "four", "Your function returns a string, expected a tensor."),
        (lambda x, factor: [x, factor], "Your function returns a list, expected a tensor."),
        (
            lambda x, factor: [row * factor for row in x],
            "Your function returns a list, expected a tensor (torch.stack makes one of a list of tensors).",
        ),
        (
            lambda x, factor: 3.5,
            "Your function returns a number, expected a tensor (without .item() or float() at the end).",
        ),
        (
            lambda x, factor: (x * factor).numpy(),
            "Your function returns a NumPy array, expected a tensor (torch.from_numpy makes one).",
        ),
        (
            lambda x, factor: (x * factor).double(),
            "Your function returns a tensor of dtype float64, expected float32.",
        ),
        (
            lambda x, factor: x * float("nan"),
            "Does the sum grow with the factor? For x = [1, 2], factor = 2, you have NaN at index 0.",
        ),
        (lambda x: x, "Your function takes (x), but it is called with 2 arguments: (x, factor)."),
        (lambda: 1, "Your function takes no arguments, but it is called with 2 arguments: (x, factor)."),
        (
            in_place,
            "Your function changes its input x, which its caller may still need: "
            "work on a copy, x.clone() (detach() and slices share its memory), or write x = x * 2 instead of x *= 2.",
        ),
        (exits, "Your function calls exit(), which would end the notebook; use return."),
        (
            yields,
            "Your function returns a generator, expected a tensor: "
            "is there a yield, or a (… for …) without list()?",
        ),
        (awaits, "Your function returns a coroutine, expected a tensor: write def instead of async def."),
        (
            torch.ones(2),
            "You passed a tensor, expected the function itself, without brackets: check(\"99.scale\", scale)",
        ),
        (
            None,
            "You passed None, expected the function itself, without brackets: check(\"99.scale\", scale)",
        ),
    ],
)  # fmt: skip
def test_one_sentence(answer, sentence):
    assert failure(answer) == sentence


def divides(x, factor):
    wrong = factor - factor
    return 1 / wrong


def calls_helper(x, factor):
    return divides(x, factor)


def test_error_names_type_message_and_the_learners_line():
    start = divides.__code__.co_firstlineno
    sentence = "For x = [1, 2], factor = 2, your function raises ZeroDivisionError: float division by zero"
    assert failure(divides) == f"{sentence} (line {start + 2}: `return 1 / wrong`)."
    assert failure(calls_helper) == f"{sentence} (line {start + 2} of divides: `return 1 / wrong`)."


def test_error_in_a_library_names_the_learners_line_not_the_librarys():
    def fails(x, factor):
        return torch.nn.functional.cross_entropy(x, "targets")

    assert '`return torch.nn.functional.cross_entropy(x, "targets")`' in failure(fails)


def test_error_message_is_cut_to_one_line_without_addresses():
    def fails(x, factor):
        raise ValueError(f"first\nsecond {object()} " + "long " * 100)

    text = failure(fails)
    assert "ValueError: first second <object object> long" in text
    assert "…" in text


def test_endless_recursion():
    assert "your function raises RecursionError: it calls itself without end" in failure(endless_recursion)


def test_result_that_breaks_the_property_itself():
    def custom(attempt):
        attempt(*attempt.cases()[0])
        raise IndexError("no row 3")

    exercise = function_exercise(
        properties=[Property("Is row 3 right?", custom), has_shape("Is the shape right?")]
    )
    assert failure(scale, exercise) == (
        "Is row 3 right? Your result could not be judged: IndexError: no row 3."
    )


def test_changed_lists_and_modules_are_seen():
    def cases():
        return [([torch.ones(2), torch.zeros(1)], torch.nn.Linear(1, 1), torch.Generator().manual_seed(1))]

    exercise = function_exercise(
        reference=lambda parts, layer, generator: len(parts) + torch.rand((), generator=generator),
        cases=cases,
        properties=[matches_reference("Is it the number?"), has_shape("Is it one number?")],
        mistakes=[Mistake("zero", lambda parts, layer, generator: torch.zeros(()), "You returned 0.")],
    )

    def pops(parts, layer, generator):
        return len(parts) - 1 + torch.rand((), generator=generator) + (parts.pop().sum() + 1)

    def writes(parts, layer, generator):
        parts[0] += 1
        return len(parts) + torch.rand((), generator=generator)

    def trains(parts, layer, generator):
        torch.nn.init.zeros_(layer.weight)
        return len(parts) + torch.rand((), generator=generator)

    cure = ", which its caller may still need: build a new"
    assert failure(pops, exercise).startswith(
        f"Your function changes its input parts{cure} list of new values"
    )
    assert failure(writes, exercise).startswith(f"Your function changes its input parts{cure}")
    assert failure(trains, exercise).startswith(f"Your function changes its input layer{cure}")
    assert verdict(lambda p, m, g: 2.0 + torch.rand((), generator=g), exercise).status == "passed"


def test_mutation_that_is_a_known_mistake_is_diagnosed():
    exercise = function_exercise(
        mistakes=[Mistake("in place", in_place, "You used *=, which writes into x.")]
    )
    assert verdict(in_place, exercise).text.endswith("\n  → You used *=, which writes into x.")


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (lambda x, factor: (x ^ 2) * factor, "A power is **"),
        (lambda x, factor: x * (x > 0 & x < 5.0), "put each comparison in brackets"),
        (lambda x, factor: x if x > 0 else factor, "torch.where"),
        (lambda x, factor: x.repeat(2, 2).T.view(-1), "use reshape or flatten instead of view"),
        (lambda x, factor: x.long().mean() * factor, "x.double().mean()"),
    ],
)
def test_what_pytorch_says_too_shortly_gets_a_cure(answer, cure):
    """The texts are PyTorch's own: should one of them change, its cure would be lost unnoticed."""
    assert cure in failure(answer)
