"""One colour for each quantity of the course, the same in drawings and plots.

Dark enough for text on white (contrast of at least 4.5 : 1), apart from each other for colour-blind readers, and of
falling lightness in print.
"""

from matplotlib.colors import to_hex, to_rgb

COLOURS = {
    "query": "#0B5FA5",
    "key": "#A84300",
    "value": "#1A6E34",
    "mask": "#6B6B6B",
    "hidden": "#5B3A94",
    "cell": "#A3195B",
    "input": "#7A5C00",
    "output": "#006D75",
    "gate": "#B3261E",
    "weight": "#444444",
    "plain": "#333333",
}


def tint(name: str, share: float = 0.14) -> str:
    """The colour of a quantity, thinned with white, for the inside of a box."""
    return to_hex([1 - share + share * part for part in to_rgb(COLOURS[name])])
