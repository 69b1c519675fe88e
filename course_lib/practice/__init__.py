"""Exercises: `check` says what is right or wrong with an answer, `hint` helps in three steps, `yours` hands the
answer to later cells.

Learners need `from course_lib.practice import check, hint, yours`. Authors write lessons/lessonNN.py with the
other names.
"""

from course_lib.practice.check import check
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.hints import hint
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when
from course_lib.practice.registry import register
from course_lib.practice.yours import yours

__all__ = [
    "Exercise",
    "Mistake",
    "Property",
    "check",
    "has_shape",
    "hint",
    "holds",
    "matches_reference",
    "register",
    "unchanged_when",
    "yours",
]
