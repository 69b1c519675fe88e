"""Lesson 09: counting and merging pairs, cutting a word by merges and by longest pieces, a pair for BERT, bits."""

from course_lib.practice.lessons.lesson09_merges import COUNT_PAIRS, CUT_BY_MERGES, MERGE_PAIR
from course_lib.practice.lessons.lesson09_pieces import BITS_PER_CHARACTER, LONGEST_FIRST, PAIR_INPUT

EXERCISES = [COUNT_PAIRS, MERGE_PAIR, CUT_BY_MERGES, LONGEST_FIRST, PAIR_INPUT, BITS_PER_CHARACTER]
