"""Lesson 02: one step of an LSTM and of a GRU, a forget gate for a given lag, and what they cost in parameters."""

from course_lib.practice.lessons.lesson02_cells import GRU_STEP, LSTM_STEP
from course_lib.practice.lessons.lesson02_sizes import FORGET_BIAS, N_PARAMETERS

EXERCISES = [LSTM_STEP, FORGET_BIAS, GRU_STEP, N_PARAMETERS]
