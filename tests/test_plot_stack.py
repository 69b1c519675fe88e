"""Pictures of deep stacks show the numbers they are given, and refuse others."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib.plots import by_layer, functions


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def test_a_curve_by_layer_starts_at_layer_one():
    ax = by_layer({"plain": [1e-3, 0.1, 1.0], "residual": torch.ones(3)}, "Fades", "gradient")
    plain, residual = ax.get_lines()
    np.testing.assert_allclose(plain.get_xydata(), [[1, 1e-3], [2, 0.1], [3, 1.0]])
    np.testing.assert_allclose(residual.get_ydata(), 1)
    assert ax.get_yscale() == "log" and ax.get_ylabel() == "gradient" and ax.get_title(loc="left") == "Fades"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["plain", "residual"]


def test_what_has_no_logarithm_stands_at_the_foot():
    (line,) = by_layer({"a": [0.0, 1.0]}, "t", "y", ylim=(1e-4, 10)).get_lines()
    np.testing.assert_allclose(line.get_ydata(), [1e-4, 1.0])
    (line,) = by_layer({"a": [0.0, 1.0]}, "t", "y").get_lines()
    assert line.get_ydata()[0] > 0


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "curves is empty"),
        ({"a": [1.0, -2.0]}, "goes from -2 to 1; a log"),
        ({"a": [float("nan")]}, "holds NaN"),
    ],
)
def test_by_layer_refuses(curves, message):
    with pytest.raises(ValueError, match=message):
        by_layer(curves, "t", "y")


def test_many_layers_have_a_label_at_every_kth():
    ax = by_layer({"a": [1.0] * 40}, "t", "y")
    assert len(ax.get_xticks()) <= 20 and ax.get_xticks()[0] == 1


def test_functions_are_drawn_over_their_range():
    ax = functions({"ReLU": torch.relu, "square": torch.square}, "Two", between=(-1, 2))
    relu, square = ax.get_lines()[:2]
    np.testing.assert_allclose(relu.get_ydata(), np.maximum(relu.get_xdata(), 0), atol=1e-6)
    np.testing.assert_allclose(square.get_ydata(), square.get_xdata() ** 2, atol=1e-6)
    assert (relu.get_xdata().min(), relu.get_xdata().max()) == (-1, 2)
    with pytest.raises(ValueError, match="curves is empty"):
        functions({}, "t")
    with pytest.raises(ValueError, match="between is"):
        functions({"ReLU": torch.relu}, "t", between=(1, 1))
