"""Lesson 04: greedy search."""

from collections.abc import Callable, Mapping

import torch

from course_lib.practice.describe import short
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson04_whole import shows


def _greedy(
    *,
    begin: Callable = lambda bos: bos,
    feed: bool = True,
    keep_state: bool = True,
    stop: str = "at once",
    keep: str = "",
    extra_steps: int = 0,
    choose: Callable = max,
    late: bool = False,
    may_end: bool = True,
    again: bool = False,
    twice: bool = True,
) -> Callable:
    """A greedy search; the options are the ways to get it wrong."""

    def decode(step, state, bos, eos, max_len):
        before, newest, written = bos, begin(bos), []
        for _ in range(max_len + extra_steps):
            for symbol in [bos, *written[:-1]] if again and written else []:
                _, state = step(symbol, state)
            scores, after = step((before if late else newest) if feed else bos, state)
            state = after if keep_state else state
            barred = [*(() if may_end else (bos, eos)), *(() if twice else written)]
            ids = [number for number in range(len(scores)) if number not in barred]
            before, newest = newest, choose(ids, key=scores.__getitem__)
            if stop == "repetition" and newest == before:
                break
            if newest == eos and stop in ("at once", "repetition"):
                if keep == "eos" or (keep == "eos at max_len" and len(written) == max_len - 1):
                    written.append(eos)
                break
            written.append(scores[newest] if keep == "scores" else newest)
        if stop == "filter":
            written = [symbol for symbol in written if symbol != eos]
        return [bos, *written] if keep == "bos" else written

    return decode


def _by_table(vocab_size: int, eos: int, likeliest: Mapping[tuple[int, int], int]) -> Callable:
    """A step that knows which symbol is most likely after (symbol, number of steps so far); others get eos."""

    def step(symbol, state):
        if isinstance(symbol, torch.Tensor):
            raise TypeError(f"step takes a symbol as an int, not {symbol!r}; .item() gives it")
        # All negative, like log-probabilities, and close together, so that a sample is hardly ever the largest.
        scores = [-1.6 - (number * 7 % 5) / 20 for number in range(vocab_size)]
        scores[likeliest.get((symbol, state), eos)] = -1.5
        return scores, state + 1

    return step


_WRITES_TWO = _by_table(6, 3, {(2, 0): 4, (4, 1): 5})
_EMPTY = _by_table(5, 1, {})
_REPEATS = _by_table(7, 3, {(2, 0): 4, (4, 1): 4, (4, 2): 5, (2, 1): 5, (2, 2): 6})
_ENDLESS = _by_table(6, 1, {(symbol, state): 2 + state % 4 for symbol in range(6) for state in range(50)})
_GOES_ON = _by_table(6, 4, {(5, 0): 1, (1, 1): 4, (4, 2): 2, (2, 3): 3, (3, 4): 4})
_JUST_ENDS = _by_table(5, 1, {(0, 0): 3, (3, 1): 2, (2, 2): 1, (1, 3): 4})
_SAYS_BOS = _by_table(6, 3, {(2, 0): 5, (5, 1): 0, (0, 2): 4})


def _written(actual, expected, step, state, bos, eos, max_len) -> str:
    given = f"With bos = {bos}, eos = {eos} and max_len = {max_len}"
    return f"{given} you return {short(actual)}, expected {short(expected)}."


GREEDY_DECODE = Exercise(
    id="04.greedy_decode",
    title="Greedy search",
    reference=_greedy(),
    cases=lambda: [
        (_WRITES_TWO, 0, 2, 3, 10),
        (_EMPTY, 0, 0, 1, 10),
        (_REPEATS, 0, 2, 3, 10),
        (_ENDLESS, 0, 0, 1, 5),
        (_GOES_ON, 0, 5, 4, 10),
        (_JUST_ENDS, 0, 0, 1, 3),
        (_SAYS_BOS, 0, 2, 3, 8),
    ],
    properties=[
        shows("A network that writes 4, 5, <eos>: do you return [4, 5]?", _written, [0]),
        shows("One that writes <eos> at once: do you return []?", _written, [1]),
        shows("Is each symbol fed back, and is each step's state handed to the next?", _written, [2]),
        shows("One that never writes <eos>: do you stop after max_len symbols?", _written, [3]),
        shows(
            "One that would write more symbols after <eos>: does the answer end where <eos> came?",
            _written,
            [4],
        ),
        shows("If <eos> is symbol number max_len, is it still left out?", _written, [5]),
        shows("Whatever the ids of <bos> and <eos>, is the answer right?", _written, [4, 5, 6]),
    ],
    hints=[
        "What does the network read in the very beginning, and what after that? When does the loop end?",
        "A loop of at most max_len rounds. Each gives the newest symbol and the newest state to step, and picks the "
        "index of the largest score. If that is eos, stop; otherwise append it.",
        "`scores, state = step(newest, state)`, and then `max(range(len(scores)), key=scores.__getitem__)` is the "
        "index of the largest score.",
    ],
    mistakes=[
        Mistake(
            "eos kept",
            _greedy(keep="eos"),
            "You kept <eos>: it ends the answer and is no part of it.",
        ),
        Mistake(
            "eos kept at max_len",
            _greedy(keep="eos at max_len"),
            "You kept <eos> where it came as symbol number max_len. It is never part of the answer.",
        ),
        Mistake(
            "bos kept",
            _greedy(keep="bos"),
            "You returned <bos> too: it was read, not written.",
        ),
        Mistake(
            "does not stop",
            _greedy(stop="never"),
            "You went on after <eos>; what a network writes then means nothing.",
        ),
        Mistake(
            "eos filtered afterwards",
            _greedy(stop="filter"),
            "You removed <eos> afterwards and kept what came behind it. Stop where it comes.",
        ),
        Mistake(
            "starts without bos",
            _greedy(begin=lambda bos: 0),
            "You began with symbol 0; the network has learned to begin after `bos`.",
        ),
        Mistake(
            "bos and eos fixed",
            lambda step, state, bos, eos, max_len: _greedy()(step, state, 2, 3, max_len),
            "You wrote fixed numbers for <bos> and <eos>; the arguments bos and eos say which ids they have.",
        ),
        Mistake(
            "nothing fed back",
            _greedy(feed=False),
            "You gave the network <bos> at every step; it must read the symbol that it has just written.",
        ),
        Mistake(
            "state thrown away",
            _greedy(keep_state=False),
            "You gave every step the same state; each step returns the state that the next one needs.",
        ),
        Mistake(
            "one step too few",
            _greedy(extra_steps=-1),
            "You stopped one symbol early: max_len symbols are allowed.",
        ),
        Mistake(
            "one step too many",
            _greedy(extra_steps=1),
            "You wrote max_len + 1 symbols; at most max_len are allowed.",
        ),
        Mistake(
            "smallest score",
            _greedy(choose=min),
            "You took the smallest score; greedy search takes the largest.",
        ),
        Mistake(
            "reads one symbol late",
            _greedy(late=True),
            "You gave the network the symbol before the newest; it must read the one that it has just written.",
        ),
        Mistake(
            "never allowed to end",
            _greedy(may_end=False),
            "You never let <eos> win, so the loop always runs for max_len steps. When <eos> has the largest score, "
            "stop.",
        ),
        Mistake(
            "ends at a repetition",
            _greedy(stop="repetition"),
            "You stopped where a symbol is written twice in a row. Only <eos> and max_len end the search.",
        ),
        Mistake(
            "scores returned",
            _greedy(keep="scores"),
            "You collected the largest scores; collect the ids that have them.",
        ),
        Mistake(
            "first symbol cut off",
            lambda step, state, bos, eos, max_len: _greedy()(step, state, bos, eos, max_len)[1:],
            "You cut off the first symbol written. Remove <bos> only if you have put it into the list.",
        ),
        Mistake(
            "prefix read again",
            _greedy(again=True),
            "You gave step the whole prefix in every round. Its state has read that already; give it what is new.",
        ),
        Mistake(
            "no symbol twice",
            _greedy(twice=False),
            "You never write a symbol twice. Greedy search takes the largest score, whatever was written before.",
        ),
    ],
)
