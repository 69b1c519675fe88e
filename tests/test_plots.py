"""Plots: the numbers given are the numbers drawn, and what cannot be drawn is refused in words."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib import plots
from course_lib.course import LESSONS, ROAD_AHEAD
from course_lib.plots.style import to_array
from course_lib.training import History


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def history():
    return History(
        losses=[3.0 - 0.01 * step for step in range(100)],
        gradient_norms=[1.0] * 100,
        validation=[(50, 2.6), (100, 2.1)],
    )


def curves(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_learning_curve_draws_losses_looks_and_lines():
    ax = plots.learning_curve(history(), floor=1.5, baselines={"4-gram": 1.77})
    drawn = curves(ax)
    np.testing.assert_allclose(drawn["validation"], [(50, 2.6), (100, 2.1)])
    last = drawn["training"][-1]
    assert last[0] == 100 and last[1] == pytest.approx(np.mean(history().losses[-50:]))
    assert {"best possible", "4-gram"} <= set(texts(ax))
    heights = {line.get_ydata()[0] for line in ax.get_lines() if line.get_linestyle() == "--"}
    assert heights == {1.5, 1.77}
    with pytest.raises(ValueError, match="no step"):
        plots.learning_curve(History())


def test_hidden_states_pixels_are_the_activations():
    states = torch.tensor([[1.0, -1.0], [0.0, 0.5], [-1.0, 0.25]])
    ax = plots.hidden_states(states, ["$", "\n", " "], title="t", units=[7, 9])
    image = ax.get_images()[0]
    np.testing.assert_allclose(image.get_array(), states.T)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["$", "↵", "␣"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["7", "9"]
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())
    for (t, unit), value in np.ndenumerate(states.numpy()):
        # Away from the middle of the cell, where its number stands.
        x, y = ax.transData.transform((t + 0.35, unit + 0.35))
        colour = pixels[int(pixels.shape[0] - y), int(x), :3] / 255
        np.testing.assert_allclose(colour, image.cmap(image.norm(value))[:3], atol=0.01)
    with pytest.raises(ValueError, match=r"\(3, 2\).*2 symbols"):
        plots.hidden_states(states, ["a", "b"], title="t")


def test_gradient_curves_are_relative_and_zero_is_drawn_at_the_foot():
    ax = plots.gradient_by_lag({"a": [4.0, 2.0, 0.0]}, title="t")
    np.testing.assert_allclose(curves(ax)["a"][:, 1], [1.0, 0.5, 1e-30])
    with pytest.raises(ValueError, match="starts with 0"):
        plots.gradient_by_lag({"a": [0.0, 1.0]}, title="t")
    with pytest.raises(ValueError, match="positive"):
        plots.memory_by_lag({"a": [1.0, -1.0]}, title="t")


def test_gates_are_drawn_each_on_its_scale():
    f, c = torch.tensor([[0.0, 1.0], [0.25, 0.5]]), torch.tensor([[-0.5, 0.0], [0.9, 0.1]])
    figure = plots.gates_over_time({"f": f, "c": c}, ["a", "$"], title="t", units=[3, 8], signed=["c"])
    first, second = (ax.get_images()[0] for ax in figure.axes[:2])
    np.testing.assert_allclose(first.get_array(), f.T)
    assert (first.norm.vmin, second.norm.vmin) == (0, -1)
    figure.canvas.draw()
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == ["a", "$"]
    with pytest.raises(ValueError, match=r"\(2, 2\).*3 symbols"):
        plots.gates_over_time({"f": f}, ["a", "b", "c"], title="t")
    with pytest.raises(ValueError, match="goes from 0.00 to 2.00; a gate lies between 0 and 1"):
        plots.gates_over_time({"f": f * 2}, ["a", "b"], title="t")


def test_recall_draws_chance_and_every_lag():
    ax = plots.recall_by_lag({"RNN": {80: 0.1, 5: 1.0}}, chance=0.125, title="t")
    np.testing.assert_allclose(curves(ax)["RNN"], [(0, 1.0), (1, 0.1)])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["5", "80"]
    assert "chance" in texts(ax) and ax.get_ylabel() == "accuracy"


def test_bars_show_the_likeliest_first_and_the_rest_together():
    probabilities = torch.tensor([0.1, 0.5, 0.15, 0.25])
    ax = plots.next_symbol_bars(probabilities, ["a", " ", "c", "$$"], title="t", top=2)
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.5, 0.25, 0.25])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["␣", "$$", "2\nothers"]
    ax.figure.canvas.draw()
    with pytest.raises(ValueError, match="logits"):
        plots.next_symbol_bars(torch.tensor([1.0, 2.0]), ["a", "b"], title="t")
    with pytest.raises(ValueError, match="4 symbols"):
        plots.next_symbol_bars(torch.tensor([0.5, 0.5]), ["a", "b", "c", "d"], title="t")


def test_bars_of_chosen_symbols_stand_in_their_order():
    probabilities = torch.tensor([0.1, 0.5, 0.15, 0.25])
    ax = plots.next_symbol_bars(probabilities, list("abcd"), title="t", shown=[2, 1, 0])
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.15, 0.5, 0.1, 0.25])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["c", "b", "a", "1\nother"]
    for shown in ([4], [-1], [1, 1]):
        with pytest.raises(ValueError, match=r"shown is .* from 0 to 3"):
            plots.next_symbol_bars(probabilities, list("abcd"), title="t", shown=shown)


def test_losses_by_order():
    ax = plots.loss_by_order({1: 3.0, 2: 2.0}, {1: 3.1, 2: 2.5}, title="t")
    np.testing.assert_allclose(curves(ax)["unseen text"], [(1, 3.1), (2, 2.5)])
    np.testing.assert_allclose(curves(ax)["training text"], [(1, 3.0), (2, 2.0)])
    assert texts(ax) == ["3.10", "2.50"]


def test_activation_is_averaged_by_position():
    positions = torch.tensor([1, 2, 1, 9, 12])
    ax = plots.activation_by_position(
        {"unit 3": torch.tensor([-1.0, 0.5, 0.0, 1.0, 0.0])}, positions, title="t"
    )
    np.testing.assert_allclose(curves(ax)["unit 3"], [(1, -0.5), (2, 0.5), (8, 0.5)])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "8+"]
    with pytest.raises(
        ValueError, match=r"activations\['a'\] has shape \(2,\); expected one per position, \(5,\)"
    ):
        plots.activation_by_position({"a": torch.zeros(2)}, positions, title="t")


def test_map_shows_every_lesson_inside_its_box_and_no_words_on_others():
    ax = plots.course_map()
    ax.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in ax.patches]
    titles = [lesson.title for lesson in LESSONS] + [title for _, title in ROAD_AHEAD]
    assert [text for text in texts(ax) if text in titles] == titles
    shown = [text for text in ax.texts if text.get_text()]  # an arrow is a text without words
    for text in shown:
        extent = text.get_window_extent()
        if text.get_text() in titles:
            assert any(box.x0 <= extent.x0 and extent.x1 <= box.x1 for box in boxes), text.get_text()
        assert sum(extent.overlaps(other.get_window_extent()) for other in shown) == 1, text.get_text()
        assert ax.figure.bbox.containsx(extent.x0) and ax.figure.bbox.containsx(extent.x1), text.get_text()


def test_a_given_axes_is_drawn_on_and_returned():
    _, ax = plt.subplots()
    assert plots.memory_by_lag({"a": [1.0]}, "t", ax=ax) is ax


@pytest.mark.parametrize("values", [[], [[1.0]], [math.nan], [math.inf]])
def test_what_cannot_be_drawn_is_named(values):
    with pytest.raises(ValueError, match="losses"):
        to_array(values, "losses", 1)


def test_png_is_small_and_the_same_on_every_run():
    first, second = (plots.figure_png(plots.learning_curve(history()).figure) for _ in range(2))
    assert first == second and len(first) < 30_000
    assert not plt.get_fignums()
