"""Lesson 04: the clipped precision inside BLEU."""

import math
from collections import Counter

from course_lib.practice.describe import two_numbers
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson04_whole import shows


def _ngrams(tokens: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]


def _clipped_precision(hypothesis: list[str], reference: list[str], n: int) -> float:
    written, wanted = Counter(_ngrams(hypothesis, n)), Counter(_ngrams(reference, n))
    matches = sum(min(count, wanted[ngram]) for ngram, count in written.items())
    return matches / max(1, sum(written.values()))


def _wrong(
    *, ngrams=_ngrams, matches=lambda written, wanted: (written & wanted).total(), divide="written", short_ok=True,
    factor=lambda hypothesis, reference: 1.0,
):  # fmt: skip
    """A precision; the options are the ways to get it wrong."""

    def precision(hypothesis, reference, n):
        if short_ok and len(hypothesis) < n:
            return 0.0
        written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
        total = {
            "written": written.total(),
            "wanted": max(1, wanted.total()),
            "words": len(hypothesis),
            "different": len(written),
            "nothing": 1,
        }[divide]
        return matches(written, wanted) * factor(hypothesis, reference) / total

    return precision


def _searched(hypothesis, reference, n):
    text, written = " ".join(reference), Counter(map(" ".join, _ngrams(hypothesis, n)))
    return sum(min(count, text.count(run)) for run, count in written.items()) / max(1, written.total())


def _last_missing(hypothesis, reference, n):
    written, wanted = Counter(_ngrams(hypothesis, n)[:-1]), Counter(_ngrams(reference, n)[:-1])
    return (written & wanted).total() / max(1, written.total())


def _same_place(hypothesis, reference, n):
    written, wanted = _ngrams(hypothesis, n), _ngrams(reference, n)
    return sum(a == b for a, b in zip(written, wanted, strict=False)) / max(1, len(written))


def _shared(hypothesis, reference, n, among):
    written, wanted = Counter(_ngrams(hypothesis, n)), Counter(_ngrams(reference, n))
    return (written & wanted).total() / max(1, among(written, wanted).total())


def _case(hypothesis: str, reference: str, n: int) -> tuple[list[str], list[str], int]:
    return hypothesis.split(), reference.split(), n


def _both(actual, expected, hypothesis, reference, n) -> str:
    sentences = f"For “{' '.join(hypothesis)}” against “{' '.join(reference)}” with n = {n}"
    return "{} you have {}, expected {}.".format(sentences, *two_numbers(actual, expected))


CLIPPED_PRECISION = Exercise(
    id="04.clipped_precision",
    title="Clipped n-gram precision",
    reference=_clipped_precision,
    cases=lambda: [
        _case("a dog sleeps", "a dog sleeps here", 1),
        _case("the the the the", "the dog saw the cat", 1),
        _case("a man and a dog run", "a dog and a man run", 2),
        _case("one dog", "one dog runs", 3),
        _case("a dog a dog barks at a dog", "the man sees a dog that barks at a cat", 2),
        _case("no where else", "now here else", 2),
        _case("a man is riding a horse", "a man is riding a brown horse", 4),
        _case("the dog barks", "the dog and the cat", 1),
        _case("a man cat", "a man cats", 2),
        _case("man dog bites", "dog man bites", 2),
        _case("The dog saw a dog", "the dog saw a dog", 1),
    ],
    properties=[
        shows("All three words are in the reference: is it 1?", _both, [0]),
        shows('Four times "the", which the reference has twice: is it 2/4?', _both, [1]),
        shows('Once "the", which the reference has twice: does it count once?', _both, [7]),
        shows(
            "For pairs of words: do you count every run of n words, and divide by their number?", _both, [2]
        ),
        shows("Shorter than n: is it 0.0, without an error?", _both, [3]),
        shows("Where a pair is repeated, is it counted as often as the reference has it?", _both, [4]),
        shows('Is the pair "no where" different from the pair "now here"?', _both, [5]),
        shows("With runs of four words, is the last run counted as well?", _both, [6]),
        shows('Is "man cat" different from "man cats"?', _both, [8]),
        shows('Is "man dog" different from "dog man"?', _both, [9]),
        shows('Is "The" different from "the"?', _both, [10]),
    ],
    hints=[
        'Count the n-grams of both sentences. How often may "the" be counted as right, if the reference has it twice?',
        "`collections.Counter` counts, also tuples. For each n-gram of the hypothesis take the smaller of its two "
        "counts, add these up, and divide by the number of n-grams in the hypothesis.",
        "`Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))` counts the n-grams of `words`; `&` of "
        "two counters keeps the smaller counts.",
    ],
    mistakes=[
        Mistake(
            "not clipped",
            _wrong(matches=lambda written, wanted: sum(n for gram, n in written.items() if gram in wanted)),
            'You counted every n-gram that is in the reference at all; "the the the the" would be a perfect '
            "translation. Count each at most as often as the reference has it.",
        ),
        Mistake(
            "divided by the reference's",
            _wrong(divide="wanted"),
            "You divided by the n-grams of the reference: that is the recall. The precision divides by those written.",
        ),
        Mistake(
            "each n-gram once",
            _wrong(matches=lambda written, wanted: len(written.keys() & wanted.keys()), divide="different"),
            "You counted each n-gram once, however often it was written; use counts, not sets.",
        ),
        Mistake(
            "at most one match each",
            _wrong(matches=lambda written, wanted: len(written.keys() & wanted.keys())),
            "You clipped every count at 1. The limit is how often the reference has the n-gram, which may be twice.",
        ),
        Mistake(
            "the larger count",
            _wrong(
                matches=lambda written, wanted: sum(
                    max(n, wanted[gram]) for gram, n in written.items() if wanted[gram]
                )
            ),
            "You took the larger of the two counts; clipping takes the smaller.",
        ),
        Mistake(
            "divided by words",
            _wrong(divide="words"),
            "You divided by the number of words; a sentence of L words has L − n + 1 n-grams.",
        ),
        Mistake(
            "not divided",
            _wrong(divide="nothing"),
            "You returned the number of matches; divide by the number of n-grams in the hypothesis.",
        ),
        Mistake(
            "in percent",
            _wrong(factor=lambda hypothesis, reference: 100),
            "You returned a percentage; the precision is a share, from 0 to 1.",
        ),
        Mistake(
            "brevity penalty included",
            _wrong(factor=lambda written, wanted: math.exp(min(0.0, 1 - len(wanted) / len(written)))),
            "You multiplied by the brevity penalty. BLEU does so once, after the precisions; this is one of them.",
        ),
        Mistake(
            "single words only",
            lambda hypothesis, reference, n: _clipped_precision(hypothesis, reference, 1),
            "You counted single words; an n-gram is a run of n words.",
        ),
        Mistake(
            "single words, short ones apart",
            _wrong(ngrams=lambda words, n: _ngrams(words, 1)),
            "You counted single words; an n-gram is a run of n words.",
        ),
        Mistake(
            "joined to strings",
            _wrong(ngrams=lambda words, n: map("".join, _ngrams(words, n))),
            'You joined each n-gram to one string: "no" + "where" then looks like "now" + "here". Use tuples of words.',
        ),
        Mistake(
            "searched in the text",
            _searched,
            'You searched for the n-gram in the text of the reference, where "man cat" is found in "man cats". Compare '
            "tuples of words.",
        ),
        Mistake(
            "order ignored",
            _wrong(ngrams=lambda words, n: (tuple(sorted(gram)) for gram in _ngrams(words, n))),
            "You ignored the order of the words inside an n-gram, by sorting it or by making it a set.",
        ),
        Mistake(
            "the same place only",
            _same_place,
            "You compared the n-grams place by place. A match counts wherever it is in the reference.",
        ),
        Mistake(
            "blocks of n words",
            _wrong(ngrams=lambda words, n: _ngrams(words, n)[::n]),
            "You cut the sentence into blocks. N-grams overlap: one starts at every word that has n − 1 after it.",
        ),
        Mistake(
            "last n-gram missing",
            _last_missing,
            "You left out the last n-gram: a sentence of L words has L − n + 1 of them.",
        ),
        Mistake(
            "shorter runs at the end",
            _wrong(ngrams=lambda words, n: (tuple(words[i : i + n]) for i in range(len(words)))),
            "You counted shorter runs at the end of the sentence as well: stop after L − n + 1 of them.",
        ),
        Mistake(
            "division by zero",
            _wrong(short_ok=False),
            "A hypothesis shorter than n has no n-gram, and you divided by their number. Return 0.0 there.",
        ),
        Mistake(
            "case ignored",
            _wrong(ngrams=lambda words, n: _ngrams([word.lower() for word in words], n)),
            'You ignored upper and lower case. Take the words as they are: "The" is not "the".',
        ),
        Mistake(
            "all lengths up to n",
            _wrong(
                ngrams=lambda words, n: [run for k in range(1, n + 1) for run in _ngrams(words, k)],
                short_ok=False,
            ),
            "You counted the runs of 1 to n words together; p_n counts those of n words alone.",
        ),
        Mistake(
            "divided by the union",
            lambda hypothesis, reference, n: _shared(
                hypothesis, reference, n, lambda written, wanted: written | wanted
            ),
            "You divided by the n-grams of both sentences; a precision divides by those of the hypothesis.",
        ),
        Mistake(
            "F1",
            lambda hypothesis, reference, n: (
                2 * _shared(hypothesis, reference, n, lambda written, wanted: written + wanted)
            ),
            "That is the F1 of precision and recall; BLEU takes the precision alone.",
        ),
        Mistake(
            "1 for a short one",
            lambda hypothesis, reference, n: (
                _clipped_precision(hypothesis, reference, n) + (len(hypothesis) < n)
            ),
            "A hypothesis shorter than n has no n-gram, and you called that perfect. Return 0.0 there.",
        ),
        Mistake(
            "mean of several precisions",
            lambda hypothesis, reference, n: (
                math.prod(_clipped_precision(hypothesis, reference, k) for k in range(1, n + 1)) ** (1 / n)
            ),
            "You averaged the precisions from 1 to n. This is p_n alone; BLEU combines the four afterwards.",
        ),
    ],
)
