"""Lesson 07: a Transformer's parts, its block, warm-up, cross-attention, the whole model, smoothed targets."""

from course_lib.practice.lessons.lesson07_cross_attention import CROSS_ATTENTION
from course_lib.practice.lessons.lesson07_feed_forward import FEED_FORWARD
from course_lib.practice.lessons.lesson07_layer_norm import LAYER_NORM
from course_lib.practice.lessons.lesson07_pre_norm_block import PRE_NORM_BLOCK
from course_lib.practice.lessons.lesson07_rate import POST_NORM_RATE
from course_lib.practice.lessons.lesson07_smoothing import SMOOTH_TARGETS
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
