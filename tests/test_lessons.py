"""Every lesson: in step with its source, executed as committed, whole, and listed where lessons are listed."""

import base64
import io
import re
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from course_lib.course import LESSONS, ROAD_AHEAD
from tools.build_notebooks import has_outputs, readme_figure
from tools.lesson_source import (
    BEGIN,
    NOTEBOOKS,
    ROOT,
    built_path,
    differences,
    learner_notebook,
    read_source,
    sources,
)

SOURCES = pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)


def stored(source: Path):
    return nbformat.read(built_path(source), as_version=4)


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_is_one_notebook_for_each_source_and_each_listed_lesson():
    names = [source.stem for source in sources()]
    assert names == [lesson.name for lesson in LESSONS]
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == names
    assert not {lesson.number for lesson in LESSONS} & {number for number, _ in ROAD_AHEAD}


@SOURCES
def test_the_notebook_is_in_step_with_its_source(source):
    assert differences(learner_notebook(source), stored(source)) == [], "run make notebooks"


@SOURCES
def test_the_notebook_was_executed_to_its_end_without_error_or_warning(source):
    notebook = stored(source)
    assert has_outputs(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), "not one run from top to bottom"
    kinds = {output.output_type for output in outputs(notebook)}
    assert "error" not in kinds
    assert not any(output.get("name") == "stderr" for output in outputs(notebook))


@SOURCES
def test_something_is_compared_in_the_notebook_and_no_solution_shows(source):
    notebook = stored(source)
    compared = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code"
        and "nbval-ignore-output" not in cell.metadata.get("tags", [])
        and any(output.output_type == "stream" for output in cell.outputs)
    ]
    assert len(compared) >= 3
    assert BEGIN not in nbformat.writes(notebook)
    assert "widgets" not in notebook.metadata


@SOURCES
def test_pictures_are_small_and_in_a_palette(source):
    pictures = [
        base64.b64decode(output.data["image/png"])
        for output in outputs(stored(source))
        if "image/png" in output.get("data", {})
    ]
    assert pictures
    for png in pictures:
        picture = Image.open(io.BytesIO(png))
        assert picture.mode == "P" and not picture.info.keys() & {"Software", "Creation Time"}
        assert len(png) < 60_000
        low, high = zip(*picture.convert("RGB").getextrema(), strict=True)
        assert max(high) - min(low) > 100, "a blank picture"
    assert built_path(source).stat().st_size < 800_000


@SOURCES
def test_a_lesson_has_the_parts_that_lessons_have(source):
    notebook = read_source(source)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    lesson = next(lesson for lesson in LESSONS if lesson.name == source.stem)
    assert notebook.cells[0].source.startswith(f"# {lesson.number} · ")
    assert f"**{lesson.question}**" in notebook.cells[0].source.replace("`", ""), "the question on the map"
    assert (
        "You will be able to" in prose
        and "**Predict.**" in prose
        and f"Time: {lesson.minutes} minutes" in prose
    )
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert tags.count("setup") == 1
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "SliderFigure(" in code
    if lesson.number != "00":
        around_exercises = {"exercise", "check", "hint", "solution"}
        taught = [cell for cell in notebook.cells if not around_exercises & set(cell.metadata.get("tags", []))]
        assert 30 <= len(taught) <= 80
        assert 3 <= tags.count("exercise") <= 7
        for heading in ("Spot the bug", "## Recap", "What is not true", "Still open", "## References"):
            assert heading in prose


@SOURCES
def test_prose_quotes_no_loss_to_three_digits(source):
    """Digits that a re-run on another machine may change belong into outputs, not into sentences."""
    for cell in read_source(source).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\b\d\.\d{3,} nats", cell.source)


def test_readme_lists_the_lessons_as_they_are():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| \[(\d\d) · ([^\]]+)\]\(notebooks/(\w+)\.ipynb\) \| (\d+) min \| (\d+) s \| ([^|]+) \|$",
        readme,
        re.M,
    )
    assert rows == [(x.number, x.title, x.name, str(x.minutes), str(x.seconds), x.able_to) for x in LESSONS]
    for number, title in ROAD_AHEAD:
        assert re.search(rf"\b{number} {re.escape(title)}", readme)


def test_readme_s_picture_is_the_lesson_s():
    name, png = readme_figure()
    assert (ROOT / name).read_bytes() == png
    assert f"({name})" in (ROOT / "README.md").read_text(encoding="utf-8")
