"""A figure of a text that you type."""

from collections.abc import Callable

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.explore.live import LiveFigure


class TypedFigure(LiveFigure):
    r"""A text box above the picture of its text, drawn when you press Enter or leave the box; see `LiveFigure`.

    Args:
        draw: draw(text) → the matplotlib axes or figure of a new figure; `\n` typed in the box stands for a new line.
        start: the text to begin with.
        label: the box's name.
        alt: what the picture shows, for readers who cannot see it.
    """

    def __init__(self, draw: Callable[[str], Axes | Figure], start: str, label: str, alt: str):
        self.box = widgets.Text(
            value=start.replace("\n", "\\n"),
            description=label,
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "48em"},
        )
        super().__init__(lambda typed: draw(typed.replace("\\n", "\n")), self.box, alt)
