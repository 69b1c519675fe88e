"""Lesson 09: byte-pair encoding: counting pairs."""

from collections import Counter
from itertools import combinations, pairwise

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _count(pairs=pairwise, weigh=True, ordered=True):
    """Counts of pairs in weighted words; the options are the ways to get it wrong."""

    def count_pairs(words):
        counts = Counter()
        for word, times in words.items():
            for pair in pairs(word):
                counts[pair if ordered else tuple(sorted(pair))] += times if weigh else 1
        return dict(counts)

    return count_pairs


def _without_overlaps(word):
    i = 0
    while i + 1 < len(word):
        yield word[i], word[i + 1]
        i += 2 if word[i] == word[i + 1] else 1


def _around(word):
    """As a ring: word[-1] is asked for as the left neighbour of word[0]."""
    return [(word[i - 1], word[i]) for i in range(len(word))]


def _beyond(word):
    return [(word[i], word[i + 1]) for i in range(len(word))]


def _counted_with_keys(key):
    """The right counts under other keys: key(pair)."""

    def count_pairs(words):
        counts = Counter()
        for pair, times in _count()(words).items():
            counts[key(pair)] += times
        return dict(counts)

    return count_pairs


def _until_a_word_without_pairs(words):
    counts = Counter()
    for word, times in words.items():
        if len(word) < 2:
            break
        for pair in pairwise(word):
            counts[pair] += times
    return dict(counts)


def _symbols_counted(words):
    counts = Counter()
    for word, times in words.items():
        for symbol in word:
            counts[symbol] += times
    return dict(counts)


def _across_words(words):
    text = [symbol for word, times in words.items() for symbol in word * times]
    return dict(Counter(pairwise(text)))


def _assigned(words):
    return {pair: times for word, times in words.items() for pair in pairwise(word)}


COUNT_PAIRS = Exercise(
    id="09.count_pairs",
    title="Count the pairs",
    points=1,
    reference=_count(),
    cases=lambda: [
        ({("t", "o"): 1},),
        ({("t", "o", "p"): 3},),
        ({("a", "b"): 2, ("b", "a"): 5},),
        ({("b", "a", "b", "a"): 2, ("ba", "b"): 1},),
        ({("a", "a", "a"): 2, ("b", "b"): 1},),
        ({("a", "b"): 2, ("a", "b", "c"): 3},),
        ({("a",): 4, ("b", "c"): 2},),
        ({tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3},),
    ],
    properties=[
        matches_reference("One word of two symbols, seen once: is there one pair, counted once?", cases=0),
        matches_reference("A word seen three times: does each of its pairs count three times?", cases=1),
        matches_reference("Are (a, b) and (b, a) different pairs?", cases=2),
        matches_reference("If a pair occurs twice in a word, is it counted twice?", cases=3),
        matches_reference("Does a·a·a contain the pair (a, a) twice?", cases=4),
        matches_reference("If a pair occurs in two words, are both counts added?", cases=5),
        matches_reference("Does a word of one symbol add no pair, and do the words after it count?", cases=6),
        matches_reference("Are the lesson's four words counted correctly?", cases=7),
    ],
    hints=[
        "How many pairs does a word of n symbols have, and how much does each count?",
        "Loop over `words.items()`, and inside over the neighbours, `zip(word, word[1:])`.",
        "Add the word's count to what the dictionary has for the pair; `pairs.get(pair, 0)` is 0 for a new one.",
    ],
    mistakes=[
        Mistake(
            "across words",
            _across_words,
            "You joined the words and counted pairs across their borders; a pair lies within one word.",
        ),
        Mistake(
            "words counted once",
            _count(weigh=False),
            "You added 1 for each word; a word that occurs six times contributes its pairs six times.",
        ),
        Mistake(
            "once a word",
            _count(pairs=lambda word: set(pairwise(word))),
            "You counted a pair once per word, but it can occur there twice.",
        ),
        Mistake(
            "assigned, not added",
            _assigned,
            "You overwrote a pair's count each time you met it; add to it, pairs.get(pair, 0) + count.",
        ),
        Mistake(
            "order forgotten",
            _count(ordered=False),
            "You counted (a, b) and (b, a) together; the order is part of a pair.",
        ),
        Mistake(
            "not only neighbours",
            _count(pairs=lambda word: combinations(word, 2)),
            "You counted any two symbols of a word; only neighbours can be merged.",
        ),
        Mistake(
            "equal symbols skipped",
            _count(pairs=lambda word: [pair for pair in pairwise(word) if pair[0] != pair[1]]),
            "You skipped pairs of equal symbols; (a, a) is a pair like any other.",
        ),
        Mistake(
            "overlaps skipped",
            _count(pairs=_without_overlaps),
            "You counted a·a·a as one pair; it contains (a, a) twice, at the beginning and at the end.",
        ),
        Mistake(
            "last pair missed",
            _count(pairs=lambda word: list(pairwise(word))[:-1]),
            "You stopped one pair early: a word of n symbols has n − 1 pairs.",
        ),
        Mistake(
            "beyond the end",
            _count(pairs=_beyond),
            "The last symbol has no right neighbour: a word of n symbols has n − 1 pairs, range(len(word) - 1).",
        ),
        Mistake(
            "around the end",
            _count(pairs=_around),
            "You made the last symbol the left neighbour of the first: at i = 0, word[i - 1] is the last one.",
        ),
        Mistake(
            "two by two",
            _count(pairs=lambda word: zip(word[::2], word[1::2], strict=False)),
            "You took the symbols two by two; a symbol between two others belongs to two pairs, t·o·p to (t, o) and "
            "(o, p).",
        ),
        Mistake(
            "joined keys",
            _counted_with_keys("".join),
            "Your keys are the joined symbols; keep each pair as a tuple. From abc nobody can tell which two it was.",
        ),
        Mistake(
            "characters",
            _count(pairs=lambda word: pairwise("".join(word))),
            "You joined the word and counted pairs of characters; a symbol can be several characters long.",
        ),
        Mistake(
            "stops at a short word",
            _until_a_word_without_pairs,
            "You stopped at a word of one symbol; it has no pair, but the words after it have.",
        ),
        Mistake(
            "single symbols",
            _symbols_counted,
            "You counted single symbols; count each symbol together with its right neighbour.",
        ),
    ],
)
