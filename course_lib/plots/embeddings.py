"""Pictures of word vectors: a map, a table of cosines, a word's neighbours, one score against another."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from course_lib.models.words import principal_axes
from course_lib.plots import checks
from course_lib.plots.style import GREY, axes_or_new, to_array

MOST_WORDS, MOST_GROUPS = 60, 7  # the style has seven colours
_DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]


def embedding_map(
    vectors,
    words: Sequence[str],
    title: str,
    groups: Mapping[str, Sequence[str]] | None = None,
    axes=None,
    ax: Axes | None = None,
) -> Axes:
    """Words on a plane: their vectors seen along two directions, by default those along which they differ most (PCA).

    Args:
        vectors: (n_words, d_model), a row a word.
        words: the n_words names, 2 to 60.
        groups: name → words that get the same colour, at most 7 groups; a word in none is grey.
        axes: (d_model, 2) directions to look along; None takes the principal axes of these vectors.
    """
    values = to_array(vectors, "vectors", 2)
    if len(values) != len(words) or not 2 <= len(words) <= MOST_WORDS or values.shape[1] < 2:
        raise ValueError(
            f"vectors has shape {values.shape} and there are {len(words)} words; expected one row of at least 2 "
            f"numbers for each of 2 to {MOST_WORDS} words."
        )
    if len(groups or {}) > MOST_GROUPS:
        raise ValueError(
            f"There are {len(groups)} groups; at most {MOST_GROUPS} can be told apart by colour."
        )
    strangers = {word for members in (groups or {}).values() for word in members} - set(words)
    if strangers:
        raise ValueError(f"{sorted(strangers)[0]!r} is in a group, but not among the words.")
    matrix = torch.from_numpy(values)
    directions = principal_axes(matrix)[0] if axes is None else torch.from_numpy(to_array(axes, "axes", 2))
    if directions.shape != (values.shape[1], 2):
        raise ValueError(f"axes has shape {tuple(directions.shape)}; expected ({values.shape[1]}, 2).")
    centred = matrix - matrix.mean(dim=0)
    points = (centred @ directions).numpy()  # (n_words, 2)
    shares = (points**2).sum(axis=0) / max(float((centred**2).sum()), 1e-300)
    ax = axes_or_new(ax, figsize=(7.0, 5.2))
    group_of = {word: name for name, members in (groups or {}).items() for word in members}
    colours = {name: f"C{number}" for number, name in enumerate(groups or {})}
    for name in [*(groups or {}), None]:
        chosen = [number for number, word in enumerate(words) if group_of.get(word) == name]
        if chosen:
            ax.scatter(*points[chosen].T, s=16, color=colours.get(name, GREY), label=name, zorder=3)
    ax.set(
        title=title,
        xlabel=f"first direction ({shares[0]:.0%} of the variance)",
        ylabel=f"second direction ({shares[1]:.0%})",
    )
    ax.margins(0.09)
    if groups:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.2)
    _label(ax, points, words, [colours.get(group_of.get(word), GREY) for word in words])
    return ax


def _label(ax: Axes, points: np.ndarray, words: Sequence[str], colours: Sequence[str]) -> None:
    """Write each word near its point, at the nearest of many places where it covers no other word and no point."""
    figure = ax.figure
    figure.canvas.draw()  # fixes the layout, so that places in pixels stay what they are
    renderer, frame = figure.canvas.get_renderer(), ax.get_window_extent()
    pixels = ax.transData.transform(points)  # (n_words, 2)
    taken = np.hstack([pixels - 3, pixels + 3])  # (n_boxes, 4): left, bottom, right, top; first the points
    for number, (word, colour) in enumerate(zip(words, colours, strict=True)):
        text = ax.annotate(
            word, points[number], (0, 0), textcoords="offset pixels", fontsize=9, parse_math=False
        )
        size = text.get_window_extent(renderer)
        best = None
        for distance in (5, 10, 17, 26, 37, 50):
            for right, up in _DIRECTIONS:
                x = distance * right - size.width * (1 - right) / 2
                y = distance * up - size.height * (1 - up) / 2
                box = Bbox.from_bounds(pixels[number, 0] + x, pixels[number, 1] + y, size.width, size.height)
                inside = (
                    frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
                )
                overlap = (
                    (taken[:, 0] < box.x1)
                    & (box.x0 < taken[:, 2])
                    & (taken[:, 1] < box.y1)
                    & (box.y0 < taken[:, 3])
                )
                covered = int(overlap.sum()) - int(overlap[number])  # its own point may be touched
                if inside and (best is None or covered < best[0]):
                    best = (covered, x, y, box, distance)
            if best is not None and best[0] == 0:
                break
        _, x, y, box, distance = best
        text.set_position((x, y))
        taken = np.vstack([taken, box.extents])
        if distance >= 17:  # far from its point: a thin line leads there
            target = ax.transData.inverted().transform(
                (np.clip(pixels[number, 0], box.x0, box.x1), np.clip(pixels[number, 1], box.y0, box.y1))
            )
            ax.plot(*zip(points[number], target, strict=True), color=colour, linewidth=0.6, zorder=1)


def similarity_matrix(similarities, words: Sequence[str], title: str, ax: Axes | None = None) -> Axes:
    """The cosines among a few words as a table, red for alike, blue for opposed, with the numbers.

    Args:
        similarities: (n, n) cosines, symmetric, from −1 to 1; n at most 12.
        words: the n words.
    """
    values = to_array(similarities, "similarities", 2)
    if values.shape != (len(words), len(words)) or len(words) > 12:
        raise ValueError(
            f"similarities has shape {values.shape} and there are {len(words)} words; expected (n, n) for at most 12."
        )
    if np.abs(values).max() > 1 + 1e-4 or not np.allclose(values, values.T, atol=1e-4):
        raise ValueError(
            f"similarities goes from {values.min():.2f} to {values.max():.2f}; cosines lie between −1 and 1, and are "
            "the same both ways. Did you pass dot products?"
        )
    size = 0.48 * len(words)
    ax = axes_or_new(ax, figsize=(size + 2.2, size + 1.2))
    image = ax.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if abs(value) > 0.6 else "black"
        ax.text(
            column, row, f"{round(value, 2) + 0:.2f}", ha="center", va="center", color=colour, fontsize=8.5
        )
    ax.set_xticks(range(len(words)), words, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    ax.set_yticks(range(len(words)), words, parse_math=False)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.set_title(title)
    ax.figure.colorbar(image, ax=ax, label="cosine", ticks=[-1, 0, 1], shrink=0.8)
    return ax


def neighbour_bars(neighbours: Sequence[tuple[str, float]], title: str, ax: Axes | None = None) -> Axes:
    """A word's nearest neighbours, the nearest on top, with their cosines as bars.

    Args:
        neighbours: (word, cosine) pairs, as `WordVectors.neighbours` returns them.
    """
    if not neighbours or any(len(pair) != 2 for pair in neighbours):
        raise ValueError("There are no neighbours to draw; pass at least one (word, cosine), and pairs only.")
    words, cosines = zip(*neighbours, strict=True)
    values = to_array(cosines, "cosines", 1)
    checks.within(
        values, "cosines", -1 - 1e-4, 1 + 1e-4, "cosines lie between −1 and 1: did you pass dot products?"
    )
    ax = axes_or_new(ax, figsize=(5.0, 0.27 * len(words) + 1.0))
    bars = ax.barh(range(len(words)), values)
    ax.bar_label(bars, [f"{value:.2f}" for value in values], fontsize=9, padding=3)
    ax.set_yticks(range(len(words)), words, parse_math=False)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="cosine", title=title, xlim=(min(0.0, values.min() * 1.2), 1.1))
    return ax


def one_against_other(x, y, xlabel: str, ylabel: str, title: str, ax: Axes | None = None) -> Axes:
    """Two numbers for each of many things as a cloud of points, with the line where both are equal.

    Args:
        x, y: (n,) each.
    """
    across, up = to_array(x, "x", 1), to_array(y, "y", 1)
    if across.shape != up.shape:
        raise ValueError(f"x has shape {across.shape} and y {up.shape}; expected two numbers for each thing.")
    ax = axes_or_new(ax, figsize=(4.8, 4.2))
    ax.plot(across, up, ".", markersize=3, alpha=0.4, markeredgewidth=0)
    ends = [min(across.min(), up.min()), max(across.max(), up.max())]
    ax.plot(ends, ends, color="black", linewidth=0.9)
    ax.annotate("equal", (ends[1], ends[1]), (-4, -2), textcoords="offset points", ha="right", fontsize=9)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return ax
