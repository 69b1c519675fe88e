"""Pictures of classifiers: the numbers given are the numbers drawn, and what cannot be drawn is refused in words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib import plots
from course_lib.metrics import Reliability
from course_lib.metrics import reliability as measure_reliability


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


COUNTS = torch.tensor([[900, 100], [30, 70]])


def test_confusion_matrix_shows_counts_and_pixels_are_shares_of_the_row():
    ax = plots.confusion_matrix(COUNTS, ["ham", "$pam"], title="t")
    assert [text.get_text() for text in ax.texts] == ["900", "100", "30", "70"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ham", "$pam"]
    image = ax.get_images()[0]
    shares = np.array([[0.9, 0.1], [0.3, 0.7]])
    np.testing.assert_allclose(image.get_array(), shares)
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())
    for (row, column), share in np.ndenumerate(shares):
        x, y = ax.transData.transform((column + 0.4, row + 0.4))  # away from the number in the middle
        colour = pixels[int(pixels.shape[0] - y), int(x), :3] / 255
        np.testing.assert_allclose(colour, image.cmap(image.norm(share))[:3], atol=0.01)


def test_a_class_that_does_not_occur_is_a_white_row():
    ax = plots.confusion_matrix([[3, 1], [0, 0]], ["a", "b"], title="t")
    np.testing.assert_allclose(ax.get_images()[0].get_array(), [[0.75, 0.25], [0, 0]])


@pytest.mark.parametrize(
    ("counts", "labels", "words"),
    [
        (COUNTS, ["a", "b", "c"], r"\(2, 2\) and there are 3 labels"),
        (COUNTS / 1000, ["a", "b"], "shares"),
        (-COUNTS, ["a", "b"], "negative"),
        (torch.zeros(15, 15), list("abcdefghijklmno"), "at most 14"),
    ],
)
def test_confusion_that_cannot_be_drawn(counts, labels, words):
    with pytest.raises(ValueError, match=words):
        plots.confusion_matrix(counts, labels, title="t")


def test_label_efficiency_draws_every_seed_and_their_mean():
    scores = {
        "pre-trained": {128: [0.9, 0.96], 32: [0.7, 0.8, 0.75]},
        "random start": {32: [0.5], 128: torch.tensor([0.5, 0.6])},
    }
    ax = plots.label_efficiency(scores, title="t", baselines={"majority": 0.5})
    drawn = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_allclose(drawn["pre-trained"].get_xydata(), [(32, 0.75), (128, 0.93)])
    np.testing.assert_allclose(drawn["random start"].get_xydata(), [(32, 0.5), (128, 0.55)])
    points = [line.get_xydata().tolist() for line in ax.get_lines() if line.get_marker() == "o"]
    # Of each model beside its place, so that the points of two do not cover each other.
    left, right = 2**-0.035, 2**0.035
    seeds = [(32, 0.7), (32, 0.8), (32, 0.75), (128, 0.9), (128, 0.96)]
    np.testing.assert_allclose(points[0], [(left * size, score) for size, score in seeds])
    np.testing.assert_allclose(points[1][0], (right * 32, 0.5))
    assert ax.get_xscale() == "log" and [text.get_text() for text in ax.texts] == ["majority"]
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["32", "128"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["pre-trained", "random start"]


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({}, "empty"),
        ({"a": {}}, "empty"),
        ({"a": {0: [0.5]}}, "0 labels"),
        ({"a": {8: []}}, "'a' at 8 labels"),
        ({"a": {8: [float("nan")]}}, "'a' at 8 labels holds NaN"),
    ],
)
def test_efficiency_that_cannot_be_drawn(scores, words):
    with pytest.raises(ValueError, match=words):
        plots.label_efficiency(scores, title="t")


def test_reliability_draws_the_filled_bins():
    probabilities = torch.tensor([[0.95, 0.05], [0.95, 0.05], [0.45, 0.55]])
    bins = measure_reliability(probabilities, torch.tensor([0, 1, 1]))
    ax = plots.reliability({"it": bins}, title="t")
    line = next(line for line in ax.get_lines() if line.get_label() == "it")
    np.testing.assert_allclose(line.get_xydata(), [(0.55, 1.0), (0.95, 0.5)], atol=1e-6)
    sizes = ax.collections[0].get_sizes()
    assert sizes[1] > sizes[0]  # two answers against one
    assert plots.reliability(bins, title="t").get_aspect() == 1.0
    with pytest.raises(ValueError, match="empty"):
        plots.reliability({}, title="t")
    nothing = Reliability(torch.zeros(2), torch.zeros(2), torch.zeros(2))
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.reliability(nothing, title="t")


def test_gains_are_differences_on_the_same_draw_and_their_mean():
    scores = {"nothing": [0.5, 0.7], "dropout": [0.6, 0.65], "a_1": torch.tensor([0.4, 0.4])}
    ax = plots.gains(scores, baseline="nothing", title="t", xlabel="accuracy")
    points = [line for line in ax.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(points[0].get_xydata(), [(0.1, 0), (-0.05, 0)], atol=1e-6)
    np.testing.assert_allclose(points[1].get_xydata(), [(-0.1, 1), (-0.3, 1)], atol=1e-6)
    means = [line.get_xdata()[0] for line in ax.get_lines() if line.get_label() == "mean"]
    np.testing.assert_allclose(means, [0.025, -0.2], atol=1e-6)
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dropout", "a_1"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first is on top"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one draw", "mean"]
    assert ax.get_xlabel() == "accuracy: difference from 'nothing'"


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({}, "scores has nothing; it needs 'nothing'"),
        ({"nothing": [0.5]}, "and another"),
        ({"a": [0.5], "b": [0.6]}, "scores has 'a', 'b'; it needs 'nothing'"),
        ({"nothing": [0.5, 0.6], "a": [0.5]}, "'nothing' 2, 'a' 1"),
        ({"nothing": [0.5], "a": [float("nan")]}, "the scores of 'a' holds NaN"),
    ],
)
def test_gains_that_cannot_be_drawn(scores, words):
    with pytest.raises(ValueError, match=words):
        plots.gains(scores, baseline="nothing", title="t", xlabel="accuracy")


def test_a_given_axes_is_drawn_on_and_returned():
    _, axes = plt.subplots(1, 4)
    assert plots.gains({"a": [1.0], "b": [1.0]}, "a", "t", "x", ax=axes[3]) is axes[3]
    assert plots.confusion_matrix(COUNTS, ["a", "b"], "t", ax=axes[0]) is axes[0]
    assert plots.label_efficiency({"a": {2: [1.0]}}, "t", ax=axes[1]) is axes[1]
    bins = measure_reliability(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))
    assert plots.reliability(bins, "t", ax=axes[2]) is axes[2]
