"""Pictures of a model's inside: one number for every head as a grid, one for every layer as a curve."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_lib.plots import checks
from course_lib.plots.attention import COLOURS, GOLD
from course_lib.plots.curves import reference_line
from course_lib.plots.style import axes_or_new, to_array

WITH_NUMBERS = 200  # heads up to which each cell shows its number


def head_scores(
    scores,
    title: str,
    label: str,
    *,
    limits: tuple[float, float] = (0.0, 1.0),
    baseline: float | None = None,
    baseline_label: str = "baseline",
    marked: Iterable[tuple[int, int]] = (),
    digits: int = 2,
    ax: Axes | None = None,
) -> Axes:
    """One number for every head of every layer: a row a layer, a column a head, the darker the more.

    Args:
        scores: (layers, heads).
        title: says what to see.
        label: the quantity, with its unit; stands at the bar.
        limits: the scale's ends. Weights and shares go from 0 to 1, whatever the largest is.
        baseline: what chance or a simple rule would score; a line across the bar.
        baseline_label: which rule that is.
        marked: (layer, head) places to outline.
        digits: decimals of the numbers in the cells.

    Raises:
        ValueError: scores outside the limits, or a mark outside the grid.
    """
    values = to_array(scores, "scores", 2)
    low, high = limits
    if not low < high or values.min() < low - 1e-6 or values.max() > high + 1e-6:
        raise ValueError(
            f"scores goes from {values.min():.3g} to {values.max():.3g}; limits are {limits}: give limits that hold it."
        )
    if baseline is not None and not low <= baseline <= high:
        raise ValueError(f"baseline is {baseline}; it must lie within limits {limits}.")
    n_layers, n_heads = values.shape
    marked = list(marked)
    for layer, head in marked:
        if not (0 <= layer < n_layers and 0 <= head < n_heads):
            raise ValueError(f"marked names layer {layer}, head {head}; there are {n_layers} and {n_heads}.")
    ax = axes_or_new(ax, figsize=(max(3.6, 0.42 * n_heads + 1.9), max(1.9, 0.36 * n_layers + 1.0)))
    image = ax.imshow(values, cmap=COLOURS, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
    if values.size <= WITH_NUMBERS:
        for (layer, head), value in np.ndenumerate(values):
            dark = (value - low) / (high - low) > 0.55
            # ".53" in place of "0.53": twelve of them must fit beside each other.
            text = f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{digits}f}"
            colour = "white" if dark else "black"
            ax.text(head, layer, text, ha="center", va="center", color=colour, fontsize=8)
    for layer, head in marked:
        ax.add_patch(
            Rectangle((head - 0.47, layer - 0.46), 0.94, 0.92, fill=False, edgecolor=GOLD, linewidth=2)
        )
    ax.set_xticks(range(n_heads))
    ax.set_yticks(range(n_layers))
    ax.tick_params(length=0)
    ax.grid(False)
    ax.set(xlabel="head", ylabel="layer (0 = next to the input)", title=title)
    bar = ax.figure.colorbar(image, ax=ax, label=label, fraction=0.05, pad=0.02)
    if baseline is not None:
        bar.ax.axhline(baseline, color=GOLD, linewidth=2)
        ticks = [tick for tick in bar.get_ticks() if low <= tick <= high]
        near = 0.09 * (high - low)  # a tick too near to the line's own label would run into it
        ticks = [tick for tick in ticks if abs(tick - baseline) > near]
        # The last one is the line's own.
        bar.set_ticks([*ticks, baseline], labels=[*(f"{tick:g}" for tick in ticks), baseline_label])
        bar.ax.get_yticklabels()[-1].set_color(GOLD)
    return ax


def layer_scores(
    curves: Mapping[str, Sequence[float]],
    title: str,
    ylabel: str,
    *,
    baselines: Mapping[str, float] | None = None,
    ylim: tuple[float, float] = (0.0, 1.0),
    ax: Axes | None = None,
) -> Axes:
    """A score of what each layer hands on, from the embeddings (before any layer) to the last layer.

    Args:
        curves: name → values: of the embeddings, after layer 0, after layer 1, …
        title: says what to see.
        ylabel: the score, with its unit.
        baselines: name → score of something that needs no layer; a horizontal line each.
        ylim: range shown.

    Raises:
        ValueError: nothing to draw, curves of different lengths, or values outside ylim.
    """
    arrays = checks.curves(curves, inside="values by layer")
    lengths = {len(values) for values in arrays.values()}
    if len(lengths) > 1:
        raise ValueError(f"The curves have {sorted(lengths)} values; expected as many for each.")
    for name, values in arrays.items():
        checks.within(values, f"curves[{name!r}]", *ylim, f"that is outside ylim {ylim}.")
    lines = checks.lines(baselines, *ylim)
    ax = axes_or_new(ax, figsize=(6.4, 3.2))
    for name, values in arrays.items():
        ax.plot(range(len(values)), values, "o-", markersize=4.5, label=name)
    for name, value in lines.items():
        reference_line(ax, value, name)
    (n_values,) = lengths
    ax.set_xticks(range(n_values), ["embeddings", *(str(layer) for layer in range(n_values - 1))])
    ax.set(xlabel="after layer", ylabel=ylabel, title=title, ylim=ylim)
    if len(arrays) > 1:
        ax.legend(loc="best")
    return ax
