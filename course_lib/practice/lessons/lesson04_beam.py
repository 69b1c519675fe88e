"""Lesson 04: beam search."""

import math

from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import difference, first_nan
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.lessons.lesson04_beam_mistakes import MISTAKES
from course_lib.practice.lessons.lesson04_language import (
    BOTH_PLACES,
    ENDLESS,
    ENDS_EARLY,
    FULL_BEAM,
    LONGER_WINS,
    SHORT_OR_LONG,
    TWO_WAYS,
    Language,
)


def _beam_search(step, state, bos, eos, beam, max_len, alpha):
    prefixes, finished = [([], 0.0, state)], []
    for _ in range(max_len):
        continuations = []
        for ids, log_p, state in prefixes:
            log_probs, after = step(ids[-1] if ids else bos, state)
            continuations += [
                ([*ids, symbol], log_p + more, after)
                for symbol, more in enumerate(log_probs)
                if more > -math.inf
            ]
        best = sorted(continuations, key=lambda one: -one[1])[:beam]
        finished += [one for one in best if one[0][-1] == eos]
        prefixes = [one for one in best if one[0][-1] != eos]
        if not prefixes:
            break
    scored = [(log_p / ((5 + len(ids)) / 6) ** alpha, ids) for ids, log_p, _ in finished or prefixes]
    score, ids = max(scored)
    return [symbol for symbol in ids if symbol != eos], score


# (seed, vocab_size, bos, eos, beam, max_len, alpha) of languages drawn at random
RANDOM = [
    (171, 4, 0, 3, 2, 5, 0.0),
    (173, 5, 4, 2, 3, 6, 0.0),
    (187, 6, 1, 0, 4, 5, 0.7),
    (173, 3, 2, 1, 60, 4, 0.5),
]


def _cases() -> list[tuple]:
    drawn = [
        (Language({}, vocab_size, eos, seed), (), bos, eos, beam, max_len, alpha)
        for seed, vocab_size, bos, eos, beam, max_len, alpha in RANDOM
    ]
    return [
        (TWO_WAYS, (), 0, 1, 1, 6, 0.0),
        (TWO_WAYS, (), 0, 1, 2, 6, 0.0),
        (ENDS_EARLY, (), 0, 1, 2, 6, 0.0),
        (SHORT_OR_LONG, (), 0, 1, 2, 6, 1.0),
        (ENDLESS, (), 2, 3, 1, 4, 0.0),
        (SHORT_OR_LONG, (), 0, 1, 2, 1, 0.0),
        (ENDLESS, (), 2, 3, 3, 4, 0.0),
        (BOTH_PLACES, (), 0, 1, 2, 7, 1.0),
        (FULL_BEAM, (), 0, 1, 2, 7, 1.0),
        (ENDLESS, (), 2, 3, 4, 2, 0.0),
        *drawn,
        (ENDLESS, (), 2, 3, 2, 3, 1.0),
        (LONGER_WINS, (), 0, 1, 3, 3, 2.0),
    ]


def _part(question: str, index: int, word: str, cases) -> Property:
    """The ids or the score are the reference's."""

    def test(attempt: Attempt) -> str | None:
        every = attempt.cases()
        for number in cases:
            actual, expected = attempt(*every[number]), attempt.expected(*every[number])
            if len(actual) != 2:
                return f"You return {len(actual)} things, expected two: (ids, score)."
            if first_nan(actual) is not None:
                return "There is NaN in what you return."
            found = difference(actual[index], expected[index])
            if found:
                beam, max_len, alpha = every[number][4:]
                return (
                    f"With beam = {beam}, max_len = {max_len} and alpha = {alpha:g} your {word} "
                    f"{_shown(actual[index])}, expected {_shown(expected[index])}."
                )
        return None

    return Property(question, test)


def _shown(value) -> str:
    return str(value) if isinstance(value, list) else f"{value:.4g}"


BEAM_SEARCH = Exercise(
    id="04.beam_search",
    title="Beam search",
    points=4,
    reference=_beam_search,
    cases=_cases,
    properties=[
        _part("With a beam of 1, are the ids those of greedy search?", 0, "ids are", [0]),
        _part(
            "Is the score the sum of the log-probabilities of all symbols, that of <eos> included?",
            1,
            "score is",
            [0],
        ),
        _part("With a beam of 2, do you find the sentence that greedy search misses?", 0, "ids are", [1]),
        _part("Does the search go on after one sentence has finished?", 0, "ids are", [2]),
        _part("With a length penalty of α = 1, does the longer sentence win?", 0, "ids are", [3]),
        _part(
            "Is the score log p, divided by the penalty of a length that counts <eos>?", 1, "score is", [3]
        ),
        _part("Where nothing has finished after max_len symbols, is it the best prefix?", 0, "ids are", [4]),
        _part(
            "Does it go on where a finished sentence is more likely than every prefix, but short?",
            0,
            "ids are",
            [15],
        ),
        _part("Where something has finished, does it win over what max_len cut off?", 0, "ids are", [5]),
        _part("Does every prefix keep its own state?", 0, "ids are", [6]),
        _part(
            "When a sentence has finished, is it set aside, so that it takes no place later on?",
            0,
            "ids are",
            [7],
        ),
        _part("In the step in which it ends, does it count among the `beam` best?", 0, "ids are", [8]),
        _part("Are the best of *all* continuations kept, not of each prefix?", 0, "ids are", [10, 11, 12]),
        _part("With a beam as wide as the language, is it exhaustive search?", 0, "ids are", [13]),
        _part("Is a continuation with log p = −∞ dropped, however wide the beam is?", 0, "ids are", [9]),
        _part("Where nothing has finished, is |y| the number of symbols written?", 1, "score is", [14]),
        _part("Are all scores right?", 1, "score is", range(12 + len(RANDOM))),
    ],  # fmt: skip
    hints=[
        "Which three things must you know about a prefix in order to extend it later?",
        "Keep a list of (ids, log p, state). In each round, step every prefix, collect all continuations in one "
        "list, sort it by log p and cut it at `beam`. Move those that end with eos to a second list.",
        "`continuations += [([*ids, symbol], log_p + more, after) for symbol, more in enumerate(log_probs)]`, inside "
        "the loop over the prefixes. `after` is the state that this prefix's step returned.",
    ],
    mistakes=MISTAKES,
    time_limit=10.0,
)
