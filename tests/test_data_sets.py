"""The real data sets are what the manifest and their loaders say."""

import os
from pathlib import Path

import pytest

from course_lib import data
from course_lib.data import DataError
from course_lib.data.fetch import read_file
from course_lib.data.manifest import manifest


def real(name: str):
    """A real data set; without network and folder the test is skipped, with a folder every error counts."""
    try:
        return data.load(name)
    except DataError as error:
        if os.environ.get("COURSE_DATA"):
            raise
        pytest.skip(str(error))


def test_manifest_is_sound():
    files = [file for dataset in manifest().values() for file in dataset.files.values()]
    assert set(data.loadable()) <= set(manifest())
    assert len({file.name for file in files}) == len(files) == 17
    for file in files:
        assert len(file.commit) == 40 and len(file.sha256) == 64 and file.bytes > 0
        assert file.name == Path(file.name).name


@pytest.mark.skipif(not os.environ.get("COURSE_DATA"), reason="COURSE_DATA names no folder with the files")
def test_manifest_agrees_with_the_folder():
    for dataset in manifest().values():
        for file in dataset.files.values():
            assert len(read_file(file)) == file.bytes


def test_tiny_shakespeare():
    text = real("tiny-shakespeare")
    assert (len(text.train), len(text.validation)) == (1_003_854, 111_540)
    assert text.train.startswith("First Citizen:\nBefore we proceed") and len(set(text.train)) == 65
    assert "public domain" in text.source and len(repr(text)) < 300
    with pytest.raises(AttributeError):
        text.train = ""


def test_wikitext_2():
    text = real("wikitext-2")
    assert (len(text.train.split()), len(text.validation.split())) == (213_886, 241_211)
    assert "Homarus gammarus" in text.train[:50] and "CC BY-SA" in text.source


def test_multi30k():
    pairs = real("multi30k-de-en")
    assert (len(pairs.train), len(pairs.validation), len(pairs.test)) == (29_000, 1_014, 1_000)
    german, english = pairs.train[0]
    assert german.startswith("Zwei junge weiße Männer") and english.startswith("Two young, White males")
    assert all(a and b and a == a.strip() for a, b in pairs.train) and len(repr(pairs)) < 300


def test_tatoeba_parts_share_no_english_sentence():
    pairs = real("tatoeba-eng-cmn")
    parts = (pairs.train, pairs.validation, pairs.test)
    assert sum(map(len, parts)) == 20_133 and all(900 < len(part) < 1_150 for part in parts[1:])
    seen = [{english for english, _ in part} for part in parts]
    assert seen[0].isdisjoint(seen[1]) and seen[0].isdisjoint(seen[2]) and seen[1].isdisjoint(seen[2])
    assert ("Hi.", "你好。") in pairs.train + pairs.validation + pairs.test
