"""Marks for every file, whatever became of it; the same again; tables, pages and the sample class."""

import csv
import io
import json
import re

import nbformat
import pytest

from course_lib.practice import registry
from course_lib.sandbox.isolation import missing
from teaching import feedback, grade, marks, report
from teaching.collected import collected
from teaching.marking import Mark
from teaching.sample import sample_class
from teaching.submission import Unreadable, lesson, read
from tools.lesson_source import built_path, sources

pytestmark = pytest.mark.skipif(bool(missing()), reason="this machine can not shut a process in")

LESSON = "00"
IDS = registry.exercise_ids(LESSON)


def notebook(change=None) -> str:
    """A right submission as JSON, after change(notebook)."""
    found = nbformat.read(built_path(next(s for s in sources() if s.stem.startswith(LESSON))), as_version=4)
    solutions = {task.exercise_id.replace(".", "_"): task.solution for task in lesson(LESSON).tasks}
    for cell in found.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = solutions[cell.metadata.nbgrader.grade_id]
    if change:
        change(found)
    return json.dumps(found)  # as it is: nbformat would mend a doubled id


def cell_of(found, name: str):
    return next(c for c in found.cells if c.metadata.get("nbgrader", {}).get("grade_id") == f"00_{name}")


def duplicated(found):
    twin = nbformat.from_dict(dict(cell_of(found, "centred")))
    twin.source = "def centred(x):\n    return x"
    found.cells.append(twin)


def renamed(found):
    del cell_of(found, "centred").metadata["nbgrader"]


def gone(found):
    found.cells.remove(cell_of(found, "centred"))


def locked_cells_edited(found):
    for cell in found.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "check_00_centred":
            cell.source = "print('all hold')"
    cell_of(found, "centred").source = "def centred(x):\n    return 0 * x + 1"


def helped(found):
    place = found.cells.index(cell_of(found, "centred"))
    found.cells.insert(
        place, nbformat.v4.new_code_cell("def middle(x):\n    return x.mean(-1, keepdim=True)")
    )
    cell_of(found, "centred").source = "def centred(x):\n    return x - middle(x)"


def crashing_import(found):
    cell_of(found, "centred").source = "import no_such_module\ndef centred(x):\n    return x"


def not_python(found):
    cell_of(found, "centred").source = "def centred(x:\n    return"


def other_kernel(found):
    found.metadata.kernelspec = {"name": "ir", "language": "R", "display_name": "R"}


def large_output(found):
    cell_of(found, "centred").outputs = [nbformat.v4.new_output("stream", text="x" * 25_000_000)]


def magics(found):
    cell_of(found, "centred").source = "%matplotlib inline\n!ls\n" + cell_of(found, "centred").source


FILES = {
    "right": notebook(),
    "empty": "",
    "cut": notebook()[:3000],
    "bomb": "[" * 200_000,
    "other_json": '{"cells": 3}',
    "no_cells": '{"cells": []}',
    "bytes": "\udcff\udcfe",
    "duplicated": notebook(duplicated),
    "renamed": notebook(renamed),
    "gone": notebook(gone),
    "locked": notebook(locked_cells_edited),
    "helped": notebook(helped),
    "crashing": notebook(crashing_import),
    "not_python": notebook(not_python),
    "kernel": notebook(other_kernel),
    "large": notebook(large_output),
    "magics": notebook(magics),
}
# {file: (points of 00.centred, what is said of it or of the file)}
EXPECTED = {
    "right": (1, ""),
    "empty": (0, "The file is empty."),
    "cut": (0, "The file is damaged: it is no notebook"),
    "bomb": (0, "The file is damaged: it is no notebook"),
    "other_json": (0, "it has no cells as notebooks have them"),
    "no_cells": (0, "No cell answers an exercise of lesson 00: is this another lesson's notebook?"),
    "bytes": (0, "The file is damaged"),
    "duplicated": (0, "2 cells answer this exercise; the last one counts."),
    "renamed": (1, "the last cell that defines centred counts"),
    "gone": (0, "No cell answers this exercise"),
    "locked": (0, ""),
    "helped": (1, ""),
    "crashing": (0, "Your cell raises ModuleNotFoundError: No module named 'no_such_module'"),
    "not_python": (0, ", line 1)."),  # and no line of the grader's own
    "kernel": (1, "saved with a kernel for r"),
    "large": (1, ""),
    "magics": (1, ""),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder of a class in which every file of the table was handed in, and one learner has a folder."""
    place = tmp_path_factory.mktemp("class")
    (place / "in" / "folder" / "deep").mkdir(parents=True)
    for name, content in FILES.items():
        (place / "in" / f"{name}.ipynb").write_bytes(content.encode(errors="surrogateescape"))
    (place / "in" / "folder" / "deep" / "00_start_here.ipynb").write_text(FILES["right"])
    (place / "in" / "folder" / "notes.ipynb").write_text(FILES["empty"])
    (place / "in" / "=2+5.ipynb").write_text(FILES["right"])
    (place / "in" / "link.ipynb").symlink_to("/etc/hostname")
    assert run(place) == 0
    return place


def run(place, *more: str) -> int:
    arguments = [
        LESSON,
        str(place / "in"),
        "--out",
        str(place / "marks.csv"),
        "--report",
        str(place / "class.html"),
    ]
    return grade.main([*arguments, "--workers", "1", *more])


def rows(place) -> dict[str, dict]:
    return {row["learner"]: row for row in csv.DictReader(io.StringIO((place / "marks.csv").read_text()))}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_file_gets_a_mark_and_a_reason(name, graded):
    points, words = EXPECTED[name]
    assert float(rows(graded)[name]["00.centred"]) == points
    page = (graded / "feedback" / feedback.file_name(grade.Result(name, []))).read_text()
    assert words.replace("'", "&#x27;") in page


def test_folders_links_and_formulas(graded):
    assert float(rows(graded)["folder"]["points"]) == float(rows(graded)["right"]["points"]) == len(IDS)
    assert "This is not a file." in rows(graded)["link"]["remarks"]
    assert "'=2+5" in rows(graded)
    assert rows(graded)["gone"]["remarks"].startswith("00.centred: No cell answers this exercise")
    assert rows(graded)["no_cells"]["remarks"] == EXPECTED["no_cells"][1]


def test_again_gives_the_same_bytes_and_marks_nothing_anew(graded, monkeypatch):
    before = {
        path: path.read_bytes() for path in graded.rglob("*") if path.suffix in (".csv", ".html", ".json")
    }
    monkeypatch.setattr(grade.concurrent.futures, "ProcessPoolExecutor", None)
    assert run(graded) == 0
    assert {path: path.read_bytes() for path in before} == before


def test_an_interrupted_run_goes_on(graded, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("right", "duplicated", "renamed"):
        (tmp_path / "in" / f"{name}.ipynb").write_text(FILES[name])
    files = {one.learner: one.path for one in collected(tmp_path / "in", LESSON)}
    first = next(iter(graded_one := grade.grade(LESSON, files, tmp_path / "results")))
    graded_one.close()
    assert first.learner == "duplicated" and len(list((tmp_path / "results").glob("*.json"))) == 1
    assert run(tmp_path) == 0
    assert rows(tmp_path)["right"] == rows(graded)["right"]
    for name in ("right", "duplicated"):
        page = f"feedback/{feedback.file_name(grade.Result(name, []))}"
        assert (tmp_path / page).read_bytes() == (graded / page).read_bytes()


def test_another_file_seed_or_course_is_marked_anew(graded, monkeypatch):
    right, results = graded / "in" / "right.ipynb", graded / "results"
    assert grade.kept(results, "right", right, LESSON, "") is not None
    assert grade.kept(results, "right", right, LESSON, "spring") is None
    assert grade.kept(results, "right", graded / "in" / "gone.ipynb", LESSON, "") is None
    monkeypatch.setattr(grade, "course_digest", lambda: "another")
    assert grade.kept(results, "right", right, LESSON, "") is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["77", "."], "there is no lesson '77'; lessons: 00, 01"),
        ([LESSON, "no/such"], "No such file"),
        ([LESSON, "."], "holds no notebook"),
    ],
)
def test_refusals(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert grade.main(arguments) == 2
    assert words in capsys.readouterr().err


# --- tables and pages


def result(learner: str, sentence="Is it so? You have 3, expected 4.", **of_mark) -> grade.Result:
    n = len(registry.get("01.rnn_step").properties)
    wrong = Mark("01.rnn_step", "failed", 0.5, 2, sentence, held=[True] + [False] * (n - 1), **of_mark)
    others = [Mark(id, "open", 0.0, 2) for id in registry.exercise_ids("01") if id != "01.rnn_step"]
    return grade.Result(learner, [wrong, *others])


def test_tables_for_moodle_and_canvas():
    two = [result("ann"), result("bob")]
    assert list(csv.reader(io.StringIO(marks.table(two, "moodle"))))[1] == [
        "ann",
        "0.5",
        "0 of 7 exercises are right.",
    ]
    canvas = list(csv.reader(io.StringIO(marks.table(two, "canvas"))))
    assert canvas[0][-1] == "Lesson 01" and canvas[1][0] == "Points Possible" and canvas[2][-1] == "0.5"
    with pytest.raises(ValueError, match="no table for 'x'; there are plain, moodle, canvas"):
        marks.table(two, "x")


def test_hidden_cases_stay_hidden():
    of = lesson("01")
    assert "expected 4" in feedback.page(of, result("ann"))
    page = feedback.page(of, result("ann", hidden=True))
    assert "expected 4" not in page and registry.get("01.rnn_step").properties[1].question in page
    raised = result("ann", "Is it? For x = [7], your function raises ValueError: no (line 2).", hidden=True)
    page = feedback.page(of, raised)
    assert "Your function raises ValueError: no (line 2)." in page and "[7]" not in page


def test_what_was_handed_in_is_text_on_every_page():
    bad = result(
        "<script>alert(1)</script>", "<img src=x onerror=alert(2)>", notes=["<b>\x00"], flags=["<i>"]
    )
    for page in (feedback.page(lesson("01"), bad), report.page(lesson("01"), [bad, bad])):
        assert not re.search(r"<(script|img|b|i)[ >]", page)
        assert "&lt;img src=x onerror=alert(2)&gt;" in page and "default-src 'none'" in page


def test_unnamed_mistakes_are_grouped_by_what_they_do():
    alike = [("a", "You have 3."), ("b", "You have 4."), ("c", "It raises.")]
    found = report.groups([(learner, result(learner, words).marks[0]) for learner, words in alike])
    assert [(name, learners) for name, _, learners in found] == [("", ["a", "b"]), ("", ["c"])]
    named = report.groups([("a", result("a", mistake="no bias", diagnosis="Add b.").marks[0])])
    assert named == [("no bias", "Add b.", ["a"])]


def test_a_learner_reads_one_answer_for_each_question_or_that_none_holds():
    page = feedback.page(lesson("01"), result("ann", "It stops in `h @ W`."))
    questions = [property.question for property in registry.get("01.rnn_step").properties]
    assert page.count(">yes<") == 1 and page.count(">no<") == len(questions) - 1
    assert "<code>h @ W</code>" in page and page.startswith("<!DOCTYPE html>") and "01 · Recurrent" in page
    nothing = result("ann")
    nothing.marks[0].held = [False] * len(questions)
    page = feedback.page(lesson("01"), nothing)
    assert f"None of the {len(questions)} properties" in page and ">no<" not in page


def test_mistakes_made_once_share_a_row_and_names_link_to_pages():
    results = [result(f"l{n}", mistake=name) for n, name in enumerate("aabcde")]
    page = report.page(lesson("01"), results, "../my pages")
    assert page.count(">made once<") == 1
    link = f'<a href="../my%20pages/{feedback.file_name(results[2])}">l2</a>'
    assert f"b ({link})" in page
    assert ">made once<" not in report.page(lesson("01"), results[:4])


# --- the sample class


def test_the_sample_class_can_be_read_and_is_the_same_each_time(tmp_path):
    paths = sample_class(LESSON, tmp_path / "one", size=12, seed=3)
    assert len(paths) == 12
    again = sample_class(LESSON, tmp_path / "two", size=12, seed=3)
    assert [path.name for path in paths] == [path.name for path in again]
    unreadable = 0
    for path in paths:
        try:
            found = read(path, lesson(LESSON))
            assert set(found.answers) == set(IDS)
        except Unreadable:
            unreadable += 1
    assert unreadable == 2  # one cut off, one empty
    with pytest.raises(ValueError, match="at most 256 learners, not 257"):
        sample_class(LESSON, tmp_path / "three", size=257)
