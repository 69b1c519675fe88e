"""An answer under test: called on copies and within its time; what goes wrong is told in one sentence."""

from dataclasses import dataclass
from typing import Any

import torch

from course_lib.practice import describe, faults
from course_lib.practice.compare import coerce, difference
from course_lib.practice.exercise import Exercise
from course_lib.practice.reference import reference_of
from course_lib.practice.sameness import fresh_copy
from course_lib.practice.sandbox import Ending, call_limited


@dataclass(frozen=True)
class Behaviour:
    """What an answer did on one input: the error that it raised or its value, and which inputs it changed."""

    error: BaseException | None
    value: Any
    changed: tuple[str, ...]


class Attempt:
    """What a property's test is given.

    attempt(*arguments): the learner's result, on copies of the arguments; Fault where there is none to judge.
    attempt.expected(*arguments): the reference's result. attempt.given(arguments): "For x = [1, 2]", to begin
    a sentence with. attempt.cases(): the exercise's argument tuples, made once; who changes them copies them first.
    attempt.asked: what it was called with so far.
    In a value exercise there is one case without arguments, and attempt() is the value.
    """

    def __init__(self, exercise: Exercise, answer: Any, show_prints: bool = False):
        self.exercise = exercise
        self._answer = answer if exercise.is_function else lambda: answer
        self._reference = reference_of(exercise)
        self._seconds_left = exercise.time_limit
        self.asked: list[tuple] = []
        self._cases: list[tuple] | None = None
        self._show_prints = show_prints

    def cases(self) -> list[tuple]:
        if self._cases is None:
            self._cases = self.exercise.arguments()
        return self._cases

    def expected(self, *arguments):
        return self._reference(arguments)[1]

    def given(self, arguments: tuple) -> str:
        return f"For {describe.call(self.exercise.reference, arguments)}" if arguments else ""

    def asking(self, arguments: tuple) -> str:
        """The name of the first argument that asks for a gradient."""
        names = describe.argument_names(self.exercise.reference, arguments)
        return next(
            name
            for name, value in zip(names, arguments, strict=True)
            if getattr(value, "requires_grad", False)
        )

    def __call__(self, *arguments):
        first = not self.asked
        self.asked.append(arguments)
        ending, changed, changed_arguments = self._run(arguments)
        if first and self._show_prints:
            print(ending.printed, end="")
        given = self.given(arguments)
        if ending.timed_out:
            raise faults.Endless(faults.endless(self.exercise.time_limit, ending.running, given))
        if ending.error is not None:
            if first and faults.is_starter(ending.error):
                raise faults.NotAttempted
            raise faults.Fault(faults.raised(ending.error, self._answer, given))
        if changed:
            raise faults.Fault(faults.changed_input(*changed[0]))
        returned, _ = self._reference(arguments)
        exercise = self.exercise
        sentence = faults.wrong_type(ending.value, returned, exercise.is_function, given, exercise.parts)
        if sentence:
            raise faults.Fault(sentence)
        value = coerce(ending.value, returned) if self.exercise.outcome is None else ending.value
        return self._judged(value, changed_arguments)

    def behaviour(self, arguments: tuple) -> Behaviour | None:
        """What the answer does on one input; None where it does not end."""
        ending, changed, own = self._run(arguments)
        if ending.timed_out:
            return None
        value = ending.value if ending.error else self._judged(ending.value, own)
        return Behaviour(ending.error, value, tuple(name for name, _ in changed))

    def _run(self, arguments: tuple) -> tuple[Ending, list[tuple[str, Any]], tuple]:
        """How the call ended, names and old values of the arguments that it must not have changed but did, and the
        arguments as it left them."""
        if self._seconds_left <= 0:
            return Ending(timed_out=True), [], arguments
        own = fresh_copy(arguments)
        ending = call_limited(self._answer, own, self._seconds_left)
        self._seconds_left -= ending.seconds
        if (
            ending.running or self.exercise.outcome is not None
        ):  # it may be writing at this moment; it is to write
            return ending, [], own
        names = describe.argument_names(self.exercise.reference, arguments)
        pairs = zip(names, own, arguments, strict=True)
        return ending, [(name, before) for name, after, before in pairs if differs(after, before)], own

    def _judged(self, result: Any, arguments: tuple) -> Any:
        """What counts as the answer's result: itself, or what it left behind in its arguments as well."""
        return result if self.exercise.outcome is None else self.exercise.outcome(result, *arguments)


def differs(after: Any, before: Any) -> bool:
    """Whether the contents of tensors, lists, dicts or modules have changed. Other objects are not looked
    into: a torch.Generator, for one, is there to be used up."""
    if isinstance(before, torch.nn.Module):
        return differs(dict(after.state_dict()), dict(before.state_dict()))
    if isinstance(before, list | tuple | dict):
        if len(after) != len(before):
            return True
        if isinstance(before, dict):
            return any(key not in after or differs(after[key], item) for key, item in before.items())
        return any(map(differs, after, before))
    if isinstance(before, torch.Tensor) and isinstance(after, torch.Tensor):
        alike = (after.shape, after.dtype, after.device) == (before.shape, before.dtype, before.device)
        if alike and torch.equal(after, before):  # not so for NaN, which the next line compares
            return False
    if isinstance(before, torch.Tensor | str | int | float):
        return difference(after, before, tolerance=0.0) is not None
    return type(after) is not type(before)
