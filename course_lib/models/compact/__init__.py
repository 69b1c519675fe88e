"""Smaller or cheaper forms of a model: LoRA, quantised weights, pruning, distillation."""

from course_lib.models.compact.blocks import q4_1_blocks, q8_0_blocks
from course_lib.models.compact.distil import cosine_loss, distillation_loss, soft_loss, with_layers
from course_lib.models.compact.int4_linear import Int4Linear, exactly
from course_lib.models.compact.int8_embedding import Int8Embedding
from course_lib.models.compact.int8_linear import Int8Linear
from course_lib.models.compact.llama_int4 import load_llama_int4
from course_lib.models.compact.lora import (
    LowRank,
    add_lora,
    add_lora_to_attention,
    lora_parameters,
    merge_lora,
)
from course_lib.models.compact.pruning import (
    Mask,
    head_importance,
    make_permanent,
    prune_smallest,
    remove_heads,
)
from course_lib.models.compact.quantise import QuantisationError, Quantised, quantisation_error, quantise
from course_lib.models.compact.quantised_linear import QuantisedLinear, replace_linears, tensor_bytes

__all__ = [
    "exactly",
    "Int8Embedding",
    "remove_heads",
    "prune_smallest",
    "make_permanent",
    "head_importance",
    "Mask",
    "load_llama_int4",
    "with_layers",
    "soft_loss",
    "distillation_loss",
    "cosine_loss",
    "Int4Linear",
    "Int8Linear",
    "LowRank",
    "QuantisationError",
    "Quantised",
    "QuantisedLinear",
    "add_lora",
    "add_lora_to_attention",
    "lora_parameters",
    "merge_lora",
    "q4_1_blocks",
    "q8_0_blocks",
    "quantisation_error",
    "quantise",
    "replace_linears",
    "tensor_bytes",
]
