"""Curves and points against the data: each at its value, in the colour that the legend gives to its name."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from course_lib import plots
from course_lib.metrics import Reliability
from course_lib.plots.palette import COLOURS
from course_lib.training import History
from read_picture import curves, is_drawn, label_at, labels, legend_colours


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def assert_curves(ax, expected):
    """name → [(x, y), …]: each is drawn there, in the colour that the legend gives to its name."""
    colours = legend_colours(ax) if ax.get_legend() else {}
    for number, (name, places) in enumerate(expected.items()):
        np.testing.assert_allclose(curves(ax)[name].get_xydata(), places)
        colour = colours.get(name, to_rgb(f"C{number}"))
        assert colour == to_rgb(f"C{number}")
        for x, y in places:
            assert is_drawn(ax, x, y, colour), (name, x, y)


def assert_line(ax, value, label, colour):
    """A dashed line at a value, with its name at that height beside the axes."""
    ax.figure.canvas.draw()
    axes_height = ax.transAxes.inverted().transform(ax.transData.transform((ax.get_xlim()[1], value)))[1]
    places = ax.transData.inverted().transform(
        [ax.transAxes.transform((share, axes_height)) for share in np.linspace(0.3, 0.7, 60)]
    )
    assert any(is_drawn(ax, *place, colour, radius=1, near=0.4) for place in places)
    (name,) = [text for text in ax.texts if text.get_text() == label]
    assert name.xy == (1.0, value)


@pytest.mark.parametrize(
    ("draw", "places"),
    [
        (lambda curves: plots.memory_by_lag(curves, "t"), range(3)),
        (lambda curves: plots.by_layer(curves, "t", "y"), range(1, 4)),
        (lambda curves: plots.layer_scores(curves, "t", "y"), range(3)),
    ],
    ids=["memory_by_lag", "by_layer", "layer_scores"],
)
def test_curves_of_lists(draw, places):
    data = {"a": [0.9, 0.5, 0.2], "b": torch.tensor([0.3, 0.6, 0.7])}
    ax = draw(data)
    assert_curves(
        ax, {name: list(zip(places, map(float, values), strict=True)) for name, values in data.items()}
    )


@pytest.mark.parametrize(
    "draw",
    [
        lambda curves: plots.by_size(curves, "t", "x", "y"),
        lambda curves: plots.accuracy_by_length(curves, "t"),
    ],
    ids=["by_size", "accuracy_by_length"],
)
def test_curves_of_points_whatever_their_order(draw):
    ax = draw({"a": {4: 0.4, 1: 0.1, 2: 0.8}, "b": {1: 0.6, 4: 0.7}})
    assert_curves(ax, {"a": [(1, 0.1), (2, 0.8), (4, 0.4)], "b": [(1, 0.6), (4, 0.7)]})
    assert label_at(ax.xaxis) == {1: "1", 2: "2", 4: "4"}


def test_gradient_by_lag_is_relative_to_each_curve_s_own_start():
    ax = plots.gradient_by_lag({"a": [4.0, 2.0, 1.0], "b": [0.1, 0.2, 0.04]}, "t")
    assert_curves(ax, {"a": [(0, 1), (1, 0.5), (2, 0.25)], "b": [(0, 1), (1, 2), (2, 0.4)]})
    assert ax.get_ylabel() == "gradient norm (relative to lag 0)"


def test_dashed_curves_let_the_one_below_show():
    ax = plots.gradient_by_lag({"a": [4.0, 2.0], "b": [2.0, 1.0]}, "t", dashed=["b"])
    assert {name: line.get_linestyle() for name, line in curves(ax).items()} == {"a": "-", "b": "--"}


def test_recall_by_lag():
    ax = plots.recall_by_lag({"RNN": {80: 0.2, 5: 0.9, 20: 0.6}, "GRU": {80: 0.7}}, chance=0.125, title="t")
    assert_curves(ax, {"RNN": [(0, 0.9), (1, 0.6), (2, 0.2)], "GRU": [(2, 0.7)]})
    assert label_at(ax.xaxis) == {0: "5", 1: "20", 2: "80"}
    assert_line(ax, 0.125, "chance", plots.style.GREY)


def test_learning_curve():
    losses = [3.0 - 0.02 * step + 0.3 * (step % 2) for step in range(60)]
    one = History(losses=losses, gradient_norms=[1.0] * 60, validation=[(30, 2.45), (60, 1.95)])
    other = History(losses=[1.0] * 60, gradient_norms=[1.0] * 60, validation=[])
    ax = plots.learning_curve({"one": one, "other": other}, floor=1.4, baselines={"4-gram": 1.7}, smooth=10)
    means = [(step, np.mean(losses[max(0, step - 10) : step])) for step in range(1, 61)]
    np.testing.assert_allclose(curves(ax)["one training"].get_xydata(), means)
    thin = [line.get_xydata() for line in ax.get_lines() if line.get_alpha() == 0.25]
    np.testing.assert_allclose(thin[0], list(zip(range(1, 61), losses, strict=True)))
    np.testing.assert_allclose(curves(ax)["one validation"].get_xydata(), one.validation)
    colours = legend_colours(ax)
    assert colours["one training"] == colours["one validation"] == to_rgb("C0") != colours["other training"]
    assert is_drawn(ax, 40, means[39][1], "C0") and is_drawn(ax, 40, 1.0, "C1")
    assert_line(ax, 1.4, "best possible", "black"), assert_line(ax, 1.7, "4-gram", plots.style.GREY)


def test_loss_by_order_writes_the_losses_on_unseen_text():
    ax = plots.loss_by_order({2: 2.0, 1: 3.0, 3: 1.1}, {1: 3.1, 3: 2.6, 2: 2.4}, "t")
    assert_curves(
        ax,
        {
            "unseen text": [(1, 3.1), (2, 2.4), (3, 2.6)],
            "training text": [(1, 3.0), (2, 2.0), (3, 1.1)],
        },
    )
    assert {text.xy: text.get_text() for text in ax.texts} == {
        (1, 3.1): "3.10",
        (2, 2.4): "2.40",
        (3, 2.6): "2.60",
    }


def test_stored_and_live():
    ax = plots.stored_and_live([8.0, 6.0, 5.0], [7.5, 6.4], every=10, title="t")
    expected = {
        "stored: the whole training": [(10, 8), (20, 6), (30, 5)],
        "here, now": [(10, 7.5), (20, 6.4)],
    }
    assert_curves(ax, expected)


def test_label_efficiency_gains_and_reliability():
    ax = plots.label_efficiency(
        {"a": {32: [0.5, 0.7], 128: [0.9]}, "b": {32: [0.4, 0.5], 128: [0.5, 0.8]}}, "t", {"most": 0.3}
    )
    assert_curves(ax, {"a": [(32, 0.6), (128, 0.9)], "b": [(32, 0.45), (128, 0.65)]})
    assert_line(ax, 0.3, "most", plots.style.GREY)
    ax = plots.gains({"base": [0.5, 0.7], "up": [0.6, 0.9], "down": [0.4, 0.65]}, "base", "t", "accuracy")
    assert label_at(ax.yaxis) == {0: "up", 1: "down"}
    for row, mean in enumerate((0.15, -0.075)):
        assert is_drawn(ax, mean, row + 0.15, "C1") and not is_drawn(ax, mean + 0.05, row + 0.15, "C1")
    bins = Reliability(
        torch.tensor([0.3, 0.6, 0.9]), torch.tensor([0.2, 0.8, 0.7]), torch.tensor([10, 0, 30])
    )
    ax = plots.reliability(bins, "t")
    (dots,) = ax.collections
    np.testing.assert_allclose(dots.get_offsets(), [(0.3, 0.2), (0.9, 0.7)], atol=1e-6)
    np.testing.assert_allclose(dots.get_sizes(), [12 + 160 / 4, 12 + 160 * 3 / 4])
    assert is_drawn(ax, 0.9, 0.7, "C0") and is_drawn(ax, 0.5, 0.5, plots.style.GREY)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1.03), (0, 1.03))


def test_functions_and_one_against_other():
    ax = plots.functions({"ReLU": torch.relu, "tanh": torch.tanh}, "t", between=(-2, 2))
    for name, colour, values in (("ReLU", "C0", (0, 1.5)), ("tanh", "C1", (np.tanh(-1), np.tanh(1.5)))):
        assert legend_colours(ax)[name] == to_rgb(colour)
        assert is_drawn(ax, -1, values[0], colour) and is_drawn(ax, 1.5, values[1], colour)
    ax = plots.one_against_other([0.0, 2.0, 1.0], [1.0, -1.0, 1.5], "across", "up", "t")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("across", "up")
    pale = 1 - 0.4 * (1 - np.array(to_rgb("C0")))  # points are see-through
    assert is_drawn(ax, 0, 1, pale) and is_drawn(ax, 2, -1, pale) and not is_drawn(ax, 1, 0, pale)
    assert is_drawn(ax, 0.5, 0.5, "black")


def test_reference_line_and_labels_of_layers():
    ax = plots.layer_scores({"a": [0.5, 0.6, 0.9]}, "t", "F1", baselines={"list": 0.2}, ylim=(0, 1))
    assert label_at(ax.xaxis) == {0: "embeddings", 1: "0", 2: "1"} and ax.get_ylim() == (0, 1)
    assert_line(ax, 0.2, "list", plots.style.GREY)
    assert labels(ax.xaxis)[0] == "embeddings"


def test_activation_by_position_is_the_mean_at_each_place():
    data = {"a": [0.2, 0.4, -0.6, 0.9, 0.1], "b": [-0.1, -0.3, 0.5, 0.2, 0.6]}
    ax = plots.activation_by_position(data, [1, 1, 2, 3, 7], "t", last=3)
    assert_curves(ax, {"a": [(1, 0.3), (2, -0.6), (3, 0.5)], "b": [(1, -0.2), (2, 0.5), (3, 0.4)]})
    assert label_at(ax.xaxis) == {1: "1", 2: "2", 3: "3+"} and ax.get_ylim() == (-1.05, 1.05)


def test_gate_and_cell():
    f, c = np.array([0.9, 0.2, 0.6]), np.array([-0.5, 4.0, 0.8])
    figure = plots.gate_and_cell({"unit 3": (f, c), "unit 8": (1 - f, -c)}, ["a", "$", " "], "t", marks=[1])
    cells, gates = figure.axes[:2], figure.axes[2:]
    assert [ax.get_title(loc="left") for ax in cells] == ["unit 3", "unit 8"]
    for cell_axes, gate_axes, sign in zip(cells, gates, (1, -1), strict=True):
        gate, cell = curves(gate_axes)["forget gate f"], curves(cell_axes)["cell state c"]
        np.testing.assert_allclose(gate.get_ydata(), f if sign > 0 else 1 - f)
        np.testing.assert_allclose(cell.get_ydata(), sign * c)
        for line, axes, name in ((gate, gate_axes, "gate"), (cell, cell_axes, "cell")):
            assert to_rgb(line.get_color()) == to_rgb(axes.yaxis.label.get_color()) == to_rgb(COLOURS[name])
        assert any(list(line.get_xdata()) == [1, 1] for line in cell_axes.lines), "the mark"
    assert label_at(cells[-1].xaxis) == {0: "a", 1: "$", 2: "␣"}
    for units, message in (
        ({}, "units is empty"),
        ({"u": (f, c[:2])}, r"units\['u'\] has 2 values and there are 3 symbols"),
        ({"u": (f * 2, c)}, "goes from 0.4 to 1.8; a gate lies between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            plots.gate_and_cell(units, "abc", "t")
