"""What an exercise is: plain data. Its prompt and starter stand in the lesson's source, not here."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

N_HINTS = 3  # a nudge, the idea or formula, nearly the code

_ID = re.compile(r"\d\d\.[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Property:
    """One thing that must be true of an answer; it isolates one mistake.

    question: what the learner should ask herself: "Is the result's shape (batch, hidden_size)?"
    test: called with an `Attempt`; returns None where the property holds, else a sentence on what was found.
    weight: its share of the exercise's points. 0 for what any result of the right shape has.
    """

    question: str
    test: Callable[[Any], str | None]
    weight: float = 1.0


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, and what to tell who gives it.

    name: a few words for authors and tests.
    wrong_version: a function (or, in a value exercise, a value) that makes exactly this mistake.
    diagnosis: what the learner is told: "You divided by d_k; the scale is √d_k."
    entry: where the answer is a dict, the one key that the mistake is about: the other entries may be right or wrong.
    """

    name: str
    wrong_version: Any
    diagnosis: str
    entry: str | None = None


@dataclass(frozen=True, eq=False)  # one is the same as another only where it is the very one
class Exercise:
    """One exercise, ready to be checked. Raises ValueError, naming what is wrong, when it is incomplete.

    id: lesson and name, "01.rnn_step". title: a few words.
    reference: the right answer: a function, or a value: a number, tensor, string, list, tuple or dict.
    cases: returns a list of argument tuples, with new tensors at each call and the same numbers every time.
        Every known mistake must show on one of them, or on an input that a property brings along.
        None for a value exercise.
    properties: simplest first (one token, then the shape, then the values); the first that fails is reported.
    hints: three: a nudge, the idea or formula, nearly the code.
    tolerance: relative; two numbers a and e count as equal if |a - e| <= tolerance * (|e| + 0.01). In a tensor,
        entries near 0 are judged by the size of the others (`compare._tolerances`).
    time_limit: seconds that all calls of one check may take together.
    library: what later cells use where the learner has not solved it; by default the reference.
    points: what a right answer is worth in a class. A wrong one gets the share of the properties that hold.
    outcome: for an answer that works in place, such as a training loop: outcome(result, *arguments) is what is judged,
        with the arguments as the call left them. Without it, an answer must not change its arguments.
    parts: the names of what a function returns several of, ("precision", "recall"): messages then say "in recall"
        where they would say "in entry 1".
    """

    id: str
    title: str
    reference: Any
    properties: Sequence[Property]
    hints: Sequence[str]
    mistakes: Sequence[Mistake]
    cases: Callable[[], list[tuple]] | None = None
    tolerance: float = 1e-4
    time_limit: float = 5.0
    library: Any = None
    points: int = 2
    outcome: Callable[..., Any] | None = None
    parts: Sequence[str] = ()

    def __post_init__(self):
        for name in ("properties", "hints", "mistakes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        problem = _problem(self)
        if problem:
            raise ValueError(f"exercise {self.id!r}: {problem}")

    @property
    def lesson(self) -> str:
        """The two digits of the lesson that it belongs to."""
        return self.id[:2]

    @property
    def is_function(self) -> bool:
        """True where the answer is a function, False where it is a value."""
        return callable(self.reference)

    def arguments(self) -> list[tuple]:
        """The cases; a value exercise has one, without arguments."""
        return self.cases() if self.is_function else [()]


def _has_key(value: Any, key: str) -> bool:
    return isinstance(value, dict) and key in value


def _problem(exercise: Exercise) -> str | None:
    if not isinstance(exercise.id, str) or not _ID.fullmatch(exercise.id):
        return 'the id must be two digits, a dot and a snake_case name, like "01.rnn_step"'
    if not exercise.title.strip():
        return "the title is empty"
    if exercise.is_function and exercise.cases is None:
        return "its reference is a function, so it needs cases (a function that returns argument tuples)"
    if not exercise.is_function and exercise.cases is not None:
        return "its reference is a value, so it takes no cases"
    if len(exercise.properties) < 2:
        return (
            f"it has {len(exercise.properties)} properties; it needs at least 2, each isolating one mistake"
        )
    if len(exercise.hints) != N_HINTS or not all(text.strip() for text in exercise.hints):
        return f"it has {len(exercise.hints)} hints; it needs exactly {N_HINTS}, none empty"
    if not exercise.mistakes:
        return "it has no known mistake; it needs at least 1"
    for mistake in exercise.mistakes:
        if callable(mistake.wrong_version) != exercise.is_function:
            sort = "a function" if exercise.is_function else "a value"
            return f"the wrong version of mistake {mistake.name!r} must be {sort}, as the reference is"
        if mistake.entry is not None and not _has_key(exercise.reference, mistake.entry):
            return f"mistake {mistake.name!r} is about the entry {mistake.entry!r}, which the reference does not have"
    for property in exercise.properties:
        if not property.question.endswith("?"):
            return f"the property {property.question!r} must be a question that ends in '?'"
    for what, values in (
        ("question", [property.question for property in exercise.properties]),
        ("mistake's name", [mistake.name for mistake in exercise.mistakes]),
        ("hint", list(exercise.hints)),
    ):
        twice = [value for value in values if values.count(value) > 1]
        if twice:
            return f"the {what} {twice[0]!r} stands there twice"
    return None
