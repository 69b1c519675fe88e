"""Lesson 11: pooling, folds, precision and recall, labels of pieces, entities, a tagger, a fair comparison."""

from course_lib.practice.lessons.lesson11_choosing import FOLDS
from course_lib.practice.lessons.lesson11_entities import ENTITIES
from course_lib.practice.lessons.lesson11_pieces import PIECE_LABELS
from course_lib.practice.lessons.lesson11_rivals import GAP_LEFT
from course_lib.practice.lessons.lesson11_scores import PRECISION_RECALL
from course_lib.practice.lessons.lesson11_tagger import TAGGER
from course_lib.practice.lessons.lesson11_tokens import MEAN_POOL

EXERCISES = [MEAN_POOL, FOLDS, PRECISION_RECALL, PIECE_LABELS, ENTITIES, TAGGER, GAP_LEFT]
