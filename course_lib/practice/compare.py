"""Does an answer equal the reference? If not: where, what you have, and what was expected."""

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from course_lib.practice.describe import kind_name, short, two_numbers


@dataclass(frozen=True)
class Difference:
    """The first thing in which two values differ.

    sort: what differs. where: its place ("", "at index (0, 3)", "in entry 1"). actual, expected: short texts.
    smaller: for real numbers, whether the actual one is too small.
    """

    sort: Literal["type", "dtype", "length", "shape", "value"]
    where: str
    actual: str
    expected: str
    smaller: bool | None = None

    def sentence(self, reveal: bool = True, parts: Sequence[str] = ()) -> str:
        """One sentence; with reveal=False it does not give away an expected value. parts: the entries' names."""
        place = f"{_named(self.where, parts)} " if self.where else ""
        if self.sort == "value" and not reveal:
            if self.smaller is None:
                return f"{place}you have {self.actual}, which is not the value asked for."
            return f"{place}you have {self.actual}, which is too {'small' if self.smaller else 'large'}."
        what = {"dtype": "dtype ", "shape": "shape ", "length": "length "}.get(self.sort, "")
        return f"{place}you have {what}{self.actual}, expected {self.expected}."


def coerce(actual: Any, expected: Any) -> Any:
    """The actual value, with what learners are free to choose made alike: a tensor of shape () or a NumPy
    number becomes a number where one is expected, and lists and tuples count as the same."""
    if _is_number(expected) or isinstance(expected, bool):
        if isinstance(actual, torch.Tensor) and actual.ndim == 0:
            return actual.item()
        if isinstance(actual, np.generic) or (isinstance(actual, np.ndarray) and actual.ndim == 0):
            return actual.item()
    if (
        isinstance(expected, list | tuple)
        and isinstance(actual, list | tuple)
        and len(actual) == len(expected)
    ):
        return [coerce(a, e) for a, e in zip(actual, expected, strict=True)]
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {
            key: coerce(value, expected[key]) if key in expected else value for key, value in actual.items()
        }
    return actual


def difference(actual: Any, expected: Any, tolerance: float = 1e-4, where: str = "") -> Difference | None:
    """The first difference between two values, nested ones included; None where they are equal. NaN equals NaN.

    Numbers a and e are equal if |a - e| <= tolerance * (|e| + 0.01); whole numbers only if they are the same.
    For the entries of tensors see `_tolerances`. A tolerance of 0 asks for the very same numbers.
    """
    found = structure_difference(actual, expected, where)
    return found or _value_difference(coerce(actual, expected), expected, tolerance, where)


def structure_difference(
    actual: Any, expected: Any, where: str = "", shapes: bool = True
) -> Difference | None:
    """Like `difference`, but looks at types, lengths, dtypes and (with shapes=True) shapes only."""
    actual = coerce(actual, expected)
    if isinstance(actual, _Missing):
        return Difference("type", where, "nothing", kind_name(expected))
    if not _same_kind(actual, expected):
        return Difference("type", where, kind_name(actual), kind_name(expected))
    if isinstance(expected, torch.Tensor):
        if actual.dtype != expected.dtype:
            return Difference(
                "dtype", where, *(str(t.dtype).removeprefix("torch.") for t in (actual, expected))
            )
        if shapes and actual.shape != expected.shape:
            return Difference("shape", where, str(tuple(actual.shape)), str(tuple(expected.shape)))
        return None
    if isinstance(expected, list | tuple) and shapes and len(actual) != len(expected):
        return Difference("length", where, str(len(actual)), str(len(expected)))
    for place, a, e in _entries(actual, expected, where):
        found = structure_difference(a, e, place, shapes)
        if found:
            return found
    if isinstance(expected, dict) and len(actual) != len(expected):
        return Difference("length", where, str(len(actual)), str(len(expected)))
    return None


def first_nan(value: Any, where: str = "") -> str | None:
    """Where the first NaN stands ("" for a single number), or None."""
    if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex()):
        places = value.detach().isnan().nonzero()
        return _join(where, _index(places[0].tolist())) if len(places) else None
    if isinstance(value, float | complex | np.floating):
        return where if value != value else None
    for place, item, _ in _entries(value, value, where):
        found = first_nan(item, place)
        if found is not None:
            return found
    return None


def _value_difference(actual: Any, expected: Any, tolerance: float, where: str) -> Difference | None:
    if isinstance(expected, torch.Tensor):
        return _tensor_difference(actual, expected, tolerance, where)
    if _is_number(expected):
        return None if _numbers_equal(actual, expected, tolerance) else _numbers(actual, expected, where)
    if isinstance(expected, list | tuple | dict):
        for place, a, e in _entries(actual, expected, where):
            found = _value_difference(a, e, tolerance, place)
            if found:
                return found
        return None
    return None if _equal(actual, expected) else Difference("value", where, short(actual), short(expected))


def _tensor_difference(actual, expected, tolerance: float, where: str) -> Difference | None:
    actual, expected = actual.detach().cpu(), expected.detach().cpu()
    places = (~_close(actual, expected, tolerance)).nonzero()
    if not len(places):
        return None
    index = tuple(places[0].tolist())
    return _numbers(actual[index].item(), expected[index].item(), _join(where, _index(index)))


def _close(actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> torch.Tensor:
    if expected.is_floating_point() or expected.is_complex() or actual.is_floating_point():
        kind = torch.complex128 if expected.is_complex() or actual.is_complex() else torch.float64
        rtol, atol = _tolerances(expected, tolerance)
        actual, expected = actual.to(kind), expected.to(kind)
        return torch.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True)
    return actual == expected


def _tolerances(expected: torch.Tensor, tolerance: float) -> tuple[float, float]:
    """(rtol, atol) that let through what another order of the same sums may change, and nothing more.

    rtol is the tolerance, or a few roundings of a coarse dtype such as bfloat16. Entries near 0 are judged by atol:
    where terms of the size of their neighbours cancel, what is left is a rounding error of those terms. So atol is a
    hundredth of the tolerance, times the tensor's typical size: its median, which a mask of -1e9 in a few entries does
    not move, and at most 100, so that a mask in most entries does not excuse the rest. It is at least eight roundings
    of 1, for results that are exactly 0 on paper (1e-6 in float32, 2e-15 in float64).
    """
    if tolerance == 0:
        return 0.0, 0.0
    eps = (
        torch.finfo(expected.dtype).eps if expected.dtype.is_floating_point or expected.is_complex() else 0.0
    )
    sizes = expected.abs().double()
    sizes = sizes[sizes.isfinite() & (sizes > 0)]
    typical = min(sizes.median().item(), 100.0) if len(sizes) else 1.0
    return max(tolerance, 4 * eps), max(tolerance / 100 * typical, 8 * eps)


def _numbers_equal(actual, expected, tolerance: float) -> bool:
    if actual == expected or (actual != actual and expected != expected):
        return True
    if isinstance(expected, int):  # something counted: 41.9 is not 42
        return False
    return abs(actual - expected) <= tolerance * (abs(expected) + 0.01) < math.inf


def _numbers(actual, expected, where: str) -> Difference:
    pair = two_numbers(actual, expected)
    ordered = not isinstance(actual, complex) and not isinstance(expected, complex) and actual == actual
    smaller = actual < expected if ordered and not isinstance(expected, bool) else None
    return Difference("value", where, *pair, smaller)


def _entries(actual: Any, expected: Any, where: str):
    """(place, actual, expected) for each entry of a list, tuple or dict; nothing for anything else."""
    if isinstance(expected, list | tuple):
        for index, (a, e) in enumerate(zip(actual, expected, strict=False)):
            yield _join(where, f"in entry {index}"), a, e
    elif isinstance(expected, dict):
        for key, value in expected.items():
            place = _join(where, f"under the key {key!r}")
            yield place, actual.get(key, _Missing()), value


class _Missing:
    """Stands for an entry that a dict lacks."""


def _named(where: str, parts: Sequence[str]) -> str:
    """A place with the outermost entry's name, "in recall", in place of its number."""
    first, comma, rest = where.partition(", ")
    names = {f"in entry {number}": f"in {part}" for number, part in enumerate(parts)}
    return names.get(first, first) + comma + rest


def _join(*places: str) -> str:
    return ", ".join(place for place in places if place)


def _index(index) -> str:
    if not index:
        return ""
    return f"at index {tuple(index)}" if len(index) > 1 else f"at index {index[0]}"


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Complex) and not isinstance(value, bool | np.generic)


def _same_kind(actual: Any, expected: Any) -> bool:
    if isinstance(expected, list | tuple):
        return isinstance(actual, list | tuple)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return isinstance(expected, bool) and isinstance(actual, bool)
    if _is_number(expected):
        return _is_number(actual) and (isinstance(expected, complex) or not isinstance(actual, complex))
    for kind in (torch.Tensor, str, dict):
        if isinstance(expected, kind):
            return isinstance(actual, kind)
    return type(actual) is type(expected)


def _equal(actual: Any, expected: Any) -> bool:
    try:
        return bool(actual == expected)
    except Exception:  # an == of someone else's making may raise anything
        return False
