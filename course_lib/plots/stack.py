"""Pictures of a deep stack: how something grows or fades from layer to layer, and functions of one number."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes

from course_lib.plots.style import axes_or_new, to_array


def by_layer(
    curves: Mapping[str, Sequence[float]],
    title: str,
    ylabel: str,
    *,
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A positive quantity at every layer of one or several stacks, on a logarithmic scale.

    Args:
        curves: name → values, that of the first layer first.
        title: says what to see.
        ylabel: the quantity, with its unit.
        ylim: range shown; what lies below it is drawn at its foot.

    Raises:
        ValueError: nothing to draw, or a negative value.
    """
    if not curves:
        raise ValueError("curves is empty; give at least one name → values by layer.")
    ax = axes_or_new(ax)
    deepest = 1
    for name, values in curves.items():
        curve = to_array(values, f"curves[{name!r}]", 1)
        if (curve < 0).any():
            raise ValueError(
                f"curves[{name!r}] goes down to {curve.min():.3g}; a logarithmic axis needs positive values."
            )
        # A gradient that vanished altogether has no logarithm.
        foot = ylim[0] if ylim is not None else 1e-30
        ax.plot(np.arange(1, len(curve) + 1), np.maximum(curve, foot), "o-", markersize=4, label=name)
        deepest = max(deepest, len(curve))
    ax.set_yscale("log")
    if ylim is not None:
        ax.set_ylim(*ylim)
    every = 1 + (deepest - 1) // 16
    ax.set_xticks(range(1, deepest + 1, every))
    ax.set(xlabel="layer (1 = the first, next to the input)", ylabel=ylabel, title=title)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def functions(
    curves: Mapping[str, Callable[[torch.Tensor], torch.Tensor]],
    title: str,
    *,
    between: tuple[float, float] = (-3.0, 3.0),
    ax: Axes | None = None,
) -> Axes:
    """Functions of one number, such as activations.

    Args:
        curves: name → function, from a tensor to a tensor of the same shape.
        title: says what to see.
        between: the range of the number.

    Raises:
        ValueError: nothing to draw, or a range that is none.
    """
    if not curves:
        raise ValueError("curves is empty; give at least one name → function.")
    if not between[0] < between[1]:
        raise ValueError(f"between is {between}; expected a smaller number and a larger one.")
    ax = axes_or_new(ax, figsize=(5.0, 3.0))
    x = torch.linspace(*between, 301)
    for number, (name, function) in enumerate(curves.items()):
        style = ("-", "--", ":")[number % 3]
        ax.plot(x.numpy(), to_array(function(x), name, 1), style, linewidth=2, label=name)
    ax.axhline(0, color="black", linewidth=0.8, zorder=0)
    ax.axvline(0, color="black", linewidth=0.8, zorder=0)
    ax.set(xlabel="what goes in", ylabel="what comes out", title=title)
    ax.legend()
    return ax
