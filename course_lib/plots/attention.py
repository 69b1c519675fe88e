"""One attention map with its tokens. `attention_grid` draws many as one tiled picture.

Rows are queries, columns are keys, as in the weights (target_len, source_len). One scale from 0 to 1 for every panel:
linear for one map; a square root shows the small weights of many.
"""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.patches import Patch, Rectangle

from course_lib.plots.style import on_cpu, to_array
from course_lib.plots.tokens import POINTS_PER_INCH, label_every, shortened, token_labels

COLOURS = "Blues"  # light to dark, lightness falls all the way
MASKED, LINE, FRAME, GOLD = "#c9c9c9", "#d5d5d5", "#8a8a8a", "C1"
QUERY_TITLE, KEY_TITLE = "query: attending token", "key: attended token"
WRITTEN_TITLE = "the word being written"  # names the rows of a decoder's map
WITH_NUMBERS, WITH_HAIRLINES = 12, 30  # tokens up to which they are drawn
SMALLEST_NUMBER = 0.05  # a cell with less weight stays empty
NORMS = {"linear": Normalize(0, 1), "sqrt": PowerNorm(0.5, 0, 1)}
_SCALE_NOTES = {"linear": "", "sqrt": "\n(square-root scale)"}
_TICKS = {"linear": (0, 0.25, 0.5, 0.75, 1), "sqrt": (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1)}


def attention_heatmap(
    weights,
    query_tokens: Sequence[str],
    key_tokens: Sequence[str],
    title: str,
    *,
    mask=None,
    gold: Iterable[tuple[int, int]] = (),
    gold_label: str = "true alignment",
    scale: str = "linear",
    quantity: str = "attention weight",
    bar: bool = True,
    mark_uniform: bool = True,
    query_title: str = QUERY_TITLE,
    ax: Axes | None = None,
) -> Axes:
    """One attention map: a row a query, a column a key, the darker the more weight.

    Up to 12 tokens a cell shows its number, from 0.05 on. Long inputs have a label at every k-th token, and the axis
    says so.

    Args:
        weights: (target_len, source_len), each row summing to 1.
        query_tokens, key_tokens: the target_len and source_len tokens.
        title: says what to see.
        mask: boolean, (target_len, source_len) or (1, source_len), True = may attend. The others are grey with a ×.
        gold: (query, key) places to outline, such as a known alignment; or a boolean (target_len, source_len) matrix.
        gold_label: what the outlines mean.
        scale: "linear", or "sqrt" to see small weights.
        quantity: what the weights are, beside the scale.
        bar: False leaves out the bar of the scale, where a panel beside this one has it.
        mark_uniform: False leaves out the bar's mark 1/N, where one bar serves panels with different numbers of keys.
        query_title: what a row is: `WRITTEN_TITLE` in a decoder's map, whose query has not read the row's word yet.
        ax: where to draw; None makes a figure of a fitting size.

    Raises:
        ValueError: rows that do not sum to 1, weight where the mask forbids it, or sizes that do not fit.
    """
    values = to_array(weights, "weights", 2)
    if values.shape != (len(query_tokens), len(key_tokens)):
        raise ValueError(
            f"weights has shape {values.shape}, but there are {len(query_tokens)} query tokens and "
            f"{len(key_tokens)} key tokens; expected (query tokens, key tokens)."
        )
    allowed = check_weights(values, mask, scale)
    labels = [shortened(label) for label in token_labels([*query_tokens, *key_tokens])]
    queries, keys = labels[: len(query_tokens)], labels[len(query_tokens) :]
    if ax is None:
        ax, cell = _new_axes(queries, keys, title)
    else:
        box = ax.get_window_extent()
        cell = min(box.width / values.shape[1], box.height / values.shape[0]) / ax.figure.dpi
    colours = plt.get_cmap(COLOURS).with_extremes(bad=MASKED)
    picture = np.ma.masked_where(~allowed, values)
    image = ax.imshow(picture, cmap=colours, norm=NORMS[scale], aspect="equal", interpolation="nearest")
    _label_axes(ax, queries, keys, cell, query_title)
    if max(values.shape) <= WITH_HAIRLINES:
        ax.set_xticks(np.arange(1, values.shape[1]) - 0.5, minor=True)
        ax.set_yticks(np.arange(1, values.shape[0]) - 0.5, minor=True)
        ax.grid(which="minor", color=LINE, linewidth=0.5)
    draw_crosses(ax, np.argwhere(~allowed), cell)
    if max(values.shape) <= WITH_NUMBERS:
        for t, s in np.argwhere(allowed & (values >= SMALLEST_NUMBER)):
            dark = image.norm(values[t, s]) > 0.55
            colour = "white" if dark else "black"
            ax.text(
                s, t, f"{values[t, s]:.2f}", ha="center", va="center", color=colour, fontsize=_fit(cell, 2.6)
            )
    _outline(ax, gold, values.shape, gold_label)
    if bar:
        inches = values.shape[1] * cell, values.shape[0] * cell
        draw_bar(ax, image, scale, most_keys(allowed) if mark_uniform else None, inches, quantity)
    ax.spines[:].set(visible=True, color=FRAME, linewidth=0.8)
    ax.set_title(title)
    return ax


def check_weights(values: np.ndarray, mask, scale: str) -> np.ndarray:
    """Which cells may hold weight, in the shape of the weights; ValueError where these are no attention weights."""
    if scale not in NORMS:
        raise ValueError(f"scale is {scale!r}; it must be one of {', '.join(NORMS)}.")
    allowed = np.ones(values.shape, dtype=bool)
    if mask is not None:
        mask = np.asarray(on_cpu(mask))
        if mask.dtype != bool:
            raise ValueError(f"mask has type {mask.dtype}; expected booleans, True = may attend.")
        try:
            allowed = np.broadcast_to(mask, values.shape)
        except ValueError:
            raise ValueError(
                f"mask has shape {mask.shape}, which does not fit weights of shape {values.shape}."
            ) from None
    sums = values.sum(axis=-1)
    wanted = allowed.any(axis=-1)  # 1 where there is a key to attend to, else 0
    wrong = np.argwhere(np.abs(sums - wanted) > 5e-3)
    if len(wrong) or values.min() < -1e-6:
        where = (
            tuple(int(i) for i in wrong[0])
            if len(wrong)
            else np.unravel_index(values.argmin(), values.shape)[:-1]
        )
        place = where[0] if len(where) == 1 else tuple(map(int, where))
        message = f"weights has shape {values.shape}, and its row {place} sums to {sums[tuple(where)]:.3f}"
        message += (
            f" with a lowest value of {values[tuple(where)].min():.3f}; rows of attention weights sum to 1."
        )
        if np.allclose(values.sum(axis=-2), 1, atol=5e-3):
            message += " Its columns do: was the softmax taken over the queries (dim=-2) instead of the keys (dim=-1)?"
        elif values.min() < 0 or values.max() > 1.01:
            message += " Are these scores, before the softmax?"
        raise ValueError(message)
    if (values[~allowed] > 1e-6).any():
        raise ValueError(
            f"weights has shape {values.shape} and puts up to {values[~allowed].max():.3f} where the mask is False; "
            "True = may attend: is the mask the wrong way round?"
        )
    return allowed


def most_keys(allowed: np.ndarray) -> int:
    """How many keys the freest query may attend to: among them, uniform attention is 1/N."""
    return int(allowed.sum(axis=-1).max())


def _new_axes(queries: list[str], keys: list[str], title: str) -> tuple[Axes, float]:
    """Axes of a new figure in which the map fits, and the size of its cells in inches."""
    target_len, source_len = len(queries), len(keys)
    preferred = 0.46 if max(target_len, source_len) <= WITH_NUMBERS else 0.27
    cell = min(preferred, 8.0 / source_len, 7.5 / target_len)
    # Beside the map: the bar, and the slanted label of the last key, which must not push it aside.
    beside = max(1.9, 1.2 + 0.065 * max(map(len, keys)))
    width = source_len * cell + 0.11 * max(map(len, queries)) + beside
    # A map of few rows still needs the height of the words beside it.
    height = max(2.2, target_len * cell) + 0.08 * max(map(len, keys)) + 1.2
    # A title wider than the figure would press the map together.
    width = max(4.2, width, 0.1 * len(title) + 0.8)
    return plt.subplots(figsize=(width, height), layout="compressed")[1], cell


def _fit(cell: float, characters: float) -> float:
    """A font size at which so many characters fit into a cell, at most 10 points."""
    return max(4.0, min(10.0, cell * POINTS_PER_INCH / characters))


def _label_axes(ax: Axes, queries: list[str], keys: list[str], cell: float, query_title: str) -> None:
    size = min(10.5, max(8.0, cell * POINTS_PER_INCH * 0.75))
    step = label_every(cell, size)
    narrow = max(map(len, keys)) <= 2 and cell * step * POINTS_PER_INCH >= 0.6 * size * max(map(len, keys))
    columns = [(s, keys[s]) for s in range(0, len(keys), step)]
    rows = [(t, queries[t]) for t in range(0, len(queries), step)]
    write_ticks(ax, columns, rows, size, 0 if narrow else 45)
    ax.set(xlabel=KEY_TITLE + every_kth(step), ylabel=query_title)


def write_ticks(
    ax: Axes, columns: list[tuple[int, str]], rows: list[tuple[int, str]], size: float, rotation: int
) -> None:
    """Labels above the columns and left of the rows, without their little lines. `$` is a letter like any other."""
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    slanted = {"rotation": rotation, "ha": "left", "rotation_mode": "anchor"} if rotation == 45 else {}
    slanted = {"rotation": 90} if rotation == 90 else slanted
    for axis, labels, options in ((ax.xaxis, columns, slanted), (ax.yaxis, rows, {})):
        axis.set_ticks([place for place, _ in labels])
        axis.set_ticklabels([label for _, label in labels], fontsize=size, parse_math=False, **options)
    ax.tick_params(which="both", length=0)
    ax.grid(False)


def every_kth(step: int) -> str:
    if step == 1:
        return ""
    return f" (a label at every {step}{ {2: 'nd', 3: 'rd'}.get(step, 'th') } token)"


def draw_crosses(ax: Axes, cells: np.ndarray, cell: float) -> None:
    """A small × in each of the cells (row, column)."""
    if len(cells):
        size = (0.35 * cell * POINTS_PER_INCH) ** 2
        ax.scatter(cells[:, 1], cells[:, 0], s=size, marker="x", c="#7a7a7a", linewidths=0.7, zorder=3)


def _outline(ax: Axes, gold, shape: tuple[int, int], label: str) -> None:
    if isinstance(gold, torch.Tensor | np.ndarray):
        gold = np.asarray(on_cpu(gold))
        if gold.dtype != bool or gold.shape != shape:
            raise ValueError(
                f"gold has shape {gold.shape} and type {gold.dtype}; expected booleans, {shape}."
            )
        gold = np.argwhere(gold)
    places = [(int(t), int(s)) for t, s in gold]
    for t, s in places:
        if not (0 <= t < shape[0] and 0 <= s < shape[1]):
            raise ValueError(f"gold names the place {(t, s)}, which is outside weights of shape {shape}.")
        ax.add_patch(
            Rectangle((s - 0.44, t - 0.44), 0.88, 0.88, fill=False, edgecolor=GOLD, linewidth=1.4, zorder=4)
        )
    if places:
        handle = Patch(fill=False, edgecolor=GOLD, linewidth=1.4, label=label)
        ax.legend(handles=[handle], loc="upper left", bbox_to_anchor=(0, 0), borderaxespad=0.4, borderpad=0.2)


def draw_bar(
    ax: Axes,
    image: ScalarMappable,
    scale: str,
    n_keys: int | None,
    inches: tuple[float, float],
    quantity: str = "attention weight",
) -> None:
    """The bar of the one scale, as high as the map, with a line at what uniform attention would give.

    `inches` are width and height of the map, so that the bar is as wide beside every map. No line if n_keys is None.
    """
    width, height = inches
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.15 / width, pad=0.12 / width, aspect=height / 0.15)
    bar.set_label(f"{quantity}{_SCALE_NOTES[scale]}\neach row sums to 1", fontsize=9.5)
    if n_keys is None:
        bar.set_ticks(_TICKS[scale], labels=[f"{tick:g}" for tick in _TICKS[scale]], fontsize=9)
        return
    norm, uniform = NORMS[scale], 1 / n_keys
    bar.ax.axhline(uniform, color=GOLD, linewidth=1.6)
    # A tick too near to the line's own label would run into it.
    marks = [tick for tick in _TICKS[scale] if abs(norm(tick) - norm(uniform)) > 0.09]
    labels = [*(f"{tick:g}" for tick in marks), f"1/{n_keys}: uniform"]
    bar.set_ticks([*marks, uniform], labels=labels, fontsize=9)
    bar.ax.get_yticklabels()[-1].set_color(GOLD)
