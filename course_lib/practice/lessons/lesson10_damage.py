"""Lesson 10: the sequence that BERT reads, and how its words are hidden."""

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _pair(cls=True, middle=True, last=True, sep_segment=0, cls_segment=0, restart=False):
    """[CLS] first [SEP] second [SEP] and its segments; the options are the ways to get it wrong."""

    def encode_pair(first, second):
        tokens = ["[CLS]"] * cls + [*first] + ["[SEP]"] * middle + [*second] + ["[SEP]"] * last
        segments = (
            [cls_segment] * cls + [0] * len(first) + [sep_segment] * middle + [1] * (len(second) + last)
        )
        return tokens, [segment + restart for segment in segments]

    return encode_pair


ENCODE_PAIR = Exercise(
    id="10.encode_pair",
    title="A pair for BERT",
    reference=_pair(),
    cases=lambda: [
        (["it", "ran", "."], ["she", "slept", "."]),
        (["yes"], ["the", "cat", "sat", "."]),
        (["anna", "lost", "the", "old", "key", "."], ["no", "."]),
    ],
    properties=[
        holds(
            "Are there two lists of equal length?",
            lambda result, *_: len(result[0]) == len(result[1]) or "one is longer than the other.",
        ),
        holds(
            "Does it begin with [CLS] and end with [SEP]?",
            lambda result, *_: result[0][0] == "[CLS]" and result[0][-1] == "[SEP]",
        ),
        holds(
            "Are all tokens there, in order: one [SEP] after each sentence?",
            lambda result, first, second: list(result[0]) == ["[CLS]", *first, "[SEP]", *second, "[SEP]"],
        ),
        matches_reference("Are the segments 0 up to and with the first [SEP], and 1 after it?"),
    ],
    hints=[
        "Write the sequence for two sentences of one word each on paper, and under each token its segment.",
        "Five parts: [CLS], first, [SEP], second, [SEP]. Segment 0 covers the first three, segment 1 the last two.",
        'tokens = ["[CLS]", *first, "[SEP]", *second, "[SEP]"]; segments = [0] * (len(first) + 2) + [1] * …',
    ],
    mistakes=[
        Mistake("no [CLS]", _pair(cls=False), "You left out [CLS] at the beginning."),
        Mistake(
            "no last [SEP]",
            _pair(last=False),
            "You left out the last [SEP]: each of the two sentences ends with one.",
        ),
        Mistake(
            "no [SEP] between",
            _pair(middle=False),
            "You left out the [SEP] between the sentences; the model could not see where the second one begins.",
        ),
        Mistake(
            "first [SEP] in segment 1",
            _pair(sep_segment=1),
            "You gave the first [SEP] segment 1. It closes the first sentence, so it belongs to segment 0.",
        ),
        Mistake(
            "segments from 1",
            _pair(restart=True),
            "Your segments are 1 and 2; they begin at 0.",
        ),
    ],
)


def _damage(hide=0.8, swap=0.9, everywhere=False, kept_first=False, all_hidden=False):
    """80/10/10 with given random numbers; the options are the ways to get it wrong."""

    def damage(ids, chosen, fate, others, mask_id):
        asked = torch.ones_like(chosen) if everywhere else chosen
        if kept_first:
            fate = 1 - fate
        if all_hidden:
            return torch.where(asked, mask_id, ids)
        shown = torch.where(asked & (fate < hide), mask_id, ids)
        return torch.where(asked & (fate >= hide) & (fate < swap), others, shown)

    return damage


def _in_place(ids, chosen, fate, others, mask_id):
    ids[chosen & (fate < 0.8)] = mask_id
    random = chosen & (fate >= 0.8) & (fate < 0.9)
    ids[random] = others[random]
    return ids


def _cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(10)
    few = (
        torch.tensor([[7, 8, 9, 6]]),
        torch.tensor([[True, True, True, False]]),
        torch.tensor([[0.3, 0.85, 0.95, 0.1]]),
        torch.tensor([[11, 12, 13, 14]]),
        4,
    )
    ids, others = torch.randint(5, 60, (2, 6, 20), generator=generator)
    draw, fate = torch.rand(2, 6, 20, generator=generator)
    return [few, (ids.clone(), draw < 0.5, fate.clone(), others.clone(), 4)]


DAMAGE = Exercise(
    id="10.damage",
    title="80/10/10",
    reference=_damage(),
    cases=_cases,
    properties=[
        has_shape("Is the result of the shape of ids, whole numbers?"),
        holds(
            "Do tokens that were not chosen stay?",
            lambda shown, ids, chosen, *_: (
                torch.equal(shown[~chosen], ids[~chosen]) or "some that were not chosen have changed."
            ),
        ),
        matches_reference("Four tokens: fates 0.3, 0.85 and 0.95, and one not chosen?", cases=0),
        matches_reference("And a whole batch?", cases=1),
    ],
    hints=[
        "torch.where(condition, a, b) takes a where the condition is True, and makes a new tensor.",
        "Two steps: [MASK] where chosen & (fate < 0.8); then `others` where chosen & (fate >= 0.8) & (fate < 0.9).",
        "shown = torch.where(chosen & (fate < 0.8), mask_id, ids); then a second torch.where on shown",
    ],
    mistakes=[
        Mistake(
            "all of the chosen",
            _damage(all_hidden=True),
            "You showed [MASK] for every chosen token. 80 % are hidden so, 10 % replaced, 10 % left.",
        ),
        Mistake(
            "chosen or not",
            _damage(everywhere=True),
            "You damaged all tokens; only the chosen ones may change.",
        ),
        Mistake(
            "a tenth of the rest",
            _damage(swap=0.82),
            "Too few random words: from 0.8 to 0.9 is a tenth of the chosen, and half of those that are not hidden.",
        ),
        Mistake(
            "nothing left as it is",
            _damage(swap=1.0),
            "You replaced all that are not hidden; a tenth of the chosen ones stays as it is.",
        ),
        Mistake(
            "other end",
            _damage(kept_first=True),
            "You counted from the other end: fate below 0.8 means [MASK].",
        ),
    ],
)
