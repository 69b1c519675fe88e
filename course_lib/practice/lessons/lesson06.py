"""Lesson 06: scaled dot-product attention, the causal mask, heads, multi-head attention, an encoded position."""

from course_lib.practice.lessons.lesson06_attention import SCALED_ATTENTION
from course_lib.practice.lessons.lesson06_heads import SPLIT_HEADS
from course_lib.practice.lessons.lesson06_mask import CAUSAL_MASK
from course_lib.practice.lessons.lesson06_multi_head import HEADS_FOR_THREE, MULTI_HEAD
from course_lib.practice.lessons.lesson06_sinusoid import SINUSOID

EXERCISES = [SCALED_ATTENTION, CAUSAL_MASK, SPLIT_HEADS, MULTI_HEAD, HEADS_FOR_THREE, SINUSOID]
