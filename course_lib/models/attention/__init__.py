"""Attention: additive and dot-product (Bahdanau et al. 2015, Luong et al. 2015), multi-head (Vaswani et al. 2017).

With what belongs to it: masks, positions, the key/value cache, and `record_attention`.
"""

from course_lib.models.attention.cache import Cache, KeyValueCache, StaticCache, memory_bytes
from course_lib.models.attention.masks import causal_mask, padding_mask, real_tokens
from course_lib.models.attention.multi_head import MultiHeadAttention, scaled_dot_product_attention
from course_lib.models.attention.positions import Rotary, sinusoidal_positions
from course_lib.models.attention.recording import AttentionMaps, RecordedModule, record_attention
from course_lib.models.attention.relative import RelativePositionBias, relative_position_bucket
from course_lib.models.attention.scores import (
    AdditiveAttention,
    Attention,
    DotProductAttention,
    GeneralAttention,
    masked_softmax,
)

__all__ = [
    "AdditiveAttention",
    "Attention",
    "AttentionMaps",
    "Cache",
    "DotProductAttention",
    "GeneralAttention",
    "KeyValueCache",
    "MultiHeadAttention",
    "RecordedModule",
    "RelativePositionBias",
    "Rotary",
    "StaticCache",
    "causal_mask",
    "masked_softmax",
    "memory_bytes",
    "padding_mask",
    "real_tokens",
    "record_attention",
    "relative_position_bucket",
    "scaled_dot_product_attention",
    "sinusoidal_positions",
]
