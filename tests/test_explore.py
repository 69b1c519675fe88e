"""The slider: a move draws anew, an error shows, and without a kernel there is still a picture."""

import base64

import pytest

from course_lib import plots
from course_lib.explore import SliderFigure, TypedFigure


def panel(drawn):
    def draw(value):
        drawn.append(value)
        if value == 3:
            raise ZeroDivisionError("no such thing")
        return plots.memory_by_lag({"a": [1.0, value]}, f"value {value}")

    return SliderFigure(draw, values=[1, 2, 3], start=1, label="value", alt="A curve.")


def test_a_move_changes_the_picture_and_going_back_draws_nothing_again():
    drawn = []
    view = panel(drawn)
    first = view.picture.value
    view.slider.value = 2
    assert view.picture.value != first
    view.slider.value = 1
    assert view.picture.value == first
    assert drawn == [1, 2]


def test_an_error_while_drawing_is_shown_and_cleared_again():
    view = panel([])
    view.slider.value = 3
    assert "ZeroDivisionError: no such thing" in view.message.value
    view.slider.value = 2
    assert view.message.value == ""


def test_without_a_kernel_the_picture_shows():
    view = panel([])
    bundle = view._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == view.picture.value
    assert bundle["text/plain"].startswith("A curve.")
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_start_that_is_no_stop_is_named():
    with pytest.raises(ValueError, match="start is 9.*1, 2"):
        SliderFigure(lambda v: None, values=[1, 2], start=9, label="v", alt="")


def test_typed_text_is_drawn_with_its_line_ends_and_an_error_is_shown_as_text():
    read = []

    def draw(text):
        read.append(text)
        if "<" in text:
            raise ValueError("no <b> here")
        return plots.memory_by_lag({"a": [1.0, len(text)]}, "t")

    view = TypedFigure(draw, start="one\ntwo", label="text", alt="A curve.")
    first = view.picture.value
    view.box.value = "three\\nfour"
    assert read == ["one\ntwo", "three\nfour"] and view.picture.value != first
    view.box.value = "<b>"
    assert "no &lt;b&gt; here" in view.message.value
