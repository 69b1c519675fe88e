"""Answers to the exercises by people who had read the prompt and not the checker: one file an exercise.

Each file registers functions (or values) with `right` and `wrong`; tests/test_answers.py hands every one in.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """words: what it does differently. named: for a wrong one, the known mistake that the checker has to name, or None
    where the property that fails says enough."""

    exercise_id: str
    words: str
    value: Any
    ok: bool
    named: str | None = None


_ANSWERS: list[Answer] = []


def right(exercise_id: str, words: str = "") -> Callable[[Any], Any]:
    """Registers an answer that must pass, written otherwise than the reference. words: else the function's name."""
    return _register(exercise_id, words, ok=True)


def wrong(exercise_id: str, words: str = "", *, named: str | None = None) -> Callable[[Any], Any]:
    """Registers an answer that must fail. named: the known mistake that it is an instance of, if there is one."""
    return _register(exercise_id, words, ok=False, named=named)


def all_answers() -> list[Answer]:
    """Every answer of every file of this folder. Raises ValueError for two with the same words."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        importlib.import_module(f"{__name__}.{module.name}")
    return list(_ANSWERS)


def _register(exercise_id: str, words: str, ok: bool, named: str | None = None) -> Callable[[Any], Any]:
    def register(value: Any) -> Any:
        text = words or value.__name__.replace("_", " ").strip()
        if any((answer.exercise_id, answer.words) == (exercise_id, text) for answer in _ANSWERS):
            raise ValueError(f"{exercise_id} has two answers called {text!r}")
        _ANSWERS.append(Answer(exercise_id, text, value, ok, named))
        return value

    return register
