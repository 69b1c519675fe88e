"""Plots of reading and writing: what is given is what is drawn, and what cannot be meant is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from course_lib import plots

SYMBOLS = ["<pad>", "<unk>", "<bos>", "<eos>", "a", "$", " "]


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def colours(ax):
    """What stands in each box of a search tree → the colour of its frame."""
    return {
        text.get_text(): to_hex(text.get_bbox_patch().get_edgecolor())
        for text in ax.texts
        if text.get_bbox_patch() is not None
    }


def test_accuracy_by_length_draws_the_shares():
    ax = plots.accuracy_by_length(
        {"fixed": {1: 1.0, 12: 0.25, 3: 0.5}, "narrow": {1: 0.75}}, "t", xlabel="digits", ylabel="share"
    )
    drawn = {line.get_label(): line.get_xydata() for line in ax.get_lines()}
    np.testing.assert_allclose(drawn["fixed"], [(1, 1.0), (3, 0.5), (12, 0.25)])
    np.testing.assert_allclose(drawn["narrow"], [(1, 0.75)])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["fixed", "narrow"]
    assert list(ax.get_xticks()) == [1, 3, 12]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("digits", "share", "t")
    low, high = ax.get_ylim()
    assert low < 0 and high > 1  # points at 0 and 1 are not cut
    given = plt.subplots()[1]
    assert plots.accuracy_by_length({"one": {1: 0.5}}, "t", ax=given) is given
    assert given.get_legend() is None


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "curves is empty"),
        ({"a": {}}, r"curves\['a'\] is empty"),
        ({"a": {1: 1.5}}, r"goes from 1.5 to 1.5; a share"),
        ({"a": {1: float("nan")}}, "NaN"),
    ],
)
def test_accuracy_by_length_refuses_what_is_no_share(curves, message):
    with pytest.raises(ValueError, match=message):
        plots.accuracy_by_length(curves, "t")


def test_written_symbols_shows_each_choice_and_its_rival():
    probabilities = torch.tensor(
        [[0, 0, 0, 0, 0.75, 0.25, 0], [0, 0, 0, 0, 0, 0.02, 0.98], [0, 0, 0, 1.0, 0, 0, 0]]
    )
    ax = plots.written_symbols(probabilities, [4, 6, 3], SYMBOLS, "t")
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.75, 0.98, 1.0, 0.25])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "␣", "<eos>"]
    assert texts(ax) == ["$?", "0.75", "0.98", "1.00"]  # 0.02 is no rival worth a word
    ax.figure.canvas.draw()  # a lone $ is text, no formula


def test_written_symbols_shows_what_was_written_even_if_it_was_not_the_likeliest():
    ax = plots.written_symbols([[0, 0, 0, 0, 0.3, 0.7, 0]], [4], SYMBOLS, "t")
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.3, 0.7])
    assert texts(ax)[0] == "$?"


@pytest.mark.parametrize(
    ("probabilities", "written", "message"),
    [
        (torch.full((2, 7), 1 / 7), [4], r"shape \(2, 7\); expected \(1, 7\)"),
        (torch.full((1, 5), 1 / 5), [4], r"shape \(1, 5\); expected \(1, 7\)"),
        (torch.zeros(1, 7), [4], "sum to 1. Did you pass logits"),
    ],
)
def test_written_symbols_refuses_what_is_no_distribution(probabilities, written, message):
    with pytest.raises(ValueError, match=message):
        plots.written_symbols(probabilities, written, SYMBOLS, "t")


TREE = {
    ("the",): 0.6,
    ("a",): 0.4,
    ("the", "dog"): 0.5,
    ("the", "cat"): 0.45,
    ("the", "$"): 0.05,
    ("a", "dog"): 1.0,
}


def test_search_tree_writes_products_and_colours_what_was_kept():
    ax = plots.search_tree(TREE, [("the",), ("a",), ("the", "dog"), ("a", "dog")], "t", found=("a", "dog"))
    assert {"0.300", "0.270", "0.030", "0.400"} <= set(texts(ax))
    frames = colours(ax)
    assert len(frames) == len(TREE)
    assert frames["a 0.4"] == frames["dog 1"] == to_hex("C1")
    assert frames["the 0.6"] == frames["dog 0.5"] == to_hex("C0")
    assert frames["cat 0.45"] == frames["$ 0.05"] not in (to_hex("C0"), to_hex("C1"))
    ax.figure.canvas.draw()


def test_search_tree_rows_do_not_overlap_and_parents_stand_between_their_children():
    ax = plots.search_tree(TREE, [], "t")
    place = {text.get_text(): text.xy for text in ax.texts if text.get_bbox_patch() is not None}
    leaves = [place[name][1] for name in ("dog 0.5", "cat 0.45", "$ 0.05", "dog 1")]
    assert np.diff(leaves) == pytest.approx([-1, -1, -1])
    assert place["the 0.6"][1] == pytest.approx((place["dog 0.5"][1] + place["$ 0.05"][1]) / 2)


def test_search_tree_refuses_gaps_and_strangers():
    with pytest.raises(ValueError, match=r"\('the', 'dog'\) but not its beginning \('the',\)"):
        plots.search_tree({("the", "dog"): 1.0}, [], "t")
    for kept, found in (([("one",)], None), ([], ("one",))):
        with pytest.raises(ValueError, match=r"\('one',\) was kept or found"):
            plots.search_tree(TREE, kept, "t", found=found)


def test_stored_and_live_lays_the_beginning_over_the_whole():
    ax = plots.stored_and_live([8.0, 6.0, 5.0, 4.5], torch.tensor([8.1, 6.1]), every=10, title="t")
    whole, begun = (line.get_xydata() for line in ax.get_lines())
    np.testing.assert_allclose(whole, [(10, 8), (20, 6), (30, 5), (40, 4.5)])
    np.testing.assert_allclose(begun, [(10, 8.1), (20, 6.1)], rtol=1e-6)
    assert ax.get_ylabel() == "training loss (nats per word)"
    other = plots.stored_and_live([8.0, 6.0], [8.1], every=10, title="t", unit="nats per piece")
    assert other.get_ylabel() == "training loss (nats per piece)"
    ax.figure.canvas.draw()
    with pytest.raises(ValueError, match="live has 3 means and stored only 2"):
        plots.stored_and_live([1, 2], [1, 2, 3], every=10, title="t")
