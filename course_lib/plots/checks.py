"""What a picture is given, checked before anything is drawn: an error must not leave an empty figure behind."""

import math
from collections.abc import Mapping

import numpy as np

from course_lib.plots.style import on_cpu, to_array


def by_name(given, name: str, inside: str) -> dict:
    """A mapping with something in it, as a dict.

    Args:
        given: the mapping; name: what the caller calls it; inside: what stands in it, for the error.

    Raises:
        ValueError: another type, or nothing in it.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} is a {type(given).__name__}; expected a dict: name → {inside}.")
    if not given:
        raise ValueError(f"{name} is empty; give at least one name → {inside}.")
    return dict(given)


def curves(given, name: str = "curves", inside: str = "values") -> dict[str, np.ndarray]:
    """name → values, each a float array of one dimension."""
    return {
        key: to_array(values, f"{name}[{key!r}]", 1) for key, values in by_name(given, name, inside).items()
    }


def points(given, name: str, inside: str) -> dict[str, tuple[list, np.ndarray]]:
    """name → {place: value}, as name → (places in order, their values)."""
    found = {}
    for key, values in by_name(given, name, inside).items():
        values = by_name(values, f"{name}[{key!r}]", inside)
        places = sorted(values)
        to_array(places, f"the keys of {name}[{key!r}]", 1)
        found[key] = places, to_array([float(values[place]) for place in places], f"{name}[{key!r}]", 1)
    return found


def within(values, name: str, low: float, high: float, why: str) -> None:
    """Refuse values below `low` or above `high`."""
    values = np.asarray(on_cpu(values))
    if not ((low <= values) & (values <= high)).all():
        raise ValueError(f"{name} goes from {values.min():.3g} to {values.max():.3g}; {why}")


def number(value, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from `low` to `high`."""
    found = float(value)
    if not math.isfinite(found) or not low <= found <= high:
        bounds = "" if (low, high) == (-math.inf, math.inf) else f" from {low:g} to {high:g}"
        raise ValueError(f"{name} is {found:g}; expected a finite number{bounds}.")
    return found


def lines(
    given: Mapping[str, float] | None, low: float = -math.inf, high: float = math.inf
) -> dict[str, float]:
    """baselines: name → where its line stands; none is no error."""
    return {key: number(value, f"baselines[{key!r}]", low, high) for key, value in (given or {}).items()}


def label_names(labels, n: int, name: str, what: str) -> list[str]:
    """`n` names as text; `name` is what the caller calls them, `what` is what has them."""
    labels = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    if len(labels) != n:
        raise ValueError(f"{name} has {len(labels)} names, but there are {n} {what}.")
    return [str(label) for label in labels]
