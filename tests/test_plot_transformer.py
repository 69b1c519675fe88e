"""Pictures of a Transformer's parts show the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib.models.attention import sinusoidal_positions
from course_lib.plots.transformer import by_size, positional_encoding


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def test_a_positional_encoding_is_shown_as_it_is():
    table = sinusoidal_positions(30, 16)
    ax = positional_encoding(table, "Slow and fast waves")
    (image,) = ax.get_images()
    np.testing.assert_allclose(image.get_array(), table.numpy(), atol=1e-6)
    assert image.get_clim() == (-1, 1) and ax.get_title(loc="left") == "Slow and fast waves"
    with pytest.raises(ValueError, match="between −1 and 1"):
        positional_encoding(2 * table, "t")
    with pytest.raises(ValueError, match="table has shape"):
        positional_encoding(table[0], "t")


def test_curves_by_size():
    curves = {"attention": {64: 1.0, 128: 4.0, 256: 16.0}, "LSTM": {64: 3.0, 256: 12.0}}
    ax = by_size(curves, "Growth", "tokens", "seconds", log_y=True)
    assert [line.get_xydata().tolist() for line in ax.get_lines()] == [
        [[float(x), y] for x, y in values.items()] for values in curves.values()
    ]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(curves)
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["64", "128", "256"]
    assert ax.get_xscale() == "log" and ax.get_yscale() == "log"
    with pytest.raises(ValueError, match=r"curves\['a'\] is empty"):
        by_size({"a": {}}, "t", "x", "y")
