"""Ways to write a property in one line. Each takes the question that the learner should ask herself.

`cases` says where the property is looked at: None for all cases of the exercise, a number or several for
those, or a function that returns argument tuples of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.practice import describe, faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import Difference, difference, first_nan, structure_difference
from course_lib.practice.exercise import Property

Cases = None | int | Sequence[int] | Callable[[], list[tuple]]


def matches_reference(question: str, cases: Cases = None) -> Property:
    """The result equals the reference's. In a value exercise the message does not give the value away."""

    def test(attempt: Attempt) -> str | None:
        for arguments in _chosen(attempt, cases):
            expected = attempt.expected(*arguments)
            actual = _result_of_right_shape(attempt, arguments)
            found = difference(actual, expected, attempt.exercise.tolerance)
            if found:
                return _sentence(attempt, arguments, found)
        return None

    return Property(question, test)


def has_shape(question: str, cases: Cases = None) -> Property:
    """The result has the reference's shape (a list: its length), whatever the numbers are."""

    def test(attempt: Attempt) -> str | None:
        for arguments in _chosen(attempt, cases):
            found = structure_difference(attempt(*arguments), attempt.expected(*arguments))
            if found:
                return _sentence(attempt, arguments, found)
        return None

    return Property(question, test, weight=0.0)


def holds(question: str, predicate: Callable[..., bool | str | None], cases: Cases = None) -> Property:
    """predicate(result, *arguments) says True, or what is wrong: a sentence, or False for a general one.

    It is asked only about results of the reference's type and shape, without NaN.
    """

    def test(attempt: Attempt) -> str | None:
        for arguments in _chosen(attempt, cases):
            actual = _result_of_right_shape(attempt, arguments)
            nan = first_nan(actual)
            if nan is not None:
                return faults.join(attempt.given(arguments), f"you have NaN{' ' + nan if nan else ''}.")
            said = predicate(actual, *arguments)
            if said is False:
                return faults.join(attempt.given(arguments), f"you have {describe.short(actual)}.")
            if isinstance(said, str):
                return faults.join(attempt.given(arguments), said)
        return None

    return Property(question, test)


def gradient_matches(question: str, cases: Cases) -> Property:
    """The gradient of the result at the one argument of a case that asks for it equals the reference's: nothing on the
    way to it was detached."""

    def test(attempt: Attempt) -> str | None:
        for arguments in _chosen(attempt, cases):
            expected, actual = attempt.expected(*arguments), _result_of_right_shape(attempt, arguments)
            found = difference(leaf_gradient(actual), leaf_gradient(expected), attempt.exercise.tolerance)
            if found:
                asking = attempt.asking(arguments)
                return (
                    f"{attempt.given(arguments)}, your numbers are right, but their gradient at {asking} is not: part "
                    "of the way to it was cut by .detach(), .item() or .data."
                )
        return None

    return Property(question, test)


def unchanged_when(question: str, change: Callable[..., tuple], cases: Cases = None) -> Property:
    """The result stays the same for change(*arguments) as arguments: another order, more padding, …"""

    def test(attempt: Attempt) -> str | None:
        for arguments in _chosen(attempt, cases):
            changed = change(*arguments)
            before = _result_of_right_shape(attempt, arguments)
            after = _result_of_right_shape(attempt, changed)
            found = difference(after, before, attempt.exercise.tolerance)
            if found:
                place = f" {found.where}" if found.where else ""
                first, second = attempt.given(arguments), attempt.given(changed).removeprefix("For ")
                return f"{first}, you have {found.expected}{place}; for {second}, you have {found.actual}."
        return None

    return Property(question, test)


def leaf_gradient(result: Tensor) -> Tensor:
    """The gradient of a weighted sum of the result at the one leaf that it depends on; 0 where there is none."""
    weights = torch.cos(torch.arange(result.numel(), dtype=result.dtype)).view_as(result)
    waiting, leaves = [result.grad_fn], []
    while waiting:
        node = waiting.pop()
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        elif node is not None:
            waiting += [before for before, _ in node.next_functions]
    return torch.autograd.grad((weights * result).sum(), leaves[0])[0] if leaves else torch.zeros(())


def _chosen(attempt: Attempt, cases: Cases) -> Iterator[tuple]:
    if callable(cases):
        yield from cases()
        return
    every = attempt.cases()
    if cases is None:
        yield from every
    else:
        for index in [cases] if isinstance(cases, int) else cases:
            yield every[index]


def _result_of_right_shape(attempt: Attempt, arguments: tuple) -> Any:
    """The learner's result; a Fault, in place of an answer to the question, where its shape is wrong."""
    actual = attempt(*arguments)
    found = structure_difference(actual, attempt.expected(*arguments))
    if found:
        raise faults.Fault(_sentence(attempt, arguments, found))
    return actual


def _sentence(attempt: Attempt, arguments: tuple, found: Difference) -> str:
    exercise = attempt.exercise
    sentence = found.sentence(reveal=exercise.is_function, parts=exercise.parts)
    return faults.join(attempt.given(arguments), sentence)
