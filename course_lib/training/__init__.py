"""Training: `fit`, the one loop of the course, its learning-rate schedule, and the history it returns."""

from course_lib.training.history import History
from course_lib.training.loop import fit
from course_lib.training.schedule import learning_rate

__all__ = ["History", "fit", "learning_rate"]
