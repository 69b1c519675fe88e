"""Attention pictures: a pixel is a weight, grey is masked, nothing is dropped, and what is no attention is refused."""

import io
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb
from PIL import Image

from course_lib.models.attention import causal_mask
from course_lib.plots import tokens
from course_lib.plots.attention import COLOURS, MASKED, attention_heatmap
from course_lib.plots.attention_grid import attention_grid
from course_lib.plots.style import figure_png, palette_png


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def random_weights(*shape, seed=0, sharp=2.0):
    return (sharp * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))).softmax(-1)


def letters(n):
    return [chr(97 + i % 26) for i in range(n)]


def pixel(ax, x, y):
    if ax.figure.stale:
        ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())
    column, row = ax.transData.transform((x, y))
    return pixels[int(pixels.shape[0] - row), int(column), :3] / 255


def weight_of(colour, scale):
    """The weight that a colour stands for: the nearest of the bar's."""
    levels = np.linspace(0, 1, 1001)
    shades = plt.get_cmap(COLOURS)(np.sqrt(levels) if scale == "sqrt" else levels)[:, :3]
    return levels[np.abs(shades - colour).sum(1).argmin()]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def bar_axes(ax):
    (bar,) = [other for other in ax.figure.axes if other.get_ylabel().startswith("attention weight")]
    return bar


# ---------------------------------------------------------------- one map


@pytest.mark.parametrize("scale", ["linear", "sqrt"])
def test_a_pixel_is_the_weight(scale):
    weights = random_weights(4, 6)
    ax = attention_heatmap(weights, letters(4), letters(6), "t", scale=scale)
    for t, s in ((0, 0), (1, 5), (3, 2), (2, 4)):
        # Off the middle, where the number stands.
        found = weight_of(pixel(ax, s + 0.38, t + 0.38), scale)
        assert found == pytest.approx(weights[t, s].item(), abs=0.02)


def test_masked_cells_are_grey_with_a_cross_and_zero_is_not():
    mask = causal_mask(4)
    weights = torch.zeros(4, 4)
    weights[:, 0] = 1.0
    ax = attention_heatmap(weights, letters(4), letters(4), "t", mask=mask)
    np.testing.assert_allclose(pixel(ax, 3.38, 0.38), to_rgb(MASKED), atol=0.01)
    np.testing.assert_allclose(pixel(ax, 1.38, 3.38), plt.get_cmap(COLOURS)(0.0)[:3], atol=0.01)
    (crosses,) = [part for part in ax.collections if isinstance(part, PathCollection)]
    assert {tuple(place) for place in crosses.get_offsets()} == {
        (s, t) for t, s in np.argwhere(~mask.numpy()).tolist()
    }
    assert [text.get_text() for text in ax.texts] == ["1.00"] * 4  # no "0.00" anywhere


def test_lightness_falls_all_the_way():
    red, green, blue = (plt.get_cmap(COLOURS)(np.linspace(0, 1, 256))[:, :3] ** 2.2).T
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert (np.diff(luminance) <= 1e-9).all() and luminance[0] > 0.9 and luminance[-1] < 0.06


def test_axes_say_who_looks_at_whom_and_cells_are_square():
    ax = attention_heatmap(random_weights(3, 5), list("xyz"), ["a", " ", "$$", "\n", "_"], "What to see")
    assert ax.get_ylabel() == "query: attending token" and labels(ax.yaxis) == ["x", "y", "z"]
    assert ax.get_xlabel() == "key: attended token" and labels(ax.xaxis) == ["a", "␣", "$$", "↵", "_"]
    ax.figure.canvas.draw()  # `$$` is no formula
    assert ax.xaxis.get_label_position() == "top" and ax.get_title(loc="left") == "What to see"
    assert ax.get_aspect() == 1.0
    assert ax.transData.transform((0, 0))[1] > ax.transData.transform((0, 1))[1]  # first query on top


def test_one_bar_with_uniform_marked():
    ax = attention_heatmap(
        random_weights(3, 5), list("abc"), list("abcde"), "t", mask=torch.ones(1, 5).bool()
    )
    bar = bar_axes(ax)
    assert bar.get_ylabel() == "attention weight\neach row sums to 1"
    assert "1/5: uniform" in labels(bar.yaxis)
    assert [line.get_ydata()[0] for line in bar.get_lines()] == [0.2]
    assert bar.get_ylim() == (0, 1)


def test_the_bar_names_another_quantity_and_its_scale():
    ax = attention_heatmap(
        random_weights(3, 5), list("abc"), list("abcde"), "t", scale="sqrt", quantity="share by rollout"
    )
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylabel() == "share by rollout\n(square-root scale)\neach row sums to 1"
    square_root = bar_axes(
        attention_heatmap(random_weights(3, 5), list("abc"), list("abcde"), "t", scale="sqrt")
    )
    assert "square-root scale" in square_root.get_ylabel()
    # Uniform is among the keys that may be looked at.
    one_way = attention_heatmap(torch.eye(3), list("abc"), list("abc"), "t", mask=torch.eye(3).bool())
    assert "1/1: uniform" in labels(bar_axes(one_way).yaxis)


def test_two_panels_share_one_bar():
    figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="compressed")
    for ax, bar in zip(axes, (False, True), strict=True):
        assert attention_heatmap(random_weights(3, 3), list("abc"), list("abc"), "t", bar=bar, ax=ax) is ax
    assert len(figure.axes) == 3


@pytest.mark.parametrize(
    ("size", "numbers", "hairlines"), [(12, True, True), (13, False, True), (31, False, False)]
)
def test_numbers_up_to_12_and_hairlines_up_to_30(size, numbers, hairlines):
    weights = random_weights(size, size)
    ax = attention_heatmap(weights, letters(size), letters(size), "t")
    wanted = [f"{weight:.2f}" for weight in weights.flatten() if weight >= 0.05]
    assert 0 < len(wanted) < size * size
    assert [text.get_text() for text in ax.texts] == (wanted if numbers else [])
    assert len(ax.get_xticks(minor=True)) == (size - 1 if hairlines else 0)


def test_long_inputs_label_every_kth_and_say_so():
    names = [f"w{i}" for i in range(150)]
    ax = attention_heatmap(random_weights(150, 150), names, names, "t")
    ticks = ax.get_xticks()
    step = int(ticks[1] - ticks[0])
    assert step > 1 and labels(ax.xaxis) == names[::step] and labels(ax.yaxis) == names[::step]
    assert f"(a label at every {step}" in ax.get_xlabel()
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(above.y0 >= below.y1 - 1 for above, below in zip(boxes, boxes[1:], strict=False))
    assert max(ax.figure.get_size_inches()) <= 12


def test_everything_lies_inside_the_figure():
    for shape in ((2, 3), (10, 23), (26, 7), (60, 60)):
        queries, keys = ["a long word"] * shape[0], ["another one"] * shape[1]
        ax = attention_heatmap(random_weights(*shape), queries, keys, "t", gold=[(0, 0)], scale="sqrt")
        ax.figure.canvas.draw()
        whole, drawn = ax.figure.bbox, ax.figure.get_tightbbox().transformed(ax.figure.dpi_scale_trans)
        assert drawn.x0 >= whole.x0 - 1 and drawn.y0 >= whole.y0 - 1
        assert drawn.x1 <= whole.x1 + 1 and drawn.y1 <= whole.y1 + 1


def test_a_long_title_does_not_press_the_map_together():
    ax = attention_heatmap(
        random_weights(2, 3), list("ab"), ["der", "Hund", "<pad>"], "A title of many words " * 3
    )
    ax.figure.canvas.draw()
    ax.figure.canvas.draw()  # the layout settles
    assert ax.get_window_extent().width / ax.figure.dpi / 3 >= 0.35


def test_gold_is_outlined():
    gold = torch.zeros(3, 4, dtype=torch.bool)
    gold[0, 1] = gold[2, 3] = True
    by_matrix, by_places = (
        attention_heatmap(random_weights(3, 4), list("abc"), list("abcd"), "t", gold=g, gold_label="truth")
        for g in (gold, [(0, 1), (2, 3)])
    )
    for ax in (by_matrix, by_places):
        centres = [tuple(np.round(patch.get_center())) for patch in ax.patches]
        assert centres == [(1, 0), (3, 2)]
        assert ax.get_legend().get_texts()[0].get_text() == "truth"


def test_a_character_without_a_font_is_named_once(monkeypatch):
    monkeypatch.setattr(tokens, "_characters_of", lambda families: frozenset(map(ord, "ab▯␣")))
    with pytest.warns(UserWarning, match="地 天.*fonts-noto-cjk") as caught:
        ax = attention_heatmap(random_weights(2, 2), ["天", "a"], ["地", "b"], "t")
        ax.figure.canvas.draw()
    assert len(caught) == 1
    assert labels(ax.yaxis) == ["▯", "a"] and labels(ax.xaxis) == ["▯", "b"]
    assert caught[0].filename == __file__  # the line of the one who draws
    with pytest.warns(UserWarning, match="Ж.*apt install fonts-noto\\)"):
        tokens.token_labels(["Ж"])


def test_installed_fonts_are_used_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tokens.token_labels(["Grüße", "понедельник", "Δευτέρα"]) == ["Grüße", "понедельник", "Δευτέρα"]


# ---------------------------------------------------------------- many maps


@pytest.mark.parametrize("scale", ["linear", "sqrt"])
def test_a_pixel_of_the_grid_is_the_weight(scale):
    weights = random_weights(2, 3, 4, 5)
    ax = attention_grid(weights, "t", scale=scale)
    assert len(ax.get_images()) == 1
    frames = [part for part in ax.collections if isinstance(part, LineCollection)][0].get_segments()
    assert len(frames) == 6
    for number, (t, s) in enumerate([(0, 0), (3, 4), (1, 2), (2, 2), (0, 4), (3, 1)]):
        left, top = frames[number][0]
        found = weight_of(pixel(ax, left + 0.5 + s, top + 0.5 + t), scale)
        assert found == pytest.approx(weights[number // 3, number % 3, t, s].item(), abs=0.02)


def test_tiles_are_named_and_masked_cells_are_grey():
    weights = torch.eye(3).expand(5, 3, 3)
    ax = attention_grid(
        weights, "t", mask=causal_mask(3), query_tokens=list("abc"), key_tokens=["x", "$", "z"]
    )
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2", "3", "4"]
    assert labels(ax.yaxis) == list("abc") * 2 and labels(ax.xaxis) == ["x", "$", "z"] * 4
    frames = ax.collections[0].get_segments()
    left, top = frames[4][0]
    np.testing.assert_allclose(pixel(ax, left + 2.2, top + 0.8), to_rgb(MASKED), atol=0.01)
    (crosses,) = [part for part in ax.collections if isinstance(part, PathCollection)]
    assert len(crosses.get_offsets()) == 15
    assert "1/3: uniform" in labels(bar_axes(ax).yaxis)
    heads = attention_grid(random_weights(2, 2, 3, 3), "t")
    assert [text.get_text() for text in heads.texts] == ["L0 H0", "L0 H1", "L1 H0", "L1 H1"]


def test_many_heads_are_one_small_picture():
    ax = attention_grid(random_weights(6, 12, 12, 12), "t")
    assert len(ax.get_images()) == 1 and len(ax.texts) == 72
    assert len(figure_png(ax.figure)) < 60_000


def test_a_list_of_maps_and_given_axes_serve_too():
    _, ax = plt.subplots(figsize=(6, 3))
    assert (
        attention_grid([random_weights(2, 2), random_weights(2, 2, seed=1)], "t", names=["a", "b"], ax=ax)
        is ax
    )


# ---------------------------------------------------------------- what is refused


WEIGHTS = random_weights(3, 5)


@pytest.mark.parametrize(
    ("weights", "options", "words"),
    [
        (WEIGHTS * 1.3, {}, r"shape \(3, 5\), and its row 0 sums to 1.300"),
        (torch.randn(3, 5), {}, "before the softmax"),
        (torch.randn(3, 5).softmax(0), {}, "dim=-2.*dim=-1"),
        (torch.full((3, 5), torch.nan), {}, "NaN"),
        (WEIGHTS[None], {}, r"shape \(1, 3, 5\); expected 2 dimensions"),
        (WEIGHTS[:, :4] / WEIGHTS[:, :4].sum(1, keepdim=True), {}, "3 query tokens and 5 key tokens"),
        (WEIGHTS, {"mask": causal_mask(3)}, r"mask has shape \(3, 3\)"),
        (WEIGHTS, {"mask": torch.ones(3, 5)}, "True = may attend"),
        (WEIGHTS, {"mask": torch.tensor([True] * 4 + [False])}, "wrong way round"),
        (WEIGHTS, {"scale": "log"}, "scale is 'log'"),
        (WEIGHTS, {"gold": [(3, 0)]}, r"\(3, 0\), which is outside"),
        (WEIGHTS, {"gold": torch.ones(5, 3).bool()}, r"gold has shape \(5, 3\)"),
    ],
)
def test_what_is_no_attention_map_is_refused(weights, options, words):
    with pytest.raises(ValueError, match=words):
        attention_heatmap(weights, list("abc"), list("vwxyz"), "t", **options)


def test_a_row_with_nothing_to_attend_to_may_be_zero():
    weights, mask = torch.eye(2), torch.tensor([[True, False], [False, False]])
    weights[1] = 0
    attention_heatmap(weights, list("ab"), list("cd"), "t", mask=mask)
    with pytest.raises(ValueError, match="row 1 sums to 0.000"):
        attention_heatmap(weights, list("ab"), list("cd"), "t")


@pytest.mark.parametrize(
    ("weights", "options", "words"),
    [
        (random_weights(3, 5), {}, "expected 4 dimensions"),
        (random_weights(2, 3, 4, 5) * 2, {}, r"row \(0, 0, 0\) sums to 2.000"),
        (random_weights(2, 4, 5), {"names": ["a"]}, "2 maps, but there are 1 names"),
        (random_weights(2, 4, 5), {"key_tokens": list("abcd")}, "4 key tokens"),
    ],
)
def test_what_is_no_grid_is_refused(weights, options, words):
    with pytest.raises(ValueError, match=words):
        attention_grid(weights, "t", **options)


def test_the_stored_picture_keeps_the_colours_of_the_weights():
    """The palette must not turn one shade of the scale into another: a stored PNG can be read as the figure can."""
    weights = random_weights(15, 17)
    ax = attention_heatmap(weights, letters(15), letters(17), "t")
    file = io.BytesIO()
    ax.figure.savefig(file, format="png")
    drawn, stored = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        for png in (file.getvalue(), palette_png(file.getvalue()))
    )
    difference = np.abs(stored - drawn).max(axis=-1)
    assert stored.shape == drawn.shape and difference.max() <= 6
    assert np.quantile(difference, 0.98) <= 3


def test_pictures_are_the_same_on_every_run():
    first, second = (
        figure_png(attention_heatmap(random_weights(5, 6), letters(5), letters(6), "t").figure)
        for _ in range(2)
    )
    assert first == second and len(first) < 30_000
