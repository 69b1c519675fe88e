"""The pictures of the course. Importing this switches matplotlib to the course's style."""

from course_lib.plots.alignment import attention_bars, kept_without_attention
from course_lib.plots.attention import attention_heatmap
from course_lib.plots.attention_grid import attention_grid
from course_lib.plots.classification import confusion_matrix, gains, label_efficiency, reliability
from course_lib.plots.course_map import course_map
from course_lib.plots.curves import learning_curve, loss_by_order, reference_line
from course_lib.plots.distributions import next_symbol_bars
from course_lib.plots.embeddings import embedding_map, neighbour_bars, one_against_other, similarity_matrix
from course_lib.plots.head_scores import head_scores, layer_scores
from course_lib.plots.masked import masked_words
from course_lib.plots.pieces import token_boxes
from course_lib.plots.recurrent import (
    activation_by_position,
    gate_and_cell,
    gates_over_time,
    gradient_by_lag,
    hidden_states,
    memory_by_lag,
    recall_bars,
    recall_by_lag,
)
from course_lib.plots.stack import by_layer, functions
from course_lib.plots.style import figure_png, palette_png, printable, use_style
from course_lib.plots.transformer import by_size, positional_encoding
from course_lib.plots.translation import accuracy_by_length, search_tree, stored_and_live, written_symbols

use_style()

__all__ = [
    "activation_by_position",
    "accuracy_by_length",
    "attention_bars",
    "attention_grid",
    "attention_heatmap",
    "by_layer",
    "by_size",
    "confusion_matrix",
    "course_map",
    "embedding_map",
    "figure_png",
    "functions",
    "gains",
    "gate_and_cell",
    "gates_over_time",
    "gradient_by_lag",
    "head_scores",
    "hidden_states",
    "kept_without_attention",
    "label_efficiency",
    "layer_scores",
    "learning_curve",
    "loss_by_order",
    "masked_words",
    "memory_by_lag",
    "neighbour_bars",
    "next_symbol_bars",
    "one_against_other",
    "palette_png",
    "positional_encoding",
    "printable",
    "recall_bars",
    "recall_by_lag",
    "reference_line",
    "reliability",
    "search_tree",
    "similarity_matrix",
    "stored_and_live",
    "token_boxes",
    "use_style",
    "written_symbols",
]
