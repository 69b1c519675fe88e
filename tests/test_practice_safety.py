"""What an answer may do without harm: hang, print without end, exit, change what is global."""

import _thread
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

from course_lib.practice import Mistake, has_shape, matches_reference
from course_lib.practice.verdict import evaluate
from practice_examples import failure, function_exercise, scale, verdict

BRIEF = function_exercise(time_limit=0.2)
STOP = threading.Event()

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


def answers_running() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "exercise answer"]


def all_answers_ended() -> bool:
    for thread in answers_running():
        thread.join(5)
    return not answers_running()


def test_hanging_answer_is_stopped():
    start = time.monotonic()
    assert failure(hangs, BRIEF) == (
        "For x = [1, 2], factor = 2, your function did not end within 0.2 s, so it was stopped: "
        "does every loop in it end?"
    )
    assert time.monotonic() - start < 5
    assert all_answers_ended()


def test_hang_that_passes_except_exception_is_stopped():
    def stubborn(x, factor):
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                pass

    assert "so it was stopped" in failure(stubborn, BRIEF)


def test_hang_that_swallows_everything_is_abandoned():
    start = time.monotonic()
    try:
        assert failure(swallows, BRIEF) == (
            "Your function did not end within 0.2 s, and it could not be stopped: it may go on in the "
            "background until you restart the kernel (menu Kernel → Restart)."
        )
        assert time.monotonic() - start < 10
        assert [thread.daemon for thread in answers_running()] == [True]
    finally:
        STOP.set()
        assert all_answers_ended()
        STOP.clear()


def test_the_limit_holds_for_all_calls_together():
    def slow(x, factor):
        time.sleep(0.15)
        return x * factor

    assert "did not end within 0.2 s" in failure(slow, BRIEF)


def test_keyboard_interrupt_interrupts_the_check():
    exercise = function_exercise(time_limit=30.0)
    timer = threading.Timer(0.2, _thread.interrupt_main)
    start = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        evaluate(exercise, hangs)
    timer.join()
    assert time.monotonic() - start < 10
    assert all_answers_ended()
    assert "sandbox" not in type(sys.stdout).__module__


# --- prints and state


def shown(answer, exercise=None):
    return evaluate(exercise or function_exercise(), answer, show_prints=True)


def test_prints_of_the_first_call_are_shown(capsys):
    def talks(x, factor):
        print("x is", tuple(x.shape))
        print("to stderr", file=sys.stderr)
        warnings.warn("of no use here", stacklevel=1)
        return x * factor

    shown(talks)
    out, err = capsys.readouterr()
    assert out == "x is (2,)\nto stderr\n"
    assert err == ""


@pytest.mark.parametrize("flood", [lambda: print("line"), lambda: print("word", end=" ")])
def test_a_flood_of_prints_is_cut(flood, capsys):
    def talks(x, factor):
        for _ in range(3000):
            flood()
        return x * factor

    shown(talks)
    out = capsys.readouterr().out
    assert len(out) < 2500 and out.count("line") <= 10
    assert out.endswith("\n… (what it printed after this is not shown)\n")


def test_endless_prints_end(capsys):
    def talks(x, factor):
        while True:
            print("still here")

    shown(talks, BRIEF)
    assert capsys.readouterr().out.count("still here") == 10


def in_place(x, factor):
    x *= factor
    return x


def exits(x, factor):
    sys.exit(3)


def fiddles(x, factor):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    random.seed(7)
    np.random.seed(7)
    torch.manual_seed(7)
    warnings.simplefilter("ignore")
    return x * factor


def test_an_answer_that_fiddles_does_not_change_the_reference():
    properties = [has_shape("Is it one number?"), matches_reference("Is it the sum?")]
    exercise = function_exercise(
        reference=lambda x, factor: x.sum() + torch.tensor(0.0), properties=properties
    )
    assert verdict(lambda x, factor: fiddles(x, 1.0).sum(), exercise).status == "passed"


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
    evaluate(BRIEF, answer)
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
        reference=derivative,
        cases=lambda: [(torch.tensor([1.0, 3.0]),)],
        properties=[has_shape("Is there one slope each?"), matches_reference("Is it 2x?")],
        mistakes=[Mistake("value", lambda x: x**2, "You returned the value, not its slope.")],
    )
    with torch.no_grad():
        assert verdict(derivative, exercise).status == "passed"


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
