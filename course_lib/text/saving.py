"""Tokenizers on disk, as text and JSON; and vocabularies that number their symbols themselves."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from course_lib.whole_file import whole_file


class TokenizerFileError(RuntimeError):
    """A tokenizer's file that could not be read or written; the message says which and why."""


def write_text(path: str | Path, text: str) -> None:
    """Write a file whole or not at all; what stood there before is untouched where it fails."""
    try:
        with whole_file(path) as new:
            new.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TokenizerFileError(f"{path} could not be written: {error}") from None


def read_json(path: str | Path) -> Any:
    """What a JSON file holds. Raises TokenizerFileError where there is none."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TokenizerFileError(f"{path} could not be read: {error}") from None


def in_order_of_ids(ids: Mapping[str, int], expected: Collection[str] | None = None) -> list[str]:
    """The symbols of a vocabulary that says the id of each, in the order of the ids.

    Args:
        ids: symbol → id, in any order.
        expected: the symbols that there must be; None for any.

    Raises:
        ValueError: ids that are not 0 … n − 1, each once, or other symbols than expected.
    """
    symbols = sorted(ids, key=ids.__getitem__)
    for number, symbol in enumerate(symbols):
        if ids[symbol] != number:
            raise ValueError(
                f"{symbol!r} has the id {ids[symbol]}, expected {number}: ids must be 0 … {len(ids) - 1}, each once."
            )
    if expected is not None and set(expected) != set(symbols):
        missing, more = sorted(set(expected) - set(symbols))[:3], sorted(set(symbols) - set(expected))[:3]
        raise ValueError(
            f"The ids do not fit the symbols: without an id {missing}, not among the symbols {more}."
        )
    return symbols
