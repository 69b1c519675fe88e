"""The map of the course: lessons that are there, and the road ahead."""

import textwrap

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from course_lib.course import LESSONS, ROAD_AHEAD

COLUMNS = 5


def course_map(ax: Axes | None = None) -> Axes:
    """Draw the lessons in reading order, row by row; solid boxes are ready, dashed ones are planned."""
    stops = [
        (lesson.number, lesson.title, f"{lesson.minutes} min · {lesson.seconds} s") for lesson in LESSONS
    ]
    stops += [(number, title, "planned") for number, title in ROAD_AHEAD]
    rows = -(-len(stops) // COLUMNS)
    if ax is None:
        ax = plt.subplots(figsize=(8.6, 1.25 * rows + 0.5))[1]
    places = []
    for i, (number, title, note) in enumerate(stops):
        row, column = divmod(i, COLUMNS)
        # Every second row runs backwards, so that the road has no long way back.
        x, y = (column if row % 2 == 0 else COLUMNS - 1 - column), -row
        places.append((x, y))
        ready = note != "planned"
        ax.add_patch(
            FancyBboxPatch(
                (x - 0.36, y - 0.27),
                0.72,
                0.54,
                boxstyle="round,pad=0.04",
                facecolor="#d9ebf7" if ready else "white",
                edgecolor="C0" if ready else "#8a8a8a",
                linestyle="-" if ready else "--",
                linewidth=1.6 if ready else 1.0,
                zorder=2,
            )
        )
        colour = "black" if ready else "#5a5a5a"
        ax.text(x, y + 0.19, number, ha="center", va="center", fontsize=9, color=colour, zorder=3)
        ax.text(
            x,
            y - 0.01,
            textwrap.fill(title, 12),
            ha="center",
            va="center",
            weight="bold",
            color=colour,
            zorder=3,
        )
        ax.text(x, y - 0.21, note, ha="center", va="center", fontsize=8, color=colour, zorder=3)
    for (x0, y0), (x1, y1) in zip(places, places[1:], strict=False):
        # From edge to edge of the boxes, so that the head of the arrow is seen.
        x_gap, y_gap = 0.4 * (x1 - x0), 0.31 * (y1 - y0)
        ax.annotate(
            "",
            (x1 - x_gap, y1 - y_gap),
            (x0 + x_gap, y0 + y_gap),
            arrowprops={"arrowstyle": "-|>", "color": "#8a8a8a", "shrinkA": 0, "shrinkB": 0},
        )
    ax.set(xlim=(-0.5, COLUMNS - 0.5), ylim=(-rows + 0.6, 0.45), title="The road from RNN to BERT")
    ax.axis("off")
    return ax
