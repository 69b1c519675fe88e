"""check() and hint(): the verdicts, the diagnoses, ids, hints, grading."""

import dataclasses
import re

import pytest
import torch

from course_lib.practice import (
    Mistake,
    check,
    has_shape,
    hint,
    holds,
    matches_reference,
    register,
    registry,
    yours,
)
from course_lib.practice.hints import Hints
from course_lib.practice.yours import remember
from practice_examples import failure, function_exercise, scale, value_exercise, verdict


@pytest.fixture
def registered():
    exercise = register(function_exercise())
    yield exercise
    registry.unregister(exercise.id)
    remember(exercise.id, None, passed=False)


# --- the three verdicts


def starter(x, factor):
    # YOUR CODE HERE
    raise NotImplementedError()


@pytest.mark.parametrize("answer", [..., starter])
def test_starter_is_not_attempted(answer, registered, capsys):
    assert check("99.scale", answer) is None
    assert capsys.readouterr().out == (
        "○ 99.scale: not attempted yet. Replace the line raise NotImplementedError() with your code, "
        'then run both cells. Stuck? hint("99.scale")\n'
    )


def test_value_starter_is_not_attempted():
    exercise = value_exercise(42, 40)
    assert verdict(..., exercise).status == "open"
    assert verdict([1, ...], exercise).status == "open"
    assert "Replace the … (three dots)" in verdict(..., exercise).text


def test_torchs_own_not_implemented_error_is_a_mistake():
    text = failure(lambda x, factor: torch.nn.Module()(x))
    assert "raises NotImplementedError: Module [Module] is missing" in text


def test_right_answer(registered, capsys):
    assert check("99.scale", lambda x, factor: factor * x) is None
    assert capsys.readouterr().out == (
        "✓ 99.scale: all 3 properties hold:\n"
        "  ✓ Is the shape that of x?\n"
        "  ✓ Does the sum grow with the factor?\n"
        "  ✓ Is every number multiplied?\n"
    )


def test_first_property_that_fails_is_the_question_with_small_numbers():
    text = failure(lambda x, factor: x * factor * torch.tensor([1.0, 1.5]) if x.ndim == 1 else x)
    assert text == (
        "Is every number multiplied? For x = [1, 2], factor = 2, at index 1 you have 6, expected 4."
    )


def test_wrong_shape_asks_the_shape_question():
    text = failure(lambda x, factor: (x * factor)[None])
    assert text == "Is the shape that of x? For x = [1, 2], factor = 2, you have shape (1, 2), expected (2,)."


def test_wrong_shape_without_a_shape_question_is_a_sentence():
    exercise = function_exercise(
        properties=[matches_reference("Is it multiplied?"), holds("Is it?", lambda *_: True)]
    )
    assert failure(lambda x, factor: (x * factor)[None], exercise).startswith(
        "For x = [1, 2], factor = 2, you have"
    )


def test_a_wrong_answer_is_told_how_much_of_it_holds(capsys):
    check("00.mean_of_squares", lambda x: x.mean())
    assert re.search(r"\n  [1-4] of 5 properties hold\.\n$", capsys.readouterr().out)
    check("00.mean_of_squares", lambda x: None)
    assert "properties hold" not in capsys.readouterr().out


def test_known_mistake_gets_its_diagnosis():
    found = verdict(lambda x, factor: factor + x)
    assert found.mistake.name == "adds"
    assert found.text.endswith("\n  → You added the factor; multiply by it.")
    assert failure(lambda x, factor: (x * factor).sum()).endswith(
        "\n  → You added the numbers up at the end."
    )


def test_the_same_shape_alone_is_no_diagnosis():
    assert verdict(lambda x, factor: x.mean()).mistake is None


def _as_list_error(x, factor):
    if x.ndim > 1:
        raise IndexError("too deep")
    return x + factor


def test_known_mistakes_that_raise():
    raises = Mistake("raises", lambda x, f: x.view(7, 7), "You reshaped to 7 × 7.")
    partly = Mistake("partly", _as_list_error, "You wrote it for one dimension.")
    exercise = function_exercise(mistakes=[raises, partly])
    assert verdict(lambda x, factor: x.view(7, 7), exercise).mistake is raises
    assert (
        verdict(lambda x, factor: x.view(5, 5), exercise).mistake is None
    )  # RuntimeError too, another message

    def own(x, factor):
        return x + factor if x.ndim == 1 else [][1]

    assert verdict(own, exercise).mistake is partly


def test_mistake_may_show_only_on_what_a_property_brings_along():
    hidden = Mistake("hidden", lambda x, f: x * f if x.numel() else x.sum(), "You forgot the empty tensor.")
    empty = matches_reference("Does it take an empty tensor?", cases=lambda: [(torch.ones(0), 1.0)])
    exercise = function_exercise(mistakes=[hidden], properties=[empty, has_shape("Is the shape right?")])
    assert verdict(hidden.wrong_version, exercise).mistake is hidden
    assert verdict(lambda x, f: x * f if x.numel() else x.sum() + 1, exercise).mistake is None


def test_mistake_that_never_shows_is_never_the_diagnosis():
    hidden = Mistake("hidden", lambda x, f: x * f if x.numel() else x.sum(), "You forgot the empty tensor.")
    exercise = function_exercise(mistakes=[hidden])
    assert verdict(hidden.wrong_version, exercise).status == "passed"
    assert verdict(lambda x, factor: x, exercise).mistake is None


def test_mistake_with_the_right_numbers_is_known_by_the_property_it_fails():
    exercise = function_exercise(
        reference=lambda h: h.detach(),
        cases=lambda: [(torch.ones(2, requires_grad=True),)],
        properties=[
            matches_reference("Are the numbers those of h?"),
            holds("Is it cut off from its past?", lambda cut, h: not cut.requires_grad),
            holds("Is it a tensor of its own?", lambda cut, h: cut.is_contiguous()),
        ],
        mistakes=[
            Mistake("strided", lambda h: h.detach().repeat_interleave(2)[::2], "You left gaps in memory."),
            Mistake("not detached", lambda h: h * 1, "You did not detach it."),
        ],
    )
    for mistake in exercise.mistakes:
        assert verdict(mistake.wrong_version, exercise).mistake is mistake


def test_an_answer_that_works_in_place_is_judged_by_what_it_leaves():
    def double(x, factor):
        x *= factor

    def multiply(x, factor):
        x.mul_(factor)

    def add(x, factor):
        x += factor

    def forget(x, factor):
        x = x * factor  # noqa: F841 (the mistake: a new tensor, the argument stays)

    exercise = function_exercise(
        reference=double,
        outcome=lambda result, x, factor: x,
        mistakes=[Mistake("adds", add, "You added the factor; multiply by it.")],
    )
    assert verdict(double, exercise).status == "passed"
    assert verdict(multiply, exercise).status == "passed"
    assert verdict(add, exercise).mistake is exercise.mistakes[0]
    assert verdict(forget, exercise).status == "failed"


# --- your code runs the lesson


def test_later_cells_get_an_answer_that_passed_else_the_library_s(registered, capsys):
    def mine(x, factor):
        return factor * x

    assert yours("99.scale") is scale
    check("99.scale", ...)
    assert yours("99.scale") is scale
    check("99.scale", mine)
    assert yours("99.scale") is mine
    check("99.scale", lambda x, factor: x + factor)
    assert yours("99.scale") is scale, "an answer that was broken later must not be used"
    with pytest.raises(ValueError, match="there is no exercise"):
        yours("99.scall")
    assert "yours" not in capsys.readouterr().out


def test_the_library_s_own_may_stand_in_for_the_reference():
    exercise = register(function_exercise(library=torch.mul))
    try:
        assert yours("99.scale") is torch.mul
    finally:
        registry.unregister(exercise.id)


# --- grading, ids, hints, the registry


def test_nbgrader_raises_for_all_but_right(registered, monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="^○ 99.scale: not attempted yet"):
        check("99.scale", ...)
    with pytest.raises(AssertionError, match="^✗ 99.scale: .*\n  → You added the factor"):
        check("99.scale", lambda x, factor: x + factor)
    assert capsys.readouterr().out == ""
    check("99.scale", scale)
    assert capsys.readouterr().out.startswith("✓ 99.scale")


@pytest.mark.parametrize("use", [lambda id: check(id, 1), hint])
def test_unknown_ids(use, registered):
    with pytest.raises(ValueError, match=r"there is no exercise '99.scall'. Did you mean '99.scale'\?"):
        use("99.scall")
    with pytest.raises(ValueError, match=r"Lesson 99 has '99.scale' \(Scale a tensor\)\."):
        use("99.zzzzzzzzzzzzz")
    with pytest.raises(ValueError, match="Lessons with exercises: 00"):
        use("")
    with pytest.raises(TypeError, match=r'the id comes first, as text: check\("01.rnn_step", rnn_step\)'):
        use(scale)


def test_hints_are_folded_in_a_notebook_and_named_elsewhere(registered, capsys):
    assert hint("99.scale") is None
    assert capsys.readouterr().out == (
        'Three hints for 99.scale, each a step further: hint("99.scale", 1), hint("99.scale", 2), '
        'hint("99.scale", 3)\n'
    )
    exercise = dataclasses.replace(registered, hints=["Is 1 < 2 & `a<b`?", "Two.", "Three."])
    shown = Hints(exercise)._repr_html_()
    assert re.findall(r"<summary>(.*?)</summary>", shown) == [
        "Hint 1: a question",
        "Hint 2: the idea",
        "Hint 3: the next step",
    ]
    assert "<p>Is 1 &lt; 2 &amp; <code>a&lt;b</code>?</p>" in shown
    assert shown.count("<details>") == 3 and "open" not in shown


def test_hint_of_a_level(registered, capsys):
    hint("99.scale", 2)
    assert capsys.readouterr().out == "Hint 2 of 3 for 99.scale: Two.\n"
    for level in (0, 4, True, "1", 1.0):
        with pytest.raises(ValueError, match=f"level is {level!r}; it must be 1, 2 or 3"):
            hint("99.scale", level)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": "1.scale"}, "two digits, a dot"),
        ({"id": "01.Scale"}, "two digits, a dot"),
        ({"title": " "}, "title is empty"),
        ({"hints": ["One.", "Two."]}, "2 hints; it needs exactly 3"),
        ({"hints": ["One.", "", "Three."]}, "none empty"),
        ({"hints": ["One.", "One.", "Three."]}, "'One.' stands there twice"),
        ({"mistakes": []}, "no known mistake"),
        ({"mistakes": [Mistake("value", 3, "No.")]}, "must be a function"),
        ({"properties": [has_shape("Right?")]}, "1 properties; it needs at least 2"),
        ({"properties": [has_shape("Right?"), has_shape("Right.")]}, "must be a question"),
        ({"properties": [has_shape("Right?"), has_shape("Right?")]}, "'Right\\?' stands there twice"),
        ({"cases": None}, "needs cases"),
        ({"reference": 3}, "takes no cases"),
    ],
)
def test_incomplete_exercises_are_refused(changes, problem):
    with pytest.raises(ValueError, match=problem):
        function_exercise(**changes)


def test_an_id_is_used_once(registered):
    with pytest.raises(ValueError, match="'99.scale' is registered already"):
        register(function_exercise())
