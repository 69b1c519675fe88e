"""Lesson 04: the clipped precision inside BLEU."""

from collections import Counter

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _ngrams(tokens: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]


def _clipped_precision(hypothesis: list[str], reference: list[str], n: int) -> float:
    written, wanted = Counter(_ngrams(hypothesis, n)), Counter(_ngrams(reference, n))
    matches = sum(min(count, wanted[ngram]) for ngram, count in written.items())
    return matches / max(1, sum(written.values()))


def _not_clipped(hypothesis, reference, n):
    written, wanted = _ngrams(hypothesis, n), set(_ngrams(reference, n))
    return sum(ngram in wanted for ngram in written) / max(1, len(written))


def _recall(hypothesis, reference, n):
    written, wanted = Counter(_ngrams(hypothesis, n)), Counter(_ngrams(reference, n))
    return sum((written & wanted).values()) / max(1, sum(wanted.values()))


def _as_sets(hypothesis, reference, n):
    written, wanted = set(_ngrams(hypothesis, n)), set(_ngrams(reference, n))
    return len(written & wanted) / max(1, len(written))


def _divided_by_words(hypothesis, reference, n):
    written, wanted = Counter(_ngrams(hypothesis, n)), Counter(_ngrams(reference, n))
    return sum((written & wanted).values()) / max(1, len(hypothesis))


def _joined(hypothesis, reference, n):
    written, wanted = (
        Counter("".join(ngram) for ngram in _ngrams(words, n)) for words in (hypothesis, reference)
    )
    return (written & wanted).total() / max(1, written.total())


def _last_missing(hypothesis, reference, n):
    written, wanted = Counter(_ngrams(hypothesis, n)[:-1]), Counter(_ngrams(reference, n)[:-1])
    return (written & wanted).total() / max(1, written.total())


def _case(hypothesis: str, reference: str, n: int) -> tuple[list[str], list[str], int]:
    return hypothesis.split(), reference.split(), n


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
    ],
    properties=[
        matches_reference("All three words are in the reference: is it 1?", cases=0),
        matches_reference('Four times "the", which the reference has twice: is it 2/4?', cases=1),
        matches_reference(
            "For pairs of words: do you count every run of n words, and divide by their number?", cases=2
        ),
        matches_reference("Shorter than n: is it 0.0, without an error?", cases=3),
        matches_reference(
            "Where a pair is repeated, is it counted as often as the reference has it?", cases=4
        ),
        matches_reference('Is the pair "no where" different from the pair "now here"?', cases=5),
        matches_reference("With runs of four words, is the last run counted as well?", cases=6),
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
            _not_clipped,
            'You counted every n-gram that is in the reference at all; "the the the the" would be a perfect '
            "translation. Count each at most as often as the reference has it.",
        ),
        Mistake(
            "divided by the reference's",
            _recall,
            "You divided by the n-grams of the reference: that is the recall. The precision divides by those written.",
        ),
        Mistake(
            "each n-gram once",
            _as_sets,
            "You counted each n-gram once, however often it was written; use counts, not sets.",
        ),
        Mistake(
            "divided by words",
            _divided_by_words,
            "You divided by the number of words; a sentence of L words has L − n + 1 n-grams.",
        ),
        Mistake(
            "single words only",
            lambda hypothesis, reference, n: _clipped_precision(hypothesis, reference, 1),
            "You counted single words; an n-gram is a run of n words.",
        ),
        Mistake(
            "joined to strings",
            _joined,
            'You joined each n-gram to one string: "no" + "where" then looks like "now" + "here". Use tuples of words.',
        ),
        Mistake(
            "last n-gram missing",
            _last_missing,
            "You left out the last n-gram: a sentence of L words has L − n + 1 of them.",
        ),
    ],
)
