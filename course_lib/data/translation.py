"""Sentence pairs for translation: lists of (source sentence, target sentence)."""

import gzip
import zlib
from dataclasses import dataclass

from course_lib.data.fetch import read_file
from course_lib.data.manifest import Dataset

SentencePair = tuple[str, str]


@dataclass(frozen=True, repr=False)
class Pairs:
    """Three lists of (source, target) sentences; ``source`` is citation and licence in one line."""

    train: list[SentencePair]
    validation: list[SentencePair]
    test: list[SentencePair]
    source: str

    def __repr__(self) -> str:
        # The sentences themselves would fill a notebook.
        return (
            f"Pairs(train={len(self.train):,}, validation={len(self.validation):,}, test={len(self.test):,} "
            f"sentence pairs, source={self.source!r})"
        )


def multi30k_de_en(dataset: Dataset) -> Pairs:
    """German captions and their English originals: 29,000, 1,014 and 1,000 pairs (the test of 2016)."""

    def part(split: str) -> list[SentencePair]:
        german, english = (
            _lines(gzip.decompress(read_file(dataset.files[f"{split}.{language}"])))
            for language in ("de", "en")
        )
        return list(zip(german, english, strict=True))

    return Pairs(part("train"), part("validation"), part("test"), source=dataset.source)


def tatoeba_eng_cmn(dataset: Dataset) -> Pairs:
    """English sentences with Chinese translations, 20,133 pairs, shortest first within each part.

    The corpus has no parts of its own. Every English sentence goes, with all its translations, to one part,
    chosen by its checksum (18 : 1 : 1): so no English sentence of validation or test occurs in training, on
    any machine. A Chinese sentence may, where two English sentences mean the same.
    """
    parts: tuple[list[SentencePair], ...] = ([], [], [])
    for line in _lines(read_file(dataset.files["all"])):
        english, chinese = line.split("\t")
        slot = zlib.crc32(english.encode("utf-8")) % 20
        parts[max(0, slot - 17)].append((english, chinese))  # 0 … 17 train, 18 validation, 19 test
    return Pairs(*parts, source=dataset.source)


def _lines(content: bytes) -> list[str]:
    # Not str.splitlines, which also breaks lines at rare Unicode characters and so could shift one language.
    return [line.strip() for line in content.decode("utf-8").removesuffix("\n").split("\n")]
