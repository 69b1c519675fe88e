"""Sentences with one label each: what a classifier learns from."""

import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from course_lib.data.fetch import DataError, read_file
from course_lib.data.manifest import DataFile, Dataset

LabelledSentence = tuple[str, int]


@dataclass(frozen=True, repr=False)
class Labelled:
    """Three lists of (sentence, label id); ``labels`` names the ids, ``source`` is citation and licence in one line."""

    train: list[LabelledSentence]
    validation: list[LabelledSentence]
    test: list[LabelledSentence]
    labels: tuple[str, ...]
    source: str

    def __repr__(self) -> str:
        # The sentences themselves would fill a notebook.
        return (
            f"Labelled(train={len(self.train):,}, validation={len(self.validation):,}, test={len(self.test):,} "
            f"sentences, labels={self.labels}, source={self.source!r})"
        )


def sst_2(dataset: Dataset) -> Labelled:
    """Sentences of film reviews, "negative" (0) or "positive" (1): 6,920, 872 and 1,821, about half of each.

    Whole sentences in lower case, words and signs separated by spaces; neutral sentences were left out. A few
    sentences of the training part occur twice, and two of them in the test part too: the data set is like that.
    """

    def part(split: str) -> list[LabelledSentence]:
        file = dataset.files[split]
        return [(text, _label(label, ("0", "1"), file)) for text, label in _rows(file)]

    return Labelled(
        part("train"), part("validation"), part("test"), ("negative", "positive"), source=dataset.source
    )


def sms_spam(dataset: Dataset) -> Labelled:
    """Text messages, "ham" (0: what a person wrote to another) or "spam" (1): 5,574, of which 747 are spam.

    The collection has no parts of its own, and many messages occur more than once, now and then with another sign,
    space or capital. A message goes to a part by the checksum of its letters and digits (3 : 1 : 1): its copies stay
    together, so that no test message was seen in training, on any machine. What the file writes as ``&lt;`` and the
    like is a sign again.
    """
    labels, file = ("ham", "spam"), dataset.files["all"]
    parts: tuple[list[LabelledSentence], ...] = ([], [], [])
    for label, raw in _rows(file):
        message = html.unescape(raw).strip()
        key = re.sub(r"[\W_]+", "", message.lower())
        slot = zlib.crc32(key.encode("utf-8")) % 5
        parts[max(0, slot - 2)].append((message, _label(label, labels, file)))  # 0 … 2 train, 3, 4
    return Labelled(*parts, labels, source=dataset.source)


def _rows(file: DataFile) -> Iterator[tuple[str, str]]:
    """The two columns of each line. No quoting: a quotation mark is a sign like any other."""
    # Not str.splitlines, which also breaks lines at rare Unicode characters.
    for number, line in enumerate(read_file(file).decode("utf-8").removesuffix("\n").split("\n"), start=1):
        columns = line.split("\t")
        if len(columns) != 2 or not all(columns):
            raise DataError(
                f"{file.name}, line {number}: expected two columns with a tab between them, not {line!r}."
            )
        yield columns[0], columns[1]


def _label(word: str, labels: tuple[str, ...], file: DataFile) -> int:
    if word not in labels:
        raise DataError(f"{file.name}: {word!r} is no label; expected one of {', '.join(labels)}.")
    return labels.index(word)
