"""Lesson 08: targets, the nucleus, the size of a GPT, one step with a cache, an induction head's score."""

from course_lib.practice.lessons.lesson08_heads import CACHED_STEP, INDUCTION_SCORE
from course_lib.practice.lessons.lesson08_sampling import TOP_P
from course_lib.practice.lessons.lesson08_training import N_PARAMETERS, TARGETS

EXERCISES = [TARGETS, TOP_P, N_PARAMETERS, CACHED_STEP, INDUCTION_SCORE]
