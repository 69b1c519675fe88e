"""Lesson 09: byte-pair encoding: counting pairs, merging one."""

from collections import Counter
from itertools import combinations, pairwise

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference
from course_lib.text.merges import merge_pair


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


def _assigned(words):
    return {pair: times for word, times in words.items() for pair in pairwise(word)}


COUNT_PAIRS = Exercise(
    id="09.count_pairs",
    title="Count the pairs",
    reference=_count(),
    cases=lambda: [
        ({("t", "o"): 1},),
        ({("t", "o", "p"): 3},),
        ({("a", "b"): 2, ("b", "a"): 5},),
        ({("b", "a", "b", "a"): 2, ("ba", "b"): 1},),
        ({("a", "a", "a"): 2, ("b", "b"): 1},),
        ({("a", "b"): 2, ("a", "b", "c"): 3},),
        ({tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3},),
    ],
    properties=[
        matches_reference("One word of two symbols, seen once: is there one pair, counted once?", cases=0),
        matches_reference("A word seen three times: does each of its pairs count three times?", cases=1),
        matches_reference("Are (a, b) and (b, a) different pairs?", cases=2),
        matches_reference("If a pair occurs twice in a word, is it counted twice?", cases=3),
        matches_reference("Does a·a·a contain the pair (a, a) twice?", cases=4),
        matches_reference("If a pair occurs in two words, are both counts added?", cases=5),
        matches_reference("Are the lesson's four words counted correctly?", cases=6),
    ],
    hints=[
        "How many pairs does a word of n symbols have, and how much does each count?",
        "Loop over `words.items()`, and inside over the neighbours, `zip(word, word[1:])`.",
        "Add the word's count to what the dictionary has for the pair; `pairs.get(pair, 0)` is 0 for a new one.",
    ],
    mistakes=[
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
    ],
)


def _overlapping(word, pair):
    out, skip = [], False
    for i, symbol in enumerate(word):
        if tuple(word[i : i + 2]) == tuple(pair):
            out.append(pair[0] + pair[1])
            skip = True
        elif skip:
            skip = False
        else:
            out.append(symbol)
    return out


def first_only(word, pair):
    for i in range(len(word) - 1):
        if (word[i], word[i + 1]) == tuple(pair):
            return [*word[:i], pair[0] + pair[1], *word[i + 2 :]]
    return list(word)


def _from_the_right(word, pair):
    merged = merge_pair(
        [s[::-1] for s in reversed(word)], (pair[1][::-1], pair[0][::-1]), (pair[0] + pair[1])[::-1]
    )
    return [symbol[::-1] for symbol in reversed(merged)]


def _joined_compared(word, pair):
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and word[i] + word[i + 1] == pair[0] + pair[1]:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


def _second_kept(word, pair):
    return [
        pair[0] + pair[1] if tuple(word[i : i + 2]) == tuple(pair) else symbol
        for i, symbol in enumerate(word)
    ]


def _last_dropped(word, pair):
    merged = merge_pair(word, pair, pair[0] + pair[1])
    return merged[:-1] if merged[-1] == word[-1] else merged


MERGE_PAIR = Exercise(
    id="09.merge_pair",
    title="Merge a pair",
    reference=lambda word, pair: merge_pair(word, pair, pair[0] + pair[1]),
    cases=lambda: [
        (["t", "o", "p"], ("t", "o")),
        (["t", "o", "p"], ("o", "t")),
        (["a", "b", "c", "a", "b"], ("a", "b")),
        (["a", "a", "a"], ("a", "a")),
        (["xa", "b", "a", "b"], ("a", "b")),
        (["n", "e", "w", "es", "t"], ("es", "t")),
        (["a"], ("a", "a")),
        (["ab", "c", "a", "bc"], ("a", "bc")),
    ],
    properties=[
        has_shape("Does each merge make the word one symbol shorter?", cases=[0, 1]),
        matches_reference("Does t·o·p become to·p?", cases=0),
        matches_reference("Does a word without the pair stay as it is?", cases=1),
        matches_reference("Are all occurrences merged?", cases=2),
        matches_reference("In a·a·a, are the first two merged and the third left alone?", cases=3),
        matches_reference("Are only whole symbols merged, so that the a of xa stays?", cases=4),
        matches_reference(
            "Are the two symbols compared one by one, so that ab·c is not taken for a·bc?", cases=7
        ),
        matches_reference("Does it work for longer symbols, and for a word of one symbol?", cases=[5, 6]),
    ],
    hints=[
        "After a merge, where does the search go on: behind the left symbol or behind the right one?",
        "Use an index i that moves by 2 after a merge and by 1 otherwise, in a while loop.",
        "A pair begins at i if `i + 1 < len(word)` and `(word[i], word[i + 1]) == pair`. What do you append then?",
    ],
    mistakes=[
        Mistake(
            "overlapping",
            _overlapping,
            "You used one symbol in two merges: after a merge, continue behind the second symbol.",
        ),
        Mistake("first one only", first_only, "You merged the first occurrence and stopped."),
        Mistake(
            "from the right",
            _from_the_right,
            "You merged from the right; by convention merges go from the left, and a·a·a shows the difference.",
        ),
        Mistake(
            "replaced in the text",
            lambda word, pair: " ".join(word).replace(" ".join(pair), "".join(pair)).split(),
            "You replaced in a string, where “xa b” holds “a b”; compare whole symbols.",
        ),
        Mistake(
            "joined strings compared",
            _joined_compared,
            "You compared the joined texts: ab + c and a + bc both read abc, but they are different pairs.",
        ),
        Mistake(
            "second symbol kept",
            _second_kept,
            "You inserted the merged symbol and kept the second one behind it.",
        ),
        Mistake(
            "last symbol dropped",
            _last_dropped,
            "You stopped before the last symbol: it begins no pair, but it belongs to the word.",
        ),
    ],
)
