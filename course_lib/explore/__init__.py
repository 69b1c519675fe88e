"""Interactive views: things to move with the mouse, and boxes to type in."""

from course_lib.explore.slider import SliderFigure
from course_lib.explore.typed import TypedFigure

__all__ = ["SliderFigure", "TypedFigure"]
