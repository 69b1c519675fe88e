"""Lesson 04: writing greedily until <eos>, and the clipped precision inside BLEU."""

from collections import Counter
from collections.abc import Callable

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference

BOS, EOS = 2, 3


def _greedy(
    first: Callable = lambda bos: bos,
    feed: bool = True,
    keep_state: bool = True,
    stop: bool = True,
    keep_eos: bool = False,
    extra_steps: int = 0,
    choose: Callable = max,
) -> Callable:
    """A greedy search; the options are the ways to get it wrong."""

    def decode(step, state, bos, eos, max_len):
        newest, written = first(bos), []
        for _ in range(max_len + extra_steps):
            scores, after = step(newest if feed else bos, state)
            state = after if keep_state else state
            newest = choose(range(len(scores)), key=scores.__getitem__)
            if newest == eos and stop:
                return [*written, eos] if keep_eos else written
            written.append(newest)
        return written

    return decode


def _by_table(rows: dict[tuple[int, int], int]) -> Callable:
    """A step that knows which symbol is likeliest after (symbol, number of steps so far); others get <eos>."""

    def step(symbol, state):
        if isinstance(symbol, torch.Tensor):
            raise TypeError(f"step wants a symbol as an int, not {symbol!r}; .item() gives it")
        likeliest = rows.get((symbol, state), EOS)
        # The runner-up and the worst differ, so that taking another than the best shows.
        scores = [0.10, 0.05, 0.12, 0.20, 0.18, 0.15]
        scores[likeliest] = 0.9
        return scores, state + 1

    return step


_WRITES_TWO = _by_table({(BOS, 0): 4, (4, 1): 5})
_REPEATS = _by_table({(BOS, 0): 4, (4, 1): 4, (4, 2): 5, (BOS, 1): 5, (BOS, 2): 5})
_ENDLESS = _by_table({(symbol, state): 4 + state % 2 for symbol in range(6) for state in range(50)})
_EMPTY = _by_table({})
_SAYS_BOS = _by_table({(BOS, 0): 5, (5, 1): 0, (0, 2): 4})


GREEDY_DECODE = Exercise(
    id="04.greedy_decode",
    title="Greedy search",
    reference=_greedy(),
    cases=lambda: [
        (_WRITES_TWO, 0, BOS, EOS, 10),
        (_EMPTY, 0, BOS, EOS, 10),
        (_REPEATS, 0, BOS, EOS, 10),
        (_ENDLESS, 0, BOS, EOS, 5),
        (_SAYS_BOS, 0, BOS, EOS, 8),
    ],
    properties=[
        matches_reference("A network that writes 4, 5, <eos>: do you return [4, 5]?", cases=0),
        matches_reference("One that writes <eos> at once: do you return []?", cases=1),
        matches_reference("Is each symbol fed back, and is each step's state handed to the next?", cases=2),
        matches_reference("One that never ends: do you stop after max_len symbols?", cases=3),
        matches_reference("And another one?", cases=4),
    ],
    hints=[
        "A loop of at most max_len rounds. Each gives the newest symbol and the newest state to step.",
        "Before the loop the newest symbol is bos. In it: scores, state = step(newest, state); newest is the index of "
        "the largest score; if it is eos, stop; else append it.",
        "newest, written = bos, [] · for _ in range(max_len): · scores, state = step(newest, state) · newest = "
        "max(range(len(scores)), key=scores.__getitem__) · if newest == eos: break · written.append(newest)",
    ],
    mistakes=[
        Mistake(
            "eos kept",
            _greedy(keep_eos=True),
            "You kept <eos>: it ends the answer and is no part of it.",
        ),
        Mistake(
            "does not stop",
            _greedy(stop=False),
            "You went on after <eos>; what a network writes then means nothing.",
        ),
        Mistake(
            "starts without bos",
            _greedy(first=lambda bos: 0),
            "You began with symbol 0; the network has learnt to begin after <bos>.",
        ),
        Mistake(
            "nothing fed back",
            _greedy(feed=False),
            "You gave the network <bos> at every step; it must read the symbol that it has just written.",
        ),
        Mistake(
            "state thrown away",
            _greedy(keep_state=False),
            "You gave every step the first state; each step returns the state that the next one needs.",
        ),
        Mistake(
            "one step too few",
            _greedy(extra_steps=-1),
            "You stopped one symbol early: max_len symbols are allowed.",
        ),
        Mistake(
            "smallest score",
            _greedy(choose=min),
            "You took the smallest score; greedy search takes the largest.",
        ),
    ],
)


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
    ],
    properties=[
        matches_reference("All three words stand in the reference: is it 1?", cases=0),
        matches_reference('Four times "the", which the reference has twice: is it 2/4?', cases=1),
        matches_reference(
            "For pairs of words: do you count every run of n words, and divide by their number?", cases=2
        ),
        matches_reference("Shorter than n: is it 0.0, without an error?", cases=3),
        matches_reference("And where a pair is repeated?", cases=4),
    ],
    hints=[
        'Count the n-grams of both sentences. How often may "the" be counted as right, if the reference has it twice?',
        "collections.Counter counts; for each n-gram of the hypothesis take the smaller of its two counts. Add up, and "
        "divide by the number of n-grams in the hypothesis (len(hypothesis) − n + 1, if that is positive).",
        "grams = lambda words: Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1)); "
        "sum((grams(hypothesis) & grams(reference)).values()) / max(1, len(hypothesis) - n + 1)",
    ],
    mistakes=[
        Mistake(
            "not clipped",
            _not_clipped,
            'You counted every n-gram that stands in the reference at all; "the the the the" would be a perfect '
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
    ],
)
