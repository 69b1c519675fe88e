"""Many attention maps as one tiled picture: all heads of a model at a glance."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from course_lib.plots.attention import (
    COLOURS,
    FRAME,
    KEY_TITLE,
    LINE,
    MASKED,
    NORMS,
    QUERY_TITLE,
    WITH_HAIRLINES,
    check_weights,
    draw_bar,
    draw_crosses,
    every_kth,
    most_keys,
    write_ticks,
)
from course_lib.plots.style import printable, to_array
from course_lib.plots.tokens import LONGEST, drawable, label_every, shortened


def attention_grid(
    weights,
    title: str,
    *,
    query_tokens: Sequence[str] | None = None,
    key_tokens: Sequence[str] | None = None,
    mask=None,
    names: Sequence[str] | None = None,
    n_columns: int | None = None,
    scale: str = "sqrt",
    query_title: str = QUERY_TITLE,
    ax: Axes | None = None,
) -> Axes:
    """Many attention maps of the same tokens side by side, as one tiled picture with one scale.

    Args:
        weights: (layers, heads, target_len, source_len): a row of tiles a layer, a column a head; or
            (n, target_len, source_len): n maps, row by row.
        title: says what to see.
        query_tokens, key_tokens: written along the left and the top edge, where there is room for them.
        mask: boolean, (target_len, source_len) or of the weights' shape, True = may attend. The others are grey, with
            a × where a cell is large enough to hold one.
        names: one for each tile, row by row; None: "layer 0 head 3" as "L0 H3", or "0", "1", ….
        n_columns: tiles in a row for (n, …) weights; None: at most 4.
        scale: "sqrt" or "linear".
        query_title: as in `attention_heatmap`.
        ax: where to draw; None makes a figure of a fitting size.

    Raises:
        ValueError: as `attention_heatmap`.
    """
    given = weights.ndim if isinstance(weights, torch.Tensor | np.ndarray) else np.ndim(weights)
    values = to_array(weights, "weights", given if given in (3, 4) else 4)
    allowed = check_weights(values, mask, scale)
    *outer, target_len, source_len = values.shape
    if values.ndim == 4:
        n_rows, n_columns = outer
        names = names or [f"L{layer} H{head}" for layer in range(n_rows) for head in range(n_columns)]
    else:
        n_columns = min(4, outer[0]) if n_columns is None else n_columns
        if n_columns < 1:
            raise ValueError(f"n_columns is {n_columns}; expected at least 1 tile in a row.")
        n_rows = -(-outer[0] // n_columns)
        names = names or [str(number) for number in range(outer[0])]
    tiles, shown = values.reshape(-1, target_len, source_len), allowed.reshape(-1, target_len, source_len)
    if len(names) != len(tiles):
        raise ValueError(
            f"weights has shape {values.shape}: {len(tiles)} maps, but there are {len(names)} names."
        )
    for tokens, length, kind in ((query_tokens, target_len, "query"), (key_tokens, source_len, "key")):
        if tokens is not None and len(tokens) != length:
            raise ValueError(f"weights has shape {values.shape}, but there are {len(tokens)} {kind} tokens.")
    tokens = [*(query_tokens or [""] * target_len), *(key_tokens or [""] * source_len)]
    written = drawable([*map(printable, tokens), *names])  # one warning for all
    short = [shortened(label) for label in written[: len(tokens)]]
    queries, keys = short[:target_len], short[target_len:]
    names = [shortened(name, 2 * LONGEST) for name in written[len(tokens) :]]
    if ax is None:
        cell = min(0.3, 8.5 / (n_columns * (source_len + 1)), 8.0 / (n_rows * (target_len + 1)))
    else:
        box = ax.get_window_extent()
        width, height = n_columns * (source_len + 1), n_rows * (target_len + 2)
        cell = min(box.width / width, box.height / height) / ax.figure.dpi
    # Between tiles: a little room, and above each one a line for its name. In cells.
    beside, above = -int(-0.08 // cell), -int(-0.22 // cell)
    wide, high = source_len + beside, target_len + above
    if ax is None:
        margin = 0.12 * max(map(len, queries)) + 1.6, 0.11 * max(map(len, keys)) + 1.0
        over = max(
            0.0, 0.08 * max(map(len, names)) - wide * cell
        )  # of the last tile's name, to the right of it
        size = n_columns * wide * cell + margin[0] + over, n_rows * high * cell + margin[1]
        ax = plt.subplots(figsize=(max(3.6, size[0]), max(2.4, size[1])), layout="compressed")[1]
    colours, grey = plt.get_cmap(COLOURS), to_rgba(MASKED)
    picture = np.ones((n_rows * high, n_columns * wide - beside, 4))
    corners = [(k // n_columns * high + above, k % n_columns * wide) for k in range(len(tiles))]
    frames, crosses = [], []
    for (top, left), name, tile, open_cells in zip(corners, names, tiles, shown, strict=True):
        coloured = colours(NORMS[scale](tile))
        coloured[~open_cells] = grey
        picture[top : top + target_len, left : left + source_len] = coloured
        frames.append(_box(left - 0.5, top - 0.5, source_len, target_len))
        crosses.append(np.argwhere(~open_cells) + (top, left))
        ax.text(left - 0.5, top - 0.8, name, ha="left", va="bottom", fontsize=8.5, parse_math=False)
    ax.imshow(picture, aspect="equal", interpolation="nearest")
    ax.add_collection(LineCollection(frames, colors=FRAME, linewidths=0.6, clip_on=False))
    if max(target_len, source_len) <= WITH_HAIRLINES and cell >= 0.12:
        lines = [_hairlines(left - 0.5, top - 0.5, source_len, target_len) for top, left in corners]
        ax.add_collection(LineCollection(sum(lines, []), colors=LINE, linewidths=0.5))
    if cell >= 0.07:
        draw_crosses(ax, np.concatenate(crosses), cell)
    size = 9.0
    step = label_every(cell, size)
    rows = [(row * high + above + t, queries[t]) for row in range(n_rows) for t in range(0, target_len, step)]
    columns = [
        (column * wide + s, keys[s]) for column in range(n_columns) for s in range(0, source_len, step)
    ]
    write_ticks(ax, columns if key_tokens else [], rows if query_tokens else [], size, 90)
    labelled = bool(query_tokens or key_tokens)
    ax.set(xlabel=KEY_TITLE + every_kth(step if labelled else 1), ylabel=query_title)
    ax.spines[:].set_visible(False)
    draw_bar(
        ax,
        ScalarMappable(NORMS[scale], colours),
        scale,
        most_keys(allowed),
        (picture.shape[1] * cell, picture.shape[0] * cell),
    )
    ax.set_title(title)
    return ax


def _box(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]


def _hairlines(x: float, y: float, width: int, height: int) -> list[list[tuple[float, float]]]:
    across = [[(x, y + k), (x + width, y + k)] for k in range(1, height)]
    return across + [[(x + k, y), (x + k, y + height)] for k in range(1, width)]
