"""Lesson 09: byte-pair encoding: counting pairs, merging one, cutting a word by the merges learnt."""

from collections import Counter
from itertools import combinations, pairwise

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference
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
        ({("a", "b"): 2, ("a", "b", "c"): 3},),
        ({tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3},),
    ],
    properties=[
        matches_reference("One word of two symbols, seen once: is there one pair, counted once?", cases=0),
        matches_reference("A word seen three times: does each of its pairs count three times?", cases=1),
        matches_reference("Is (a, b) another pair than (b, a)?", cases=2),
        matches_reference("A pair that stands in a word twice: is it counted twice?", cases=3),
        matches_reference("A pair that stands in two words: are both counts added?", cases=4),
        matches_reference("And in the lesson's four words?", cases=5),
    ],
    hints=[
        "Two loops: over the words with their counts (words.items()), and over the neighbours inside a word.",
        "zip(word, word[1:]) gives the neighbours. Each adds the word's count to its pair, not 1.",
        "for word, count in words.items(): for pair in zip(word, word[1:]): "
        "pairs[pair] = pairs.get(pair, 0) + count",
    ],
    mistakes=[
        Mistake(
            "words counted once",
            _count(weigh=False),
            "You added 1 for each word; a word that the text has six times brings its pairs six times.",
        ),
        Mistake(
            "once a word",
            _count(pairs=lambda word: set(pairwise(word))),
            "You counted a pair once a word, though it may stand there twice.",
        ),
        Mistake(
            "assigned, not added",
            _assigned,
            "You set a pair's count anew each time you met it; add to what is there, pairs.get(pair, 0) + count.",
        ),
        Mistake(
            "order forgotten",
            _count(ordered=False),
            "You threw (a, b) and (b, a) together; the order is part of a pair.",
        ),
        Mistake(
            "not only neighbours",
            _count(pairs=lambda word: combinations(word, 2)),
            "You counted any two symbols of a word; only neighbours can be merged.",
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


def _first_only(word, pair):
    for i in range(len(word) - 1):
        if (word[i], word[i + 1]) == tuple(pair):
            return [*word[:i], pair[0] + pair[1], *word[i + 2 :]]
    return list(word)


def _from_the_right(word, pair):
    merged = merge_pair(
        [s[::-1] for s in reversed(word)], (pair[1][::-1], pair[0][::-1]), (pair[0] + pair[1])[::-1]
    )
    return [symbol[::-1] for symbol in reversed(merged)]


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
    ],
    properties=[
        has_shape("Is it one symbol less for each pair that was merged?", cases=[0, 1]),
        matches_reference("Are t and o of t·o·p one symbol now?", cases=0),
        matches_reference("Without the pair, does the word stay as it was?", cases=1),
        matches_reference("Are all occurrences merged?", cases=2),
        matches_reference("In a·a·a, are the first two merged, and the third left alone?", cases=3),
        matches_reference("Are only whole symbols merged, so that the a of xa stays where it is?", cases=4),
        matches_reference("And for longer symbols, and words of one symbol?", cases=[5, 6]),
    ],
    hints=[
        "Walk along the word with an index i; it goes on by 2 after a merge, otherwise by 1.",
        "A pair begins at i if i + 1 < len(word) and (word[i], word[i + 1]) == pair. Then append both, joined.",
        "while i < len(word): if i + 1 < len(word) and (word[i], word[i + 1]) == pair: out.append(pair[0] + pair[1]); "
        "i += 2; otherwise: out.append(word[i]); i += 1",
    ],
    mistakes=[
        Mistake(
            "overlapping",
            _overlapping,
            "You used a symbol for two merges: after a merge, go on behind the second symbol.",
        ),
        Mistake("first one only", _first_only, "You merged the first occurrence and stopped."),
        Mistake(
            "from the right",
            _from_the_right,
            "You went from the right; by convention it goes from the left, and a·a·a shows the difference.",
        ),
        Mistake(
            "replaced in the text",
            lambda word, pair: " ".join(word).replace(" ".join(pair), "".join(pair)).split(),
            "You replaced in a string, where “xa b” holds “a b”; compare whole symbols.",
        ),
        Mistake(
            "second symbol kept",
            _second_kept,
            "You put the merged symbol in and left the second one standing behind it.",
        ),
        Mistake(
            "last symbol dropped",
            _last_dropped,
            "You stopped before the last symbol: it begins no pair, but it belongs to the word.",
        ),
    ],
)


def _cut(word, merges):
    symbols = list(word)
    for pair in merges:
        symbols = merge_pair(symbols, pair, pair[0] + pair[1])
    return symbols


def _left_to_right(word, merges):
    """Merges whatever known pair comes first in the word, over and over."""
    symbols, known = list(word), set(merges)
    i = 0
    while i < len(symbols) - 1:
        if (symbols[i], symbols[i + 1]) in known:
            symbols[i : i + 2] = [symbols[i] + symbols[i + 1]]
            i = 0
        else:
            i += 1
    return symbols


def _longest_symbol(word, merges):
    known, pieces, start = {left + right for left, right in merges}, [], 0
    while start < len(word):
        end = next(e for e in range(len(word), start, -1) if word[start:e] in known or e == start + 1)
        pieces.append(word[start:end])
        start = end
    return pieces


def _newest_first(word, merges):
    symbols = list(word)
    while True:
        for pair in reversed(merges):
            merged = merge_pair(symbols, pair, pair[0] + pair[1])
            if merged != symbols:
                symbols = merged
                break
        else:
            return symbols


def _first_occurrence(word, merges):
    symbols = list(word)
    for pair in merges:
        symbols = _first_only(symbols, pair)
    return symbols


_PAPER = (("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w"), ("n", "e"), ("ne", "w"))

CUT_BY_MERGES = Exercise(
    id="09.cut_by_merges",
    title="Cut a word by its merges",
    reference=_cut,
    cases=lambda: [
        ("cat", []),
        ("to", [("t", "o")]),
        ("lowest", list(_PAPER)),
        ("abc", [("b", "c"), ("a", "b")]),
        ("abab", [("a", "b")]),
        ("abcd", [("c", "d"), ("b", "c"), ("a", "b"), ("ab", "cd"), ("bc", "d"), ("a", "bcd")]),
        ("banana", [("a", "n"), ("an", "a"), ("b", "ana"), ("b", "an"), ("n", "a")]),
    ],
    properties=[
        holds(
            "Do the pieces, joined, spell the word?",
            lambda pieces, word, merges: (
                "".join(map(str, pieces)) == word
                or f"they spell {''.join(map(str, pieces))!r}, not {word!r}."
            ),
            cases=[0, 1, 2],
        ),
        matches_reference("Without merges, is every letter a piece?", cases=0),
        matches_reference("One merge that fits: is it applied?", cases=1),
        matches_reference("Is lowest cut into low and est?", cases=2),
        matches_reference("(b, c) was learnt before (a, b): is abc cut into a and bc?", cases=3),
        matches_reference("Is a merge applied wherever it fits, in abab twice?", cases=4),
        matches_reference("And when there are more merges than are needed?", cases=[5, 6]),
    ],
    hints=[
        "Begin with list(word). The order in which merges were learnt is the order in which they are applied.",
        "for pair in merges: merge it wherever it fits. A later merge hardly ever makes an earlier one possible again.",
        'symbols = list(word); for pair in merges: symbols = merge_pair(symbols, pair, "".join(pair)); return symbols',
    ],
    mistakes=[
        Mistake(
            "from left to right",
            _left_to_right,
            "You merged the first known pair from the left; first comes the merge that was learnt first.",
        ),
        Mistake(
            "longest symbol first",
            _longest_symbol,
            "You took the longest symbol from the left. That is WordPiece's way; here merges are applied in order.",
        ),
        Mistake(
            "newest merge first",
            _newest_first,
            "You began with the merge that was learnt last; begin with the first.",
        ),
        Mistake(
            "backwards",
            lambda word, merges: _cut(word, merges[::-1]),
            "You went through the merges from the last to the first: es + t finds no es before e + s has made one.",
        ),
        Mistake(
            "one place only",
            _first_occurrence,
            "You applied each merge in one place only; merge it wherever it fits.",
        ),
        Mistake("no merges", lambda word, merges: list(word), "These are the letters: apply the merges."),
    ],
)
