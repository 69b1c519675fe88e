"""Pictures of classifiers: what they confuse, how many labels they need, whether they know how sure they may be."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator

from course_lib.metrics import Reliability
from course_lib.plots import checks
from course_lib.plots.curves import reference_line
from course_lib.plots.style import GREY, axes_or_new, on_cpu, to_array


def confusion_matrix(counts, labels: Sequence[str], title: str, ax: Axes | None = None) -> Axes:
    """What was taken for what: the counts as numbers, and as colour the share of each row (each true class).

    Args:
        counts: (n_classes, n_classes), a row for each true class, a column for each predicted one.
        labels: the classes' names, at most 14.
        title: says what to see.
    """
    values = to_array(counts, "counts", 2)
    n = len(labels)
    if values.shape != (n, n) or n > 14:
        raise ValueError(
            f"counts has shape {values.shape} and there are {n} labels; expected (n_classes, n_classes), at most 14."
        )
    if (values < 0).any() or (values != values.round()).any():
        raise ValueError(
            "counts holds shares or negative numbers; pass counts, the shares are computed here."
        )
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
    size = max(0.62 * n, 1.7)
    ax = axes_or_new(ax, figsize=(size + 2.6, size + 1.3))
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(values):
        colour = "white" if shares[row, column] > 0.55 else "black"
        ax.text(
            column,
            row,
            f"{int(count):,}",
            ha="center",
            va="center",
            color=colour,
            fontsize=10 if n < 7 else 8,
        )
    slanted = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if n > 3 else {}
    ax.set_xticks(range(n), labels, parse_math=False, **slanted)
    ax.set_yticks(range(n), labels, parse_math=False)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.set(xlabel="predicted", ylabel="true", title=title)
    ax.figure.colorbar(image, ax=ax, label="share of the row", ticks=[0, 0.5, 1], shrink=0.8)
    return ax


def label_efficiency(
    scores: Mapping[str, Mapping[int, Sequence[float]]],
    title: str,
    baselines: Mapping[str, float] | None = None,
    ylabel: str = "accuracy on unseen sentences",
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A score against the number of labels that were learned from (logarithmic): a point for each seed, a line
    through their means.

    Args:
        scores: name of the model → {number of labels: one score for each seed}.
        title: says what to see.
        baselines: other scores by name, drawn as lines.
        ylabel: what the score is.
        ylim: part of the vertical axis; None: from 0 to 1.
    """
    seeds_of: dict[str, dict[int, np.ndarray]] = {}
    for name, by_size in checks.by_name(scores, "scores", "{number of labels: scores of the seeds}").items():
        by_size = checks.by_name(by_size, f"scores[{name!r}]", "scores of the seeds")
        seeds_of[name] = {
            size: to_array(by_size[size], f"the scores of {name!r} at {size} labels", 1)
            for size in sorted(by_size)
        }
        if ylim is None:
            for size, values in seeds_of[name].items():
                where = f"the scores of {name!r} at {size} labels"
                checks.within(values, where, 0, 1, "without ylim, a score lies between 0 and 1.")
    sizes = sorted({size for by_size in seeds_of.values() for size in by_size})
    if sizes[0] < 1:
        raise ValueError(f"scores has an entry for {sizes[0]} labels; the axis is logarithmic: at least 1.")
    lines = checks.lines(baselines)
    ax = axes_or_new(ax)
    for number, (name, by_size) in enumerate(seeds_of.items()):
        places, seeds = list(by_size), list(by_size.values())
        ax.plot(places, [values.mean() for values in seeds], color=f"C{number}", label=name)
        aside = 2 ** (0.07 * (number - (len(scores) - 1) / 2))  # or equal points would hide each other
        across = np.concatenate(
            [np.full(len(values), size * aside) for size, values in zip(places, seeds, strict=True)]
        )
        ax.plot(
            across,
            np.concatenate(seeds),
            "o",
            color=f"C{number}",
            markersize=5,
            markeredgecolor="white",
            label="_seeds",
        )
    for name, value in lines.items():
        reference_line(ax, value, name)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel="number of labelled sentences", ylabel=ylabel, title=title, ylim=ylim or (0, 1.02))
    # Below the axes: the points of several seeds lie anywhere.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    return ax


def gains(
    scores: Mapping[str, Sequence[float]], baseline: str, title: str, xlabel: str, ax: Axes | None = None
) -> Axes:
    """How much better than a baseline on the same data: a point for each draw of the data, a bar at their mean.

    Args:
        scores: name → one score for each draw, in the same order for all.
        baseline: the name that the others are compared with.
        title: says what to see.
        xlabel: what the score is.
    """
    if baseline not in scores or len(scores) < 2:
        raise ValueError(
            f"scores has {', '.join(map(repr, scores)) or 'nothing'}; it needs {baseline!r}, the baseline, and another."
        )
    values = {name: to_array(own, f"the scores of {name!r}", 1) for name, own in scores.items()}
    if len({len(own) for own in values.values()}) > 1:
        counts = ", ".join(f"{name!r} {len(own)}" for name, own in values.items())
        raise ValueError(f"All need a score for each draw, but there are: {counts}.")
    others = [name for name in scores if name != baseline]
    height = 0.45 * max(len(others), 3)  # inches of the axes: room for the legend below even of one row
    ax = axes_or_new(ax, figsize=(7, height + 1.5))
    ax.axvline(0, color=GREY, linewidth=1)
    for row, name in enumerate(others):
        differences = values[name] - values[baseline]
        ax.plot(differences, [row] * len(differences), "o", color="C0", alpha=0.6, label="one draw")
        ax.plot([differences.mean()] * 2, [row - 0.3, row + 0.3], color="C1", linewidth=3, label="mean")
    ax.set_yticks(range(len(others)), others, parse_math=False)
    ax.set_ylim(len(others) - 0.5, -0.5)  # the first on top
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=f"{xlabel}: difference from {baseline!r}", title=title)
    handles, labels = ax.get_legend_handles_labels()
    # Below the axes: inside, its marker would look like one more draw.
    below = -0.5 / height
    ax.legend(handles[:2], labels[:2], loc="upper center", bbox_to_anchor=(0.5, below), ncols=2)
    return ax


def reliability(bins: Reliability | Mapping[str, Reliability], title: str, ax: Axes | None = None) -> Axes:
    """How often a classifier is right (up) where it is how sure (across); honest is who stays on the line.

    The larger a point, the more answers it stands for.

    Args:
        bins: what `metrics.reliability` returned, or several by name.
        title: says what to see.
    """
    one, what = isinstance(bins, Reliability), "what metrics.reliability returned"
    named = {"": bins} if one else checks.by_name(bins, "bins", what)
    filled_bins = {}
    for name, found in named.items():
        count = to_array(found.count, f"the count of {name!r}", 1)
        filled = count > 0
        if not filled.any():
            raise ValueError(f"The bins of {name!r} are all empty; there is nothing to draw.")
        parts = (np.asarray(on_cpu(part))[filled] for part in (found.confidence, found.accuracy))
        across, up = (to_array(part, f"the bins of {name!r}", 1) for part in parts)
        for part in (across, up):
            checks.within(part, f"the bins of {name!r}", 0, 1, "confidence and accuracy lie between 0 and 1.")
        filled_bins[name] = across, up, count[filled]
    ax = axes_or_new(ax, figsize=(4.8, 4.2))
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="as right as it says")
    for number, (name, (across, up, count)) in enumerate(filled_bins.items()):
        ax.plot(across, up, color=f"C{number}", linewidth=1.2, label=name or "_bins")
        ax.scatter(
            across,
            up,
            12 + 160 * count / count.sum(),
            color=f"C{number}",
            edgecolor="white",
            zorder=3,
        )
    ax.set(xlabel="how sure it is (mean of the bin)", ylabel="how often it is right", title=title)
    ax.set(xlim=(0, 1.03), ylim=(0, 1.03), aspect="equal")
    # Below the axes: curves may lie anywhere around the diagonal.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17))
    return ax
