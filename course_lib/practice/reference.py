"""What the reference of an exercise gives: found once for each input, since most checks ask about the same ones."""

import functools
from collections.abc import Hashable
from typing import Any

import torch

from course_lib.practice.exercise import Exercise
from course_lib.practice.sameness import fresh_copy, key

_MOST = 200  # inputs kept for one exercise; the arguments stay alive with them, so that no identity is used twice


class Reference:
    """The reference of one exercise, called on copies of its arguments."""

    def __init__(self, exercise: Exercise):
        self._function = exercise.reference if exercise.is_function else lambda: exercise.reference
        self._outcome = exercise.outcome
        self._kept: dict[Hashable, tuple[tuple, Any, Any]] = {}

    def __call__(self, arguments: tuple) -> tuple[Any, Any]:
        """What it returns, and what is judged: that, or what it leaves behind in its arguments as well."""
        wanted = key(arguments)
        if wanted in self._kept:
            return fresh_copy(self._kept[wanted][1:])
        own = fresh_copy(arguments)
        returned = self._function(*own)
        judged = returned if self._outcome is None else self._outcome(returned, *own)
        if _is_plain(returned) and _is_plain(judged):
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[wanted] = (arguments, *fresh_copy((returned, judged)))
        return returned, judged


@functools.cache  # by the exercise's identity
def reference_of(exercise: Exercise) -> Reference:
    return Reference(exercise)


def _is_plain(value: Any) -> bool:
    """Whether a copy is as good as the value: a tensor with its graph, for one, can not be copied."""
    if isinstance(value, torch.Tensor):
        return not value.requires_grad
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, value.values()))
    return isinstance(value, bool | int | float | str | None)
