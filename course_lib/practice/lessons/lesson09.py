"""Lesson 09: counting and merging pairs, training BPE, tokenizing a new word, a pair for BERT, bits per character."""

from course_lib.practice.lessons.lesson09_apply import CUT_BY_MERGES
from course_lib.practice.lessons.lesson09_bits import BITS_PER_CHARACTER
from course_lib.practice.lessons.lesson09_counts import COUNT_PAIRS
from course_lib.practice.lessons.lesson09_merges import MERGE_PAIR
from course_lib.practice.lessons.lesson09_pairs import PAIR_INPUT
from course_lib.practice.lessons.lesson09_pieces import LONGEST_FIRST
from course_lib.practice.lessons.lesson09_training import TRAIN_BPE

EXERCISES = [COUNT_PAIRS, MERGE_PAIR, TRAIN_BPE, CUT_BY_MERGES, LONGEST_FIRST, PAIR_INPUT, BITS_PER_CHARACTER]
