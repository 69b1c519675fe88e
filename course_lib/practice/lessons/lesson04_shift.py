"""Lesson 04: what a decoder reads and has to predict."""

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
            "first symbol never predicted",
            lambda target, bos, eos: ([bos, *target], [*target[1:], eos]),
            "You dropped the first symbol from the targets; <bos> stands in front of the input only, so after it the "
            "first symbol is due.",
        ),
        Mistake(
            "reversed",
            lambda target, bos, eos: ([bos, *target[::-1]], [*target[::-1], eos]),
            "You reversed the target; it is written in its own order.",
        ),
        Mistake(
            "one pair per step",
            lambda target, bos, eos: list(zip([bos, *target], [*target, eos], strict=True)),
            "You returned one pair per step; return two lists, all that is read and all that is predicted.",
        ),
    ],
)
