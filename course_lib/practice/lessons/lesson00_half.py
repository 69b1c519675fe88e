"""Lesson 00: steps until half is left."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _steps_to_half(keep: float) -> int:
    left, steps = 1.0, 0
    while left > 0.5:
        left, steps = left * keep, steps + 1
    return steps


def _squared_to_half(keep: float) -> int:
    steps = 0
    while keep > 0.5:
        keep, steps = keep * keep, steps + 1
    return steps


STEPS_TO_HALF = Exercise(
    id="00.steps_to_half",
    title="Steps until half is left",
    points=1,
    reference=_steps_to_half,
    cases=lambda: [(0.5,), (0.9,), (0.8,), (0.25,), (0.99,), (0.1,), (0.999,)],
    properties=[
        matches_reference("With keep = 0.5, one step leaves exactly one half: is the answer 1?", cases=0),
        matches_reference(
            "With keep = 0.9, six steps leave 0.53 and seven leave 0.48: is the answer 7?", cases=1
        ),
        matches_reference(
            "Is the answer right for a memory that decays fast, and for one that decays slowly?"
        ),
    ],
    hints=[
        "If you start with 1 and multiply by keep, how do you know when to stop?",
        "After n steps, keep to the power of n is left. Find the smallest whole n for which that is at most 0.5.",
        "Start with `left = 1.0` and `steps = 0`, and loop `while left > 0.5`. What changes in each round?",
    ],
    mistakes=[
        Mistake(
            "what is lost is kept",
            lambda keep: _steps_to_half(1 - keep),
            "You kept what is lost: each step keeps the fraction keep and loses 1 − keep.",
        ),
        Mistake(
            "what is left",
            lambda keep: keep ** _steps_to_half(keep),
            "You returned what is left; return the number of steps instead.",
        ),
        Mistake(
            "less than half",
            lambda keep: _steps_to_half(keep) + (keep == 0.5),
            "Where exactly half is left, you go one step further; at most one half means that half is enough.",
        ),
        Mistake(
            "one step too many",
            lambda keep: _steps_to_half(keep) + 1,
            "That is one step too many: you start with 1 before the first step, so count steps, not values.",
        ),
        Mistake(
            "one step too few",
            lambda keep: _steps_to_half(keep) - 1,
            "That is one step too few: more than a half is still left.",
        ),
        Mistake(
            "rounded down",
            lambda keep: math.floor(math.log(0.5) / math.log(keep)),
            "You rounded log 0.5 / log keep down, where more than a half is still left; round up.",
        ),
        Mistake(
            "rounded",
            lambda keep: round(math.log(0.5) / math.log(keep)),
            "You rounded log 0.5 / log keep to the nearest number; below it, more than a half is left: round up.",
        ),
        Mistake(
            "not rounded",
            lambda keep: math.log(0.5) / math.log(keep),
            "log 0.5 / log keep is where the curve crosses a half; the first whole step is that number rounded up.",
        ),
        Mistake(
            "the same loss every time",
            lambda keep: math.ceil(0.5 / (1 - keep)),
            "You lost the same amount at every step; each step loses a fraction of what is *left*.",
        ),
        Mistake(
            "upside down",
            lambda keep: math.ceil(math.log(keep) / math.log(0.5)),
            "Your fraction is upside down: it is log 0.5 / log keep.",
        ),
        Mistake(
            "half divided by keep",
            lambda keep: math.ceil(0.5 / keep),
            "You divided 0.5 by keep; every step multiplies by keep, so ask how often: keep ** n <= 0.5.",
        ),
        Mistake(
            "keep squared",
            _squared_to_half,
            "keep *= keep squares what is left in every round; multiply by the same keep each time.",
        ),
        Mistake(
            "logarithm of keep only",
            lambda keep: math.ceil(0.5 / -math.log(keep)),
            "You divided 0.5 itself by log keep; take the logarithm of both: log 0.5 / log keep.",
        ),
        Mistake(
            "the example's answer",
            lambda keep: 7,
            "7 is right for 0.9 only; compute the number of steps from keep.",
        ),
        Mistake(
            "a limit of 100 steps",
            lambda keep: min(_steps_to_half(keep), 100),
            "Your loop ends after 100 steps, half or not; keep = 0.999 takes 693. Use while, which needs no limit.",
        ),
        Mistake(
            "rule of 69, rounded up",
            lambda keep: math.ceil(math.log(2) / (1 - keep)),
            "ln 2 / (1 − keep) is an approximation for keep near 1; use log 0.5 / log keep, rounded up.",
        ),
        Mistake(
            "rule of 69",
            lambda keep: round(math.log(2) / (1 - keep)),
            "ln 2 / (1 − keep) is an approximation for keep near 1; use log 0.5 / log keep, rounded up.",
        ),
        Mistake(
            "rule of 70",
            lambda keep: math.ceil(0.7 / (1 - keep)),
            "0.7 / (1 − keep) is a rule of thumb for small losses; count the steps, or use the logarithms.",
        ),
    ],
)
