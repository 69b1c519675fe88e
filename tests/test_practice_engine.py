"""check() and hint() on made-up exercises: what a learner may hand in, and what she reads then."""

import _thread
import asyncio
import dataclasses
import random
import sys
import threading
import time
import warnings

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from course_lib.practice import (
    Exercise,
    Mistake,
    Property,
    check,
    describe,
    has_shape,
    hint,
    hints,
    holds,
    matches_reference,
    register,
    registry,
    unchanged_when,
)
from course_lib.practice.verdict import evaluate


def scale_cases():
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.tensor([1.0, 2.0]), 2.0),
        (torch.randn(3, 4, generator=generator), 0.5),
    ]


def scale(x, factor):
    return x * factor


def function_exercise(**changes) -> Exercise:
    exercise = Exercise(
        id="99.scale",
        title="Scale a tensor",
        reference=scale,
        cases=scale_cases,
        properties=[
            has_shape("Is the shape that of x?"),
            holds("Does the sum grow with the factor?", lambda y, x, f: bool(y.sum() > x.sum()), cases=0),
            matches_reference("Is every number multiplied?"),
        ],
        hints=["One.", "Two.", "Three."],
        mistakes=[
            Mistake("adds", lambda x, f: x + f, "You added the factor; multiply by it."),
            Mistake("sums", lambda x, f: (x * f).sum(), "You added the numbers up at the end."),
        ],
        time_limit=0.2,
    )
    return dataclasses.replace(exercise, **changes)


def value_exercise(value, wrong, **changes) -> Exercise:
    exercise = Exercise(
        id="99.value",
        title="A value",
        reference=value,
        properties=[has_shape("Has it the right size?"), matches_reference("Did you count everything?")],
        hints=["One.", "Two.", "Three."],
        mistakes=[Mistake("wrong", wrong, "You forgot the bias.")],
    )
    return dataclasses.replace(exercise, **changes)


def verdict(answer, exercise=None):
    return evaluate(exercise or function_exercise(), answer)


def failure(answer, exercise=None) -> str:
    """The text after the sign and the id; asserts that it is readable."""
    found = verdict(answer, exercise)
    assert found.status == "failed"
    sign, _, text = found.text.partition(": ")
    assert sign == f"✗ {(exercise or function_exercise()).id}"
    lines = text.split("\n")
    assert len(lines) == 1 + (found.mistake is not None)
    assert len(lines[0]) < 300
    assert "Traceback" not in text and "0x" not in text and "  " not in lines[0]
    return text


@pytest.fixture
def registered():
    exercise = register(function_exercise())
    yield exercise
    registry.unregister(exercise.id)
    hints._last_shown.clear()


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


def test_mistake_that_never_shows_is_never_the_diagnosis():
    hidden = Mistake("hidden", lambda x, f: x * f if x.numel() else x.sum(), "You forgot the empty tensor.")
    exercise = function_exercise(mistakes=[hidden])
    assert verdict(hidden.wrong_version, exercise).status == "passed"
    assert verdict(lambda x, factor: x, exercise).mistake is None


# --- answers that can not be judged: one sentence each


def yields(x, factor):
    yield x * factor


async def awaits(x, factor):
    return x * factor


def in_place(x, factor):
    x *= factor
    return x


def exits(x, factor):
    sys.exit(3)


def endless_recursion(x, factor):
    return endless_recursion(x, factor)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda x, factor: None, "Your function returns None: does it end with return …?"),
        (lambda x, factor: "four", "Your function returns a string, expected a tensor."),
        (lambda x, factor: [x, factor], "Your function returns a list, expected a tensor."),
        (
            lambda x, factor: 3.5,
            "Your function returns a number, expected a tensor (without .item() or float() at the end).",
        ),
        (
            lambda x, factor: (x * factor).numpy(),
            "Your function returns a NumPy array, expected a tensor (torch.from_numpy makes one).",
        ),
        (
            lambda x, factor: (x * factor).double(),
            "Your function returns a tensor of dtype float64, expected float32.",
        ),
        (
            lambda x, factor: x * float("nan"),
            "Does the sum grow with the factor? For x = [1, 2], factor = 2, you have NaN at index 0.",
        ),
        (lambda x: x, "Your function takes (x), but it is called with 2 arguments: (x, factor)."),
        (lambda: 1, "Your function takes no arguments, but it is called with 2 arguments: (x, factor)."),
        (
            in_place,
            "Your function changes its input x, which its caller may still need: "
            "work on x.clone(), or write x = x * 2 instead of x *= 2.",
        ),
        (exits, "Your function calls exit(), which would end the notebook; use return."),
        (
            yields,
            "Your function returns a generator, expected a tensor: "
            "is there a yield, or a (… for …) without list()?",
        ),
        (awaits, "Your function returns a coroutine, expected a tensor: write def instead of async def."),
        (
            torch.ones(2),
            "You passed a tensor, expected the function itself, without brackets: check(\"99.scale\", scale)",
        ),
        (
            None,
            "You passed None, expected the function itself, without brackets: check(\"99.scale\", scale)",
        ),
    ],
)  # fmt: skip
def test_one_sentence(answer, sentence):
    assert failure(answer) == sentence


def divides(x, factor):
    wrong = factor - factor
    return 1 / wrong


def calls_helper(x, factor):
    return divides(x, factor)


def test_error_names_type_message_and_the_learners_line():
    start = divides.__code__.co_firstlineno
    sentence = "For x = [1, 2], factor = 2, your function raises ZeroDivisionError: float division by zero"
    assert failure(divides) == f"{sentence} (line {start + 2}: `return 1 / wrong`)."
    assert failure(calls_helper) == f"{sentence} (line {start + 2} of divides: `return 1 / wrong`)."


def test_error_in_a_library_names_the_learners_line_not_the_librarys():
    def fails(x, factor):
        return torch.nn.functional.cross_entropy(x, "targets")

    assert '`return torch.nn.functional.cross_entropy(x, "targets")`' in failure(fails)


def test_error_message_is_cut_to_one_line_without_addresses():
    def fails(x, factor):
        raise ValueError(f"first\nsecond {object()} " + "long " * 100)

    text = failure(fails)
    assert "ValueError: first second <object object> long" in text
    assert "…" in text


def test_endless_recursion():
    assert "your function raises RecursionError: it calls itself without end" in failure(endless_recursion)


def test_result_that_breaks_the_property_itself():
    def custom(attempt):
        attempt(*attempt.cases()[0])
        raise IndexError("no row 3")

    exercise = function_exercise(
        properties=[Property("Is row 3 right?", custom), has_shape("Is the shape right?")]
    )
    assert failure(scale, exercise) == (
        "Is row 3 right? Your result could not be judged: IndexError: no row 3."
    )


def test_changed_lists_and_modules_are_seen():
    def cases():
        return [([torch.ones(2), torch.zeros(1)], torch.nn.Linear(1, 1), torch.Generator().manual_seed(1))]

    exercise = function_exercise(
        reference=lambda parts, layer, generator: len(parts) + torch.rand((), generator=generator),
        cases=cases,
        properties=[matches_reference("Is it the number?"), has_shape("Is it one number?")],
        mistakes=[Mistake("zero", lambda parts, layer, generator: torch.zeros(()), "You returned 0.")],
    )

    def pops(parts, layer, generator):
        return len(parts) - 1 + torch.rand((), generator=generator) + (parts.pop().sum() + 1)

    def writes(parts, layer, generator):
        parts[0] += 1
        return len(parts) + torch.rand((), generator=generator)

    def trains(parts, layer, generator):
        torch.nn.init.zeros_(layer.weight)
        return len(parts) + torch.rand((), generator=generator)

    cure = ", which its caller may still need: build a new"
    assert failure(pops, exercise).startswith(
        f"Your function changes its input parts{cure} list of new values"
    )
    assert failure(writes, exercise).startswith(f"Your function changes its input parts{cure}")
    assert failure(trains, exercise).startswith(f"Your function changes its input layer{cure}")
    assert verdict(lambda p, m, g: 2.0 + torch.rand((), generator=g), exercise).status == "passed"


def test_mutation_that_is_a_known_mistake_is_diagnosed():
    exercise = function_exercise(
        mistakes=[Mistake("in place", in_place, "You used *=, which writes into x.")]
    )
    assert verdict(in_place, exercise).text.endswith("\n  → You used *=, which writes into x.")


# --- time


def hangs(x, factor):
    while True:
        pass


def swallows(x, factor):
    while not STOP.is_set():
        try:
            while not STOP.is_set():
                STOP.wait(0.01)
        except BaseException:
            pass


STOP = threading.Event()


def answers_running() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "exercise answer"]


def test_hanging_answer_is_stopped():
    start = time.monotonic()
    assert failure(hangs) == (
        "For x = [1, 2], factor = 2, your function did not end within 0.2 s, so it was stopped: "
        "does every loop in it end?"
    )
    assert time.monotonic() - start < 1
    time.sleep(0.05)
    assert answers_running() == []


def test_hang_that_passes_except_exception_is_stopped():
    def stubborn(x, factor):
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                pass

    assert "so it was stopped" in failure(stubborn)


def test_hang_that_swallows_everything_is_abandoned():
    start = time.monotonic()
    try:
        assert failure(swallows) == (
            "Your function did not end within 0.2 s, and it could not be stopped: it may go on in the "
            "background until you restart the kernel (menu Kernel → Restart)."
        )
        assert time.monotonic() - start < 2
        assert all(thread.daemon for thread in answers_running())
    finally:
        STOP.set()
        for thread in answers_running():
            thread.join(1)
        STOP.clear()


def test_the_limit_holds_for_all_calls_together():
    def slow(x, factor):
        time.sleep(0.15)
        return x * factor

    assert "did not end within 0.2 s" in failure(slow)


def test_keyboard_interrupt_interrupts_the_check():
    exercise = function_exercise(time_limit=30.0)
    timer = threading.Timer(0.2, _thread.interrupt_main)
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        evaluate(exercise, hangs)
    timer.join()
    assert time.monotonic() - start < 2
    assert answers_running() == []
    assert "sandbox" not in type(sys.stdout).__module__


# --- prints and state


def test_prints_of_the_first_call_are_shown(registered, capsys):
    def talks(x, factor):
        print("x is", tuple(x.shape))
        print("to stderr", file=sys.stderr)
        warnings.warn("of no use here", stacklevel=1)
        return x * factor

    check("99.scale", talks)
    out, err = capsys.readouterr()
    assert out.startswith("x is (2,)\nto stderr\n✓ 99.scale: all 3")
    assert err == ""


@pytest.mark.parametrize("flood", [lambda: print("line"), lambda: print("word", end=" ")])
def test_a_flood_of_prints_is_cut(flood, registered, capsys):
    def talks(x, factor):
        for _ in range(3000):
            flood()
        return x * factor

    check("99.scale", talks)
    out = capsys.readouterr().out
    assert len(out) < 2500 and out.count("line") <= 10
    assert "\n… (what it printed after this is not shown)\n✓ 99.scale" in out


def test_endless_prints_end(registered, capsys):
    def talks(x, factor):
        while True:
            print("still here")

    check("99.scale", talks)
    assert capsys.readouterr().out.count("still here") == 10


def fiddles(x, factor):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    random.seed(7)
    np.random.seed(7)
    torch.manual_seed(7)
    warnings.simplefilter("ignore")
    return x * factor


@pytest.mark.parametrize("answer", [scale, fiddles, in_place, hangs, exits])
def test_global_state_is_as_before(answer):
    def state():
        return (
            random.getstate(),
            [part.tolist() if isinstance(part, np.ndarray) else part for part in np.random.get_state()],
            torch.get_rng_state().tolist(),
            torch.get_default_dtype(),
            torch.empty(1).device,
            torch.is_grad_enabled(),
            list(warnings.filters),
            sys.stdout,
            sys.stderr,
        )

    before = state()
    evaluate(function_exercise(), answer)
    assert state() == before


def test_verdict_does_not_depend_on_the_learners_state():
    exercise = function_exercise()
    with torch.inference_mode():
        torch.set_default_dtype(torch.float64)
        try:
            first = evaluate(exercise, scale)
            assert torch.get_default_dtype() is torch.float64 and torch.is_inference_mode_enabled()
        finally:
            torch.set_default_dtype(torch.float32)
    assert first.status == "passed"


def test_random_answers_are_repeatable():
    def noisy(x, factor):
        return x * factor + 1 + torch.rand(()) + random.random() + np.random.rand()

    assert verdict(noisy).text == verdict(noisy).text


def test_answers_may_use_gradients():
    def derivative(x):
        x = x.requires_grad_()
        return torch.autograd.grad((x**2).sum(), x)[0]

    exercise = function_exercise(
        reference=lambda x: 2 * x,
        cases=lambda: [(torch.tensor([1.0, 3.0]),)],
        properties=[has_shape("Is there one slope each?"), matches_reference("Is it 2x?")],
        mistakes=[Mistake("value", lambda x: x**2, "You returned the value, not its slope.")],
    )
    with torch.no_grad():
        assert verdict(derivative, exercise).status == "passed"


# --- values, nested results, comparison


@pytest.mark.parametrize(
    ("right", "wrong", "also_right"),
    [
        (42, 40, [42.0, np.int64(42), torch.tensor(42)]),
        (1.5, 2.5, [1.50001, np.float32(1.5), torch.tensor(1.5)]),
        ("h", "x", []),
        (True, False, [np.bool_(True), torch.tensor(True)]),
        ([1, 2], [1, 3], [(1, 2), [1.0, 2]]),
        ({"loss": 1.0}, {"loss": 2.0}, [{"loss": 1}]),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), [torch.tensor([1.0, 2.0], requires_grad=True)]),
    ],
)
def test_value_exercises(right, wrong, also_right):
    exercise = value_exercise(right, wrong)
    for answer in [right, *also_right]:
        assert verdict(answer, exercise).status == "passed", answer
    found = verdict(wrong, exercise)
    assert found.status == "failed" and found.text.endswith("\n  → You forgot the bias.")


@pytest.mark.parametrize(
    ("right", "answer", "sentence"),
    [
        (42, 17, "Did you count everything? You have 17, which is too small."),
        (42, 42.4, "Did you count everything? You have 42.4, which is too large."),
        (42, float("nan"), "Did you count everything? You have NaN, which is not the value asked for."),
        ("h", "e", "Did you count everything? You have 'e', which is not the value asked for."),
        ([1, 2], [1, 5], "Did you count everything? In entry 1 you have 5, which is too large."),
        ([1, 2], [1], "Has it the right size? You have length 1, expected 2."),
        (42, "42", "Your answer is a string, expected a whole number."),
        (42, None, "Your answer is None."),
        (42, scale, "You passed a function, expected a whole number: pass what it returns."),
        ({"loss": 1.0}, {"los": 1.0}, "Under the key 'loss' you have nothing, expected a number."),
        (True, 1, "Your answer is a whole number, expected True or False."),
    ],
)
def test_value_exercises_do_not_give_the_value_away(right, answer, sentence):
    exercise = value_exercise(right, type(right)())
    assert failure(answer, exercise) == sentence


def test_nested_results_say_where():
    def pair(x):
        return x, [x.sum(), 1.0]

    exercise = function_exercise(
        reference=pair,
        cases=lambda: [(torch.eye(2),)],
        properties=[has_shape("Are there two results?"), matches_reference("Are both right?")],
        mistakes=[Mistake("first only", lambda x: x, "You returned only the first.")],
    )
    given = "For x = [[1, 0], [0, 1]], "
    assert verdict(lambda x: [x, (x.sum(), 1)], exercise).status == "passed"
    assert failure(lambda x: (x.flip(0), [x.sum(), 1.0]), exercise) == (
        f"Are both right? {given}in entry 0, at index (0, 0) you have 0, expected 1."
    )
    assert failure(lambda x: (x, [x.sum() + 1, 1.0]), exercise) == (
        f"Are both right? {given}in entry 1, in entry 0 you have 3, expected 2."
    )
    assert failure(lambda x: (x, [x.sum()]), exercise) == (
        f"Are there two results? {given}in entry 1 you have length 1, expected 2."
    )
    assert failure(lambda x: (x, ["2", 1.0]), exercise) == (
        f"{given}in entry 1, in entry 0 you have a string, expected a tensor."
    )


def test_close_numbers_are_shown_with_enough_digits():
    text = failure(lambda x, factor: x * factor * 1.0004)
    assert text.endswith("at index 0 you have 2.0008, expected 2.")
    assert verdict(lambda x, factor: x * factor * 1.00004).status == "passed"


def test_large_arguments_are_named_by_their_shape():
    exercise = function_exercise(cases=lambda: [(torch.ones(20, 30), 2.0)], properties=[
        matches_reference("Is it multiplied?"), has_shape("Is the shape right?")])  # fmt: skip
    assert "For x of shape (20, 30), factor = 2, at index (0, 0) you have 1, expected 2." in failure(
        lambda x, factor: x, exercise
    )


def test_many_arguments_are_named_in_brief():
    def step(x, h, W_ih, W_hh, b_ih, b_hh, gradients, name, rate):
        return x @ W_ih.T

    arguments = [torch.ones(shape) for shape in [(2, 3), (2, 4), (4, 3), (4, 4), (4,), (4,)]]
    assert describe.call(step, (*arguments, [torch.ones(2, 3), torch.ones(4)], "a" * 50, 0.5)) == (
        "x (2, 3), h (2, 4), W_ih (4, 3), W_hh (4, 4), b_ih (4,), b_hh (4,), gradients [(2, 3), (4,)], name, rate = 0.5"
    )
    assert describe.call(max, (1, [2, 3])) == "argument 1 = 1, argument 2 = [2, 3]"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU, and torch sees none here")
def test_answers_may_use_a_gpu():
    def answer(x, factor):
        torch.manual_seed(7)
        return x.cuda() * factor + torch.rand((), device="cuda") * 0

    torch.cuda.init()
    before = torch.cuda.get_rng_state()
    assert verdict(answer).status == "passed"
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_unchanged_when():
    exercise = function_exercise(
        reference=lambda x: x.max(),
        cases=lambda: [(torch.tensor([3.0, 5.0]),)],
        properties=[
            unchanged_when("Is the order of no importance?", lambda x: (x.flip(0),)),
            matches_reference("Is it the largest?"),
        ],
        mistakes=[Mistake("last", lambda x: x[-1], "You took the last.")],
    )
    assert verdict(lambda x: x.sort().values[-1], exercise).status == "passed"
    assert failure(lambda x: x[-1], exercise) == (
        "Is the order of no importance? For x = [3, 5], you have 5; for x = [5, 3], you have 3.\n"
        "  → You took the last."
    )


def test_a_predicate_may_say_what_is_wrong():
    says = holds(
        "Is it positive?", lambda y, x, f: None if y.min() > 9 else "a number is below 9.", cases=[0]
    )
    exercise = function_exercise(properties=[says, has_shape("Is the shape right?")])
    assert failure(scale, exercise) == "Is it positive? For x = [1, 2], factor = 2, a number is below 9."


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


def test_hints_come_one_by_one(registered, capsys):
    for _ in range(5):
        assert hint("99.scale") is None
    last = 'Hint 3 of 3 was the last one for 99.scale. To read it again: hint("99.scale", 3)'
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 of 3 for 99.scale: One.",
        "Hint 2 of 3 for 99.scale: Two.",
        "Hint 3 of 3 for 99.scale: Three.",
        last,
        last,
    ]


def test_hint_of_a_level(registered, capsys):
    hint("99.scale", 2)
    hint("99.scale")
    assert [line[:6] for line in capsys.readouterr().out.splitlines()] == ["Hint 2", "Hint 3"]
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


# --- in a real kernel

NOTEBOOK = """
from course_lib.practice import check, hint
x = 1
# %%
def mean_of_squares(x):
    raise NotImplementedError()
check("00.mean_of_squares", mean_of_squares)
# %%
def mean_of_squares(x):
    total = x.sum()
    return total / nothing
check("00.mean_of_squares", mean_of_squares)
# %%
def mean_of_squares(x):
    print("before")
    exit()
check("00.mean_of_squares", mean_of_squares)
# %%
import dataclasses
from course_lib.practice import register, registry
register(dataclasses.replace(registry.get("00.mean_of_squares"), id="99.hang", time_limit=0.2))
def mean_of_squares(x):
    while True:
        pass
check("99.hang", mean_of_squares)
# %%
check("00.mean_of_squares", lambda x: (x**2).mean())
hint("00.mean_of_squares")
x
"""


def test_in_a_kernel():
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in NOTEBOOK.split("# %%")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    if sys.platform == "win32":
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    outputs = ["".join(out.get("text", out.get("data", {}).get("text/plain", "")) for out in cell.outputs)
               for cell in notebook.cells]  # fmt: skip
    assert outputs[0] == ""
    assert outputs[1].startswith("○ 00.mean_of_squares: not attempted yet.")
    assert outputs[2] == (
        "✗ 00.mean_of_squares: For x = [3], your function raises NameError: name 'nothing' is not defined "
        "(line 3: `return total / nothing`).\n"
    )
    assert outputs[3] == (
        "before\n"
        "✗ 00.mean_of_squares: Your function calls exit(), which would end the notebook; use return.\n"
    )
    assert outputs[4].startswith("✗ 99.hang: For x = [3], your function did not end within 0.2 s")
    assert outputs[5].startswith("✓ 00.mean_of_squares: all 5 properties hold") and outputs[5].endswith("1")
