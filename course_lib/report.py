"""measured(): a number, what it is held to, and whether it holds, in one line of a lesson."""

import math
from collections.abc import Sequence
from typing import Any

MARK = "≈"  # digits after it may differ from run to run; tests/nbval_sanitize.cfg masks them


def measured(
    label: str,
    value: Any,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    between: Sequence[float] | None = None,
    above: tuple[str, Any] | None = None,
    below: tuple[str, Any] | None = None,
    unit: str = "",
) -> None:
    """Print a measurement next to its bound: "exact match ≈0.998 (at least 0.97) ✓".

    Give exactly one bound.

    Args:
        label: what was measured.
        value: a number, or a tensor with a single number.
        at_least, at_most, between: fixed bounds, included.
        above, below: another measurement by name, such as above=("untrained", 0.4): the value must exceed, or be less
            than, it.
        unit: written after the numbers.

    Raises:
        AssertionError: the bound is missed, or the value is NaN. The line is printed first.
        ValueError: no bound, or several.
        TypeError: a value that is not one number.
    """
    number = _as_number(label, value)
    bounds = {
        name: bound
        for name, bound in {
            "at_least": at_least,
            "at_most": at_most,
            "between": between,
            "above": above,
            "below": below,
        }.items()
        if bound is not None
    }
    if len(bounds) != 1:
        given = ", ".join(bounds) or "none"
        raise ValueError(
            f"{label!r} has these bounds: {given}; expected one of at_least, at_most, between, above, below."
        )
    ((kind, bound),) = bounds.items()
    holds, words = _judge(label, number, kind, bound, unit)
    print(f"{label} {MARK}{_digits(number)}{unit and ' ' + unit} ({words}) {'✓' if holds else '✗'}")
    if not holds:
        raise AssertionError(f"{label}: {number!r} is not {words}.")


def _judge(label: str, number: float, kind: str, bound: Any, unit: str) -> tuple[bool, str]:
    """Whether the bound holds, and the bound in words."""
    unit = unit and " " + unit
    if kind == "at_least":
        return number >= bound, f"at least {_bound(bound)}{unit}"
    if kind == "at_most":
        return number <= bound, f"at most {_bound(bound)}{unit}"
    if kind == "between":
        low, high = bound
        return low <= number <= high, f"between {_bound(low)} and {_bound(high)}{unit}"
    name, other = bound
    other = _as_number(name, other)
    words = f"{kind} {name} {MARK}{_digits(other)}{unit}"
    return (number > other if kind == "above" else number < other), words


def _as_number(label: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        raise TypeError(f"{label!r} is a {type(value).__name__}{shape}; expected one number.") from None


def _digits(number: float) -> str:
    """Three significant digits; never "0.00" for what is not 0."""
    if not math.isfinite(number):
        return str(number)
    size = abs(number)
    if number == int(number) and size < 1e6:
        return f"{int(number):,}"
    if size >= 1e6 or size < 1e-3:
        mantissa, exponent = f"{number:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if size >= 1000:
        return f"{number:,.0f}"
    return f"{number:.{max(0, 2 - math.floor(math.log10(size)))}f}"


def _bound(number: float) -> str:
    """A bound as its author would write it."""
    if number == int(number) and abs(number) < 1e6:
        return f"{int(number):,}"
    text = f"{number:.3g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}e{int(exponent)}"
    return text
