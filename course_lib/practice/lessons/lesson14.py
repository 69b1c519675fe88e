"""Lesson 14: buckets of distances, span corruption, the T5 loss, kinds of answers, ROUGE-L, who attends to whom."""

from course_lib.practice.lessons.lesson14_attended import ATTENDED_PAIRS
from course_lib.practice.lessons.lesson14_bucket import BUCKET
from course_lib.practice.lessons.lesson14_kinds import ANSWER_KINDS
from course_lib.practice.lessons.lesson14_loss import T5_LOSS
from course_lib.practice.lessons.lesson14_rouge import ROUGE_L
from course_lib.practice.lessons.lesson14_spans import CORRUPT_SPANS

EXERCISES = [BUCKET, CORRUPT_SPANS, T5_LOSS, ANSWER_KINDS, ROUGE_L, ATTENDED_PAIRS]
