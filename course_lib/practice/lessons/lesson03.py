"""Lesson 03: cosine, PMI, the negative-sampling loss, its noise, and analogies."""

from course_lib.practice.lessons.lesson03_counts import NOISE, PMI
from course_lib.practice.lessons.lesson03_vectors import ANALOGY, COSINE, PAIR_LOSS

EXERCISES = [COSINE, PMI, PAIR_LOSS, NOISE, ANALOGY]
