"""Published weights in the course's own classes."""

from course_lib.models.pretrained.bert import bert_weights, load_bert
from course_lib.models.pretrained.files import PretrainedError, pretrained_folder
from course_lib.models.pretrained.gpt2 import gpt2_weights, load_gpt2
from course_lib.models.pretrained.llama import llama_weights

__all__ = [
    "PretrainedError",
    "bert_weights",
    "gpt2_weights",
    "load_bert",
    "load_gpt2",
    "llama_weights",
    "pretrained_folder",
]
