"""Each lesson in a real JupyterLab in headless Chromium: it opens, runs, and its slider moves a picture.

The first lesson runs to its end; of the others, whose every cell nbval runs anyway, only the first slider and what it
needs, unless that is a long training. COURSE_BROWSER=whole runs all of them whole; COURSE_SCREENSHOTS names a folder
for pictures of the slider's cell.
"""

import ast
import json
import os
import symtable
from pathlib import Path

import pytest

from browser_lab import chromium, find_chromium, jupyterlab, open_lesson
from tools.lesson_source import without_magics

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted(path.name for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))

ALL = os.environ.get("COURSE_BROWSER") == "whole"
TRAINED_FIRST = ("04_", "10_", "11_")  # the slider shows a model that the lesson trains for half a minute

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


def keep_what_the_slider_needs(notebook: Path) -> None:
    """Leaves the cell of the first slider, and those before it that give the names it uses."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    last = next(i for i, cell in enumerate(cells) if "SliderFigure(" in "".join(cell["source"]))
    kept, wanted = [], set()
    for cell in reversed(cells[: last + 1]):
        given, used = names_in(without_magics("".join(cell["source"])))
        if not kept or given & wanted or "setup" in cell["metadata"].get("tags", []):
            kept.append(cell)
            wanted |= used
    content["cells"] = kept[::-1]
    notebook.write_text(json.dumps(content), encoding="utf-8")


def names_in(code: str) -> tuple[set[str], set[str]]:
    """Names that a cell gives to the cells below it, and all that it mentions."""
    top = symtable.symtable(code, "<cell>", "exec").get_symbols()
    given = {name.get_name() for name in top if name.is_assigned() or name.is_imported()}
    return given, given | {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_and_its_slider_moves_a_picture(browser, lab, name):
    if name.startswith(TRAINED_FIRST) and not ALL:
        pytest.skip("its slider shows what a long training gives: COURSE_BROWSER=whole runs it")
    if name != LESSONS[0] and not ALL:
        keep_what_the_slider_needs(lab.root / name)  # the lab's own copy
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
