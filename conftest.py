"""What every test run shares: the environment of the notebooks' kernels, the order of the files."""

import os
import re
from pathlib import Path

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


def place_in_line(item: pytest.Item) -> tuple[int, int]:
    """Sort key that starts what takes longest first, so that no worker is left with it at the end.

    The browser test runs every lesson; then come the notebooks, the last lesson first (00 is the
    shortest); then the rest as it was collected.
    """
    if item.path.name == "test_browser.py":
        return 0, 0
    if item.path.suffix == ".ipynb":
        number = re.match(r"\d+", item.path.name)
        return 1, -int(number[0]) if number else 0
    return 2, 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=place_in_line)
