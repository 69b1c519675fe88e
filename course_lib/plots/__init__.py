"""The pictures of the course. Importing this switches matplotlib to the course's style."""

from course_lib.plots.attention import attention_heatmap
from course_lib.plots.attention_grid import attention_grid
from course_lib.plots.course_map import course_map
from course_lib.plots.curves import learning_curve, loss_by_order, loss_by_size, reference_line
from course_lib.plots.distributions import next_symbol_bars
from course_lib.plots.recurrent import (
    gates_over_time,
    gradient_by_lag,
    hidden_states,
    memory_by_lag,
    recall_by_lag,
)
from course_lib.plots.style import figure_png, palette_png, printable, use_style

use_style()

__all__ = [
    "attention_grid",
    "attention_heatmap",
    "course_map",
    "figure_png",
    "gates_over_time",
    "gradient_by_lag",
    "hidden_states",
    "learning_curve",
    "loss_by_order",
    "loss_by_size",
    "memory_by_lag",
    "next_symbol_bars",
    "palette_png",
    "printable",
    "recall_by_lag",
    "reference_line",
    "use_style",
]
