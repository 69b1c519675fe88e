"""Lesson 07: feed-forward, layer norm, a pre-norm block, cross-attention, smoothed targets."""

from course_lib.practice.lessons.lesson07_block import FEED_FORWARD, LAYER_NORM
from course_lib.practice.lessons.lesson07_decoder import CROSS_ATTENTION, SMOOTH_TARGETS
from course_lib.practice.lessons.lesson07_residual import PRE_NORM_BLOCK

EXERCISES = [FEED_FORWARD, LAYER_NORM, PRE_NORM_BLOCK, CROSS_ATTENTION, SMOOTH_TARGETS]
