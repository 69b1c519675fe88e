"""Every exercise of every lesson: solution passes, starter is open, known mistakes are recognised."""

import contextlib
import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from course_lib.practice import registry
from course_lib.practice.attempt import differs
from course_lib.practice.sameness import fresh_copy
from course_lib.practice.verdict import evaluate
from tools.lesson_source import CHECK_CALL, read_source, sources, strip_solutions, without_magics

IDS = registry.exercise_ids()
FUNCTIONS = [id for id in IDS if registry.get(id).is_function]
VALUES = [id for id in IDS if not registry.get(id).is_function]
MISTAKES = [(id, mistake.name) for id in IDS for mistake in registry.get(id).mistakes]


def assert_one_sentence(verdict) -> str:
    """The verdict's text after the id; asserts that it is one readable line, and perhaps a diagnosis."""
    assert verdict.status == "failed"
    lines = verdict.text.split("\n")
    assert len(lines) == 1 + (verdict.mistake is not None)
    assert len(lines[0]) < 400 and not re.search(r"Traceback|0x[0-9a-f]|could not be judged", lines[0])
    return lines[0].partition(": ")[2]


# --- what the registry holds


@pytest.mark.parametrize("id", IDS)
def test_reference_passes(id):
    exercise = registry.get(id)
    assert evaluate(exercise, exercise.reference).text.startswith(f"✓ {id}: all")


@pytest.mark.parametrize(("id", "name"), MISTAKES)
def test_known_mistake_is_diagnosed_as_itself(id, name):
    exercise = registry.get(id)
    mistake = next(mistake for mistake in exercise.mistakes if mistake.name == name)
    verdict = evaluate(exercise, mistake.wrong_version)
    assert_one_sentence(verdict)
    assert verdict.mistake is not None, f"not recognised: {verdict.text}"
    assert verdict.mistake.name == name
    assert verdict.text.endswith(f"\n  → {mistake.diagnosis}")


@pytest.mark.parametrize("id", FUNCTIONS)
def test_cases_are_the_same_each_time_and_new(id):
    exercise = registry.get(id)
    first, second = exercise.cases(), exercise.cases()
    assert not differs(first, second)
    for tensor in tensors_in(first):
        with torch.no_grad():
            tensor.logical_not_() if tensor.dtype == torch.bool else tensor.add_(1)
    assert not differs(second, exercise.cases())


@pytest.mark.parametrize("id", IDS)
def test_starter_is_open(id):
    def starter(*arguments):
        raise NotImplementedError()

    exercise = registry.get(id)
    assert evaluate(exercise, starter if exercise.is_function else ...).text.startswith(
        f"○ {id}: not attempted"
    )
    assert evaluate(exercise, ...).status == "open"


# --- what else may be handed in


def tensors_in(value) -> list[torch.Tensor]:
    """All tensors in nested lists, tuples and dicts."""
    if isinstance(value, torch.Tensor):
        return [value] if value.numel() else []
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [tensor for item in items for tensor in tensors_in(item)]


def hangs(reference):
    def answer(*arguments):
        while True:
            pass

    return answer


def raises(reference):
    def answer(*arguments):
        raise ValueError("no such thing")

    return answer


def with_result(change: Callable) -> Callable:
    """An answer that spoils the reference's result."""
    return lambda reference: lambda *arguments: change(reference(*arguments))


def another_shape(result):
    if isinstance(result, torch.Tensor):
        return result[None]
    if isinstance(result, list | tuple):
        return [*result, 0]
    return {**result, "more": 0} if isinstance(result, dict) else [result]


def another_dtype(result):
    if isinstance(result, torch.Tensor):
        return result.float() if not result.is_floating_point() else result.double()
    if isinstance(result, list | tuple):
        return [another_dtype(item) for item in result]
    return result.encode() if isinstance(result, str) else str(result)


def not_a_number(result):
    if isinstance(result, torch.Tensor):
        return torch.full_like(result, float("nan")) if result.is_floating_point() else None
    if isinstance(result, list | tuple):
        return [not_a_number(item) for item in result]
    return float("nan")


def changes_inputs(reference):
    def answer(*arguments):
        result = fresh_copy(reference(*fresh_copy(arguments)))
        with torch.no_grad():
            for tensor in tensors_in(arguments):
                tensor.logical_not_() if tensor.dtype == torch.bool else tensor.add_(1)
        for argument in arguments:
            if isinstance(argument, list) and not tensors_in(argument):
                argument.append(0)
        return result

    return answer


SPOILT = {
    "hangs": (hangs, "did not end within 0.02 s, so it was stopped"),
    "raises": (raises, r"raises ValueError: no such thing \(line \d+: `raise ValueError\(.*\)`\)\.$"),
    "changes its inputs": (changes_inputs, "^Your function changes its input"),
    "returns None": (with_result(lambda result: None), r"^Your function returns None"),
    "another type": (with_result(lambda result: object()), "returns an object of type object, expected"),
    "another shape": (with_result(another_shape), "expected"),
    "another dtype": (with_result(another_dtype), "expected"),
    "NaN": (with_result(not_a_number), "NaN|None|a number"),
    "too few arguments": (lambda reference: lambda: 0, "takes no arguments, but it is called with"),
    "no function": (lambda reference: 0, "^You passed a whole number, expected the function itself"),
}  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("id", FUNCTIONS)
def test_spoilt_function_gets_a_sentence(id, spoilt):
    exercise = registry.get(id)  # itself: what a diagnosis needs of the known mistakes is found once for each
    if spoilt == "hangs":
        exercise = dataclasses.replace(exercise, time_limit=0.02)
    make, pattern = SPOILT[spoilt]
    answer = make(exercise.reference)
    if spoilt == "changes its inputs":
        if exercise.outcome is not None:
            pytest.skip("works in place")
        if not changes_something(answer, exercise.cases()):
            pytest.skip("takes nothing that could be changed")
    assert re.search(pattern, assert_one_sentence(evaluate(exercise, answer)))


def changes_something(answer, cases) -> bool:
    before = fresh_copy(cases)
    for arguments in cases:
        answer(*arguments)
    return differs(cases, before)


@pytest.mark.parametrize("id", VALUES)
def test_spoilt_value_gets_a_sentence(id):
    exercise = registry.get(id)
    spoilt = [None, object(), print, another_shape(exercise.reference), float("nan")]
    sentences = [assert_one_sentence(evaluate(exercise, answer)) for answer in spoilt]
    assert sentences[0] == "Your answer is None."
    assert sentences[1].startswith("Your answer is an object of type object, expected")
    assert sentences[2].startswith("You passed a function, expected")


# --- the lessons' sources


def run_exercises(path: Path, prepare: Callable[[str], str]) -> dict[str, str]:
    """Runs only the cells tagged setup, exercise or check of a lesson; {id: what its check printed}."""
    namespace = {"__name__": "__main__"}
    printed = {}
    for cell in read_source(path).cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not {"setup", "exercise", "check"} & set(tags):
            continue
        code = without_magics(prepare(cell.source))
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(code, f"<{path.stem}>", "exec"), namespace)
        if "check" in tags:
            printed[CHECK_CALL.search(code)[1]] = output.getvalue()
    return printed


def verdicts(printed: dict[str, str]) -> dict[str, list[str]]:
    """{id: the first word of each verdict that was printed}, so that one check prints one verdict."""
    return {id: re.findall(r"(?m)^([✓✗○]) ", text) for id, text in printed.items()}


def assert_exercises_work(path: Path, ids: list[str]) -> None:
    solved, untouched = run_exercises(path, lambda source: source), run_exercises(path, strip_solutions)
    assert verdicts(solved) == {id: ["✓"] for id in ids}, solved
    assert verdicts(untouched) == {id: ["○"] for id in ids}, untouched


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_lesson_with_and_without_its_solutions(path):
    assert_exercises_work(path, registry.exercise_ids(path.stem[:2]))


@pytest.mark.skipif(not sources(), reason="no lesson has been written yet")
def test_every_lesson_with_exercises_has_a_source():
    assert set(registry.lesson_numbers()) <= {path.stem[:2] for path in sources()}


LESSON = '''
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% tags=["setup"]
import torch
from course_lib.practice import check
# %matplotlib inline

# %%
raise RuntimeError("only tagged cells are run")

# %% tags=["exercise"]
def mean_of_squares(x):
    """The mean of the squares."""
    ### BEGIN SOLUTION
    return torch.mean(x**2)
    ### END SOLUTION

# %% tags=["check"]
check("00.mean_of_squares", mean_of_squares)
'''


def test_a_made_up_lesson(tmp_path):
    path = tmp_path / "00_made_up.py"
    path.write_text(LESSON.lstrip(), encoding="utf-8")
    assert_exercises_work(path, ["00.mean_of_squares"])
    path.write_text(LESSON.lstrip().replace("x**2", "x"), encoding="utf-8")
    with pytest.raises(AssertionError, match="You took the mean of the numbers themselves"):
        assert_exercises_work(path, ["00.mean_of_squares"])
    with pytest.raises(AssertionError):
        assert_exercises_work(path, ["00.mean_of_squares", "00.forgotten"])
