"""A teacher's own exercises: the template works as it is, through trying, building and grading."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.practice import registry
from teaching import exercises

ROOT = Path(__file__).parents[1]


def command(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess:
    """In a process of its own: a registry remembers what it has loaded."""
    environment = (
        os.environ | {"PYTHONPATH": str(ROOT)} | ({"COURSE_EXERCISES": str(folder)} if folder else {})
    )
    return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("own")
    assert command("teaching.exercises", str(place), "--new", "60").returncode == 0
    return place


def test_the_template_is_sound_and_can_be_built_and_graded(folder):
    tried = command("teaching.exercises", str(folder))
    assert (tried.returncode, tried.stdout) == (0, "1 exercises tried, 0 problems\n"), tried
    built = command("teaching.exercises", str(folder), "--build")
    assert built.returncode == 0, built
    notebook = json.loads((folder / "60_my_lesson.ipynb").read_text())
    starter = next(cell for cell in notebook["cells"] if "exercise" in cell["metadata"].get("tags", []))
    assert "x.sum" not in "".join(starter["source"])

    handed_in = folder / "in"
    handed_in.mkdir()
    (handed_in / "open.ipynb").write_text(json.dumps(notebook))
    for name, line in {"right": "x.sum(-1)", "wrong": "x.sum(0)"}.items():
        starter["source"] = f"def row_sums(x):\n    return {line}"
        (handed_in / f"{name}.ipynb").write_text(json.dumps(notebook))
    marks = folder / "marks.csv"
    graded = command(
        "teaching.grade",
        "60",
        str(handed_in),
        "--out",
        str(marks),
        "--workers",
        "1",
        "--seed",
        "s",
        folder=folder,
    )
    assert graded.returncode == 0, graded
    assert [line.split(",")[:2] for line in marks.read_text().splitlines()[1:]] == [
        ["open", "0"], ["right", "2"], ["wrong", "0"],
    ]  # fmt: skip
    pages = "".join(path.read_text() for path in (folder / "feedback").glob("wrong*"))
    assert "You summed each column" in pages


def test_an_unsound_exercise_is_told(folder, tmp_path):
    source = (folder / "lesson60.py").read_text()
    changed = source.replace('"columns", lambda x: x.sum(dim=0)', '"columns", lambda x: x.sum(dim=-1)')
    (tmp_path / "lesson60.py").write_text(changed.replace("return x.sum(dim=-1)", "return x.sum(dim=-1) + 1"))
    tried = command("teaching.exercises", str(tmp_path))
    assert tried.returncode == 1
    assert "its own reference does not pass" in tried.stdout


@pytest.mark.parametrize(
    ("number", "words"),
    [("06", "no lesson has, such as 60"), ("6", "take two digits"), ("ab", "take two digits")],
)
def test_a_number_that_can_not_be_used(number, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        exercises.new(number, tmp_path)


def test_nothing_is_overwritten(folder):
    assert "can not be used" in command("teaching.exercises", str(folder), "--new", "60").stderr


def test_an_empty_folder(tmp_path):
    assert "--new 60" in command("teaching.exercises", str(tmp_path)).stderr


def test_a_folder_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_EXERCISES", "no/such")
    with pytest.raises(ValueError, match="COURSE_EXERCISES names the folder 'no/such', which is not here"):
        registry.get("60.row_sums")
