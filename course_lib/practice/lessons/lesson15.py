"""Lesson 15: what an answer costs, affine quantisation, a 4-bit linear layer, a low-rank adapter."""

from course_lib.practice.lessons.lesson15_affine import QUANTISE_AFFINE
from course_lib.practice.lessons.lesson15_cost import ANSWER_COST
from course_lib.practice.lessons.lesson15_four_bits import LINEAR_4BIT
from course_lib.practice.lessons.lesson15_lora import LORA_LINEAR

EXERCISES = [ANSWER_COST, QUANTISE_AFFINE, LINEAR_4BIT, LORA_LINEAR]
