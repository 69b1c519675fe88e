"""Lesson 12: score, ablate and study a head; rollout; a sentence as one vector; is a difference chance?"""

from course_lib.practice.lessons.lesson12_chance import SHARE_AS_LARGE
from course_lib.practice.lessons.lesson12_heads import ABLATE, PREVIOUS_TOKEN_SCORE
from course_lib.practice.lessons.lesson12_order import NEEDS_NO_ORDER
from course_lib.practice.lessons.lesson12_rollout import ROLLOUT
from course_lib.practice.lessons.lesson12_study import STUDY_HEAD
from course_lib.practice.lessons.lesson12_vectors import MEAN_POOLING

EXERCISES = [PREVIOUS_TOKEN_SCORE, NEEDS_NO_ORDER, ABLATE, STUDY_HEAD, ROLLOUT, MEAN_POOLING, SHARE_AS_LARGE]
