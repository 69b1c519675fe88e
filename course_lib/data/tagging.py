"""Sentences with a tag for each word: what a tagger learns from."""

from dataclasses import dataclass

from course_lib.data.fetch import DataError, read_file
from course_lib.data.manifest import DataFile, Dataset

TaggedSentence = tuple[tuple[str, ...], tuple[str, ...]]

WNUT_17_TYPES = ("corporation", "creative-work", "group", "location", "person", "product")


@dataclass(frozen=True, repr=False)
class Tagged:
    """Three lists of (words, tags), as many tags as words; ``types`` are the kinds of entity.

    A tag is "O" (outside), or "B-" (the first word of an entity) or "I-" (a further one) with a type: the BIO scheme
    of L. Ramshaw and M. Marcus, "Text Chunking using Transformation-Based Learning", 1995, in the form in which every
    entity begins with B. ``source`` is citation and licence in one line.
    """

    train: list[TaggedSentence]
    validation: list[TaggedSentence]
    test: list[TaggedSentence]
    types: tuple[str, ...]
    source: str

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag there can be: "O" first, then B- and I- of each type."""
        return ("O", *(f"{place}-{kind}" for kind in self.types for place in "BI"))

    def __repr__(self) -> str:
        # The sentences themselves would fill a notebook.
        return (
            f"Tagged(train={len(self.train):,}, validation={len(self.validation):,}, test={len(self.test):,} "
            f"sentences, types={self.types}, source={self.source!r})"
        )


def wnut_17(dataset: Dataset) -> Tagged:
    """Posts from the web with their named entities, six types: 3,394, 1,009 and 1,287 sentences.

    Built to be hard: tweets in training, comments and posts from elsewhere in validation and test, and hardly an
    entity of the test part occurs in training.
    """
    tags = {"O", *(f"{place}-{kind}" for kind in WNUT_17_TYPES for place in "BI")}

    def part(split: str) -> list[TaggedSentence]:
        return _sentences(dataset.files[split], tags)

    return Tagged(part("train"), part("validation"), part("test"), WNUT_17_TYPES, source=dataset.source)


def _sentences(file: DataFile, tags: set[str]) -> list[TaggedSentence]:
    """Read the CoNLL format: a word, a tab and its tag on each line, an empty line after each sentence.

    Most of the empty lines of the training file are not empty but hold a tab; a word may be a quotation mark, or
    a sign that only changes the look of the one before it.
    """
    sentences: list[TaggedSentence] = []
    words: list[str] = []
    own: list[str] = []
    # Not str.splitlines, which also breaks lines at rare Unicode characters.
    for number, line in enumerate([*read_file(file).decode("utf-8").split("\n"), ""], start=1):
        if not line.strip():
            if words:
                sentences.append((tuple(words), tuple(own)))
                words, own = [], []
            continue
        columns = line.split("\t")
        if len(columns) != 2 or not columns[0].strip() or columns[1] not in tags:
            raise DataError(
                f"{file.name}, line {number}: expected a word, a tab and its tag, not {line!r}; "
                f"the tags are {', '.join(sorted(tags))}."
            )
        words.append(columns[0])
        own.append(columns[1])
    return sentences
