"""Lesson 05: attention and its scores, one decoder step with attention, and maps held against the truth."""

from course_lib.practice.lessons.lesson05_dot import DOT_ATTENTION
from course_lib.practice.lessons.lesson05_maps import SHARE_ON_GOLD, WRONG_ZEROS
from course_lib.practice.lessons.lesson05_scores import ADDITIVE_SCORES
from course_lib.practice.lessons.lesson05_step import DECODER_STEP
from course_lib.practice.lessons.lesson05_weights import ATTENTION_WEIGHTS

EXERCISES = [DOT_ATTENTION, ATTENTION_WEIGHTS, ADDITIVE_SCORES, DECODER_STEP, SHARE_ON_GOLD, WRONG_ZEROS]
