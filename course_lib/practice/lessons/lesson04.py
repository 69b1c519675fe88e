"""Lesson 04: teacher forcing, padding, greedy search, beam search with its length penalty, clipped precision."""

from course_lib.practice.lessons.lesson04_beam import BEAM_SEARCH
from course_lib.practice.lessons.lesson04_padding import MASKED_LOSS
from course_lib.practice.lessons.lesson04_penalty import PENALTY_NEEDED
from course_lib.practice.lessons.lesson04_scoring import CLIPPED_PRECISION
from course_lib.practice.lessons.lesson04_shift import SHIFT_TARGET
from course_lib.practice.lessons.lesson04_states import LAST_STATE
from course_lib.practice.lessons.lesson04_writing import GREEDY_DECODE

EXERCISES = [
    SHIFT_TARGET,
    MASKED_LOSS,
    LAST_STATE,
    GREEDY_DECODE,
    BEAM_SEARCH,
    PENALTY_NEEDED,
    CLIPPED_PRECISION,
]
