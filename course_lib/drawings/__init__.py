"""The course's drawings: every architecture once, before its code. `drawings.lstm_cell()` in a cell shows one.

One file a drawing; the shapes are those of `sheet.py`, the colours those of `course_lib.plots.palette`.
`python -m course_lib.drawings FOLDER` writes all of them as PNG files.
"""

from course_lib.drawings.ablation import ablation
from course_lib.drawings.attention_over_encoder import attention_over_encoder
from course_lib.drawings.backpropagation_through_time import backpropagation_through_time
from course_lib.drawings.bert_inputs import bert_inputs
from course_lib.drawings.bpe_merges import bpe_merges
from course_lib.drawings.cache_growing import cache_growing
from course_lib.drawings.drawing import ALL, Drawing, drawing
from course_lib.drawings.encoder_decoder import encoder_decoder
from course_lib.drawings.four_bit_block import four_bit_block
from course_lib.drawings.gpt import gpt
from course_lib.drawings.grouped_heads import grouped_heads
from course_lib.drawings.gru_cell import gru_cell
from course_lib.drawings.head_on_top import head_on_top
from course_lib.drawings.labels_of_pieces import labels_of_pieces
from course_lib.drawings.llama_block import llama_block
from course_lib.drawings.longest_match import longest_match
from course_lib.drawings.lora import lora
from course_lib.drawings.lstm_cell import lstm_cell
from course_lib.drawings.mlm_and_nsp import mlm_and_nsp
from course_lib.drawings.multi_head import multi_head
from course_lib.drawings.rotary import rotary
from course_lib.drawings.self_attention import self_attention
from course_lib.drawings.skipgram_window import skipgram_window
from course_lib.drawings.span_corruption import span_corruption
from course_lib.drawings.text_to_text import text_to_text
from course_lib.drawings.three_masks import three_masks
from course_lib.drawings.transformer import transformer
from course_lib.drawings.transformer_block import transformer_block
from course_lib.drawings.unrolled_rnn import unrolled_rnn

__all__ = [
    "ALL",
    "Drawing",
    "ablation",
    "attention_over_encoder",
    "backpropagation_through_time",
    "bert_inputs",
    "bpe_merges",
    "cache_growing",
    "drawing",
    "encoder_decoder",
    "four_bit_block",
    "gpt",
    "grouped_heads",
    "gru_cell",
    "head_on_top",
    "labels_of_pieces",
    "llama_block",
    "longest_match",
    "lora",
    "lstm_cell",
    "mlm_and_nsp",
    "multi_head",
    "rotary",
    "self_attention",
    "skipgram_window",
    "span_corruption",
    "text_to_text",
    "three_masks",
    "transformer",
    "transformer_block",
    "unrolled_rnn",
]
