"""Lesson 14: correct answers, wrong labels, and texts that are no label at all."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _answer_kinds(written, gold, allowed):
    correct = sum(one == true for one, true in zip(written, gold, strict=True)) / len(gold)
    invalid = sum(one not in allowed for one in written) / len(gold)
    return correct, 1 - correct - invalid, invalid


def _shares(count):
    """count(written, gold, allowed) → three numbers, each divided by the number of answers."""

    def answer_kinds(written, gold, allowed):
        return tuple(number / len(gold) for number in count(written, gold, allowed))

    return answer_kinds


def _numbers(written, gold, allowed):
    return tuple(round(share * len(gold)) for share in _answer_kinds(written, gold, allowed))


def _then(change):
    return lambda written, gold, allowed: change(*_answer_kinds(written, gold, allowed))


def _inside(written, gold, allowed):
    correct = sum(true in one for one, true in zip(written, gold, strict=True))
    invalid = sum(one not in allowed for one, true in zip(written, gold, strict=True) if true not in one)
    return correct, len(gold) - correct - invalid, invalid


def _contains_a_label(written, gold, allowed):
    correct = sum(one == true for one, true in zip(written, gold, strict=True))
    invalid = sum(not any(label in one.split() for label in allowed) for one in written)
    return correct, len(gold) - correct - invalid, invalid


def _not_gold_words(written, gold, allowed):
    correct = sum(one == true for one, true in zip(written, gold, strict=True))
    invalid = sum(one not in gold for one in written)
    return correct, len(gold) - correct - invalid, invalid


def _of_valid(written, gold, allowed):
    correct, wrong, invalid = _answer_kinds(written, gold, allowed)
    valid = correct + wrong
    return correct / valid if valid else 0.0, wrong / valid if valid else 0.0, invalid


def _anywhere(written, gold, allowed):
    correct = sum(one in gold for one in written)
    invalid = sum(one not in allowed for one in written)
    return correct, len(gold) - correct - invalid, invalid


def _kinds_of_text(written, gold, allowed):
    correct = sum(one == true for one, true in zip(written, gold, strict=True))
    invalid = len({one for one in written if one not in allowed})
    return correct, len(gold) - correct - invalid, invalid


def _cases() -> list[tuple]:
    generator = seeded(144)
    allowed = ["positive", "negative"]
    texts = [*allowed, *allowed, "the keys", "", "positive positive"]

    def drawn(n: int) -> tuple:
        def some(of):
            return [of[i] for i in torch.randint(len(of), (n,), generator=generator).tolist()]

        return some(texts), some(allowed), allowed

    return [
        (["positive"], ["positive"], allowed),
        (["negative", "positive"], ["positive", "positive"], allowed),
        (
            ["the soup", "positive", "positive", "negative"],
            ["negative", "positive", "negative", "negative"],
            allowed,
        ),
        (
            ["positive positive", "positive .", "negative", ""],
            ["positive", "negative", "negative", "positive"],
            allowed,
        ),
        (["no", "no", "yes", "no", "perhaps"], ["yes", "yes", "yes", "yes", "yes"], ["yes", "no"]),
        drawn(20),
        drawn(33),
    ]


ANSWER_KINDS = Exercise(
    id="14.answer_kinds",
    title="Correct, wrong, or no answer",
    reference=_answer_kinds,
    parts=("correct", "wrong", "invalid"),
    cases=_cases,
    properties=[
        has_shape("Are there three numbers?"),
        matches_reference("With one correct answer: are they 1, 0 and 0?", cases=0),
        matches_reference("Is an allowed label that is not the true one counted as wrong?", cases=1),
        matches_reference("Is a text that is not allowed counted as invalid, and only as that?", cases=2),
        holds(
            "Do the three add up to 1?",
            lambda result, *arguments: abs(sum(result) - 1) < 1e-6,
        ),
        matches_reference("Must a text be a label as a whole, not only contain one?", cases=3),
        matches_reference("Is a label wrong, not invalid, though it is never the true one?", cases=4),
        matches_reference("Are the shares of more answers right?", cases=[5, 6]),
    ],
    hints=[
        "Each answer is exactly one of three kinds. Which question would you ask first, and which second?",
        "Correct: it equals the true label. Invalid: it is not in allowed. Wrong: all others. Divide by the "
        "number of answers.",
        "`correct = sum(one == true for one, true in zip(written, gold)) / len(gold)`; likewise for `one not "
        "in allowed`. The "
        "rest to 1 is wrong.",
    ],
    mistakes=[
        Mistake(
            "numbers", _numbers, "You returned numbers of answers; divide each by how many answers there are."
        ),
        Mistake(
            "percent",
            _then(lambda *kinds: tuple(100 * kind for kind in kinds)),
            "You returned per cent; a share is between 0 and 1.",
        ),
        Mistake(
            "invalid ones wrong too",
            _then(lambda correct, wrong, invalid: (correct, wrong + invalid, invalid)),
            "You counted invalid answers as wrong as well; each answer is of one kind.",
        ),
        Mistake(
            "invalid ones only wrong",
            _then(lambda correct, wrong, invalid: (correct, wrong + invalid, 0.0)),
            "You counted texts that are no label as wrong; they are invalid.",
        ),
        Mistake(
            "every error invalid",
            _then(lambda correct, wrong, invalid: (correct, 0.0, wrong + invalid)),
            "You counted each answer that is not correct as invalid; an allowed label is wrong, not invalid.",
        ),
        Mistake(
            "wrong and invalid exchanged",
            _then(lambda correct, wrong, invalid: (correct, invalid, wrong)),
            "You exchanged wrong and invalid: the order is correct, wrong, invalid.",
        ),
        Mistake(
            "backwards",
            _then(lambda correct, wrong, invalid: (invalid, wrong, correct)),
            "The order is correct, wrong, invalid.",
        ),
        Mistake(
            "valid for correct",
            _then(lambda correct, wrong, invalid: (correct + wrong, wrong, invalid)),
            "Your first number is the share of valid answers; correct ones equal the true label.",
        ),
        Mistake(
            "contains the true label",
            _shares(_inside),
            "You accept a text that contains the true label. It must be that label, nothing else.",
        ),
        Mistake(
            "contains a label",
            _shares(_contains_a_label),
            "You accept a text that contains a label as valid. It must be a label, nothing else.",
        ),
        Mistake(
            "allowed taken from gold",
            _shares(_not_gold_words),
            "You took the labels that occur in gold for the allowed ones. A label may be allowed and never true here.",
        ),
        Mistake(
            "correct anywhere",
            _shares(_anywhere),
            "You asked whether an answer occurs anywhere in gold; compare it with the true label of its own example.",
        ),
        Mistake(
            "of the valid ones",
            _of_valid,
            "You divided by the number of valid answers; divide by the number of all, or invalid ones are forgiven.",
        ),
        Mistake(
            "kinds of invalid texts",
            _shares(_kinds_of_text),
            "You counted different invalid texts once each; count every invalid answer.",
        ),
    ],
)
