"""Reading a drawn picture back: the colour of a pixel, the value a colour stands for, the number written in a cell.

The scale is always given by the test, never taken from the picture: what was coloured by another scale must not pass.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb


def pixels_of(ax):
    """(height, width, 3) from 0 to 1, of the whole figure as it is now."""
    if ax.figure.get_figure(root=True).stale:
        ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())[..., :3] / 255


def pixel(ax, x, y):
    """The colour at a place of the axes, in data coordinates."""
    pixels = pixels_of(ax)
    column, row = ax.transData.transform((x, y))
    return pixels[int(pixels.shape[0] - row), int(column)]


def around(ax, x, y, radius=3):
    """The colours of the pixels around a place, (n, 3)."""
    pixels = pixels_of(ax)
    column, row = ax.transData.transform((x, y))
    column, row = round(column), round(pixels.shape[0] - row)
    rows, columns = (slice(max(0, place - radius), place + radius + 1) for place in (row, column))
    return pixels[rows, columns].reshape(-1, 3)


def is_drawn(ax, x, y, colour, radius=3, near=0.12):
    """Whether something of this colour stands at a place."""
    return bool((np.abs(around(ax, x, y, radius) - to_rgb(colour)).max(axis=1) < near).any())


def value_of(colour, colours, low=0.0, high=1.0, curve=lambda share: share):
    """The value that a colour stands for on the scale from `low` to `high`: the nearest of the colour map."""
    shares = np.linspace(0, 1, 2001)
    shades = plt.get_cmap(colours)(curve(shares))[:, :3]
    return low + (high - low) * shares[np.abs(shades - colour).sum(axis=1).argmin()]


def cells(ax):
    """(row, column) → the text that is written there."""
    return {(round(text.get_position()[1]), round(text.get_position()[0])): text for text in ax.texts}


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def label_at(axis):
    """place → the label that stands there, as drawn."""
    axis.figure.canvas.draw()
    return dict(zip(map(float, axis.get_ticklocs()), labels(axis), strict=True))


def curves(ax):
    """name in the legend → its line."""
    return {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}


def legend_colours(ax):
    """words of the legend → the colour that stands beside them."""
    legend = ax.get_legend()
    handles = [
        getattr(handle, "get_facecolor", getattr(handle, "get_color", None))()
        for handle in legend.legend_handles
    ]
    return {text.get_text(): to_rgb(colour) for text, colour in zip(legend.get_texts(), handles, strict=True)}


def bar_beside(ax):
    """The axes of the colour bar."""
    (bar,) = [image.colorbar.ax for image in ax.get_images() if image.colorbar is not None]
    return bar


def assert_bar(ax, colours, low, high, curve=lambda share: share):
    """The bar goes from `low` to `high`, and its colours are those of the scale."""
    bar = bar_beside(ax)
    assert bar.get_ylim() == (low, high)
    for share in (0.1, 0.37, 0.63, 0.9):  # beside the ticks and lines
        value = low + share * (high - low)
        found = pixel(bar, 0.5 * sum(bar.get_xlim()), value)
        assert abs(value_of(found, colours, low, high, curve) - value) < 0.08 * (high - low)


def assert_cells(
    ax, values, colours, low=0.0, high=1.0, curve=lambda share: share, at=(0.38, 0.38), tolerance=0.02
):
    """Row r, column c of the picture has the colour of values[r, c], beside the number that stands there."""
    for (row, column), value in np.ndenumerate(np.asarray(values)):
        found = value_of(pixel(ax, column + at[0], row + at[1]), colours, low, high, curve)
        assert abs(found - value) < tolerance * (high - low), ((row, column), found, value)


def assert_numbers(ax, values, words="{:.2f}", dark=None):
    """Each cell shows its own number, and (dark: value → is its cell dark?) in a colour that can be read on it."""
    found = cells(ax)
    values = np.asarray(values)
    assert {place: text.get_text() for place, text in found.items()} == {
        place: words.format(value) for place, value in np.ndenumerate(values)
    }
    if dark is not None:
        for place, value in np.ndenumerate(values):
            assert found[place].get_color() == ("white" if dark(value) else "black"), place
