"""Lesson 01: perplexity, one step of an RNN, clipping, temperature, and the state between windows."""

from course_lib.practice.lessons.lesson01_recurrence import CLIP_GRADIENTS, NEXT_STATE, RNN_STEP
from course_lib.practice.lessons.lesson01_scoring import PERPLEXITY, TEMPERATURE

EXERCISES = [PERPLEXITY, RNN_STEP, CLIP_GRADIENTS, TEMPERATURE, NEXT_STATE]
