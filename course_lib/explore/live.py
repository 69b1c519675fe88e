"""A picture that is drawn anew whenever a control changes: the base of sliders and text boxes."""

import base64
import html
from collections.abc import Callable, Hashable

import ipywidgets as widgets
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots import figure_png


def picture_widget(png: bytes, alt: str) -> widgets.Image:
    """A picture at its own size: a box would stretch it to its full width, and blur it."""
    picture = widgets.Image(format="png", value=png)
    picture.layout.align_self = "flex-start"
    picture.layout.max_width = "100%"
    picture.alt = alt
    return picture


def error_words(error: Exception) -> str:
    """What went wrong, as HTML."""
    return html.escape(f"{type(error).__name__}: {error}")


class LiveFigure(widgets.VBox):
    """A control above a picture; `draw(value)` makes the picture of the control's value.

    Every picture is kept, so going back to a value is instant. Where no kernel runs (a code host, an exported page),
    the first picture is shown instead of the widget.

    Args:
        draw: draw(value) → the matplotlib axes, or figure, of a new figure.
        control: the widget whose `value` is drawn.
        alt: what the picture shows, for readers who cannot see it.
    """

    def __init__(self, draw: Callable[..., Axes | Figure], control: widgets.ValueWidget, alt: str):
        self._draw, self._alt = draw, alt
        self._pictures: dict[Hashable, bytes] = {}
        self.control = control
        self.picture = picture_widget(self._png(control.value), alt)
        self.message = widgets.HTML()
        control.observe(self._changed, names="value")
        super().__init__([control, self.picture, self.message])

    def _png(self, value: Hashable) -> bytes:
        if value not in self._pictures:
            others = set(plt.get_fignums())
            try:
                drawn = self._draw(value)
                if not isinstance(drawn, Axes | Figure):
                    raise TypeError(
                        f"draw returned {type(drawn).__name__}; expected the axes or the figure it drew."
                    )
                self._pictures[value] = figure_png(drawn if isinstance(drawn, Figure) else drawn.figure)
            finally:  # a figure left open, by an error too, would be shown below some later cell
                for number in set(plt.get_fignums()) - others:
                    plt.close(number)
        return self._pictures[value]

    def _changed(self, change: dict) -> None:
        try:
            self.picture.value = self._png(change["new"])
            self.message.value = ""
        except Exception as error:  # an error in a callback would vanish into the log
            self.message.value = f"<b>Could not draw this value:</b> {error_words(error)}"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["image/png"] = base64.b64encode(self.picture.value).decode()
        bundle["text/plain"] = f"{self._alt} (Run this notebook to change it.)"
        return bundle
