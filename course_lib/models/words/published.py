"""Word vectors that others trained on far more text than a lesson can read: a part of GloVe, kept with the course.

The file beside this one holds the 20,000 most frequent words that consist of the letters a to z from `glove.6B.50d`
(Pennington, Socher & Manning 2014), trained on Wikipedia of 2014 and Gigaword 5, six billion tokens; rounded to half
precision. https://nlp.stanford.edu/projects/glove/, Open Data Commons Public Domain Dedication and License 1.0.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from course_lib.models.words.vectors import WordVectors

FILE = Path(__file__).with_name("glove_6b_50d.safetensors")
_SOURCE = "glove.6B.50d.txt, https://nlp.stanford.edu/projects/glove/, PDDL 1.0"


def glove_6b() -> WordVectors:
    """20,000 English words, most frequent first, with the 50 numbers that GloVe learned for each. Needs no network."""
    with safe_open(FILE, framework="pt") as file:
        words = file.metadata()["words"].split()
        return WordVectors(words, file.get_tensor("vectors").float())


def write_subset(lines: Iterable[str], path: Path = FILE, n_words: int = 20_000) -> None:
    """Keep the words of letters a to z, in the order of a published text file: a word and its numbers on each line.

    To make the course's file again: `write_subset(open("glove.6B.50d.txt", encoding="utf-8"))`.
    """
    words, rows = [], []
    for line in lines:
        word, *numbers = line.split(" ")
        if re.fullmatch("[a-z]+", word):
            words.append(word)
            rows.append([float(number) for number in numbers])
        if len(words) == n_words:
            break
    save_file(
        {"vectors": torch.tensor(rows).half()}, path, metadata={"words": " ".join(words), "source": _SOURCE}
    )
