"""Pictures of heads and layers show the numbers they are given, and refuse others."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib.plots import head_scores, layer_scores


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def test_every_head_has_its_colour_and_its_number():
    scores = torch.rand(6, 12, generator=torch.Generator().manual_seed(0))
    scores[2, 5], scores[1, 0] = 1.0, 0.0
    ax = head_scores(scores, "One head", "mean weight", marked=[(2, 5)])
    (image,) = ax.get_images()
    np.testing.assert_allclose(image.get_array(), scores.numpy(), atol=1e-6)
    assert image.get_clim() == (0, 1)
    texts = {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in ax.texts
    }
    assert len(texts) == 72 and texts[2, 5] == "1.00" and texts[1, 0] == ".00"
    assert float(texts[4, 7]) == pytest.approx(scores[4, 7].item(), abs=0.0051)
    assert ax.get_title(loc="left") == "One head" and ax.get_xlabel() == "head"
    (mark,) = ax.patches
    assert mark.get_x() + mark.get_width() / 2 == pytest.approx(5)
    assert mark.get_y() + mark.get_height() / 2 == pytest.approx(2)


def test_a_pixel_of_the_grid_has_the_colour_of_its_score():
    ax = head_scores([[0.0, 1.0], [0.5, 0.25]], "t", "l", limits=(0, 2))
    figure, image = ax.figure, ax.get_images()[0]
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    for head, layer, value in ((0, 0, 0.0), (1, 0, 1.0), (1, 1, 0.25)):
        x, y = ax.transData.transform((head - 0.3, layer - 0.3))  # beside the number
        found = pixels[pixels.shape[0] - 1 - round(y), round(x), :3]
        np.testing.assert_allclose(found, np.array(image.cmap(value / 2)[:3]) * 255, atol=2)


def test_the_baseline_is_a_line_across_the_bar_with_its_name():
    ax = head_scores(np.full((2, 2), 0.4), "t", "l", baseline=0.3, baseline_label="next token")
    (bar,) = [axes for axes in ax.figure.axes if axes is not ax]
    assert any(np.allclose(line.get_ydata(), 0.3) for line in bar.get_lines())
    assert "next token" in [label.get_text() for label in bar.get_yticklabels()]


def test_many_heads_have_colours_only():
    assert not head_scores(np.full((20, 20), 0.5), "t", "l").texts


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: head_scores([[0.5, 1.5]], "t", "l"), "goes from 0.5 to 1.5; limits are"),
        (lambda: head_scores([0.5], "t", "l"), "scores has shape"),
        (lambda: head_scores([[0.5]], "t", "l", marked=[(1, 0)]), "marked names layer 1, head 0"),
        (lambda: head_scores([[0.5]], "t", "l", baseline=2.0), "baseline is 2.0"),
        (lambda: layer_scores({}, "t", "y"), "curves is empty"),
        (lambda: layer_scores({"a": [0.1, 0.2], "b": [0.1]}, "t", "y"), r"\[1, 2\] values"),
        (lambda: layer_scores({"a": [0.1, 1.2]}, "t", "y"), "outside ylim"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_curves_begin_with_the_embeddings():
    ax = layer_scores(
        {"names": [0.6, 0.7, 0.8], "control": torch.tensor([0.9, 0.8, 0.7])},
        "Rises",
        "F1",
        baselines={"list of names": 0.2},
    )
    names, control = ax.get_lines()[:2]
    np.testing.assert_allclose(names.get_xydata(), [[0, 0.6], [1, 0.7], [2, 0.8]])
    np.testing.assert_allclose(control.get_ydata(), [0.9, 0.8, 0.7], atol=1e-6)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["embeddings", "0", "1"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["names", "control"]
    assert any(np.allclose(line.get_ydata(), 0.2) for line in ax.get_lines()[2:])
