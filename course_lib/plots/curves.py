"""Curves of training and of comparison, each with the best possible value drawn in."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from course_lib.plots import checks
from course_lib.plots.style import GREY, axes_or_new, to_array
from course_lib.training import History


def _smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over the last `window` values at each place (fewer at the start)."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (sums[ends] - sums[starts]) / (ends - starts)


def reference_line(ax: Axes, value: float, label: str, colour: str = GREY) -> None:
    """A dashed horizontal line with its name at its right end, outside the axes, where no curve runs over it."""
    value = checks.number(value, f"the value of the line {label!r}")
    ax.axhline(value, color=colour, linestyle="--", linewidth=1.2, zorder=1)
    ax.annotate(
        label,
        (1.0, value),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=9,
        color=colour,
    )


def learning_curve(
    histories: History | Mapping[str, History],
    floor: float | None = None,
    baselines: Mapping[str, float] | None = None,
    title: str = "Learning curve",
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
    *,
    smooth: int = 50,
) -> Axes:
    """Training loss (thin: each step; thick: mean of the last few) and validation loss (dots) by step.

    Args:
        histories: what `fit` returned, or several by name.
        floor: the best possible loss in nats, drawn as a line.
        baselines: other losses to compare with, by name, in nats.
        title: says what to see.
        ylim: losses shown; None: from just below the lowest to the loss of the first steps.
        ax: where to draw; None makes a new figure.
        smooth: steps in the mean of the thick line; fewer for a short training, where it would lag behind.

    Raises:
        ValueError: no step, a loss that is not finite, or smooth below 1.
    """
    one = isinstance(histories, History)
    named = {"": histories} if one else checks.by_name(histories, "histories", "what fit returned")
    if strange := [name for name, history in named.items() if not isinstance(history, History)]:
        raise ValueError(f"histories[{strange[0]!r}] is no History; give what fit returned.")
    if any(history.steps == 0 for history in named.values()):
        raise ValueError("histories holds no step; train first.")
    if smooth < 1:
        raise ValueError(f"smooth is {smooth}; expected at least 1 step.")
    curves = {name: to_array(history.losses, "losses", 1) for name, history in named.items()}
    for history in named.values():
        for step, loss in history.validation:
            checks.number(loss, f"the validation loss at step {step}")
    floor = floor if floor is None else checks.number(floor, "floor")
    lines = checks.lines(baselines)
    ax = axes_or_new(ax)
    for number, (name, history) in enumerate(named.items()):
        colour, losses = f"C{number}", curves[name]
        steps = np.arange(1, len(losses) + 1)
        ax.plot(steps, losses, color=colour, alpha=0.25, linewidth=0.6)
        ax.plot(steps, _smooth(losses, smooth), color=colour, label=f"{name} training".strip())
        if history.validation:
            looks = np.array(history.validation)
            ax.plot(
                *looks.T,
                "o-",
                color=colour,
                markerfacecolor="white",
                linewidth=1,
                label=f"{name} validation".strip(),
            )
    if floor is not None:
        reference_line(ax, floor, "best possible", "black")
    for name, value in lines.items():
        reference_line(ax, value, name)
    ax.set(xlabel="training step", ylabel="loss (nats per symbol)", title=title, xlim=(0, None))
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.legend(loc="upper right")
    return ax


def loss_by_order(
    counted: Mapping[int, float], unseen: Mapping[int, float], title: str, ax: Axes | None = None
) -> Axes:
    """Loss of n-grams against their order n, on the text they were counted on and on other text.

    Args:
        counted, unseen: loss in nats by order n.
    """
    named = {"unseen text": unseen, "training text": counted}
    found = checks.points(named, "losses", "{order: loss}")
    ax = axes_or_new(ax)
    for label, (orders, losses) in found.items():
        ax.plot(orders, losses, "o-", label=label)
    for n, loss in unseen.items():
        ax.annotate(
            f"{loss:.2f}", (n, loss), xytext=(5, 5), textcoords="offset points", ha="left", fontsize=9
        )
    ax.margins(x=0.08, y=0.1)
    ax.set(xlabel="order n of the n-gram", ylabel="loss (nats per character)", title=title)
    ax.set_xticks(sorted({*counted, *unseen}))
    ax.legend()
    return ax
