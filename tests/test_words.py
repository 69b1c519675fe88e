"""Words: cut, numbered and written as sentences again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.text.words import WordVocabulary, detokenize, tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Two young, White males don't move.", ["Two", "young", ",", "White", "males", "don't", "move", "."]),
        ("A T-shirt for 3.50 $!", ["A", "T-shirt", "for", "3.50", "$", "!"]),
        ("At 8:30 the 25th 13-year-old", ["At", "8:30", "the", "25th", "13-year-old"]),
        ("„Car Wash“-Schild", ["„", "Car", "Wash", "“", "-", "Schild"]),
        ("a_b <eos>", ["a", "_", "b", "<", "eos", ">"]),
        ("  \t\n", []),
    ],
)
def test_words_and_signs_are_cut_apart(text, tokens):
    assert tokenize(text) == tokens


def test_chinese_by_character():
    assert tokenize("我喝3.5杯coffee。", chinese_by_character=True) == [
        "我",
        "喝",
        "3.5",
        "杯",
        "coffee",
        "。",
    ]
    assert tokenize("我喝。") == ["我喝", "。"]
    assert tokenize("Über Äpfel", lower=True) == ["über", "äpfel"]
    with pytest.raises(TypeError, match="list"):
        tokenize(["a"])


@given(st.text())
def test_nothing_but_spaces_is_lost(text):
    assert "".join(tokenize(text)) == "".join(text.split())
    assert "".join(tokenize(text, chinese_by_character=True)) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "Two young, White males are outside (near bushes).",
        'A sign that says "free dinner", and "no dogs".',
        "Ein „kleines“ Kind: es lacht!",
        "她说：“我喝3杯coffee。”",
        "《书》很好，我65岁。",
        "A T-shirt for $3.50, 20% off; don't wait…",
    ],
)
def test_a_sentence_comes_back(text):
    assert detokenize(tokenize(text, chinese_by_character=True)) == text


def test_detokenize_wants_tokens():
    assert detokenize([]) == ""
    with pytest.raises(TypeError, match="'a b'"):
        detokenize("a b")


SENTENCES = [["b", "a", "a"], ["c", "b", "a"], ["<eos>"]]


def test_frequent_words_come_first_and_equals_in_order():
    vocabulary = WordVocabulary.from_tokens(SENTENCES)
    assert vocabulary.symbols == ("<pad>", "<unk>", "<bos>", "<eos>", "a", "b", "c")
    assert len(vocabulary) == 7 and "c" in vocabulary and "<pad>" not in vocabulary
    assert WordVocabulary.from_tokens(SENTENCES, min_count=2).symbols[4:] == ("a", "b")
    assert WordVocabulary.from_tokens(SENTENCES, max_size=5).symbols[4:] == ("a",)
    assert WordVocabulary.from_tokens(["ab a"]).symbols[4:] == ("a", " ", "b")  # characters
    assert repr(vocabulary) == "WordVocabulary(7 symbols: a b c)"


def test_encoding_knows_unknown_words_and_no_control_words():
    vocabulary = WordVocabulary(["a", "b"])
    assert vocabulary.encode(["b", "zebra", "a", "<eos>", "<pad>"]) == [5, 1, 4, 1, 1]
    assert (vocabulary.pad_id, vocabulary.unk_id, vocabulary.bos_id, vocabulary.eos_id) == (0, 1, 2, 3)
    assert vocabulary.coverage([["a", "x"], ["b", "b"]]) == 0.75
    with pytest.raises(ValueError, match="no token"):
        vocabulary.coverage([])


def test_decoding_ends_at_the_end():
    vocabulary = WordVocabulary(["a", "b"])
    assert vocabulary.decode([2, 4, 1, 5, 3, 4, 0]) == ["a", "<unk>", "b"]
    assert vocabulary.decode(torch.tensor([4, 0])) == ["a"]
    assert vocabulary.decode([2, 4, 3, 0], special=True) == ["<bos>", "a", "<eos>", "<pad>"]
    assert vocabulary.decode([]) == []
    assert vocabulary.decode(vocabulary.encode(["a", "b", "a"])) == ["a", "b", "a"]
    for ids, words in (([6], "Id 6 .* 0 … 5"), ([-1], "Id -1"), ([[4]], r"\(1, 1\)"), ([0.5], "float")):
        with pytest.raises(ValueError, match=words):
            vocabulary.decode(ids)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WordVocabulary(["a", "a"]), "'a' is listed twice"),
        (lambda: WordVocabulary(["<unk>"]), "'<unk>'"),
        (lambda: WordVocabulary([""]), "non-empty"),
        (lambda: WordVocabulary.from_tokens(SENTENCES, min_count=0), "min_count = 0"),
        (lambda: WordVocabulary.from_tokens(SENTENCES, max_size=4), "max_size = 4"),
        (lambda: WordVocabulary.from_tokens(SENTENCES, min_count=9), "at least min_count = 9"),
    ],
)
def test_a_vocabulary_that_makes_no_sense_is_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()
