"""The map of the course: its lessons in reading order, and the road ahead."""

import textwrap

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from course_lib.course import LESSONS, ROAD_AHEAD

COLUMNS = 5


def course_map(ax: Axes | None = None) -> Axes:
    """Draw the lessons row by row, from left to right; solid boxes are ready, dashed ones are planned."""
    stops = [
        (lesson.number, lesson.title, f"you {lesson.minutes} min\nCPU {lesson.seconds} s")
        for lesson in LESSONS
    ]
    stops += [(number, title, "planned") for number, title in ROAD_AHEAD]
    rows = -(-len(stops) // COLUMNS)
    if ax is None:
        ax = plt.subplots(figsize=(8.6, 1.45 * rows + 0.5))[1]
    for i, (number, title, note) in enumerate(stops):
        row, x = divmod(i, COLUMNS)
        y, ready = -row, note != "planned"
        ax.add_patch(
            FancyBboxPatch(
                (x - 0.36, y - 0.32),
                0.72,
                0.64,
                boxstyle="round,pad=0.04",
                facecolor="#d9ebf7" if ready else "white",
                edgecolor="C0" if ready else "#8a8a8a",
                linestyle="-" if ready else "--",
                linewidth=1.6 if ready else 1.0,
                zorder=2,
            )
        )
        colour = "black" if ready else "#5a5a5a"
        words = {"ha": "center", "va": "center", "color": colour, "zorder": 3}
        ax.text(x, y + 0.25, number, fontsize=9, **words)
        ax.text(x, y + 0.05, textwrap.fill(title, 12), weight="bold", **words)
        ax.text(x, y - 0.22, note, fontsize=8, **words)
        if x < COLUMNS - 1 and i < len(stops) - 1:
            ax.annotate(
                "",
                (x + 0.6, y),
                (x + 0.4, y),
                arrowprops={"arrowstyle": "-|>", "color": "#8a8a8a", "shrinkA": 0, "shrinkB": 0},
            )
    ax.set(xlim=(-0.5, COLUMNS - 0.5), ylim=(-rows + 0.55, 0.45), title="From RNN to BERT, left to right")
    ax.axis("off")
    return ax
