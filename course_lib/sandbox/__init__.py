"""Programs that nobody has read, such as those a language model writes: run in a process of their own, shut in."""

from course_lib.sandbox.isolation import missing
from course_lib.sandbox.programs import Limits, Outcome, Result, python_in, run

__all__ = ["Limits", "Outcome", "Result", "missing", "python_in", "run"]
