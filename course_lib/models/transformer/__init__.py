"""The Transformer (Vaswani et al. 2017) and what was made of it: GPT, Llama, BERT with its heads, and T5."""

from course_lib.models.transformer.bert import Bert
from course_lib.models.transformer.bert_heads import (
    IGNORED,
    BertForClassification,
    BertForPreTraining,
    BertForSpans,
    BertForTagging,
    best_spans,
    pretraining_loss,
)
from course_lib.models.transformer.decoder_only import DecoderOnly
from course_lib.models.transformer.encoder_decoder import (
    EncoderDecoder,
    Transformer,
    TransformerDecoder,
    TransformerEncoder,
)
from course_lib.models.transformer.gpt import GPT, language_model_loss, windows_loss
from course_lib.models.transformer.layers import DecoderLayer, EncoderLayer, TransformerLayer
from course_lib.models.transformer.llama import Llama
from course_lib.models.transformer.pooling import mean_of_real
from course_lib.models.transformer.t5 import T5

__all__ = [
    "Bert",
    "BertForClassification",
    "BertForPreTraining",
    "BertForSpans",
    "BertForTagging",
    "DecoderLayer",
    "DecoderOnly",
    "EncoderDecoder",
    "EncoderLayer",
    "GPT",
    "IGNORED",
    "Llama",
    "T5",
    "Transformer",
    "TransformerDecoder",
    "TransformerEncoder",
    "TransformerLayer",
    "best_spans",
    "language_model_loss",
    "mean_of_real",
    "pretraining_loss",
    "windows_loss",
]
