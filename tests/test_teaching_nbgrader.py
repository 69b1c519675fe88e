"""The nbgrader course folder: released lessons are the shipped ones, and nbgrader's whole cycle gives the marks."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from teaching.nbgrader import CourseError, choose, instructor_notebook, main, make_course
from tools.lesson_source import BEGIN, NOTEBOOKS, built_path, sources

needs_nbgrader = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import nbgrader"], capture_output=True).returncode != 0,
    reason="needs nbgrader: pip install -c constraints.txt -e '.[dev]'",
)


def texts(notebook):
    return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem[:2])
def test_the_instructors_lesson_differs_from_the_shipped_one_by_its_solutions_alone(source):
    shipped = nbformat.read(built_path(source), as_version=4)
    mine = instructor_notebook(source)
    for cell, theirs in zip(mine.cells, shipped.cells, strict=True):
        assert cell.id == theirs.id and cell.metadata == theirs.metadata
        assert (BEGIN in cell.source) == (cell.source != theirs.source)


def test_folded_solutions_can_be_left_out():
    for source in sources():
        notebook = instructor_notebook(source, folded_solutions=False)
        assert not any("<summary>Solution" in cell.source for cell in notebook.cells)


def test_what_a_teacher_changed_is_not_overwritten(tmp_path, capsys):
    assert main([str(tmp_path), "00"]) == 0
    assert main([str(tmp_path), "00", "01"]) == 0  # a lesson more, the rest as it was
    config = tmp_path / "nbgrader_config.py"
    config.write_text(config.read_text() + "c.ExecuteExercises.timeout = 5\n")
    lesson = tmp_path / "source" / "lesson00" / "00_start_here.ipynb"
    notebook = nbformat.read(lesson, as_version=4)
    notebook.cells[0].source = "# My own lesson"
    nbformat.write(notebook, lesson)
    assert main([str(tmp_path), "00"]) == 2
    said = capsys.readouterr().err
    assert "00_start_here.ipynb" in said and "nbgrader_config.py" in said and "--force" in said
    assert main([str(tmp_path), "00", "--force"]) == 0
    assert nbformat.read(lesson, as_version=4).cells[0].source != "# My own lesson"


def test_an_unknown_lesson_is_named(tmp_path, capsys):
    assert main([str(tmp_path), "77"]) == 2
    assert "there is no lesson 77; lessons: 00, 01" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_folder_says_what_the_marks_are_worth(tmp_path):
    make_course(tmp_path, choose(["00"]), course="class")
    readme = " ".join((tmp_path / "README.md").read_text().split())
    assert "in the learner's own kernel" in readme and "python -m teaching.grade" in readme
    assert "/usr/local" not in readme


class Course:
    """An nbgrader course in a folder, and learners beside it who see nothing but the exchange."""

    def __init__(self, folder: Path):
        self.folder, self.learners = folder / "class", folder / "learners"
        # What nbgrader writes outside the course folder would go here.
        self.home = folder / "home"
        self.home.mkdir()

    def nbgrader(self, *arguments: str, learner: str = "") -> str:
        here = self.folder
        environment = os.environ | {"HOME": str(self.home), "OMP_NUM_THREADS": "1"}
        environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        environment |= {"PYTHONPATH": str(NOTEBOOKS.parent), "JUPYTER_PLATFORM_DIRS": "0"}
        for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            environment[variable] = str(self.home / variable.lower())
        if learner:
            here = self.learners / learner
            here.mkdir(parents=True, exist_ok=True)
            readme = (self.folder / "README.md").read_text()
            lines = re.search(r"```python\n(c = get_config\(\)\n.*?)```", readme, re.DOTALL)[1]
            (here / "nbgrader_config.py").write_text(lines)
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.mark.slow
@needs_nbgrader
def test_release_submit_collect_autograde_and_feedback(tmp_path):
    course, source = Course(tmp_path), choose(["01"])[0]
    # Generating and releasing without nbgrader's command needs no virtual environment that is active.
    made = [sys.executable, "-m", "teaching.nbgrader", str(course.folder), "01", "--release"]
    done = subprocess.run(made, cwd=NOTEBOOKS.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shipped = nbformat.read(built_path(source), as_version=4)

    name = source.with_suffix(".ipynb").name
    course.nbgrader("fetch_assignment", "lesson01", learner="ann")
    fetched = course.learners / "ann" / "lesson01"
    notebook = nbformat.read(fetched / name, as_version=4)
    assert texts(notebook) == texts(shipped)
    shutil.copytree(fetched, course.learners / "bob" / "lesson01")  # who does nothing with it
    answer(notebook, source)
    # Ann wrote a helper function in a cell of her own.
    first = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    assert "-log_probs.mean()" in first.source
    first.source = first.source.replace("-log_probs.mean()", "negative_mean(log_probs)")
    own = nbformat.v4.new_code_cell("def negative_mean(values):\n    return -values.mean()")
    notebook.cells.insert(notebook.cells.index(first), own)
    nbformat.write(notebook, fetched / name)
    course.nbgrader("submit", "lesson01", "--student=ann", learner="ann")
    course.nbgrader("submit", "lesson01", "--student=bob", learner="bob")

    # All files belong to one user here.
    course.nbgrader("collect", "lesson01", "--ExchangeCollect.check_owner=False")
    course.nbgrader("autograde", "lesson01")
    course.nbgrader("generate_feedback", "lesson01")
    course.nbgrader("release_feedback", "lesson01")
    course.nbgrader("export")
    with open(course.folder / "grades.csv", encoding="utf-8") as file:
        marks = {
            row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)
        }
    total = 2.0 * sum(cell.metadata.get("nbgrader", {}).get("grade", False) for cell in shipped.cells)
    assert marks == {"ann": (total, total), "bob": (0.0, total)}

    graded = nbformat.read(course.folder / "autograded" / "ann" / "lesson01" / name, as_version=4)
    for cell in graded.cells:
        if cell.cell_type == "code" and "fit(" in cell.source and "nbgrader" not in cell.metadata:
            assert cell.execution_count is None  # nothing was trained
    page = course.folder / "feedback" / "bob" / "lesson01" / Path(name).with_suffix(".html")
    assert "not attempted" in page.read_text(encoding="utf-8").lower()
    assert list((course.folder / "exchange" / "rnn-to-bert" / "feedback").glob("*.html"))
    # Outside the course's folder nbgrader keeps only the learners' own copies of what they submitted.
    assert not list(course.home.rglob("*.db"))
    kept = {path.name.split("+")[0] for path in course.home.glob("*/nbgrader_cache/*/*")}
    assert kept == {"ann", "bob"}


def answer(notebook, source):
    """Puts the solutions into the exercise cells."""
    solved = [
        cell for cell in instructor_notebook(source).cells if "exercise" in cell.metadata.get("tags", [])
    ]
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    for cell, solution in zip(cells, solved, strict=True):
        lines = solution.source.splitlines()
        cell.source = "\n".join(line for line in lines if "### " not in line)


@needs_nbgrader
def test_every_lesson_is_released_as_it_is_shipped(tmp_path):
    """By nbgrader's own steps, without a gradebook."""
    code = (
        "import json, sys, nbformat\n"
        "from pathlib import Path\n"
        "from traitlets.config import PyFileConfigLoader\n"
        "from teaching.nbgrader_preprocessors import ClearCourseSolutions\n"
        "step = ClearCourseSolutions()\n"
        "found = {}\n"
        "for path in sorted(Path(sys.argv[1]).rglob('*.ipynb')):\n"
        "    cleared = step.preprocess(nbformat.read(path, as_version=4), {})[0]\n"
        "    found[path.name] = [(cell.id, cell.cell_type, cell.source) for cell in cleared.cells]\n"
        "print(json.dumps(found))\n"
    )
    make_course(tmp_path, sources(), course="class")
    command = [sys.executable, "-c", code, str(tmp_path / "source")]
    done = subprocess.run(command, cwd=NOTEBOOKS.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, cells in json.loads(done.stdout).items():
        assert [tuple(cell) for cell in cells] == texts(nbformat.read(NOTEBOOKS / name, as_version=4))


def test_a_release_without_nbgrader_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("teaching.nbgrader.find_spec", lambda name: None)
    from teaching.nbgrader import release

    with pytest.raises(CourseError, match="needs nbgrader: pip install"):
        release(tmp_path, ["lesson01"])
