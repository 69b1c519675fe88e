"""Bars, boxes and words against the data: each as long as its value, with its own label, in its own place."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb

from course_lib import plots
from course_lib.course import LESSONS, ROAD_AHEAD
from course_lib.plots.attention import GOLD, MASKED
from course_lib.plots.pieces import COLOURS
from read_picture import is_drawn, label_at, legend_colours, pixel


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def assert_upright_bars(ax, heights, colours):
    """Bar k ends at heights[k]: its colour below, the page above."""
    for x, (height, colour) in enumerate(zip(heights, colours, strict=True)):
        assert np.abs(pixel(ax, x + 0.2, height - 0.03) - to_rgb(colour)).max() < 0.02, x
        assert pixel(ax, x + 0.2, height + 0.03).min() > 0.85, x


def test_next_symbol_bars():
    ax = plots.next_symbol_bars([0.1, 0.5, 0.004, 0.25, 0.0, 0.146], list("ab$dec"), "t", top=5)
    assert_upright_bars(ax, [0.5, 0.25, 0.146, 0.1], ["C0"] * 4)
    assert list(label_at(ax.xaxis).values()) == ["b", "d", "c", "a", "$", "1\nother"]
    numbers = {round(text.xy[0]): text.get_text() for text in ax.texts}
    assert numbers == {0: "0.50", 1: "0.25", 2: "0.15", 3: "0.10", 4: "<.01", 5: "0"}
    assert ax.get_ylim() == (0, 1.1)
    cut = plots.next_symbol_bars([0.4, 0.3, 0.2, 0.1, 0.0, 0.0], list("abcdef"), "t", top=2)
    assert label_at(cut.xaxis)[2] == "2\nothers"  # the two at 0 are in no bar
    grey = plots.next_symbol_bars([0.2] * 5, list("abcde"), "t", top=2).patches[2]
    assert to_hex(grey.get_facecolor()) == "#b0b0b0" and grey.get_height() == pytest.approx(0.6)


def test_attention_bars():
    mask = np.array([True, True, False, True])
    ax = plots.attention_bars([0.2, 0.45, 0.0, 0.35], ["a", "$", "c", " "], "t", mask=mask, gold=[3])
    assert_upright_bars(ax, [0.2, 0.45], ["C0", "C0"])
    assert np.abs(pixel(ax, 2.2, 0.7) - (np.array(to_rgb(MASKED)) + 1) / 2).max() < 0.02
    assert label_at(ax.xaxis) == dict(enumerate(["a", "$", "c", "␣"]))
    assert {round(text.xy[0]): text.get_text() for text in ax.texts[:4]} == {
        0: "0.20",
        1: "0.45",
        2: "",
        3: "0.35",
    }
    assert is_drawn(ax, 3, 0.35, GOLD) and not is_drawn(ax, 1.2, 0.45, GOLD)
    assert ax.get_ylim() == (0, 1.12)  # a weight of 1 is as high in every picture


def test_recall_bars():
    accuracy = {"RNN": {80: 0.2, 5: 0.9}, "GRU": {80: 0.7, 5: 0.9}}
    ax = plots.recall_bars(accuracy, chance=0.125, title="t")
    assert label_at(ax.xaxis) == {0: "5", 1: "80"} and ax.get_ylim() == (0, 1.05)
    colours = legend_colours(ax)
    for bars, (name, of_name), side in zip(ax.containers, accuracy.items(), (-0.21, 0.21), strict=True):
        assert colours[name] == to_rgb(bars.patches[0].get_facecolor())
        for place, (bar, lag) in enumerate(zip(bars, sorted(of_name), strict=True)):
            assert bar.get_x() + bar.get_width() / 2 == pytest.approx(place + side)
            assert bar.get_height() == of_name[lag]
            assert np.abs(pixel(ax, place + side, of_name[lag] - 0.03) - colours[name]).max() < 0.02
    assert [text.get_text() for text in ax.texts] == ["chance"]


def test_kept_without_attention():
    shares = {"uniform": {"digits": 0.25, "hyphens": 0.9}, "moved": {"digits": 0.5, "hyphens": 0.7}}
    ax = plots.kept_without_attention(shares, "t", "share")
    names, colours = label_at(ax.yaxis), legend_colours(ax)
    for bars, (change, of_change) in zip(ax.containers, shares.items(), strict=True):
        for bar in bars:
            middle = bar.get_y() + bar.get_height() / 2
            share = of_change[names[round(middle)]]
            assert np.abs(pixel(ax, share - 0.02, middle) - colours[change]).max() < 0.02
            (number,) = [text.get_text() for text in ax.texts if text.xy == pytest.approx((share, middle))]
            assert number == f"{share:.2f}"
    assert colours == {"uniform": to_rgb("C0"), "moved": to_rgb("C1")} and ax.yaxis_inverted()


def test_neighbour_bars():
    ax = plots.neighbour_bars([("near", 0.9), ("$far$", 0.3)], "t")
    assert label_at(ax.yaxis) == {0: "near", 1: "$far$"}
    assert {round(text.xy[1]): text.get_text() for text in ax.texts} == {0: "0.90", 1: "0.30"}
    for row, cosine in enumerate((0.9, 0.3)):
        assert np.abs(pixel(ax, cosine - 0.03, row) - to_rgb("C0")).max() < 0.02
    assert pixel(ax, 0.6, 1).min() > 0.85 and ax.get_xlim() == (0, 1.1)


def test_written_symbols():
    probabilities = torch.tensor([[0.6, 0.3, 0.1, 0.0], [0.02, 0.0, 0.96, 0.02], [0.2, 0.35, 0.15, 0.3]])
    ax = plots.written_symbols(probabilities, [0, 2, 3], ["a", "$", " ", "d"], "t")
    assert [label for _, label in sorted(label_at(ax.xaxis).items())] == ["a", "␣", "d"]
    notes = {(round(text.xy[0], 2), round(text.xy[1], 2)): text.get_text() for text in ax.texts}
    rivals = {(0.25, 0.3): "$?", (2.25, 0.35): "$?"}
    assert notes == {(-0.15, 0.6): "0.60", (0.85, 0.96): "0.96", (1.85, 0.3): "0.30"} | rivals
    for step, height in enumerate((0.6, 0.96, 0.3)):
        assert np.abs(pixel(ax, step - 0.15, height - 0.04) - to_rgb("C0")).max() < 0.02
    for (x, height), _ in rivals.items():
        assert np.abs(pixel(ax, x, height - 0.04) - to_rgb("C1")).max() < 0.02
    assert ax.get_ylim() == (0, 1.15)


def test_search_tree():
    tree = {("the",): 0.6, ("a",): 0.4, ("the", "dog"): 0.5, ("the", "$"): 0.25, ("a", "cat"): 0.9}
    ax = plots.search_tree(tree, [("the",), ("a",), ("a", "cat")], "t", found=("a", "cat"))
    at = {text.get_text(): text.xy for text in ax.texts}
    assert {name: x for name, (x, _) in at.items() if "0." not in name[:2] and name != "product"} == {
        "the 0.6": 1, "a 0.4": 1, "dog 0.5": 2, "$ 0.25": 2, "cat 0.9": 2
    }  # fmt: skip
    for leaf, product in (("dog 0.5", "0.300"), ("$ 0.25", "0.150"), ("cat 0.9", "0.360")):
        assert at[leaf][1] == at[product][1]
    for parent, child, colour in (("a 0.4", "cat 0.9", "C1"), ("the 0.6", "dog 0.5", "#b8b8b8")):
        (x0, y0), (x1, y1) = at[parent], at[child]
        assert is_drawn(ax, (x0 + x1) / 2, (y0 + y1) / 2, colour), (parent, child)


def test_embedding_map_writes_each_word_at_its_own_point_in_the_colour_of_its_group():
    vectors = np.array([[3.0, 0.0], [0.0, 2.0], [-3.0, 0.5], [-1.0, -2.0]])
    words = ["a", "$b", "c", "d"]
    ax = plots.embedding_map(vectors, words, "t", groups={"one": ["c"], "two": ["a", "d"]}, axes=np.eye(2))
    centred = vectors - vectors.mean(axis=0)
    at = {text.get_text(): text.xy for text in ax.texts}
    colours = dict(zip(words, ("C1", plots.style.GREY, "C0", "C1"), strict=True))
    for word, point in zip(words, centred, strict=True):
        assert at[word] == pytest.approx(point) and is_drawn(ax, *point, colours[word]), word
    assert legend_colours(ax) == {"one": to_rgb("C0"), "two": to_rgb("C1")}
    shares = (centred**2).sum(axis=0) / (centred**2).sum()
    assert f"{shares[0]:.0%}" in ax.get_xlabel() and f"{shares[1]:.0%}" in ax.get_ylabel()


def test_token_boxes_stand_in_the_order_of_the_text_with_their_own_ids():
    tokens = [f"t{n}" for n in range(30)]
    ax = plots.token_boxes(tokens, "t", ids=[100 + n for n in range(30)])
    ax.figure.canvas.draw()
    names = [(text.get_position()[1], text.get_position()[0], text.get_text()) for text in ax.texts[::2]]
    assert [name for *_, name in sorted(names)] == tokens
    for name, number, box in zip(ax.texts[::2], ax.texts[1::2], ax.patches, strict=True):
        assert number.get_text() == f"1{int(name.get_text()[1:]):02d}"
        assert number.get_position()[0] == name.get_position()[0]
        x, y = box.get_extents().transformed(ax.transData.inverted()).get_points().mean(axis=0)
        assert x == pytest.approx(name.get_position()[0], abs=1)
    for n in range(3):
        left = ax.patches[n].get_extents().transformed(ax.transData.inverted()).x0
        np.testing.assert_allclose(
            pixel(ax, left + 3, ax.texts[2 * n].get_position()[1]), to_rgb(COLOURS[n]), atol=0.02
        )


def test_course_map_shows_lessons_as_ready_and_the_road_ahead_as_planned_in_their_order():
    ax = plots.course_map()
    numbers = {text.get_text(): text.get_position() for text in ax.texts}
    ready, planned = [lesson.number for lesson in LESSONS], [number for number, _ in ROAD_AHEAD]
    for order, number in enumerate(ready + planned):
        x, y = numbers[number]
        assert y == order, "read from top to bottom"
        fill = "#d9ebf7" if number in ready else "#ffffff"
        np.testing.assert_allclose(pixel(ax, x - 0.05, y + 0.1), to_rgb(fill), atol=0.02)
    for lesson in LESSONS:
        row = numbers[lesson.number][1]
        words = [t.get_text().replace("\n", " ") for t in ax.texts if t.get_position()[1] == row]
        assert words == [
            lesson.number,
            lesson.title,
            lesson.question,
            f"{lesson.minutes} min",
            f"{lesson.seconds} s",
        ]
