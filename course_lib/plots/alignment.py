"""One query's attention as bars, and what a model lost when its attention was taken away."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from course_lib.plots.attention import GOLD, KEY_TITLE, MASKED, WITH_NUMBERS, check_weights
from course_lib.plots.style import axes_or_new, to_array
from course_lib.plots.tokens import POINTS_PER_INCH, label_every, shortened, token_labels

WIDTH, HEIGHT = 7.0, 2.6  # inches
TOP = 1.12  # of the axis of weights: room for a number above a bar of 1


def attention_bars(
    weights,
    key_tokens: Sequence[str],
    title: str,
    *,
    query: str | None = None,
    mask=None,
    gold: Iterable[int] = (),
    gold_label: str = "true alignment",
    ax: Axes | None = None,
) -> Axes:
    """One row of an attention map: a bar for each key, together 1, with a line at uniform attention.

    Up to 12 keys each bar of 0.005 or more has its number; many keys have a label at every k-th.

    Args:
        weights: (source_len,), summing to 1.
        key_tokens: the source_len tokens that may be attended to.
        title: says what to see.
        query: the token that attends or, in a decoder, the one being written; the axis names it.
        mask: boolean (source_len,), True = may attend. The others get a grey × in place of a bar.
        gold: keys to outline, such as the true alignment of this query.
        gold_label: what the outlines mean.
        ax: where to draw; None makes a new figure.

    Raises:
        ValueError: weights that do not sum to 1, weight where the mask forbids it, or sizes that do not fit.
    """
    values = to_array(weights, "weights", 1)
    if len(values) != len(key_tokens):
        raise ValueError(f"weights has shape {values.shape}, but there are {len(key_tokens)} key tokens.")
    allowed = check_weights(values[None], mask, "linear")[0]
    if not allowed.any():
        raise ValueError(f"mask allows none of the {len(values)} keys: there is no weight to draw.")
    gold = [int(place) for place in gold]
    if outside := [place for place in gold if not 0 <= place < len(values)]:
        raise ValueError(
            f"gold names the key {outside[0]}, which is outside weights of shape {values.shape}."
        )
    ax = axes_or_new(ax, figsize=(WIDTH, HEIGHT))
    edges = [GOLD if place in gold else "none" for place in range(len(values))]
    bars = ax.bar(range(len(values)), values, color="C0", edgecolor=edges, linewidth=2)
    forbidden = np.flatnonzero(~allowed)
    if len(forbidden):
        ax.bar(forbidden, np.ones(len(forbidden)), color=MASKED, alpha=0.5)
        ax.scatter(forbidden, np.full(len(forbidden), 0.5), marker="x", c="#7a7a7a", s=40)
    if len(values) <= WITH_NUMBERS:
        numbers = [
            f"{value:.2f}" if free and value >= 0.005 else ""
            for value, free in zip(values, allowed, strict=True)
        ]
        inches = ax.get_window_extent().height / ax.figure.dpi
        below = [max(0.0, 1 / allowed.sum() - value) * inches * POINTS_PER_INCH / TOP for value in values]
        for label, gap in zip(ax.bar_label(bars, numbers, fontsize=9, padding=2), below, strict=True):
            if gap < 16:  # the number would stand in the line at uniform attention: it goes above it
                label.xyann = (0, gap + 2)
            # The line at uniform attention must not run through a number.
            label.set_bbox({"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"})
    if gold:
        # A place that gets no weight has no bar to outline: a mark on the axis shows it all the same.
        low = [place for place in gold if values[place] < 0.05]
        if low:  # an empty line without clipping would count as a point in the corner of the figure
            ax.plot(low, np.zeros(len(low)), "^", color=GOLD, markersize=7, clip_on=False, zorder=5)
        ax.legend(handles=[Patch(fill=False, edgecolor=GOLD, linewidth=2, label=gold_label)], loc="best")
    uniform = 1 / allowed.sum()
    ax.axhline(uniform, color=GOLD, linewidth=1.2, linestyle="--", zorder=0)
    ax.annotate(
        f"1/{allowed.sum()}: uniform",
        (1, uniform),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=GOLD,
    )
    *labels, query_label = token_labels([*key_tokens, query or ""])
    labels = [shortened(label) for label in labels]
    size = 10.0
    step = label_every(ax.get_window_extent().width / ax.figure.dpi / len(values), size)
    shown = range(0, len(values), step)
    slanted = max(map(len, labels)) > max(2, 60 // len(labels))
    ax.set_xticks(list(shown))
    ax.set_xticklabels([labels[place] for place in shown], fontsize=size, parse_math=False)
    if slanted:
        ax.tick_params(axis="x", labelrotation=45)
    ax.grid(axis="x", visible=False)
    quoted = "attention weight" if query is None else f"weight for “{shortened(query_label)}”"
    ax.set_ylabel(quoted, parse_math=False)
    ax.set(
        xlabel=KEY_TITLE,
        title=title,
        ylim=(0, TOP),
        xlim=(-0.6, len(values) - 0.4),
    )
    return ax


def kept_without_attention(
    shares: Mapping[str, Mapping[str, float]], title: str, xlabel: str, ax: Axes | None = None
) -> Axes:
    """How often the same symbol is written after a change to the attention, as bars by sort of symbol.

    Args:
        shares: the change → {sort of symbol → share from 0 to 1}; every change with the same sorts, in one order.
        title: says what to see.
        xlabel: what a share is a share of.

    Raises:
        ValueError: nothing to draw, other sorts in one change than in another, or a share outside 0 to 1.
    """
    if not shares or not all(shares.values()):
        raise ValueError("shares is empty; give at least one change with one sort of symbol.")
    sorts = list(next(iter(shares.values())))
    if any(list(of_change) != sorts for of_change in shares.values()):
        raise ValueError(f"every change needs the same sorts of symbols, {', '.join(sorts)}, in this order.")
    if wrong := [x for of_change in shares.values() for x in of_change.values() if not 0 <= x <= 1]:
        raise ValueError(f"a share is {wrong[0]}; shares lie between 0 and 1.")
    ax = axes_or_new(ax, figsize=(WIDTH, 0.9 + 0.3 * len(sorts) * (len(shares) + 0.5)))
    height = 0.8 / len(shares)
    for number, (change, of_change) in enumerate(shares.items()):
        places = np.arange(len(sorts)) + (number - (len(shares) - 1) / 2) * height
        bars = ax.barh(places, list(of_change.values()), 0.9 * height, color=f"C{number}", label=change)
        ax.bar_label(bars, [f"{share:.2f}" for share in of_change.values()], fontsize=9, padding=3)
    ax.set_yticks(range(len(sorts)), sorts, parse_math=False)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel, title=title, xlim=(0, 1.12))
    if len(shares) > 1:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax
