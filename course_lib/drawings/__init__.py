"""The course's drawings: every architecture once, before its code. `drawings.lstm_cell()` in a cell shows one.

One file a drawing; the shapes are those of `sheet.py`, the colours those of `course_lib.plots.palette`.
`python -m course_lib.drawings FOLDER` writes all of them as PNG files.
"""

from course_lib.drawings.drawing import ALL, Drawing, drawing
from course_lib.drawings.unrolled_rnn import unrolled_rnn

__all__ = ["ALL", "Drawing", "drawing", "unrolled_rnn"]
