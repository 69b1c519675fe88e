"""Guesses for masked words: each bar is a probability, the grid has every head, and what does not fit is refused."""

import base64

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib.explore import TypedFigure
from course_lib.plots import masked_words
from course_lib.plots.attention import COLOURS

SYMBOLS = ["[MASK]", "$cat$", "dog", "mat", "on", "sat", "the"]


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def guess(text):
    """A model that is sure of "sat", and whose heads look one token back."""
    tokens = text.split()
    probabilities = torch.tensor([0, 0.1, 0.2, 0, 0, 0.7, 0])
    places = {place: probabilities for place, token in enumerate(tokens) if token == "[MASK]"}
    back = torch.eye(len(tokens)).roll(-1, dims=1)
    return tokens, places, back.expand(2, 3, -1, -1)


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes if ax.get_visible()]


def test_each_masked_place_has_its_bars_and_its_neighbours_in_the_title():
    figure = masked_words(*guess("the dog [MASK] on the [MASK] a b c d"), symbols=SYMBOLS, top=6)
    assert titles(figure)[:2] == ["the dog ____ on the [MASK] …", "… [MASK] on the ____ a b c …"]
    for ax in figure.axes[:2]:
        heights = [bar.get_height() for bar in ax.patches]
        assert heights == pytest.approx([0.7, 0.2, 0.1, 0], abs=1e-6)
        assert [label.get_text() for label in ax.get_xticklabels()][:3] == ["sat", "dog", "$cat$"]


def test_the_heads_stand_below_in_the_colours_of_their_weights():
    figure = masked_words(*guess("the dog [MASK] on"), symbols=SYMBOLS, title="Heads")
    assert "Heads" in titles(figure)
    ax = figure.axes[titles(figure).index("Heads")]
    assert [text.get_text() for text in ax.texts] == [
        f"L{layer} H{head}" for layer in range(2) for head in range(3)
    ]
    (image,) = ax.images
    dark = np.isclose(image.get_array()[..., :3], plt.get_cmap(COLOURS)(1.0)[:3], atol=0.01).all(axis=-1)
    assert dark.sum() == 2 * 3 * 4
    without = masked_words(*guess("the dog [MASK]")[:2], symbols=SYMBOLS)
    assert len(without.axes) == 1


def test_an_odd_number_of_masks_leaves_no_empty_frame():
    figure = masked_words(*guess("[MASK] dog [MASK] on [MASK]")[:2], symbols=SYMBOLS)
    assert [ax.get_visible() for ax in figure.axes] == [True, True, True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [("the dog sat", "0 words are masked in “the dog sat”"), ("[MASK] " * 5, "5 words are masked")],
)
def test_no_mask_and_too_many_are_said(text, words):
    with pytest.raises(ValueError, match=words):
        masked_words(*guess(text), symbols=SYMBOLS)


def test_what_does_not_fit_is_named():
    tokens, places, weights = guess("the dog [MASK]")
    with pytest.raises(ValueError, match=r"places \[7\], but there are 3 tokens"):
        masked_words(tokens, {7: places[2]}, symbols=SYMBOLS)
    with pytest.raises(ValueError, match=r"shape \(3, 3\); expected \(layers"):
        masked_words(tokens, places, weights[0, 0], symbols=SYMBOLS)
    with pytest.raises(ValueError, match="Did you pass logits"):
        masked_words(tokens, {2: places[2] * 3}, symbols=SYMBOLS)
    with pytest.raises(ValueError, match="but there are 4 query tokens"):
        masked_words([*tokens, "x"], places, weights, symbols=SYMBOLS)


def test_one_types_a_sentence_and_sees_its_guesses():
    view = TypedFigure(
        lambda text: masked_words(*guess(text), symbols=SYMBOLS),
        start="the dog [MASK] on",
        label="a sentence",
        alt="Guesses.",
    )
    before = view.picture.value
    view.box.value = "the [MASK] sat"
    assert view.picture.value != before and view.message.value == ""
    after = view.picture.value
    view.box.value = "the dog sat"
    assert "put [MASK] in place of" in view.message.value and view.picture.value == after
    assert base64.b64decode(view._repr_mimebundle_()["image/png"]) == after
