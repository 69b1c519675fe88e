"""Lesson 07: a Transformer's parts, its block, warm-up, cross-attention, the whole model, smoothed targets."""

from course_lib.practice.lessons.lesson07_block import FEED_FORWARD, LAYER_NORM
from course_lib.practice.lessons.lesson07_decoder import CROSS_ATTENTION, SMOOTH_TARGETS
from course_lib.practice.lessons.lesson07_residual import POST_NORM_RATE, PRE_NORM_BLOCK
from course_lib.practice.lessons.lesson07_transformer import TRANSFORMER

EXERCISES = [
    FEED_FORWARD,
    LAYER_NORM,
    PRE_NORM_BLOCK,
    POST_NORM_RATE,
    CROSS_ATTENTION,
    TRANSFORMER,
    SMOOTH_TARGETS,
]
