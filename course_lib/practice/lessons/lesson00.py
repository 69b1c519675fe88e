"""Lesson 00: three small exercises, to see how exercises work, and a self-check."""

from course_lib.practice.lessons.lesson00_half import STEPS_TO_HALF
from course_lib.practice.lessons.lesson00_rows import CENTRED
from course_lib.practice.lessons.lesson00_self_check import SELF_CHECK
from course_lib.practice.lessons.lesson00_squares import MEAN_OF_SQUARES

EXERCISES = [MEAN_OF_SQUARES, STEPS_TO_HALF, CENTRED, SELF_CHECK]
