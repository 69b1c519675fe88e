"""Lesson 06: scaled dot-product attention, the causal mask, heads cut apart, a sinusoid for a position."""

from course_lib.practice.lessons.lesson06_attention import CAUSAL_MASK, SCALED_ATTENTION
from course_lib.practice.lessons.lesson06_heads import SINUSOID, SPLIT_HEADS

EXERCISES = [SCALED_ATTENTION, CAUSAL_MASK, SPLIT_HEADS, SINUSOID]
