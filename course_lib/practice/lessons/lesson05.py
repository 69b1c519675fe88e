"""Lesson 05: attention weights under a mask, a whole attention, additive scores, and a map held against the truth."""

from course_lib.practice.lessons.lesson05_scores import ADDITIVE_SCORES, SHARE_ON_GOLD
from course_lib.practice.lessons.lesson05_weights import ATTENTION_WEIGHTS, DOT_ATTENTION

EXERCISES = [ATTENTION_WEIGHTS, DOT_ATTENTION, ADDITIVE_SCORES, SHARE_ON_GOLD]
