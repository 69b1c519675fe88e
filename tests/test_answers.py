"""Answers written from the prompts alone: right ones pass however written, wrong ones are told their mistake."""

import re

import pytest

from answers import Answer, all_answers
from course_lib.practice import registry
from course_lib.practice.verdict import evaluate

ANSWERS = all_answers()
RIGHT = [answer for answer in ANSWERS if answer.ok]
WRONG = [answer for answer in ANSWERS if not answer.ok]


def label(answer: Answer) -> str:
    return f"{answer.exercise_id}-{answer.words}"


@pytest.mark.parametrize("answer", RIGHT, ids=label)
def test_right_however_written(answer):
    verdict = evaluate(registry.get(answer.exercise_id), answer.value)
    assert verdict.status == "passed", verdict.text


@pytest.mark.parametrize("answer", WRONG, ids=label)
def test_wrong_is_refused_and_never_misled(answer):
    verdict = evaluate(registry.get(answer.exercise_id), answer.value)
    assert verdict.status == "failed", "it passed"
    assert not re.search(r"Traceback|0x[0-9a-f]|could not be judged", verdict.text), verdict.text
    assert (verdict.mistake.name if verdict.mistake else None) == answer.named, verdict.text


def test_nine_wrong_answers_in_ten_are_named():
    named = sum(answer.named is not None for answer in WRONG)
    assert named >= 0.9 * len(WRONG), f"{named} of {len(WRONG)}"
