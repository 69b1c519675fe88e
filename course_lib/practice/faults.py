"""The sentences for answers that can not be judged: they raise, hang, or return another type."""

import inspect
import linecache
import sysconfig
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from course_lib.practice import describe
from course_lib.practice.compare import structure_difference

_COURSE_LIB = str(Path(__file__).resolve().parents[1])
_LIBRARIES = (sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_NOT_THE_LEARNERS = (_COURSE_LIB, *_LIBRARIES)

# What PyTorch's own words do not tell a beginner: a part of its message → the cure.
_CURES = {
    '"bitwise_xor': "A power is **; ^ is something else.",
    '"bitwise_': "& binds before <: put each comparison in brackets.",
    "Boolean value of Tensor with more than one value": "if, and, or want one True or False; "
    "element by element there are torch.where, & and |.",
    "view size is not compatible": "After transpose or permute use reshape or flatten instead of view.",
    "could not infer output dtype": "A mean needs floating-point numbers: x.double().mean().",
}


class Fault(Exception):
    """The answer can not be judged further; its text is the sentence for the learner."""


class NotAttempted(Fault):
    """The starter is still there."""


class Endless(Fault):
    """The answer's time is over."""


def join(given: str, sentence: str) -> str:
    """One sentence, starting with a capital, of "For x = 1" (or nothing) and "your function …"."""
    sentence = f"{given}, {sentence}" if given else sentence
    return sentence[:1].upper() + sentence[1:]


def is_starter(error: BaseException) -> bool:
    """Whether it comes from `raise NotImplementedError()`; torch's own errors of this type have a message."""
    return type(error) is NotImplementedError and not error.args


def raised(error: BaseException, answer: Any, given: str) -> str:
    """What the answer raised, and in which of the learner's lines."""
    if isinstance(error, SystemExit):
        return "Your function calls exit(), which would end the notebook; use return."
    cure = next((f" {cure}" for part, cure in _CURES.items() if part in str(error)), "")
    text = describe.one_line(str(error), 60 if cure else 160)
    message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, RecursionError):
        message = "RecursionError: it calls itself without end"
    return join(given, f"your function raises {message.rstrip('.')}{learners_line(error, answer)}.{cure}")


def endless(limit: float, running: bool, given: str) -> str:
    """The answer took longer than `limit` seconds; running: it could not be stopped either."""
    if running:
        return (
            f"Your function did not end within {limit:g} s, and it could not be stopped: it may go on in the "
            "background until you restart the kernel (menu Kernel → Restart)."
        )
    return join(
        given, f"your function did not end within {limit:g} s, so it was stopped: does every loop in it end?"
    )


def changed_input(name: str, value: Any) -> str:
    """The answer wrote into one of its arguments."""
    cure = (
        f"work on a copy, {name}.clone() (detach() and slices share its memory), or write {name} = {name} * 2 "
        f"instead of {name} *= 2"
        if isinstance(value, torch.Tensor)
        else f"build a new {type(value).__name__} of new values"
    )
    return f"Your function changes its input {name}, which its caller may still need: {cure}."


def wrong_type(
    value: Any, expected: Any, is_function: bool, given: str, parts: Sequence[str] = ()
) -> str | None:
    """A sentence where a result is not of the expected type or dtype; else None. Shapes are a property's.

    parts: the names of the result's entries, as in an Exercise."""
    subject = "Your function returns" if is_function else "Your answer is"
    wanted = describe.kind_name(expected)
    if value is None and expected is not None:
        return (
            f"Your function returns None{given and ' f' + given[1:]}: does every way through it end with return …?"
            if is_function
            else "Your answer is None."
        )
    if inspect.isgenerator(value) or inspect.isasyncgen(value):
        return f"{subject} a generator, expected {wanted}: is there a yield, or a (… for …) without list()?"
    if inspect.iscoroutine(value):
        value.close()  # else Python warns that nobody awaited it
        return f"{subject} a coroutine, expected {wanted}: write def instead of async def."
    found = structure_difference(value, expected, shapes=False)
    if found is None:
        return None
    if found.where:
        return join(given, found.sentence(parts=parts))
    if found.sort == "dtype":
        return f"{subject} a tensor of dtype {found.actual}, expected {found.expected}."
    return f"{subject} {found.actual}, expected {found.expected}{_advice(value, expected)}."


def argument_count(reference: Callable, answer: Callable, arguments: tuple) -> str | None:
    """A sentence where the answer can not be called with as many arguments as the reference; else None."""
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-in functions do not tell
        return None
    try:
        signature.bind(*arguments)
    except TypeError:
        own = ", ".join(signature.parameters)
        takes = f"takes ({own})" if own else "takes no arguments"
        names = ", ".join(describe.parameter_names(reference)[: len(arguments)])
        count = f"{len(arguments)} argument{'' if len(arguments) == 1 else 's'}"
        return f"Your function {takes}, but it is called with {count}: ({names})."
    return None


def learners_line(error: BaseException, answer: Any) -> str:
    """The last line of the traceback that the learner wrote: " (line 2: `return h / 0`)"; "" without one.

    An error that was raised in another process brings it along as `learners_line`.
    """
    if hasattr(error, "learners_line"):
        return error.learners_line
    if isinstance(error, SyntaxError):  # no line has run, and its message names the line
        return ""
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [found for found in frames if not found[0].f_code.co_filename.startswith(_NOT_THE_LEARNERS)]
    if not own:
        return ""
    frame, number = own[-1]
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    name = frame.f_code.co_name
    place = f"line {number}" + ("" if name == getattr(answer, "__name__", name) else f" of {name}")
    return f" ({place}: `{describe.one_line(text)}`)" if text else f" ({place})"


def _advice(actual: Any, expected: Any) -> str:
    if isinstance(expected, torch.Tensor):
        if isinstance(actual, int | float):
            return " (without .item() or float() at the end)"
        if isinstance(actual, list) and actual and all(isinstance(one, torch.Tensor) for one in actual):
            return " (torch.stack makes one of a list of tensors)"
        if type(actual).__module__ == "numpy":
            return " (torch.from_numpy makes one)"
    return ""
