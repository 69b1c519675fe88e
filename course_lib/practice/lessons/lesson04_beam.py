"""Lesson 04: beam search, and how strong a length penalty has to be to change its answer."""

import math
from collections.abc import Callable

from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import difference, first_nan
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.lessons.lesson04_language import (
    BOTH_PLACES,
    ENDLESS,
    ENDS_EARLY,
    FULL_BEAM,
    PENALTIES,
    SHORT_OR_LONG,
    TWO_WAYS,
    Language,
)
from course_lib.practice.properties import holds, matches_reference


def _beam_search(step, state, bos, eos, beam, max_len, alpha):
    beginnings, ended = [([], 0.0, state)], []
    for _ in range(max_len):
        candidates = []
        for ids, log_p, state in beginnings:
            log_probs, after = step(ids[-1] if ids else bos, state)
            candidates += [
                ([*ids, symbol], log_p + more, after)
                for symbol, more in enumerate(log_probs)
                if more > -math.inf
            ]
        best = sorted(candidates, key=lambda candidate: -candidate[1])[:beam]
        ended += [candidate for candidate in best if candidate[0][-1] == eos]
        beginnings = [candidate for candidate in best if candidate[0][-1] != eos]
        if not beginnings:
            break
    scored = [(log_p / ((5 + len(ids)) / 6) ** alpha, ids) for ids, log_p, _ in ended or beginnings]
    score, ids = max(scored)
    return [symbol for symbol in ids if symbol != eos], score


def _wrong(
    *, width=None, per_beginning=False, lowest=False, newest_only=False, one_state=False, old_state=False,
    feed=True, stop="", set_aside=True, slots="shared", keep_eos=False, length="all", penalty="divide",
    sort="score", cut_off="last resort", impossible=False,
) -> Callable:  # fmt: skip
    """Beam search; the options are the ways to get it wrong."""

    def search(step, state, bos, eos, beam, max_len, alpha):
        beam = width or beam
        beginnings, ended = [([], 0.0, state)], []
        for _ in range(max_len):
            candidates = []
            for ids, log_p, state in beginnings:
                log_probs, after = step(ids[-1] if ids and feed else bos, state)
                own = [
                    ([*ids, symbol], (0.0 if newest_only else log_p) + more, state if old_state else after)
                    for symbol, more in enumerate(log_probs)
                    if more > -math.inf or impossible
                ]
                candidates += sorted(own, key=lambda c: -c[1])[:beam] if per_beginning else own
            candidates.sort(key=lambda c: c[1] if lowest else -c[1])
            best = candidates if per_beginning else candidates[:beam]
            if slots == "apart":
                ended += [c for c in best if c[0][-1] == eos]
                best = [c for c in candidates if c[0][-1] != eos][:beam]
            if one_state:
                best = [(ids, log_p, after) for ids, log_p, _ in best]
            ended += [c for c in best if c[0][-1] == eos]
            beginnings = [c for c in best if c[0][-1] != eos or not set_aside]
            if not beginnings or (stop == "ended" and ended) or (stop == "enough" and len(ended) >= beam):
                break
        pool = {"last resort": ended or beginnings, "equal": ended + beginnings, "never": ended}[cut_off]
        if not pool:
            return [], -math.inf
        scored = []
        for ids, log_p, _ in pool:
            n = {"all": len(ids), "no eos": sum(symbol != eos for symbol in ids), "max": max_len}[length]
            factor = ((5 + n) / 6) ** alpha
            scored.append(
                ({"divide": log_p / factor, "multiply": log_p * factor, "none": log_p}[penalty], log_p, ids)
            )
        score, _, ids = max(scored, key=lambda one: one[1] if sort == "log p" else one[0])
        return [symbol for symbol in ids if symbol != eos or keep_eos], score

    return search


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
        _part("Does the search go on after one sentence has ended?", 0, "ids are", [2]),
        _part("With a length penalty of α = 1, does the longer sentence win?", 0, "ids are", [3]),
        _part(
            "Is the score log p, divided by the penalty of a length that counts <eos>?", 1, "score is", [3]
        ),
        _part("Where nothing has ended after max_len symbols, is it the best beginning?", 0, "ids are", [4]),
        _part("Where something has ended, does it win over what max_len cut off?", 0, "ids are", [5]),
        _part("Does every beginning keep its own state?", 0, "ids are", [6]),
        _part(
            "When a sentence ends, is it set aside, so that it takes no place later on?", 0, "ids are", [7]
        ),
        _part("In the step in which it ends, does it count among the `beam` best?", 0, "ids are", [8]),
        _part("Are the best of *all* continuations kept, not of each beginning?", 0, "ids are", [10, 11, 12]),
        _part("With a beam as wide as the language, is it exhaustive search?", 0, "ids are", [13]),
        _part("Is a continuation with log p = −∞ dropped, however wide the beam is?", 0, "ids are", [9]),
        _part("Are all scores right?", 1, "score is", range(10 + len(RANDOM))),
    ],  # fmt: skip
    hints=[
        "Which three things must you know of a beginning in order to go on from it later?",
        "Keep a list of (ids, log p, state). In each round, step every beginning, collect all continuations in one "
        "list, sort it by log p and cut it at `beam`. Move those that end with eos to a second list.",
        "`candidates += [([*ids, symbol], log_p + more, after) for symbol, more in enumerate(log_probs)]`, inside the "
        "loop over the beginnings. `after` is the state that this beginning's step returned.",
    ],
    mistakes=[
        Mistake("greedy", _wrong(width=1), "You kept a single beginning; keep the `beam` best."),
        Mistake(
            "newest log-probability only",
            _wrong(newest_only=True),
            "You ranked by the newest symbol's log-probability; add it to that of the beginning.",
        ),
        Mistake(
            "one state for all",
            _wrong(one_state=True),
            "All your beginnings go on from the same state. Each must keep the state that its own step returned.",
        ),
        Mistake(
            "state before the step",
            _wrong(old_state=True),
            "You stored the state from before the step; the continuation needs the one that step returned.",
        ),
        Mistake(
            "bos at every step",
            _wrong(feed=False),
            "You gave step <bos> every time; it reads the newest symbol.",
        ),
        Mistake(
            "stops at an ending",
            _wrong(stop="ended"),
            "You stopped as soon as one sentence had ended. A longer one may still be better.",
        ),
        Mistake(
            "stops at enough endings",
            _wrong(stop="enough"),
            "You stopped when `beam` sentences had ended. Go on until none is unended, or max_len is reached.",
        ),
        Mistake(
            "goes on after eos",
            _wrong(set_aside=False),
            "You went on from sentences that had ended. Set them aside when <eos> comes.",
        ),
        Mistake(
            "slots for the unended only",
            _wrong(slots="apart"),
            "You kept `beam` unended beginnings besides the ended ones. Here both together are the `beam` best.",
        ),
        Mistake(
            "best of each beginning",
            _wrong(per_beginning=True),
            "You kept the best continuations of *each* beginning, so their number grows with every step. Cut once, "
            "over all beginnings.",
        ),
        Mistake(
            "lowest kept", _wrong(lowest=True), "You kept the least probable ones: sort from high to low."
        ),
        Mistake(
            "eos in the ids",
            _wrong(keep_eos=True),
            "You returned <eos>; it ends the answer and is no part of it.",
        ),
        Mistake(
            "impossible kept",
            _wrong(impossible=True),
            "You kept continuations with log p = −∞. They are impossible, and an impossible ending wins where nothing "
            "else has ended: drop them.",
        ),
        Mistake("no penalty", _wrong(penalty="none"), "You did not divide by the length penalty."),
        Mistake(
            "penalty multiplied",
            _wrong(penalty="multiply"),
            "You multiplied by the penalty. Log-probabilities are negative: dividing is what favours long sentences.",
        ),
        Mistake(
            "length without eos",
            _wrong(length="no eos"),
            "Your length leaves <eos> out; its log-probability is in the sum, so it counts as a symbol.",
        ),
        Mistake(
            "length of the search",
            _wrong(length="max"),
            "You used max_len as every sentence's length; use that of the sentence itself.",
        ),
        Mistake(
            "chosen by log p",
            _wrong(sort="log p"),
            "You chose the winner by log p. Choose it by its score, after the penalty.",
        ),
        Mistake(
            "unended ones compete",
            _wrong(cut_off="equal"),
            "You let beginnings that max_len cut off compete with whole sentences. They only count if nothing ended.",
        ),
        Mistake(
            "nothing without an ending",
            _wrong(cut_off="never"),
            "You return nothing where no sentence ended within max_len symbols. Return the best beginning then.",
        ),
    ],
    time_limit=10.0,
)

PENALTY_NEEDED = Exercise(
    id="04.penalty_needed",
    title="How strong a penalty?",
    reference=0.6,
    properties=[
        holds(
            "Is it one of the values that you tried, 0.0 to 1.0 in steps of 0.1?",
            lambda alpha: any(math.isclose(alpha, tried) for tried in PENALTIES) or "try 0.0, 0.1, … 1.0.",
        ),
        matches_reference("Is it the smallest α for which the three-word sentence wins?"),
    ],
    hints=[
        "Which two sentences compete, and how long is each, <eos> included?",
        "The penalty of the longer sentence, (9/6)^α, grows faster than (8/6)^α. At which α has it made up for the "
        "lower log p?",
        "Run the search for each α in a loop, and print the sentence with its score.",
    ],
    mistakes=[
        Mistake(
            "no penalty",
            0.0,
            "With α = 0 the score is log p itself, and the shorter sentence has the higher one.",
        ),
        Mistake(
            "one step early", 0.5, "At 0.5 the shorter sentence is still slightly ahead: print both scores."
        ),
        Mistake("the usual one", 1.0, "At 1 the longer sentence wins, but it does so at smaller values too."),
    ],
)
