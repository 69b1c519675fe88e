"""Lesson 10: corrupted tokens, the masked loss, pre-training on both tasks, accuracies, minimal pairs."""

from course_lib.practice.lessons.lesson10_corrupt import CORRUPT
from course_lib.practice.lessons.lesson10_loss import MLM_LOSS
from course_lib.practice.lessons.lesson10_pretrain import PRETRAIN
from course_lib.practice.lessons.lesson10_scores import ACCURACY_BY_INPUT, PAIR_ACCURACY

EXERCISES = [CORRUPT, MLM_LOSS, PRETRAIN, ACCURACY_BY_INPUT, PAIR_ACCURACY]
