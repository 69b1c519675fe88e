"""Smaller or cheaper forms of a model: LoRA, quantised weights."""

from course_lib.models.compact.blocks import q4_1_blocks, q8_0_blocks
from course_lib.models.compact.lora import (
    LowRank,
    add_lora,
    add_lora_to_attention,
    lora_parameters,
    merge_lora,
)
from course_lib.models.compact.quantise import Quantised, QuantisationError, quantisation_error, quantise

__all__ = [
    "LowRank",
    "QuantisationError",
    "Quantised",
    "add_lora",
    "add_lora_to_attention",
    "lora_parameters",
    "merge_lora",
    "q4_1_blocks",
    "q8_0_blocks",
    "quantisation_error",
    "quantise",
]
