"""Each lesson in a real JupyterLab in headless Chromium: it opens, runs, and its slider moves a picture.

Two lessons that train little run to their end; the others, whose every cell nbval runs anyway, to their first slider,
if it comes in the first half. COURSE_BROWSER=whole runs all of them whole; COURSE_SCREENSHOTS names a folder for
pictures of the slider's cell.
"""

import json
import os
from pathlib import Path

import pytest

from browser_lab import chromium, find_chromium, jupyterlab, open_lesson

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted(path.name for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))

SHORT = [name for name in LESSONS if name.startswith(("00_", "09_"))]
WHOLE = LESSONS if os.environ.get("COURSE_BROWSER") == "whole" else SHORT

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser():
    executable = find_chromium()
    if executable is None:
        pytest.skip("needs a Chromium: put one on the PATH or name it in CHROMIUM")
    with chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(tmp_path_factory, browser):
    with jupyterlab(NOTEBOOKS, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


def keep(locator, name):
    """A picture for people, if they asked for it."""
    if folder := os.environ.get("COURSE_SCREENSHOTS"):
        locator.screenshot(path=Path(folder) / name)


def cut_after_first_slider(notebook: Path) -> None:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = content["cells"]
    last = next(
        i for i, c in enumerate(cells) if c["cell_type"] == "code" and "SliderFigure(" in "".join(c["source"])
    )
    if last > len(cells) / 2:
        pytest.skip("its slider comes after most of the lesson: COURSE_BROWSER=whole runs it")
    content["cells"] = cells[: last + 1]
    notebook.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_and_its_slider_moves_a_picture(browser, lab, name):
    if name not in WHOLE:
        cut_after_first_slider(lab.root / name)  # the lab's own copy
    with open_lesson(browser, lab, name) as lesson:
        lesson.run_all()
        assert lesson.errors() == []

        knob, cell = lesson.first_slider()
        before = lesson.pictures(cell)
        assert before, f"{name}: no picture next to the slider"
        keep(cell, f"{name}-slider-before.png")
        lesson.move(knob)
        lesson.wait_for_other_pictures(cell, before)
        keep(cell, f"{name}-slider-after.png")

        assert lesson.strangers() == []
