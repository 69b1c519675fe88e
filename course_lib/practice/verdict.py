"""The verdict on an answer, in words."""

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from course_lib.practice import describe, faults
from course_lib.practice.attempt import Attempt, Behaviour
from course_lib.practice.cases import variant
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.sameness import key
from course_lib.practice.sandbox import steady_state


@dataclass(frozen=True)
class Verdict:
    """status: "open" is not attempted. mistake: the known mistake that the answer behaves like, if any.
    n_held: how many properties were found to hold before the first that does not; None where none could be asked."""

    status: Literal["passed", "failed", "open"]
    text: str
    mistake: Mistake | None = None
    n_held: int | None = None


def evaluate(exercise: Exercise, answer: Any, show_prints: bool = False) -> Verdict:
    """The verdict as data. Global state (generators, dtype, gradients) is the same afterwards."""
    if _has_ellipsis(answer):
        return _open(exercise)
    with steady_state():
        sentence = _unfit(exercise, answer)
        if sentence:
            return _failed(exercise, sentence, None)
        attempt = Attempt(exercise, answer, show_prints)
        try:
            failure = _first_failure(exercise, attempt)
        except faults.NotAttempted:
            return _open(exercise)
        except faults.Endless as fault:
            return _failed(exercise, str(fault), None)
        if failure:
            mistake = _diagnose(exercise, attempt, failure)
            return _failed(exercise, failure.sentence, mistake, exercise.properties.index(failure.property))
    return Verdict("passed", passed_text(exercise), n_held=len(exercise.properties))


def passed_text(exercise: Exercise) -> str:
    """What `check` prints for a right answer."""
    held = "".join(f"\n  ✓ {property.question}" for property in exercise.properties)
    return f"✓ {exercise.id}: all {len(exercise.properties)} properties hold:{held}"


def _open(exercise: Exercise) -> Verdict:
    todo = (
        "Replace the line raise NotImplementedError() with your code"
        if exercise.is_function
        else "Replace the … (three dots) with your answer"
    )
    text = f'○ {exercise.id}: not attempted yet. {todo}, then run both cells. Stuck? hint("{exercise.id}")'
    return Verdict("open", text)


def _failed(exercise: Exercise, sentence: str, mistake: Mistake | None, n_held: int | None = None) -> Verdict:
    diagnosis = f"\n  → {mistake.diagnosis}" if mistake else ""
    return Verdict("failed", f"✗ {exercise.id}: {sentence}{diagnosis}", mistake, n_held)


def _unfit(exercise: Exercise, answer: Any) -> str | None:
    """A sentence for an answer that is not of the sort that the exercise wants."""
    if not exercise.is_function:
        if callable(answer):
            wanted = describe.kind_name(exercise.reference)
            return f"You passed {describe.kind_name(answer)}, expected {wanted}: pass what it returns."
        return None
    if not callable(answer):
        name = exercise.id.partition(".")[2]
        return (
            f"You passed {describe.kind_name(answer)}, expected the function itself, without brackets: "
            f'check("{exercise.id}", {name})'
        )
    return faults.argument_count(exercise.reference, answer, exercise.arguments()[0])


@dataclass(frozen=True)
class _Failure:
    property: Property
    sentence: str


def _first_failure(exercise: Exercise, attempt: Attempt) -> _Failure | None:
    for property in exercise.properties:
        try:
            detail = property.test(attempt)
        except (faults.NotAttempted, faults.Endless):
            raise
        except faults.Fault as fault:
            return _Failure(property, str(fault))
        except Exception as error:  # a result so odd that the test itself fails on it
            detail = (
                f"Your result could not be judged: {type(error).__name__}: {describe.one_line(str(error))}."
            )
        if detail is not None:
            return _Failure(property, f"{property.question} {detail}")
    return None


def _diagnose(exercise: Exercise, attempt: Attempt, failure: _Failure) -> Mistake | None:
    """The known mistake that does what the answer does on every input, and fails in the same property."""
    inputs = _inputs(exercise, variant())
    answer = functools.cache(lambda number: attempt.behaviour(inputs[number]))
    for known in _known_mistakes(exercise, variant()):
        if _behave_alike(answer, known.behaviour, len(inputs), exercise.tolerance, known.mistake.entry):
            if known.failing is failure.property:
                return known.mistake
    return None


class _KnownMistake:
    """A mistake of an exercise, and what it does on the inputs so far: the same for every answer that it is held to."""

    def __init__(self, exercise: Exercise, mistake: Mistake, inputs: list[tuple]):
        self.mistake, self._exercise = mistake, exercise
        attempt = Attempt(exercise, mistake.wrong_version)
        self.behaviour = functools.cache(lambda number: attempt.behaviour(inputs[number]))

    @functools.cached_property
    def failing(self) -> Property | None:
        """The property in which it fails; None where it fails in another way."""
        with contextlib.suppress(faults.Fault):
            found = _first_failure(self._exercise, Attempt(self._exercise, self.mistake.wrong_version))
            return found.property if found else None
        return None


@functools.cache
def _known_mistakes(exercise: Exercise, variant: str) -> list[_KnownMistake]:
    inputs = _inputs(exercise, variant)
    return [_KnownMistake(exercise, mistake, inputs) for mistake in exercise.mistakes]


@functools.cache  # by the exercise's identity: finding them takes as long as a check of the right answer
def _inputs(exercise: Exercise, variant: str) -> list[tuple]:
    """The cases of this variant, and what the properties ask about besides; each once."""
    attempt = Attempt(exercise, exercise.reference)
    for property in exercise.properties:
        with contextlib.suppress(Exception):  # the verdict stands already, only its second line is at stake
            property.test(attempt)
    inputs = attempt.cases()[::-1] + attempt.asked  # the last case has most in it, and parts most mistakes
    return list({key(arguments): arguments for arguments in inputs}.values())


def _behave_alike(
    answer: Callable[[int], Behaviour | None],
    wrong: Callable[[int], Behaviour | None],
    n_inputs: int,
    tolerance: float,
    entry: str | None,
) -> bool:
    """Whether both do the same on every input: asked one by one, as most mistakes part at the first."""
    pairs = []
    for number in range(n_inputs):
        one, other = answer(number), wrong(number)
        if one is None or other is None or not _alike(one, other, tolerance, entry):
            return False
        pairs.append((one.error, other.error))
    if all(error for error, _ in pairs):  # then a type is weak evidence: many errors are a RuntimeError
        return all(_message(one) == _message(other) for one, other in pairs)
    return True


def _alike(one: Behaviour, other: Behaviour, tolerance: float, entry: str | None) -> bool:
    if type(one.error) is not type(other.error) or one.changed != other.changed:
        return False
    return (
        one.error is not None
        or difference(_part(one.value, entry), _part(other.value, entry), tolerance) is None
    )


def _part(value: Any, entry: str | None) -> Any:
    """One entry of a dict; None is all of it, and so is what no dict can be asked for."""
    return value[entry] if isinstance(value, dict) and entry in value else value


def _message(error: BaseException) -> str:
    return describe.one_line(str(error))


def _has_ellipsis(answer: Any) -> bool:
    if isinstance(answer, list | tuple):
        return any(map(_has_ellipsis, answer))
    if isinstance(answer, dict):
        return any(map(_has_ellipsis, answer.values()))
    return answer is ...
