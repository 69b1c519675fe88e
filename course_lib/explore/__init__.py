"""Interactive views: things to move with the mouse, boxes to type in, heads to look through."""

from course_lib.explore.attention_explorer import attention_explorer
from course_lib.explore.chat import ChatPanel
from course_lib.explore.heads import Heads
from course_lib.explore.sampling import SamplingPanel
from course_lib.explore.slider import SliderFigure
from course_lib.explore.typed import TypedFigure

__all__ = ["ChatPanel", "Heads", "SamplingPanel", "SliderFigure", "TypedFigure", "attention_explorer"]
