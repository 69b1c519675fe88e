"""Lesson 03: cosine, PMI, the loss of a pair, skip-gram's training, analogies and their score, association."""

from course_lib.practice.lessons.lesson03_accuracies import ACCURACIES
from course_lib.practice.lessons.lesson03_analogies import ANALOGY
from course_lib.practice.lessons.lesson03_counts import PMI
from course_lib.practice.lessons.lesson03_loss import PAIR_LOSS
from course_lib.practice.lessons.lesson03_training import TRAIN
from course_lib.practice.lessons.lesson03_vectors import ASSOCIATION, COSINE

EXERCISES = [COSINE, PMI, PAIR_LOSS, TRAIN, ANALOGY, ACCURACIES, ASSOCIATION]
