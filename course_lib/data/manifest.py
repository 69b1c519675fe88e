"""The course's list of data files: which bytes belong to which data set, where they lie, under which licence.

The facts stand in ``manifest.toml`` beside this file; nothing else in the course names an address or a hash.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files


@dataclass(frozen=True)
class DataFile:
    """One file of a data set, pinned by its sha256.

    ``name`` is what it is called in the cache, in a ``COURSE_DATA`` folder and on a ``COURSE_MIRROR``;
    ``split`` says which part of the data set it holds ("train", "validation.de", "all", …); ``bytes`` is its
    size.
    """

    name: str
    split: str
    repo: str
    commit: str
    path: str
    bytes: int
    sha256: str

    @property
    def url(self) -> str:
        """Where a reader's machine downloads it: the file of one commit, which can never change."""
        return f"https://raw.githubusercontent.com/{self.repo}/{self.commit}/{self.path}"


@dataclass(frozen=True)
class Dataset:
    """One data set of the manifest: what it is, whom to cite, its licence, its files by split."""

    name: str
    what: str
    citation: str
    licence: str
    files: dict[str, DataFile]

    @property
    def source(self) -> str:
        """Citation and licence in one line, to print under a figure."""
        return f"{self.citation}. Licence: {self.licence}."


@cache
def manifest() -> dict[str, Dataset]:
    """All data sets of the course by name, in the order of ``manifest.toml``."""
    listed = tomllib.loads(
        package_files("course_lib.data").joinpath("manifest.toml").read_text(encoding="utf-8")
    )
    return {
        name: Dataset(
            name=name,
            what=facts["what"],
            citation=facts["citation"],
            licence=facts["licence"],
            files={entry["split"]: DataFile(**entry) for entry in facts["file"]},
        )
        for name, facts in listed.items()
    }
