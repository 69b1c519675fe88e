"""Texts for language models: one part to learn from, one to measure on."""

from dataclasses import dataclass

from course_lib.data.fetch import read_file
from course_lib.data.manifest import Dataset


@dataclass(frozen=True, repr=False)
class Text:
    """A text in two strings, ``train`` and ``validation``; ``source`` is citation and licence in one line."""

    train: str
    validation: str
    source: str

    def __repr__(self) -> str:
        # The text itself would fill a notebook.
        return (
            f"Text(train={len(self.train):,} characters, validation={len(self.validation):,} characters, "
            f"source={self.source!r})"
        )


def tiny_shakespeare(dataset: Dataset) -> Text:
    """The first 90 % of the characters train (1,003,854), the last 10 % validate (111,540), as in nanoGPT."""
    text = read_file(dataset.files["all"]).decode("utf-8")
    boundary = len(text) * 9 // 10
    return Text(train=text[:boundary], validation=text[boundary:], source=dataset.source)


def wikitext_2(dataset: Dataset) -> Text:
    """Words separated by spaces, one paragraph or heading a line; rare words are ``<unk>``.

    ``train`` is the corpus's own validation part (214 thousand words), ``validation`` its test part (241
    thousand): the corpus's training part, ten times as large, is more than a lesson can read. Perplexities
    are therefore not comparable with published ones.
    """
    train, validation = (read_file(dataset.files[split]).decode("utf-8") for split in ("validation", "test"))
    return Text(train=train, validation=validation, source=dataset.source)
