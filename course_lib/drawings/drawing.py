"""A drawing as a notebook shows it: a small picture on a light card, with words for those who cannot see it."""

import base64
from collections.abc import Callable

from course_lib.drawings.sheet import Sheet
from course_lib.plots.style import figure_png

ALL: dict[str, "Drawing"] = {}  # every drawing of the course by name


class Drawing:
    """Made by `drawing`; calling it gives itself, so that a lesson's cell reads `drawings.lstm_cell()`.

    Attributes:
        name: that of its function. alt: what it shows, in a few sentences.
    """

    def __init__(self, draw: Callable[[Sheet], None], width: float, height: float, alt: str):
        self._draw, self._width, self._height = draw, width, height
        self.name, self.alt = draw.__name__, " ".join(alt.split())
        self.__doc__ = self.alt

    def __call__(self) -> "Drawing":
        return self

    def __repr__(self) -> str:
        return self.alt

    def sheet(self) -> Sheet:
        """The drawing on a new sheet; its figure is the caller's to close."""
        sheet = Sheet(self._width, self._height)
        self._draw(sheet)
        return sheet

    def png(self) -> bytes:
        """A PNG with a palette and no metadata: the same bytes each time."""
        return figure_png(self.sheet().figure)

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        picture = base64.b64encode(self.png()).decode()
        return {"image/png": picture, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


def drawing(width: float, height: float, alt: str) -> Callable[[Callable[[Sheet], None]], Drawing]:
    """Make a drawing of a function that draws on a sheet of this size, in inches."""

    def make(draw: Callable[[Sheet], None]) -> Drawing:
        ALL[draw.__name__] = Drawing(draw, width, height, alt)
        return ALL[draw.__name__]

    return make
