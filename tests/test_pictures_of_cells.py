"""Heatmaps against the data: which number and which colour each cell has, on a scale that the quantity fixes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from course_lib import plots
from course_lib.plots.attention import GOLD, MASKED
from read_picture import assert_bar, assert_cells, assert_numbers, cells, label_at, labels, pixel, value_of

# No row or column twice, more columns than rows, and nowhere near the ends of its scale.
WEIGHTS = np.array(
    [[0.30, 0.20, 0.15, 0.25, 0.10], [0.05, 0.35, 0.22, 0.18, 0.20], [0.40, 0.12, 0.08, 0.06, 0.34]]
)
CURVE = {"linear": lambda share: share, "sqrt": np.sqrt}


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


@pytest.mark.parametrize("scale", CURVE)
def test_attention_heatmap(scale):
    ax = plots.attention_heatmap(WEIGHTS, list("abc"), list("vwxyz"), "t", scale=scale)
    assert_cells(ax, WEIGHTS, "Blues", curve=CURVE[scale])
    dark = {"linear": lambda w: w > 0.55, "sqrt": lambda w: np.sqrt(w) > 0.55}[scale]
    assert_numbers(ax, WEIGHTS, dark=dark)
    assert label_at(ax.xaxis) == dict(enumerate("vwxyz")) and label_at(ax.yaxis) == dict(enumerate("abc"))
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylim() == (0, 1)
    for value in (0.15, 0.4, 0.85):
        assert value_of(pixel(bar, 0.5, value), "Blues", curve=CURVE[scale]) == pytest.approx(value, abs=0.02)
    assert all(
        float(label) == place for place, label in label_at(bar.yaxis).items() if "uniform" not in label
    )
    assert label_at(bar.yaxis)[0.2] == "1/5: uniform"


def test_a_masked_cell_is_grey_in_its_own_place_only():
    mask = np.ones((3, 4), dtype=bool)
    mask[0, 2] = mask[2, 0] = False
    weights = np.where(mask, 1, 0) / mask.sum(axis=1, keepdims=True)
    for ax in (
        plots.attention_heatmap(weights, list("abc"), list("wxyz"), "t", mask=mask),
        plots.attention_grid(weights[None], "t", mask=mask, scale="linear"),
    ):
        column, row = (
            (0, 0)
            if len(ax.texts) > 1
            else (ax.texts[0].get_position()[0] + 0.5, ax.texts[0].get_position()[1] + 0.8)
        )
        for (t, s), allowed in np.ndenumerate(mask):
            found = pixel(ax, column + s + 0.36, row + t + 0.36)
            grey = np.abs(found - to_rgb(MASKED)).max() < 0.01
            assert grey != allowed, (t, s)
            assert not allowed or value_of(found, "Blues") == pytest.approx(weights[t, s], abs=0.02)


def tile(ax, name):
    """Left and top cell of the tile of this name: its name stands right above it."""
    ((x, y),) = (text.get_position() for text in ax.texts if text.get_text() == name)
    return round(x + 0.5), round(y + 0.8)


@pytest.mark.parametrize("scale", CURVE)
def test_attention_grid(scale):
    heads = np.stack([np.roll(WEIGHTS, shift, axis=1) for shift in range(4)]).reshape(2, 2, 3, 5)
    heads[1, 1] = heads[1, 1, ::-1]
    tokens = {"query_tokens": list("abc"), "key_tokens": list("vwxyz")}
    ax = plots.attention_grid(heads, "t", scale=scale, **tokens)
    rows, columns = label_at(ax.yaxis), label_at(ax.xaxis)
    for layer in range(2):
        for head in range(2):
            left, top = tile(ax, f"L{layer} H{head}")
            for (t, s), weight in np.ndenumerate(heads[layer, head]):
                found = value_of(pixel(ax, left + s, top + t), "Blues", curve=CURVE[scale])
                assert found == pytest.approx(weight, abs=0.02), (layer, head, t, s)
                assert (rows[top + t], columns[left + s]) == ("abc"[t], "vwxyz"[s])
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylim() == (0, 1)
    assert value_of(pixel(bar, 0.5, 0.4), "Blues", curve=CURVE[scale]) == pytest.approx(0.4, abs=0.02)


def test_a_grid_of_a_list_goes_row_by_row():
    maps = np.stack([np.roll(WEIGHTS, shift, axis=1) for shift in range(3)])
    ax = plots.attention_grid(maps, "t", n_columns=2, names=["one", "two", "three"], scale="linear")
    places = [tile(ax, name) for name in ("one", "two", "three")]
    assert places[0][1] == places[1][1] < places[2][1] and places[0][0] == places[2][0] < places[1][0]
    for (left, top), weights in zip(places, maps, strict=True):
        found = [[value_of(pixel(ax, left + s, top + t), "Blues") for s in range(5)] for t in range(3)]
        np.testing.assert_allclose(found, weights, atol=0.02)


COUNTS = np.array([[6, 3, 1], [2, 7, 11], [0, 1_200, 300]])


def test_confusion_matrix():
    ax = plots.confusion_matrix(COUNTS, ["ham", "$pam", "egg"], "t")
    shares = COUNTS / COUNTS.sum(axis=1, keepdims=True)  # at most 0.8: a scale by the data would darken it
    assert_cells(ax, shares, "Blues", at=(0.42, 0.42))
    assert_numbers(ax, COUNTS, "{:,}")
    colours = {place: text.get_color() for place, text in cells(ax).items()}
    assert colours == {place: "white" if share > 0.55 else "black" for place, share in np.ndenumerate(shares)}
    assert labels(ax.xaxis) == labels(ax.yaxis) == ["ham", "$pam", "egg"]
    assert ax.yaxis_inverted()  # the first true class on top
    assert_bar(ax, "Blues", 0, 1)


def test_hidden_states():
    states = np.array([[0.1, -0.3], [0.0, 0.5], [-0.25, 0.4]])  # (time, units)
    ax = plots.hidden_states(torch.tensor(states), ["$", "\n", " "], "t", units=[7, 9])
    assert_cells(ax, states.T, "RdBu_r", -1, 1)
    assert_numbers(ax, states.T, dark=lambda value: abs(value) > 0.6)
    assert label_at(ax.xaxis) == {0: "$", 1: "↵", 2: "␣"} and label_at(ax.yaxis) == {0: "7", 1: "9"}
    assert_bar(ax, "RdBu_r", -1, 1)
    assert pixel(plots.hidden_states([[0.9]], "a", "t"), 0.38, 0.38)[0] > 0.5  # red is +1 …
    assert pixel(plots.hidden_states([[-0.9]], "a", "t"), 0.38, 0.38)[2] > 0.5  # … and blue −1


def test_long_texts_have_a_label_at_every_kth_column_and_it_is_the_right_one():
    text = [chr(97 + n % 26) for n in range(200)]
    for ax in (
        plots.hidden_states(np.zeros((200, 2)), text, "t"),
        plots.gates_over_time({"f": np.zeros((200, 2))}, text, "t").axes[0],
    ):
        found = label_at(ax.xaxis)
        assert len(found) < 100 and all(text[int(place)] == label for place, label in found.items())


def test_gates_over_time():
    gates = {
        "f": np.array([[0.1, 0.6], [0.3, 0.2], [0.5, 0.05]]),
        "c": np.array(
            [[0.1, 0.3], [0.2, 0.45], [0.15, 0.05]]
        ),  # never below 0: its scale is that of a cell all the same
        "g": np.array([[-0.4, 0.3], [0.2, -0.1], [0.5, 0.0]]),
    }
    figure = plots.gates_over_time(gates, ["a", "$", " "], "t", units=torch.tensor([3, 8]), signed=["c", "g"])
    panels = {ax.get_ylabel(): ax for ax in figure.axes if ax.get_images() and ax.get_ylabel()}
    assert list(panels) == ["f", "c", "g"]
    heights = [ax.get_position().y0 for ax in panels.values()]
    assert heights == sorted(heights, reverse=True) and panels["f"].get_title(loc="left") == "t"
    for name, ax in panels.items():
        colours, low = ("Blues", 0) if name == "f" else ("RdBu_r", -1)
        assert_cells(ax, gates[name].T, colours, low, 1)
        assert_bar(ax, colours, low, 1)
        assert label_at(ax.yaxis) == {0: "3", 1: "8"}
    assert label_at(panels["g"].xaxis) == {0: "a", 1: "$", 2: "␣"}


COSINES = np.array([[1.0, 0.42, -0.35], [0.42, 1.0, 0.64], [-0.35, 0.64, 1.0]])


def test_similarity_matrix():
    ax = plots.similarity_matrix(COSINES, ["a", "b", "$c$"], "t")
    assert_cells(ax, COSINES, "RdBu_r", -1, 1, at=(0.42, 0.42))
    assert_numbers(ax, COSINES, dark=lambda value: abs(value) > 0.6)
    assert label_at(ax.xaxis) == label_at(ax.yaxis) == {0: "a", 1: "b", 2: "$c$"}
    assert_bar(ax, "RdBu_r", -1, 1)


def test_head_scores():
    scores = np.array([[0.31, 0.52, 1.2], [0.9, 0.05, 0.7]])
    ax = plots.head_scores(scores, "t", "bits", limits=(0, 2), marked=[(0, 2)], digits=1)
    assert_cells(ax, scores, "Blues", 0, 2, at=(0.3, 0.38))
    expected = {(0, 0): ".3", (0, 1): ".5", (0, 2): "1.2", (1, 0): ".9", (1, 1): ".1", (1, 2): ".7"}
    assert {place: text.get_text() for place, text in cells(ax).items()} == expected
    assert {place for place, text in cells(ax).items() if text.get_color() == "white"} == {(0, 2)}
    assert label_at(ax.xaxis) == {0: "0", 1: "1", 2: "2"} and label_at(ax.yaxis) == {0: "0", 1: "1"}
    assert (ax.get_xlabel(), bar_label(ax)) == ("head", "bits")
    assert_bar(ax, "Blues", 0, 2)
    (mark,) = ax.patches
    edge = pixel(ax, mark.get_x(), mark.get_y() + 0.3)
    np.testing.assert_allclose(edge, to_rgb(GOLD), atol=0.1)
    assert (mark.get_x() + 0.47, mark.get_y() + 0.46) == pytest.approx((2, 0))


def bar_label(ax):
    return ax.get_images()[0].colorbar.ax.get_ylabel()


def test_positional_encoding():
    table = np.array([[0.0, 0.4, -0.3], [0.5, -0.45, 0.2]])
    ax = plots.positional_encoding(table, "t")
    assert_cells(ax, table, "RdBu_r", -1, 1)
    assert_bar(ax, "RdBu_r", -1, 1)
    assert ax.yaxis_inverted() and ax.get_ylabel() == "position"  # position 0 on top


def test_masked_words_have_their_own_bars_and_their_own_heads():
    symbols = ["a", "b", "c"]
    guesses = {3: [0.2, 0.7, 0.1], 0: torch.tensor([0.5, 0.1, 0.4])}
    heads = np.stack([np.roll(np.eye(4) * 0.6 + 0.1, k, axis=1) for k in range(6)]).reshape(2, 3, 4, 4)
    figure = plots.masked_words(
        ["[MASK]", "x", "$y$", "[MASK]"], guesses, heads, symbols=symbols, top=4, title="Heads"
    )
    by_title = {ax.get_title(loc="left"): ax for ax in figure.axes}
    first, second = by_title["____ x $y$ [MASK]"], by_title["[MASK] x $y$ ____"]
    assert [bar.get_height() for bar in first.patches] == pytest.approx([0.5, 0.4, 0.1])
    assert [bar.get_height() for bar in second.patches] == pytest.approx([0.7, 0.2, 0.1])
    assert labels(first.xaxis) == ["a", "c", "1\nother"] and labels(second.xaxis) == ["b", "a", "1\nother"]
    figure.canvas.draw()
    grid = by_title["Heads"]
    for layer in range(2):
        for head in range(3):
            left, top = tile(grid, f"L{layer} H{head}")
            for (t, s), weight in np.ndenumerate(heads[layer, head]):
                found = value_of(pixel(grid, left + s + 0.3, top + t + 0.3), "Blues", curve=np.sqrt)
                assert found == pytest.approx(weight, abs=0.03)
