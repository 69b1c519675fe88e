"""Lesson 04: targets for teacher forcing, a loss without padding, greedy search, clipped precision, the last state."""

from course_lib.practice.lessons.lesson04_training import LAST_STATE, MASKED_LOSS, SHIFT_TARGET
from course_lib.practice.lessons.lesson04_writing import CLIPPED_PRECISION, GREEDY_DECODE

EXERCISES = [SHIFT_TARGET, MASKED_LOSS, GREEDY_DECODE, CLIPPED_PRECISION, LAST_STATE]
