"""One query as bars, and what is left without attention: a bar is a weight, and what is no attention is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba

from course_lib import plots
from course_lib.plots.attention import GOLD, MASKED


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def heights(ax):
    return [bar.get_height() for bar in ax.containers[0]]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_a_bar_is_a_weight_and_its_token_stands_below():
    ax = plots.attention_bars(torch.tensor([0.1, 0.2, 0.7]), ["a", " ", "$x$"], "t", query="$q")
    assert heights(ax) == pytest.approx([0.1, 0.2, 0.7])
    assert labels(ax.xaxis) == ["a", "␣", "$x$"]
    assert [text.get_text() for text in ax.texts[:3]] == ["0.10", "0.20", "0.70"]
    ax.figure.canvas.draw()  # a $ of a token must not start a formula
    assert "$q" in ax.get_ylabel().replace("\\", "")
    assert plots.attention_bars([0.5, 0.5], ["a", "b"], "t").get_ylabel() == "attention weight"


def test_the_line_is_at_uniform_attention_among_the_allowed_keys():
    ax = plots.attention_bars([0.4, 0.6, 0.0], list("abc"), "t", mask=torch.tensor([True, True, False]))
    (line,) = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert line.get_ydata()[0] == pytest.approx(1 / 2)
    assert "1/2: uniform" in [text.get_text() for text in ax.texts]


def test_a_masked_key_is_grey_with_a_cross_and_has_no_number():
    ax = plots.attention_bars([0.4, 0.0, 0.6], list("abc"), "t", mask=np.array([True, False, True]))
    grey = ax.containers[1][0]
    assert (
        grey.get_facecolor()[:3] == to_rgba(MASKED)[:3] and grey.get_x() < 1 < grey.get_x() + grey.get_width()
    )
    (crosses,) = [found for found in ax.collections if isinstance(found, PathCollection)]
    np.testing.assert_allclose(crosses.get_offsets(), [(1, 0.5)])
    assert [text.get_text() for text in ax.texts[:3]] == ["0.40", "", "0.60"]


def test_the_true_keys_are_outlined_and_marked_where_the_bar_is_too_low():
    ax = plots.attention_bars([0.9, 0.01, 0.09], list("abc"), "t", gold=[0, 1], gold_label="truth")
    edges = [bar.get_edgecolor() for bar in ax.containers[0]]
    assert edges[0] == edges[1] == to_rgba(GOLD) and edges[2][3] == 0
    (marks,) = [line for line in ax.lines if line.get_marker() == "^"]
    assert list(marks.get_xdata()) == [1]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["truth"]


def test_high_bars_alone_leave_no_margin_for_marks_that_are_not_there():
    ax = plots.attention_bars([0.9, 0.1], list("ab"), "t", gold=[0])
    ax.figure.canvas.draw()
    box = ax.figure.get_tightbbox()
    assert box.x0 > 0 and box.y0 > 0  # inside the figure: an empty line without clipping would reach out of its corner


@pytest.mark.parametrize("n", [3, 12, 23, 45])
def test_labels_do_not_overlap_however_many_keys(n):
    ax = plots.attention_bars(np.full(n, 1 / n), ["w"] * n, "t")
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(a.x1 < b.x0 for a, b in zip(boxes, boxes[1:], strict=False))
    assert len(boxes) == n or n > 30


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ([1.0, 2.0], {}, r"row 0 sums to 3.000.*before the softmax"),
        ([0.5, 0.2], {}, r"row 0 sums to 0.700"),
        ([0.5, 0.5], {"mask": torch.tensor([True, False])}, "puts up to 0.500 where the mask is False"),
        ([0.0, 0.0], {"mask": torch.tensor([False, False])}, "mask allows none of the 2 keys"),
        ([0.5, 0.5], {"gold": [2]}, r"gold names the key 2, which is outside weights of shape \(2,\)"),
        ([0.2, 0.3, 0.5], {}, r"weights has shape \(3,\), but there are 2 key tokens"),
        ([[0.5, 0.5]], {}, r"weights has shape \(1, 2\); expected 1 dimension"),
    ],
)
def test_what_is_no_attention_is_refused(weights, options, message):
    with pytest.raises(ValueError, match=message):
        plots.attention_bars(torch.tensor(weights), ["a", "b"], "t", **options)
    assert not plt.get_fignums()


def test_shares_kept_are_bars_by_change_and_sort():
    shares = {"uniform": {"digits": 0.25, "hyphens": 1.0}, "moved": {"digits": 0.5, "hyphens": 0.75}}
    ax = plots.kept_without_attention(shares, "t", "share")
    assert [[bar.get_width() for bar in bars] for bars in ax.containers] == [[0.25, 1.0], [0.5, 0.75]]
    assert labels(ax.yaxis) == ["digits", "hyphens"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["uniform", "moved"]
    assert plots.kept_without_attention({"uniform": {"digits": 0.5}}, "t", "share").get_legend() is None


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({}, "empty"),
        ({"a": {}}, "empty"),
        ({"a": {"x": 0.5}, "b": {"y": 0.5}}, "the same sorts of symbols, x"),
        ({"a": {"x": 1.5}}, "a share is 1.5"),
    ],
)
def test_shares_that_are_none_are_refused(shares, message):
    with pytest.raises(ValueError, match=message):
        plots.kept_without_attention(shares, "t", "share")


def test_a_given_axes_is_drawn_on_and_returned():
    _, ax = plt.subplots()
    assert plots.attention_bars([1.0], ["a"], "t", ax=ax) is ax
    assert plots.kept_without_attention({"a": {"x": 0.5}}, "t", "share", ax=ax) is ax
