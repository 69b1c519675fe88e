"""From a model's distributions to text: sampling, greedy search and beam search."""

from course_lib.decoding.conversation import chat_answers
from course_lib.decoding.generation import generate, stream
from course_lib.decoding.prompts import next_log_probs
from course_lib.decoding.sampling import next_distribution, sample
from course_lib.decoding.search import Hypothesis, beam_search, free_running_logits, greedy
from course_lib.decoding.speculative import Speculation, speculate

__all__ = [
    "Hypothesis",
    "Speculation",
    "beam_search",
    "chat_answers",
    "free_running_logits",
    "generate",
    "greedy",
    "next_distribution",
    "next_log_probs",
    "sample",
    "speculate",
    "stream",
]
