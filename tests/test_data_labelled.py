"""Labelled and tagged data sets: what their loaders read, and what they make of files that are not as expected."""

import os
import re
from collections import Counter

import pytest

from course_lib import data
from course_lib.data import DataError, classification, tagging
from course_lib.data.manifest import manifest


def real(name: str):
    """A real data set; without network and folder the test is skipped, with a folder every error counts."""
    try:
        return data.load(name)
    except DataError as error:
        if os.environ.get("COURSE_DATA"):
            raise
        pytest.skip(str(error))


def parts(found):
    return found.train, found.validation, found.test


def feed(monkeypatch, module, **contents: str):
    """Let the loaders of a module read these texts instead of files, by split; the split "all" for any."""
    monkeypatch.setattr(
        module, "read_file", lambda file: contents.get(file.split, contents.get("any", "")).encode("utf-8")
    )


# ---------------------------------------------------------------- the real files


def test_sst_2():
    found = real("sst-2")
    assert found.labels == ("negative", "positive")
    assert [len(part) for part in parts(found)] == [6_920, 872, 1_821]
    assert [sum(label for _, label in part) for part in parts(found)] == [3_610, 444, 909]
    assert found.test[4] == ("this is one of polanski 's best films", 1)
    assert all(text == text.strip() and text for part in parts(found) for text, _ in part)
    assert "Socher" in found.source and len(repr(found)) < 400
    with pytest.raises(AttributeError):
        found.train = []


def test_sms_spam_parts_share_no_message():
    found = real("sms-spam")
    assert found.labels == ("ham", "spam")
    messages = [row for part in parts(found) for row in part]
    assert (len(messages), sum(label for _, label in messages)) == (5_574, 747)
    assert [len(part) for part in parts(found)] == [3_392, 1_049, 1_133]
    for part in parts(found):
        assert 0.1 < sum(label for _, label in part) / len(part) < 0.16
    bare = [{re.sub(r"[\W_]+", "", text.lower()) for text, _ in part} for part in parts(found)]
    assert bare[0].isdisjoint(bare[1]) and bare[0].isdisjoint(bare[2]) and bare[1].isdisjoint(bare[2])
    assert not any("&lt;" in text or "&amp;" in text for text, _ in messages)
    # Messages with one quotation mark: a reader of quoted tables would have swallowed the lines after them.
    assert sum(text.count('"') % 2 for text, _ in messages) > 10


def test_wnut_17():
    found = real("wnut-17")
    assert [len(part) for part in parts(found)] == [3_394, 1_009, 1_287]
    assert [sum(len(words) for words, _ in part) for part in parts(found)] == [62_730, 15_733, 23_394]
    begun = [Counter(tag[2:] for _, tags in part for tag in tags if tag[0] == "B") for part in parts(found)]
    assert [sum(counts.values()) for counts in begun] == [1_975, 836, 1_079]
    assert set(begun[0]) == set(found.types) and begun[2]["person"] == 429
    assert len(found.tags) == 13 and found.tags[:3] == ("O", "B-corporation", "I-corporation")
    for words, tags in (row for part in parts(found) for row in part):
        assert len(words) == len(tags) and set(tags) <= set(found.tags)
        for before, tag in zip(("O", *tags), tags, strict=False):
            assert tag[0] != "I" or before[2:] == tag[2:]  # nothing goes on that has not begun
    assert any('"' in words for words, _ in found.train)
    assert found.train[0][0][:3] == ("@paulwalk", "It", "'s")


def test_hardly_a_test_entity_of_wnut_17_was_seen_in_training():
    found = real("wnut-17")

    def names(part):
        for words, tags in part:
            for start, tag in enumerate(tags):
                if tag[0] == "B":
                    stop = start + 1
                    while stop < len(tags) and tags[stop][0] == "I":
                        stop += 1
                    yield " ".join(words[start:stop]).lower()

    known = set(names(found.train))
    test = list(names(found.test))
    assert sum(name in known for name in test) / len(test) < 0.2


# ---------------------------------------------------------------- made-up files


def test_copies_of_a_message_stay_together(monkeypatch):
    same = ["Call NOW &gt; win", "call now > WIN!", "  Call now... win "]
    feed(monkeypatch, classification, any="".join(f"spam\t{text}\n" for text in same))
    found = classification.sms_spam(manifest()["sms-spam"])
    filled = [part for part in parts(found) if part]
    assert len(filled) == 1
    assert filled[0] == [("Call NOW > win", 1), ("call now > WIN!", 1), ("Call now... win", 1)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("good film", "line 2: expected two columns"),
        ("good\tfilm\t1", "line 2: expected two columns"),
        ("\t1", "line 2: expected two columns"),
        ("good film\t2", "'2' is no label; expected one of 0, 1"),
    ],
)
def test_lines_that_are_no_labelled_sentence(monkeypatch, line, words):
    feed(monkeypatch, classification, any=f"bad film\t0\n{line}\n")
    with pytest.raises(DataError, match=f"sst2-train.tsv.*{words}"):
        classification.sst_2(manifest()["sst-2"])


def test_blank_lines_end_sentences_whatever_they_hold(monkeypatch):
    feed(monkeypatch, tagging, any='Anna\tB-person\nKarenina\tI-person\n\t\n\n"\tO\n\ufe0f\tO\n')
    found = tagging.wnut_17(manifest()["wnut-17"])
    assert found.train == [(("Anna", "Karenina"), ("B-person", "I-person")), (('"', "\ufe0f"), ("O", "O"))]


@pytest.mark.parametrize("line", ["Anna", "Anna\tB-person\tx", "Anna\tB-animal", "Anna\tb-person", "\tO"])
def test_lines_that_are_no_tagged_word(monkeypatch, line):
    feed(monkeypatch, tagging, any=f"Hi\tO\n{line}\n")
    with pytest.raises(DataError, match="wnut17-train.conll, line 2: .*the tags are B-corporation"):
        tagging.wnut_17(manifest()["wnut-17"])
