"""Published weights in the course's own classes."""

from course_lib.models.pretrained.bert import bert_weights, load_bert
from course_lib.models.pretrained.distilbert import distilbert_weights
from course_lib.models.pretrained.files import PretrainedError, pretrained_folder
from course_lib.models.pretrained.gguf_file import read_gguf
from course_lib.models.pretrained.gpt2 import gpt2_weights, load_gpt2
from course_lib.models.pretrained.llama import llama_weights, load_llama
from course_lib.models.pretrained.t5 import t5_weights

__all__ = [
    "PretrainedError",
    "bert_weights",
    "distilbert_weights",
    "gpt2_weights",
    "llama_weights",
    "load_bert",
    "load_gpt2",
    "load_llama",
    "pretrained_folder",
    "read_gguf",
    "t5_weights",
]
