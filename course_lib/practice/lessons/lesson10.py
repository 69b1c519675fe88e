"""Lesson 10: a pair for BERT, damage, the masked loss, minimal pairs."""

from course_lib.practice.lessons.lesson10_damage import DAMAGE, ENCODE_PAIR
from course_lib.practice.lessons.lesson10_loss import MLM_LOSS, SHARE_RIGHT

EXERCISES = [ENCODE_PAIR, DAMAGE, MLM_LOSS, SHARE_RIGHT]
