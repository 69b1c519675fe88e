"""Lesson 11: pooling, folds, spans, precision and recall, labels of pieces, entities."""

from course_lib.practice.lessons.lesson11_answers import BEST_SPAN, FOLDS
from course_lib.practice.lessons.lesson11_scores import ENTITIES, PRECISION_RECALL
from course_lib.practice.lessons.lesson11_tokens import MEAN_POOL, PIECE_LABELS

EXERCISES = [MEAN_POOL, FOLDS, BEST_SPAN, PRECISION_RECALL, PIECE_LABELS, ENTITIES]
