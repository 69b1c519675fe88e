"""Smaller or cheaper forms of a model: LoRA."""

from course_lib.models.compact.lora import (
    LowRank,
    add_lora,
    add_lora_to_attention,
    lora_parameters,
    merge_lora,
)

__all__ = ["LowRank", "add_lora", "add_lora_to_attention", "lora_parameters", "merge_lora"]
