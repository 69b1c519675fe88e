"""A sentence cut into tokens, as it is read: boxes one after the other, in lines."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from course_lib.plots.style import GREY
from course_lib.plots.tokens import POINTS_PER_INCH, token_labels

COLOURS = ("#cfe3f2", "#f6dccb", "#cdeadf")  # light: black text stands on them
MAX_TOKENS = 150
_WIDTH, _FONT, _PAD, _GAP = 7.0, 11.5, 4.0, 3.0  # inches; the others in points
_LINE, _LINE_WITH_IDS = 25.0, 37.0


def token_boxes(
    tokens: Sequence[str], title: str, *, ids: Sequence[int] | None = None, ax: Axes | None = None
) -> Axes:
    """Tokens in boxes, in the order of the text; a space is ␣. The first 150; then it says how many are left.

    Args:
        tokens: one str each.
        title: says what to see.
        ids: a number to stand below each token.
        ax: where to draw; None makes a figure as high as the lines need.

    Raises:
        ValueError: no tokens, or another number of ids.
    """
    if len(tokens) == 0:
        raise ValueError("There are no tokens to draw; give at least one.")
    if ids is not None and len(ids) != len(tokens):
        raise ValueError(f"There are {len(tokens)} tokens and {len(ids)} ids; expected one for each.")
    labels = token_labels(tokens[:MAX_TOKENS])
    if ax is None:
        ax = plt.subplots(figsize=(_WIDTH, 1.0))[1]
        width = _WIDTH * POINTS_PER_INCH - 8  # the layout's margins
        own_figure = True
    else:
        width = ax.get_window_extent().width / ax.figure.dpi * POINTS_PER_INCH
        own_figure = False
    line = _LINE if ids is None else _LINE_WITH_IDS
    renderer = ax.figure.canvas.get_renderer()
    left, top = 0.0, 0.0
    for number, label in enumerate(labels):
        text = ax.text(0, 0, label, fontsize=_FONT, ha="center", va="center", parse_math=False)
        box = text.get_window_extent(renderer).width / ax.figure.dpi * POINTS_PER_INCH + 2 * _PAD
        if left and left + box > width:
            left, top = 0.0, top + line
        middle = left + box / 2
        text.set_position((middle, top + 11))
        ax.add_patch(
            FancyBboxPatch(
                (left + 1, top + 2),
                box - 2,
                18,
                boxstyle="round,pad=0,rounding_size=3",
                facecolor=COLOURS[number % len(COLOURS)],
                edgecolor="none",
            )
        )
        if ids is not None:
            ax.text(middle, top + 27, str(ids[number]), fontsize=7.5, color=GREY, ha="center", va="center")
        left += box + _GAP
    rest = len(tokens) - len(labels)
    if rest:
        ax.text(0, top + line + 8, f"… and {rest:,} more", fontsize=9, color=GREY, va="center")
        top += line
    if own_figure:
        ax.figure.set_size_inches(_WIDTH, (top + line) / POINTS_PER_INCH + 0.45)
    ax.set(xlim=(0, width), ylim=(top + line, 0), title=title)
    ax.set_axis_off()
    return ax
