"""Interactive views: things to move with the mouse."""

from course_lib.explore.slider import SliderFigure

__all__ = ["SliderFigure"]
