"""Short, stable words for values, so that a message fits on a line and is the same on every machine."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

MAX_NUMBERS = 8  # a tensor with more is named by its shape
MAX_TEXT = 80  # characters
MAX_CALL = 120


def one_line(text: str, limit: int = MAX_TEXT) -> str:
    """The text without line breaks and memory addresses, cut at `limit` characters."""
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def number(value: float | complex, digits: int = 3) -> str:
    """A number with `digits` significant digits; whole numbers in full."""
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return "NaN" if value != value else f"{value:.{digits}g}"


def two_numbers(actual: float | complex, expected: float | complex) -> tuple[str, str]:
    """Both with as many digits as are needed to tell them apart."""
    for digits in (3, 5, 8, 12):
        pair = number(actual, digits), number(expected, digits)
        if pair[0] != pair[1]:
            return pair
    return repr(actual), repr(expected)


def short(value: Any) -> str:
    """A value as a learner would write it: [1, 2.5], 'abc'; a large one: "a tensor of shape (8, 20)"."""
    if isinstance(value, torch.Tensor):
        if 0 < value.numel() <= MAX_NUMBERS:
            return _brackets(value.detach().cpu().tolist())
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple | dict | str | bool | int | float | complex | None):
        text = _brackets(value)
        if len(text) <= MAX_TEXT or not hasattr(value, "__len__"):
            return one_line(text)
        return f"{kind_name(value)} of length {len(value)}"
    return kind_name(value)


def kind_name(value: Any) -> str:
    """What sort of thing a value is, in words: "a tensor", "a list", "an object of type Foo"."""
    names = {
        type(None): "None",
        bool: "True or False",
        int: "a whole number",
        float: "a number",
        complex: "a complex number",
        str: "a string",
        list: "a list",
        tuple: "a tuple",
        dict: "a dictionary",
    }
    if isinstance(value, torch.Tensor):
        return "a tensor"
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    if isinstance(value, np.generic):
        return "a NumPy number"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if inspect.isroutine(value):
        return "a function"
    return names.get(type(value), f"an object of type {type(value).__name__}")


def call(function: Callable, arguments: tuple) -> str:
    """The arguments by name: "x = [1, 2], h of shape (2, 4)"; many of them in brief: "x (3, 2), h (3, 4)"."""
    named = list(zip(argument_names(function, arguments), arguments, strict=True))
    text = ", ".join(_argument(*pair) for pair in named)
    return text if len(text) <= MAX_TEXT else one_line(", ".join(_brief(*pair) for pair in named), MAX_CALL)


def argument_names(function: Callable, arguments: tuple) -> list[str]:
    """The parameters that the arguments stand for; "argument 1" where the function does not tell."""
    names = parameter_names(function)
    return [names[n] if n < len(names) else f"argument {n + 1}" for n in range(len(arguments))]


def parameter_names(function: Callable) -> list[str]:
    """Names of a function's parameters; empty for one that does not tell."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _argument(name: str, argument: Any) -> str:
    if isinstance(argument, torch.Tensor) and not 0 < argument.numel() <= MAX_NUMBERS:
        return f"{name} of shape {tuple(argument.shape)}"
    return name if callable(argument) else f"{name} = {short(argument)}"


def _brief(name: str, argument: Any) -> str:
    """Shapes in place of numbers: "x (3, 2)", "gradients [(2, 3), (4,)]"."""
    if isinstance(argument, torch.Tensor):
        return f"{name} {tuple(argument.shape)}"
    if isinstance(argument, list | tuple) and all(isinstance(item, torch.Tensor) for item in argument):
        return f"{name} {_brackets([tuple(item.shape) for item in argument])}"
    text = _argument(name, argument)
    return text if len(text) <= MAX_TEXT // 4 else name


def _brackets(value: Any) -> str:
    """repr() with short numbers inside lists, tuples and dicts."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_brackets, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_brackets, value)) + (",)" if len(value) == 1 else ")")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_brackets(key)}: {_brackets(item)}" for key, item in value.items()) + "}"
    if isinstance(value, int | float | complex):
        return number(value)
    if isinstance(value, str):
        return repr(value)
    return "None" if value is None else short(value)
