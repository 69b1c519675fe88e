"""Lesson 14: ROUGE-L by the longest common subsequence."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _common(a, b) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(b) + 1)  # row[j]: for the words of a so far and the first j of b
    for word in a:
        before, row = row, [0]
        for j, other in enumerate(b):
            row.append(before[j] + 1 if word == other else max(before[j + 1], row[j]))
    return row[-1]


def _rouge_l(summary, reference):
    common = _common(summary, reference)
    if not common:
        return 0.0
    precision, recall = common / len(summary), common / len(reference)
    return 2 * precision * recall / (precision + recall)


def _words(a, b) -> int:
    """Words in common, whatever their order: ROUGE-1."""
    return sum(min(a.count(word), b.count(word)) for word in set(a))


def _kinds(a, b) -> int:
    return len(set(a) & set(b))


def _substring(a, b) -> int:
    """The longest run of words in common."""
    best = 0
    for i in range(len(a)):
        for j in range(len(b)):
            n = 0
            while i + n < len(a) and j + n < len(b) and a[i + n] == b[j + n]:
                n += 1
            best = max(best, n)
    return best


def _places(a, b) -> int:
    return sum(one == other for one, other in zip(a, b, strict=False))


def _beginning(a, b) -> int:
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def _greedy(a, b) -> int:
    """Each word of a takes the next one of b, if there is one, whatever that costs."""
    at, n = 0, 0
    for word in a:
        if word in b[at:]:
            at += b[at:].index(word) + 1
            n += 1
    return n


def _no_max(a, b) -> int:
    """The table, in which a mismatch takes the number above alone."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            table[i + 1][j + 1] = table[i][j] + 1 if a[i] == b[j] else table[i][j + 1]
    return table[-1][-1]


def _always_more(a, b) -> int:
    """The table, in which a match adds 1 to the larger neighbour: one word may be used twice."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            table[i + 1][j + 1] = max(table[i][j + 1], table[i + 1][j]) + (a[i] == b[j])
    return table[-1][-1]


def _score(common=_common, combine=None, empty=True):
    """The score; common(summary, reference) and combine(n, summary's length, reference's) may be wrong."""

    def rouge_l(summary, reference):
        n = common(summary, reference)
        if empty and not n:
            return 0.0
        if combine:
            return combine(n, len(summary), len(reference))
        precision, recall = n / len(summary), n / len(reference)
        return 2 * precision * recall / (precision + recall)

    return rouge_l


def _cases() -> list[tuple]:
    generator = seeded(145)

    def drawn(n: int, m: int, kinds: int) -> tuple:
        a = torch.randint(kinds, (n,), generator=generator).tolist()
        b = torch.randint(kinds, (m,), generator=generator).tolist()
        return [f"w{i}" for i in a], [f"w{i}" for i in b]

    return [
        ("tom found the keys".split(), "tom found the keys".split()),
        ("tom found the keys".split(), "tom lost the keys".split()),
        ("keys the found tom".split(), "tom found the keys".split()),
        ("tom ran".split(), "tom found the keys and ran home again".split()),
        ("the old keys of anna".split(), "keys".split()),
        ("anna slept".split(), "tom ran".split()),
        ("a b c d e".split(), "b c d e a".split()),
        ("the the the".split(), "the cat".split()),
        ([], "tom ran".split()),
        drawn(8, 6, 4),
        drawn(5, 11, 3),
        drawn(12, 12, 5),
        drawn(9, 7, 2),
    ]


ROUGE_L = Exercise(
    id="14.rouge_l",
    title="ROUGE-L",
    reference=_rouge_l,
    cases=_cases,
    properties=[
        matches_reference("Has a summary that equals its reference the score 1?", cases=0),
        matches_reference("With one word of four exchanged, is it 0.75?", cases=1),
        matches_reference("With the words in reverse order, do only words in order count?", cases=2),
        matches_reference(
            "With a short summary and with a long one: is it the F1 of precision and recall?", cases=[3, 4]
        ),
        matches_reference("With nothing in common, is it 0?", cases=5),
        matches_reference(
            "Is it the longest common subsequence, not one found by taking the first match?", cases=6
        ),
        matches_reference("Does a word that occurs more often count once for each match?", cases=7),
        matches_reference("Has an empty summary the score 0?", cases=8),
        matches_reference("Is it right for other texts?", cases=range(9, 13)),
    ],
    hints=[
        "Which words could you cross out in both texts, so that the same text remains? You want to cross out "
        "as few as possible.",
        "Let T[i][j] be the length for the first i words of one text and the first j of the other. If their "
        "last words are "
        "equal, it is T[i−1][j−1] + 1, otherwise the larger of T[i−1][j] and T[i][j−1].",
        "With n = T[−1][−1]: precision is `n / len(summary)`, recall `n / len(reference)`, and F1 their harmonic mean, "
        "`2 * p * r / (p + r)`. Return 0.0 if n is 0.",
    ],
    mistakes=[
        Mistake(
            "order ignored",
            _score(_words),
            "You counted common words in any order, which is ROUGE-1. In ROUGE-L only words in the same order count.",
        ),
        Mistake(
            "kinds of words",
            _score(_kinds),
            "You counted different common words in any order. Take the longest common subsequence.",
        ),
        Mistake(
            "run of words",
            _score(_substring),
            "You took the longest run of words without a gap. A subsequence may have gaps.",
        ),
        Mistake(
            "same places",
            _score(_places),
            "You compared word by word at the same places. One word inserted would spoil all that follows.",
        ),
        Mistake(
            "common beginning",
            _score(_beginning),
            "You counted the common beginning only; go on behind the first difference.",
        ),
        Mistake(
            "first match",
            _score(_greedy),
            "You took each word's first match. That may skip many others: the longest subsequence needs the table.",
        ),
        Mistake(
            "one neighbour",
            _score(_no_max),
            "At a mismatch you took one neighbour of the table only; take the larger of the two.",
        ),
        Mistake(
            "words used twice",
            _score(_always_more),
            "At a match add 1 to the diagonal T[i−1][j−1], not to the larger neighbour: a word would be used twice.",
        ),
        Mistake(
            "precision",
            _score(combine=lambda n, a, b: n / a),
            "That is the precision; a very short summary would be rewarded. Return F1.",
        ),
        Mistake(
            "recall",
            _score(combine=lambda n, a, b: n / b),
            "That is the recall; a very long summary would be rewarded. Return F1.",
        ),
        Mistake(
            "arithmetic mean",
            _score(combine=lambda n, a, b: (n / a + n / b) / 2),
            "You took the arithmetic mean of precision and recall; F1 is the harmonic mean.",
        ),
        Mistake(
            "product",
            _score(combine=lambda n, a, b: n / a * n / b),
            "You multiplied precision and recall; F1 is 2 p r / (p + r).",
        ),
        Mistake(
            "half",
            _score(combine=lambda n, a, b: n / (a + b)),
            "The factor 2 of F1 is missing: 2 p r / (p + r).",
        ),
        Mistake(
            "longer text",
            _score(combine=lambda n, a, b: n / max(a, b)),
            "You divided by the length of the longer text; F1 is the harmonic mean of n / len(summary) and n "
            "/ len(reference).",
        ),
        Mistake(
            "shorter text",
            _score(combine=lambda n, a, b: n / min(a, b)),
            "You divided by the length of the shorter text; F1 is the harmonic mean of n / len(summary) and "
            "n / len(reference).",
        ),
        Mistake(
            "a number of words",
            _score(combine=lambda n, a, b: float(n)),
            "You returned the length of the subsequence; make a score of it: precision, recall, F1.",
        ),
        Mistake(
            "of 100",
            _score(combine=lambda n, a, b: 200 * n / (a + b)),
            "You multiplied by 100; here the score is between 0 and 1.",
        ),
        Mistake(
            "nothing in common",
            _score(empty=False),
            "With nothing in common, precision and recall are 0 and F1 would be 0 / 0. Return 0.0.",
        ),
    ],
)
