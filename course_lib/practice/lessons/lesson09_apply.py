"""Lesson 09: a new word tokenized by the merges, in the order in which they were learned."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson09_merges import first_only
from course_lib.practice.properties import holds, matches_reference
from course_lib.text.merges import merge_pair


def apply_in_order(word, merges):
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
        symbols = first_only(symbols, pair)
    return symbols


def _joined_compared(word, merges):
    symbols = list(word)
    for left, right in merges:
        i = 0
        while i < len(symbols) - 1:
            if symbols[i] + symbols[i + 1] == left + right:
                symbols[i : i + 2] = [left + right]
            i += 1
    return symbols


def _until_one_does_not_fit(word, merges):
    symbols = list(word)
    for pair in merges:
        merged = merge_pair(symbols, pair, pair[0] + pair[1])
        if merged == symbols:
            break
        symbols = merged
    return symbols


def _letters_only(word, merges):
    """Pairs of letters from the left, in one pass: a merged symbol is never merged again."""
    pieces, i = [], 0
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) in merges else 1
        pieces.append(word[i : i + step])
        i += step
    return pieces


def _merges_that_fit(word, merges):
    symbols, used = list(word), []
    for pair in merges:
        merged = merge_pair(symbols, pair, pair[0] + pair[1])
        used += [pair] if merged != symbols else []
        symbols = merged
    return used


def _replaced_in_the_text(word, merges):
    for left, right in merges:
        word = word.replace(left + right, f"{left}{right} ")
    return word.split()


def _merges_used_up(word, merges):
    pieces = apply_in_order(word, merges)
    merges.clear()
    return pieces


def _only_the_last(word, merges):
    return apply_in_order(word, merges[-1:])


_PAPER = (("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w"), ("n", "e"), ("ne", "w"))

CUT_BY_MERGES = Exercise(
    id="09.cut_by_merges",
    title="Apply the merges",
    reference=apply_in_order,
    cases=lambda: [
        ("cat", []),
        ("to", [("t", "o")]),
        ("lowest", list(_PAPER)),
        ("abc", [("b", "c"), ("a", "b")]),
        ("abab", [("a", "b")]),
        ("abcd", [("c", "d"), ("b", "c"), ("a", "b"), ("ab", "cd"), ("bc", "d"), ("a", "bcd")]),
        ("banana", [("a", "n"), ("an", "a"), ("b", "ana"), ("b", "an"), ("n", "a")]),
        ("abc", [("b", "c"), ("a", "b"), ("ab", "c")]),
        ("at", [("i", "n"), ("o", "n"), ("e", "r"), ("a", "t")]),
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
        matches_reference("Is a single merge applied?", cases=1),
        matches_reference("Does lowest become low and est?", cases=2),
        matches_reference("If (b, c) was learned before (a, b), does abc become a and bc?", cases=3),
        matches_reference("Is a merge applied wherever it fits, in abab twice?", cases=4),
        matches_reference("Is a·bc left alone by the merge ab + c, which reads the same?", cases=7),
        matches_reference("Are merges passed over that the word has no pair for?", cases=8),
        matches_reference("Is it right when many merges compete?", cases=[5, 6]),
    ],
    hints=[
        "Which merge has to be applied first: the leftmost that fits, or the earliest learned?",
        "Start with `list(word)` and go through the merges in their order; apply each wherever it fits.",
        "Your merge from exercise 2 does one step: `symbols = merge(symbols, pair)`.",
    ],
    mistakes=[
        Mistake(
            "from left to right",
            _left_to_right,
            "You merged the leftmost known pair; the merge that was learned first comes first.",
        ),
        Mistake(
            "longest symbol first",
            _longest_symbol,
            "You took the longest symbol from the left, as WordPiece does; here merges are applied in order.",
        ),
        Mistake(
            "newest merge first",
            _newest_first,
            "You started with the merge learned last; start with the first.",
        ),
        Mistake(
            "backwards",
            lambda word, merges: apply_in_order(word, merges[::-1]),
            "You went through the merges from the last to the first: es + t finds no es before e + s has made one.",
        ),
        Mistake(
            "one place only",
            _first_occurrence,
            "You applied each merge in one place only; merge it wherever it fits.",
        ),
        Mistake(
            "no merges",
            lambda word, merges: list(word),
            "These are still the letters: every merge has to go on with the pieces that the last one left.",
        ),
        Mistake(
            "joined strings compared",
            _joined_compared,
            "You compared the joined texts: ab + c and a + bc both read abc, but they are different pairs.",
        ),
        Mistake(
            "stops where one does not fit",
            _until_one_does_not_fit,
            "You stopped at the first merge that the word has no pair for; skip it and go on with the next.",
        ),
        Mistake(
            "letters only",
            _letters_only,
            "You merged letters only; what a merge has made can be merged again, as es + t in lowest.",
        ),
        Mistake(
            "only the last merge",
            _only_the_last,
            "Each merge starts from the letters again, so that only the last one shows; start from the pieces so far.",
        ),
        Mistake(
            "by length",
            lambda word, merges: apply_in_order(word, sorted(merges, key=lambda pair: -len("".join(pair)))),
            "You began with the merges that make the longest symbols; keep the order in which they were learned.",
        ),
        Mistake(
            "the merges returned",
            _merges_that_fit,
            "You returned the merges that fit; return the pieces that they leave.",
        ),
        Mistake(
            "replaced in the text",
            _replaced_in_the_text,
            "You replaced in the text and split at spaces; start from the letters, list(word), and merge symbols.",
        ),
        Mistake(
            "merges used up",
            _merges_used_up,
            "The pieces are right, but you emptied the caller's list of merges; loop over it instead of pop().",
        ),
        Mistake(
            "joined by spaces",
            lambda word, merges: " ".join(apply_in_order(word, merges)),
            "The pieces are right; return them as a list and not as one text.",
        ),
    ],
)
