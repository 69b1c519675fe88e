"""Pictures of a Transformer's parts: positional encodings, and how something grows with a size."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter

from course_lib.plots import checks
from course_lib.plots.style import axes_or_new, to_array


def positional_encoding(table, title: str, ax: Axes | None = None) -> Axes:
    """A table of positions: a row for each position, a column for each feature, −1 to 1.

    Args:
        table: (time, d_model), values from −1 to 1.
        title: says what to see.
    """
    values = to_array(table, "table", 2)
    if np.abs(values).max() > 1 + 1e-6:
        raise ValueError(
            f"table goes from {values.min():.2f} to {values.max():.2f}; sines and cosines lie between −1 and 1."
        )
    ax = axes_or_new(ax, figsize=(7.0, 3.8))
    image = ax.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, fraction=0.04, pad=0.02, ticks=[-1, -0.5, 0, 0.5, 1])
    ax.set(xlabel="feature (sine and cosine of one wavelength side by side)", ylabel="position", title=title)
    ax.grid(False)
    return ax


def by_size(
    curves: Mapping[str, Mapping[float, float]],
    title: str,
    xlabel: str,
    ylabel: str,
    *,
    log_y: bool = False,
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Curves of a measured quantity against a size that doubles from point to point (logarithmic).

    Args:
        curves: name → {size: value}.
        log_y: a logarithmic vertical axis too, on which a power of the size is a straight line.
    """
    named = checks.points(curves, "curves", "{size: value}")
    for name, (places, values) in named.items():
        why = "a logarithmic axis needs positive numbers."
        checks.within(places, f"the sizes of curves[{name!r}]", np.finfo(float).tiny, np.inf, why)
        checks.within(values, f"curves[{name!r}]", np.finfo(float).tiny if log_y else -np.inf, np.inf, why)
    ax = axes_or_new(ax)
    sizes = sorted({size for places, _ in named.values() for size in places})
    for name, (places, values) in named.items():
        ax.plot(places, values, "o-", label=name)
    ax.set_xscale("log", base=2)
    if log_y:
        ax.set_yscale("log")
    ax.set_xticks(sizes)
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_formatter(NullFormatter())
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.legend()
    return ax
