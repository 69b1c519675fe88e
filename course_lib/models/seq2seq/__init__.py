"""Recurrent encoder and decoder (Sutskever et al. 2014), without attention and with it (Bahdanau, Luong)."""

from course_lib.models.seq2seq.decoders import (
    AttentionDecoder,
    BahdanauDecoder,
    Decoder,
    DecoderState,
    LuongDecoder,
)
from course_lib.models.seq2seq.encoder_decoder import Bridge, Encoder, Seq2Seq, teacher_forced_loss

__all__ = [
    "AttentionDecoder",
    "BahdanauDecoder",
    "Bridge",
    "Decoder",
    "DecoderState",
    "Encoder",
    "LuongDecoder",
    "Seq2Seq",
    "teacher_forced_loss",
]
