"""Lesson 13: RMSNorm, SwiGLU, the cache of grouped heads, grouped-query attention, the chat template, calibration."""

from course_lib.practice.lessons.lesson13_cache import CACHE_BYTES
from course_lib.practice.lessons.lesson13_calibration import CALIBRATED_LABEL
from course_lib.practice.lessons.lesson13_chat import CHAT_PROMPT
from course_lib.practice.lessons.lesson13_grouped import GROUPED_ATTENTION
from course_lib.practice.lessons.lesson13_rms_norm import RMS_NORM
from course_lib.practice.lessons.lesson13_swiglu import SWIGLU

EXERCISES = [RMS_NORM, SWIGLU, CACHE_BYTES, GROUPED_ATTENTION, CHAT_PROMPT, CALIBRATED_LABEL]
