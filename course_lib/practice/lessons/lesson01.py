"""Lesson 01: scoring and sampling, one step of an RNN, its gradient, a training loop, the carried state."""

from course_lib.practice.lessons.lesson01_clipping import CLIP_GRADIENTS
from course_lib.practice.lessons.lesson01_radius import WITH_RADIUS
from course_lib.practice.lessons.lesson01_recurrence import RNN_STEP
from course_lib.practice.lessons.lesson01_scoring import PERPLEXITY, TEMPERATURE
from course_lib.practice.lessons.lesson01_state import NEXT_STATE
from course_lib.practice.lessons.lesson01_training import TRAIN

EXERCISES = [PERPLEXITY, RNN_STEP, WITH_RADIUS, CLIP_GRADIENTS, TRAIN, TEMPERATURE, NEXT_STATE]
