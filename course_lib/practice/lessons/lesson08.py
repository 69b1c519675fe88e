"""Lesson 08: targets, the size of a GPT, what to sample from, writing with a cache, induction heads."""

from course_lib.practice.lessons.lesson08_heads import INDUCTION_SCORE, LAYERS_NEEDED
from course_lib.practice.lessons.lesson08_sampling import NEXT_PROBABILITIES
from course_lib.practice.lessons.lesson08_training import N_PARAMETERS, TARGETS
from course_lib.practice.lessons.lesson08_writing import WRITE

EXERCISES = [TARGETS, N_PARAMETERS, NEXT_PROBABILITIES, WRITE, INDUCTION_SCORE, LAYERS_NEEDED]
