"""What every test run shares: the environment of the notebooks' kernels, the order of the files."""

import os
import re
import signal
from pathlib import Path

import hypothesis
import matplotlib
import pytest

# Stored outputs were made with one thread; it is also the fastest way to run two workers on two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Kernels run in notebooks/, where a relative folder would be another one.
for variable in ("COURSE_DATA", "COURSE_CACHE"):
    if os.environ.get(variable):
        os.environ[variable] = str(Path(os.environ[variable]).expanduser().absolute())
# A learner's own backend would keep figures out of the notebooks' outputs, or open windows.
os.environ.pop("MPLBACKEND", None)
matplotlib.use("agg")
# The same examples on every run, however busy the machine is.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")
# A run started in the background of a script is born deaf to interrupts, and some tests send one.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


LONG = [
    "test_practice_lessons.py",
    "test_answers.py",
    "test_teaching_verdicts.py",
    "test_teaching_nbgrader.py",
    "test_teaching_exercises.py",
]


def place_in_line(item: pytest.Item) -> tuple[int, int]:
    """Sort key that starts what takes longest first, so that no worker is left with it at the end.

    The browser test runs every lesson; then come the notebooks, the last lesson first (00 is the
    shortest); then the files that hand in hundreds of answers or grade them; then the rest as it was collected.
    """
    if item.path.name == "test_browser.py":
        return 0, 0
    if item.path.suffix == ".ipynb":
        number = re.match(r"\d+", item.path.name)
        return 1, -int(number[0]) if number else 0
    return (2, LONG.index(item.path.name)) if item.path.name in LONG else (3, 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=place_in_line)
