"""The map of the course: its lessons in reading order with their questions, and the road ahead."""

import textwrap

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from course_lib.course import LESSONS, ROAD_AHEAD
from course_lib.plots.style import GREY

_QUESTION, _YOU, _CPU, _RIGHT = 2.7, 7.55, 8.4, 8.5  # inches from the left, as is the boxes' width
_LEFT, _WIDTH = 0.1, 2.4
_CHARACTERS = 58  # of a question in one line


def course_map(ax: Axes | None = None) -> Axes:
    """Draw the lessons from top to bottom, each with the question that it answers; dashed boxes are planned."""
    stops = [
        (lesson.number, lesson.title, lesson.question, f"{lesson.minutes} min", f"{lesson.seconds} s")
        for lesson in LESSONS
    ]
    stops += [(number, title, "planned", "", "") for number, title in ROAD_AHEAD]
    if ax is None:
        ax = plt.subplots(figsize=(8.6, 0.44 * len(stops) + 0.6))[1]
    words = {"va": "center", "zorder": 3}
    ax.text(_QUESTION, -0.75, "the question it answers", fontsize=8.5, color=GREY, **words)
    ax.text(_YOU, -0.75, "your time", fontsize=8.5, color=GREY, ha="right", **words)
    ax.text(_CPU, -0.75, "CPU time", fontsize=8.5, color=GREY, ha="right", **words)
    for y, (number, title, question, you, cpu) in enumerate(stops):
        ready = bool(you)
        ax.add_patch(
            FancyBboxPatch(
                (_LEFT, y - 0.33),
                _WIDTH,
                0.66,
                boxstyle="round,pad=0,rounding_size=0.12",
                facecolor="#d9ebf7" if ready else "white",
                edgecolor="C0" if ready else "#8a8a8a",
                linestyle="-" if ready else "--",
                linewidth=1.2,
                zorder=2,
            )
        )
        words["color"] = "black" if ready else "#5a5a5a"
        ax.text(_LEFT + 0.12, y, number, fontsize=9, **words)
        ax.text(_LEFT + 0.45, y, title, fontsize=9.5, weight="bold", **words)
        ax.text(_QUESTION, y, textwrap.fill(question, _CHARACTERS), fontsize=9, linespacing=1.05, **words)
        ax.text(_YOU, y, you, fontsize=8.5, ha="right", **words)
        ax.text(_CPU, y, cpu, fontsize=8.5, ha="right", **words)
        if y < len(stops) - 1:
            middle = _LEFT + _WIDTH / 2
            ax.annotate(
                "",
                (middle, y + 0.68),
                (middle, y + 0.33),
                arrowprops={"arrowstyle": "-|>", "color": "#8a8a8a", "shrinkA": 0, "shrinkB": 0},
            )
    ax.set(
        xlim=(0, _RIGHT),
        ylim=(len(stops) - 0.5, -1),
        title="From RNN to BERT: one question leads to the next",
    )
    ax.axis("off")
    return ax
