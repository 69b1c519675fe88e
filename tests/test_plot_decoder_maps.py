"""A decoder's attention maps: rows are what is being written, and one bar serves sources of different lengths."""

import matplotlib.pyplot as plt
import pytest
import torch

from course_lib.plots.attention import WRITTEN_TITLE, attention_heatmap
from course_lib.plots.attention_grid import attention_grid


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def random_weights(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).softmax(-1)


def test_the_rows_are_the_words_being_written():
    ax = attention_heatmap(random_weights(2, 3), list("xy"), list("abc"), "t", query_title=WRITTEN_TITLE)
    assert ax.get_ylabel() == "the word being written" and ax.get_xlabel().startswith("key")
    grid = attention_grid(random_weights(2, 3, 3), "t", query_title="the symbol being written")
    assert grid.get_ylabel() == "the symbol being written"


def test_a_bar_for_different_numbers_of_keys_marks_no_uniform_weight():
    for marked in (True, False):
        ax = attention_heatmap(random_weights(3, 5), list("abc"), list("abcde"), "t", mark_uniform=marked)
        (bar,) = [other for other in ax.figure.axes if other is not ax]
        labels = [label.get_text() for label in bar.get_yticklabels()]
        assert ("1/5: uniform" in labels) == marked and len(bar.get_lines()) == marked
        assert {"0", "0.5", "0.75", "1"} <= set(labels)
