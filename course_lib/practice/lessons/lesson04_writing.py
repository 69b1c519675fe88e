"""Lesson 04: what a decoder reads and has to predict, and greedy search."""

from collections.abc import Callable, Mapping

import torch

from course_lib.practice.describe import short
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson04_whole import asks, shows


def _shift_target(target: list[int], bos: int, eos: int) -> tuple[list[int], list[int]]:
    return [bos, *target], [*target, eos]


def _equally_long(pair, expected, target, bos, eos) -> str | None:
    if len(pair) != 2:
        return f"You return {len(pair)} things, expected two lists."
    if len(pair[0]) == len(pair[1]):
        return None
    return f"For target = {short(target)} it reads {short(pair[0])} and has to predict {short(pair[1])}."


def _sides(pair, expected, target, bos, eos) -> str:
    return (
        f"For target = {short(target)}, bos = {bos} and eos = {eos} it reads {short(pair[0])} and has to predict "
        f"{short(pair[1])}, expected {short(expected[0])} and {short(expected[1])}."
    )


SHIFT_TARGET = Exercise(
    id="04.shift_target",
    title="Inputs and targets of a decoder",
    points=1,
    reference=_shift_target,
    cases=lambda: [([7], 2, 3), ([7, 4, 9], 2, 3), ([5, 5, 6, 8], 0, 1), ([], 2, 3), ([4, 1, 9], 8, 6)],
    properties=[
        asks("Are both equally long, so that each symbol read has a target?", _equally_long),
        asks(
            "Does the decoder read <bos> at the beginning, before it has written anything?",
            lambda pair, expected, target, bos, eos: (
                None
                if pair[0][:1] == [bos]
                else f"For target = {short(target)} and bos = {bos} it reads {short(pair[0])}."
            ),
        ),
        asks(
            "Does it learn to stop: is <eos> the last target?",
            lambda pair, expected, target, bos, eos: (
                None
                if pair[1][-1:] == [eos]
                else f"For target = {short(target)} and eos = {eos} its targets are {short(pair[1])}."
            ),
        ),
        shows("With the single symbol 7, is the input [<bos>, 7] and the target [7, <eos>]?", _sides, [0]),
        shows("For any target, even an empty one, are both right?", _sides),
    ],
    hints=[
        "At every step the decoder has read everything before the symbol that it has to predict. What has it read "
        "before the very beginning?",
        "It reads `<bos>`, then the list you got. It predicts that list, then `<eos>`. Each is one symbol longer.",
        "`[bos, *target]` puts a symbol in front of a list. What does the other list look like?",
    ],
    mistakes=[
        Mistake(
            "not shifted",
            lambda target, bos, eos: ([*target, eos], [*target, eos]),
            "You let the decoder read the very symbol that it has to predict: it learns to copy its input, the loss "
            "falls to 0, and it can write nothing by itself.",
        ),
        Mistake(
            "shifted twice",
            lambda target, bos, eos: ([bos, *target], [*target[1:], eos, eos]),
            "You shifted twice: after <bos>, symbol 0 of the target is due, not symbol 1.",
        ),
        Mistake(
            "no eos",
            lambda target, bos, eos: ([bos, *target[:-1]], [*target]),
            "You left <eos> out: such a decoder never learns to stop.",
        ),
        Mistake(
            "no bos",
            lambda target, bos, eos: ([*target], [*target[1:], eos]),
            "You left <bos> out: the beginning of the target is then never predicted.",
        ),
        Mistake(
            "both sides around both",
            lambda target, bos, eos: ([bos, *target, eos], [bos, *target, eos]),
            "You put <bos> and <eos> around both and did not shift: the decoder reads what it has to predict.",
        ),
        Mistake(
            "eos read",
            lambda target, bos, eos: ([bos, *target, eos], [*target, eos]),
            "You let the decoder read <eos>, too; nothing comes after it, so it is never read.",
        ),
        Mistake(
            "eos not written",
            lambda target, bos, eos: ([bos, *target], [*target]),
            "What has to be predicted after the last symbol? <eos> is missing there, and with it the stop.",
        ),
        Mistake(
            "bos for eos",
            lambda target, bos, eos: ([bos, *target], [*target, bos]),
            "You ended with <bos>; the last target is <eos>.",
        ),
        Mistake(
            "swapped",
            lambda target, bos, eos: ([*target, eos], [bos, *target]),
            "You swapped the two: the decoder reads <bos> …, and predicts … <eos>.",
        ),
        Mistake(
            "bos and eos exchanged",
            lambda target, bos, eos: ([eos, *target], [*target, bos]),
            "You exchanged the two special symbols: the input begins with <bos>, and the target ends with <eos>.",
        ),
        Mistake(
            "no special symbols",
            lambda target, bos, eos: (target[:-1], target[1:]),
            "You shifted the target against itself, without <bos> and <eos>: the first symbol is never predicted, and "
            "the decoder never learns to stop.",
        ),
        Mistake(
            "bos predicted",
            lambda target, bos, eos: ([bos, *target], [bos, *target, eos]),
            "You put <bos> into the targets: it is read, but never written.",
        ),
        Mistake(
            "one pair per step",
            lambda target, bos, eos: list(zip([bos, *target], [*target, eos], strict=True)),
            "You returned one pair per step; return two lists, all that is read and all that is predicted.",
        ),
    ],
)


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
