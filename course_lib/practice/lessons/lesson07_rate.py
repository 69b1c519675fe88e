"""Lesson 07: the rate at which post-norm needs no warm-up."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference

POST_NORM_RATE = Exercise(
    id="07.post_norm_rate",
    title="Post-norm without warm-up",
    reference=0.003,
    properties=[
        holds(
            "Is it one of the three rates?",
            lambda rate: (
                any(math.isclose(rate, one, rel_tol=1e-6) for one in (0.01, 0.003, 0.0003))
                or "expected 0.01, 0.003 or 0.0003."
            ),
        ),
        matches_reference("Does post-norm learn at this rate, without warm-up and within 150 steps?"),
    ],
    hints=[
        "Is the failure a property of post-norm alone, or of post-norm together with something else?",
        "Keep post-norm and warm_up=0, and change only the rate. Guessing costs ln 16, about 2.8 nats.",
        "Run `train_mirror(norm_first=False, lr=rate, warm_up=0)[0]` for each of the three rates.",
    ],
    mistakes=[
        Mistake("too high", 0.01, "At 0.01 the loss stays at the level of guessing, about 2.8 nats."),
        Mistake(
            "the schedule's peak",
            32**-0.5 * 100**-0.5,
            "That is the peak of the paper's schedule, at which post-norm without warm-up has just failed.",
        ),
        Mistake("too low", 0.0003, "At 0.0003 the loss does fall, but 150 steps are too few."),
    ],
)
