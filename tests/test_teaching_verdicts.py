"""What crosses from a submission's process, and that a verdict there is the verdict here."""

import dataclasses
import math
import os
import re

import cloudpickle
import numpy as np
import pytest
import torch

from course_lib.practice import registry
from course_lib.practice.cases import varied
from course_lib.practice.compare import difference
from course_lib.practice.credit import credit
from course_lib.practice.verdict import evaluate
from course_lib.sandbox.isolation import missing
from teaching.crossing import Damaged, describe_error, pack, rebuild_error, unpack
from teaching.fresh import exercise_with_fresh_cases
from teaching.marking import Marker
from teaching.remote import by_value
from teaching.state import state_of, write_back
from teaching.submission import lesson

FUNCTIONS = [id for id in registry.exercise_ids() if registry.get(id).is_function]
WHOLE = os.environ.get("COURSE_TEACHING") == "whole"  # every known mistake, in some minutes

# --- data


@pytest.mark.parametrize(
    "value",
    [
        None, True, -3, 10**30, 0.1, math.inf, math.nan, 1 - 2j, "ä\n", [], (1, [2.5, None]), {(1, "a"): [3]},
        torch.arange(6).view(2, 3).T, torch.tensor(1.5, dtype=torch.float64), torch.empty(0, 3), torch.tensor([True]),
        torch.tensor([1.0], dtype=torch.bfloat16), np.arange(3), np.float32(2.5),
    ],
    ids=str,
)  # fmt: skip
def test_data_arrives_as_it_was(value):
    found = unpack(pack(value))
    assert type(found) is type(value)
    assert (
        difference(found, value, tolerance=0.0) is None
        if not isinstance(value, np.ndarray)
        else (found == value).all()
    )


def test_what_is_no_data_arrives_as_a_name():
    class Thing:
        pass

    assert type(unpack(pack(Thing()))).__name__ == "Thing"
    assert unpack(pack(Thing)).__name__ == "Thing"
    assert callable(unpack(pack(print)))
    assert list(unpack(pack(one for one in "ab"))) == []


def test_too_much_is_refused():
    with pytest.raises(ValueError, match="too large: more than 64 MB"):
        pack(torch.ones(1).expand(10**10))
    ring = []
    ring += [ring, ring]
    with pytest.raises(ValueError, match="too large"):
        pack(ring)


@pytest.mark.parametrize(
    "message",
    [
        b"", b"\xff" * 40, pack([torch.ones(4)])[:-5], pack(1)[:9], b"\x02" + bytes(7) + b"{}",
        b"\x1d" + bytes(7) + b'["tensor", "float32", [99]]  ', b"\x12" + bytes(7) + b'["_take", [1], 1] ',
        b"\x1e" + bytes(7) + b'["tensor", "float32", [-1, 2]]', b"\x12" + bytes(7) + b'["value", "__x__"]',
    ],
    ids=range(9),
)  # fmt: skip
def test_a_forged_message_is_damaged(message):
    with pytest.raises(Damaged):
        unpack(message)


def test_an_error_keeps_its_type_words_and_line():
    found = rebuild_error(unpack(pack(describe_error(KeyError("x"), " (line 3)"))))
    assert type(found) is KeyError and str(found) == "'x'" and found.learners_line == " (line 3)"
    odd = rebuild_error({"type": "Mine", "arguments": [], "text": "no", "line": ""})
    assert type(odd).__name__ == "Mine" and str(odd) == "no"


def test_changes_come_back():
    class Thing:
        count = 0

    def counting():
        calls = []
        return lambda x: calls.append(x) or len(calls)

    own = [torch.zeros(2), {"a": [1], ("l", "o"): 5}, torch.nn.Linear(2, 1), Thing(), counting()]
    tensor, linear = own[0], own[2].weight
    other = cloudpickle.loads(cloudpickle.dumps(own))
    other[0] += 1
    other[1]["a"].append(2)
    other[1][("lo",)] = other[1].pop(("l", "o"))
    torch.nn.init.constant_(other[2].weight, 3.0)
    other[2].eval()
    other[3].count = 5
    other[4]("x")
    write_back(own, unpack(pack(state_of(other))))
    assert own[0] is tensor and tensor.tolist() == [1.0, 1.0]
    assert own[1] == {"a": [1, 2], ("lo",): 5}
    assert own[2].weight is linear and linear.tolist() == [[3.0, 3.0]] and not own[2].training
    assert own[3].count == 5
    assert own[4]("y") == 2


# --- verdicts


@pytest.fixture(scope="module")
def marker():
    """One for all lessons, whose set-up cells' imports it has loaded: to load them takes longer than the verdicts."""
    by_value()
    setups = "\n".join(lesson(number).setup for number in registry.lesson_numbers())
    with Marker(dataclasses.replace(lesson("00"), setup=setups)) as marker:
        yield marker


def sentence(verdict) -> tuple:
    """The verdict without the line, which a submission's own process alone can tell."""
    return (
        verdict.status,
        verdict.mistake and verdict.mistake.name,
        re.sub(r" \(line \d+[^)]*\)", "", verdict.text),
    )


# Trainings that small differences in rounding lead elsewhere, and a result whose single number has a stride of 4.
DELICATE = {
    "01.train": "always scaled",
    "08.targets": "last target only, without time",
    "11.tagger": "an optimizer for each batch",
}


def chosen_answers(exercise) -> list:
    mistakes = [
        mistake
        for mistake in exercise.mistakes
        if WHOLE or mistake is exercise.mistakes[-1] or mistake.name == DELICATE.get(exercise.id)
    ]
    return [exercise.reference, *(mistake.wrong_version for mistake in mistakes)]


@pytest.mark.skipif(bool(missing()), reason="this machine can not shut a process in")
@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_verdict_there_is_the_verdict_here(id, marker, tmp_path):
    exercise = registry.get(id)
    remote = marker.start(tmp_path)
    try:
        assert remote.ask("run", lesson(id[:2]).setup, "set-up") is None
        for answer in chosen_answers(exercise):
            remote.ask("lend", id, cloudpickle.dumps(answer))
            found = remote.ask("take", f'__import__("course_lib.practice").practice.yours("{id}")')
            assert sentence(evaluate(exercise, remote.answer(found))) == sentence(evaluate(exercise, answer))
    finally:
        remote.end()


# --- hidden cases and partial credit


@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_right_answer_passes_whatever_cases_are_drawn(id):
    exercise = registry.get(id)
    for seed in ("one", "two"):
        with varied(seed):
            fresh = exercise_with_fresh_cases(exercise)
            assert evaluate(fresh, exercise.reference).status == "passed"


def test_other_seeds_draw_other_cases():
    from course_lib.practice.attempt import differs

    for id in FUNCTIONS:
        exercise = registry.get(id)
        drawn = []
        for seed in ("one", "two", "two"):
            with varied(seed):
                drawn.append(exercise_with_fresh_cases(exercise).cases()[-6:])
        if any(callable(argument) for case in drawn[0] for argument in case):
            continue  # differs() does not look into functions
        assert differs(drawn[0], drawn[1]), id
        assert not differs(drawn[1], drawn[2]), id


def test_partial_credit_counts_what_holds():
    exercise = registry.get("01.rnn_step")
    assert credit(exercise, exercise.reference).share == 1.0
    nothing = credit(exercise, lambda x, h, W_ih, W_hh, b: None)
    assert nothing.share == 0.0 and not any(nothing.held)
    assert credit(exercise, 3).share == 0.0
    no_bias = credit(exercise, lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h @ W_hh.T))
    assert 0.0 < no_bias.share < 1.0 and not all(no_bias.held) and any(no_bias.held)
