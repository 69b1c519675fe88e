"""Lesson 12: score a head, silence it, rollout, a sentence as one vector, is a difference chance?"""

from course_lib.practice.lessons.lesson12_heads import PREVIOUS_TOKEN_SCORE, SILENCED
from course_lib.practice.lessons.lesson12_rollout import ROLLOUT
from course_lib.practice.lessons.lesson12_vectors import MEAN_POOLING, SHARE_AS_LARGE

EXERCISES = [PREVIOUS_TOKEN_SCORE, SILENCED, ROLLOUT, MEAN_POOLING, SHARE_AS_LARGE]
