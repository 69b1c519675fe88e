"""Pictures of a deep stack: how something grows or fades from layer to layer, and functions of one number."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes

from course_lib.plots import checks
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
    named = checks.curves(curves, inside="values by layer")
    for name, curve in named.items():
        checks.within(curve, f"curves[{name!r}]", 0, np.inf, "a logarithmic axis needs positive values.")
    if ylim is not None and ylim[0] <= 0:
        raise ValueError(f"ylim is {ylim}; a logarithmic axis starts above 0.")
    ax = axes_or_new(ax)
    deepest = 1
    for name, curve in named.items():
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
    curves = checks.by_name(curves, "curves", "function")
    if not between[0] < between[1]:
        raise ValueError(f"between is {between}; expected a smaller number and a larger one.")
    x = torch.linspace(*between, 301)
    values = {name: to_array(function(x), f"curves[{name!r}](x)", 1) for name, function in curves.items()}
    if odd := [name for name, own in values.items() if own.shape != x.shape]:
        raise ValueError(
            f"curves[{odd[0]!r}] gives shape {values[odd[0]].shape} for an x of shape {tuple(x.shape)}."
        )
    ax = axes_or_new(ax, figsize=(5.0, 3.0))
    for number, (name, own) in enumerate(values.items()):
        style = ("-", "--", ":")[number % 3]
        ax.plot(x.numpy(), own, style, linewidth=2, label=name)
    ax.axhline(0, color="black", linewidth=0.8, zorder=0)
    ax.axvline(0, color="black", linewidth=0.8, zorder=0)
    ax.set(xlabel="what goes in", ylabel="what comes out", title=title)
    ax.legend()
    return ax
