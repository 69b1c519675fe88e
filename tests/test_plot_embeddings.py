"""Pictures of word vectors: the numbers given are the numbers drawn, labels do not cover each other."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib import plots
from course_lib.models.words import principal_axes


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")


def words_of(ax):
    return {text.get_text(): text for text in ax.texts}


def points_of(ax):
    return np.concatenate([np.asarray(dots.get_offsets()) for dots in ax.collections])


def random_words(n, spread=1.0):
    generator = torch.Generator().manual_seed(0)
    return [f"word{number}" for number in range(n)], spread * torch.randn(n, 8, generator=generator)


def test_map_shows_the_principal_components_and_their_shares():
    words, vectors = random_words(20)
    ax = plots.embedding_map(vectors, words, title="t")
    axes, shares = principal_axes(vectors)
    expected = (vectors - vectors.mean(dim=0)) @ axes
    np.testing.assert_allclose(points_of(ax), expected, atol=1e-5)
    assert f"({shares[0]:.0%} of the variance)" in ax.get_xlabel() and f"({shares[1]:.0%})" in ax.get_ylabel()
    assert set(words_of(ax)) == set(words)


def test_map_along_given_axes_and_with_groups():
    vectors = torch.tensor([[1.0, 0, 5], [0, 1, 5], [-1, -1, 2]])
    ax = plots.embedding_map(
        vectors, ["a", "b", "$c$"], title="t", groups={"first": ["b"]}, axes=torch.eye(3)[:, :2]
    )
    # The group first, then the words in none of them.
    np.testing.assert_allclose(points_of(ax), [[0, 1], [1, 0], [-1, -1]], atol=1e-6)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first"]
    assert "$c$" in words_of(ax) and not words_of(ax)["$c$"].get_parse_math()


@pytest.mark.parametrize("spread", [1.0, 0.0])
def test_labels_of_thirty_words_cover_neither_each_other_nor_the_frame(spread):
    words, vectors = random_words(30, spread)
    vectors[:3] += 3.0  # spread 0: three heaps on one another
    vectors[3:16] -= 3.0 * torch.arange(8)
    ax = plots.embedding_map(vectors, words, title="t")
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in ax.texts]
    frame = ax.get_window_extent().padded(1)
    assert all(frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1) for box in boxes)
    covered = sum(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert covered == 0 or spread == 0


def test_map_is_the_same_picture_again():
    words, vectors = random_words(25)
    pictures = [plots.figure_png(plots.embedding_map(vectors, words, title="t").figure) for _ in range(2)]
    assert pictures[0] == pictures[1]


def test_map_refuses_in_words():
    words, vectors = random_words(5)
    with pytest.raises(ValueError, match=r"shape \(5, 8\) and there are 4 words"):
        plots.embedding_map(vectors, words[:4], title="t")
    with pytest.raises(ValueError, match="2 to 60 words"):
        plots.embedding_map(torch.randn(61, 3), [str(n) for n in range(61)], title="t")
    with pytest.raises(ValueError, match="'cat' is in a group"):
        plots.embedding_map(vectors, words, title="t", groups={"animals": ["cat"]})
    with pytest.raises(ValueError, match="8 groups; at most 7"):
        plots.embedding_map(vectors, words, title="t", groups={str(n): [] for n in range(8)})
    with pytest.raises(ValueError, match=r"axes has shape \(3, 2\); expected \(8, 2\)"):
        plots.embedding_map(vectors, words, title="t", axes=torch.ones(3, 2))


def test_similarity_matrix_pixels_numbers_and_refusals():
    cosines = torch.tensor([[1.0, -1.0, 0.0], [-1.0, 1.0, -0.001], [0.0, -0.001, 1.0]])
    ax = plots.similarity_matrix(cosines, ["a", "b", "$c$"], title="t")
    np.testing.assert_allclose(ax.get_images()[0].get_array(), cosines)
    shown = [text.get_text() for text in ax.texts]
    assert shown == ["1.00", "-1.00", "0.00", "-1.00", "1.00", "0.00", "0.00", "0.00", "1.00"]
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())

    def colour(row, column):
        x, y = ax.transData.transform((column - 0.42, row - 0.42))
        return pixels[int(pixels.shape[0] - y), int(x), :3].astype(int)

    red, blue = colour(0, 0), colour(0, 1)
    assert red[0] > red[2] + 50 and blue[2] > blue[0] + 50 and colour(0, 2).min() > 230
    with pytest.raises(ValueError, match="at most 12"):
        plots.similarity_matrix(torch.eye(13), [str(n) for n in range(13)], title="t")
    with pytest.raises(ValueError, match="from 0.00 to 9.00.*dot products"):
        plots.similarity_matrix(9 * torch.eye(2), ["a", "b"], title="t")
    with pytest.raises(ValueError, match="the same both ways"):
        plots.similarity_matrix(torch.tensor([[1.0, 0.5], [0.1, 1.0]]), ["a", "b"], title="t")


def test_neighbour_bars_are_as_long_as_the_cosines():
    ax = plots.neighbour_bars([("near", 0.9), ("$far$", -0.2)], title="t")
    assert [bar.get_width() for bar in ax.patches] == [0.9, -0.2]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["near", "$far$"]
    assert ax.yaxis_inverted() and ax.get_xlim()[0] < -0.2
    assert [text.get_text() for text in ax.texts] == ["0.90", "-0.20"]
    with pytest.raises(ValueError, match="no neighbours"):
        plots.neighbour_bars([], title="t")


def test_one_against_other_draws_points_and_the_line_of_equals():
    ax = plots.one_against_other(torch.tensor([0.0, 2.0]), [1.0, -1.0], "x", "y", title="t")
    points, line = ax.get_lines()
    np.testing.assert_allclose(points.get_xydata(), [[0, 1], [2, -1]])
    np.testing.assert_allclose(line.get_xydata(), [[-1, -1], [2, 2]])
    with pytest.raises(ValueError, match=r"x has shape \(2,\) and y \(3,\)"):
        plots.one_against_other([1.0, 2.0], [1.0, 2.0, 3.0], "x", "y", title="t")
