"""Lesson 04: properties that show an answer as a whole, where a length or an index alone would not help."""

from collections.abc import Callable, Sequence
from typing import Any

from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Property


def asks(question: str, judge: Callable[..., str | None], cases: Sequence[int] | None = None) -> Property:
    """judge(actual, expected, *arguments) says None, or in a sentence what is wrong."""

    def test(attempt: Attempt) -> str | None:
        every = attempt.cases()
        for number in range(len(every)) if cases is None else cases:
            said = judge(attempt(*every[number]), attempt.expected(*every[number]), *every[number])
            if said:
                return said
        return None

    return Property(question, test)


def shows(question: str, sentence: Callable[..., str], cases: Sequence[int] | None = None) -> Property:
    """The result is the reference's; else sentence(actual, expected, *arguments) shows both."""

    def judge(actual: Any, expected: Any, *arguments) -> str | None:
        return sentence(actual, expected, *arguments) if difference(actual, expected) else None

    return asks(question, judge, cases)
