"""Tokens in boxes: all there, in order, side by side, with what is left out said."""

import matplotlib.pyplot as plt
import pytest

from course_lib import plots
from course_lib.plots.pieces import COLOURS, MAX_TOKENS


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def boxes(ax):
    return [patch.get_window_extent() for patch in ax.patches]


def test_tokens_stand_in_their_boxes_and_the_ids_below():
    tokens = ["A", " girl", " jugg", "le", "s", "\n", "$x$"]
    ax = plots.token_boxes(tokens, title="t", ids=range(7))
    ax.figure.canvas.draw()
    names, numbers = ax.texts[::2], ax.texts[1::2]
    assert [name.get_text() for name in names] == ["A", "␣girl", "␣jugg", "le", "s", "↵", "$x$"]
    assert [number.get_text() for number in numbers] == list("0123456")
    assert ax.get_title(loc="left") == "t" and not names[-1].get_parse_math()
    for name, number, box in zip(names, numbers, boxes(ax), strict=True):
        text = name.get_window_extent()
        assert box.x0 <= text.x0 and text.x1 <= box.x1 and box.y0 <= text.y0 and text.y1 <= box.y1
        assert number.get_window_extent().y1 <= box.y0


def test_a_long_sentence_goes_on_in_the_next_line():
    ax = plots.token_boxes([f" word{number}" for number in range(40)], title="t")
    ax.figure.canvas.draw()
    found, frame = boxes(ax), ax.figure.bbox
    assert len({round(box.y0) for box in found}) >= 3
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 for box in found)
    for one, other in zip(found, found[1:], strict=False):
        assert other.x0 >= one.x1 or other.y1 <= one.y0
    colours = [patch.get_facecolor() for patch in ax.patches[: len(COLOURS)]]
    assert len(set(colours)) == len(COLOURS)


def test_what_is_left_out_is_said():
    ax = plots.token_boxes(["a"] * (MAX_TOKENS + 1_000), title="t")
    assert len(ax.patches) == MAX_TOKENS and ax.texts[-1].get_text() == "… and 1,000 more"


def test_given_axes_are_used():
    figure, axes = plt.subplots(2, figsize=(6, 3))
    assert plots.token_boxes(["a", "b"], title="t", ax=axes[1]) is axes[1]
    assert tuple(figure.get_size_inches()) == (6, 3)


def test_bad_input_is_refused_by_name():
    with pytest.raises(ValueError, match="no tokens to draw"):
        plots.token_boxes([], title="t")
    with pytest.raises(ValueError, match="2 tokens and 1 ids"):
        plots.token_boxes(["a", "b"], title="t", ids=[1])
