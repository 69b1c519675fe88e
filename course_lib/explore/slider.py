"""A figure with a slider: move it, and the picture is drawn anew."""

import base64
from collections.abc import Callable, Sequence

import ipywidgets as widgets
from matplotlib.axes import Axes

from course_lib.plots import figure_png


class SliderFigure(widgets.VBox):
    """A slider above a picture; `draw(value)` makes the picture.

    Every picture is kept, so going back to a value is instant. Where no kernel runs (a code host, an exported page),
    the picture of the first value is shown instead of the widget.

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
        self._draw, self._pictures = draw, {}
        self.slider = widgets.SelectionSlider(
            options=list(values),
            value=start,
            description=label,
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "32em"},
        )
        self.picture = widgets.Image(format="png", value=self._png(start))
        self.picture.layout.object_fit = "contain"
        self.picture.layout.max_width = "100%"
        self.picture.alt = alt
        self.message = widgets.HTML()
        self._alt = alt
        self.slider.observe(self._moved, names="value")
        super().__init__([self.slider, self.picture, self.message])

    def _png(self, value) -> bytes:
        if value not in self._pictures:
            self._pictures[value] = figure_png(self._draw(value).figure)
        return self._pictures[value]

    def _moved(self, change: dict) -> None:
        try:
            self.picture.value = self._png(change["new"])
            self.message.value = ""
        except Exception as error:  # an error in a callback would vanish into the log
            self.message.value = f"<b>Could not draw this value:</b> {type(error).__name__}: {error}"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["image/png"] = base64.b64encode(self.picture.value).decode()
        bundle["text/plain"] = f"{self._alt} (Run this notebook to move the slider.)"
        return bundle
