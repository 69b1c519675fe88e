"""Lesson 02: the LSTM's step and layer, the GRU's step, the forget bias for a lag, parameters."""

from course_lib.practice.lessons.lesson02_cells import LSTM_STEP
from course_lib.practice.lessons.lesson02_gru import GRU_STEP
from course_lib.practice.lessons.lesson02_layer import LSTM_LAYER
from course_lib.practice.lessons.lesson02_sizes import FORGET_BIAS, N_PARAMETERS, SMALLEST_BIAS

EXERCISES = [LSTM_STEP, LSTM_LAYER, FORGET_BIAS, SMALLEST_BIAS, GRU_STEP, N_PARAMETERS]
