"""A figure with a slider: move it, and the picture is drawn anew."""

from collections.abc import Callable, Sequence

import ipywidgets as widgets
from matplotlib.axes import Axes

from course_lib.explore.live import LiveFigure


class SliderFigure(LiveFigure):
    """A slider above the picture of its value; see `LiveFigure`.

    Args:
        draw: draw(value) → the matplotlib axes of a new figure.
        values: the slider's stops, in order.
        start: the stop to begin with.
        label: the slider's name, with its unit.
        alt: what the picture shows, for readers who cannot see it.

    Raises:
        ValueError: no stops, or a start that is none of them.
    """

    def __init__(self, draw: Callable[..., Axes], values: Sequence, start, label: str, alt: str):
        if start not in values:
            raise ValueError(f"start is {start!r}; it must be one of the stops {list(values)!r}.")
        self.slider = widgets.SelectionSlider(
            options=list(values),
            value=start,
            description=label,
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "32em"},
        )
        super().__init__(draw, self.slider, alt)
