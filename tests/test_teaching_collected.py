"""Whose file is whose, in the forms in which classes hand in; and the tables and names that go back."""

import csv
import io
from pathlib import Path

import pytest

from teaching import feedback, grade, marks
from teaching.collected import collected
from teaching.marking import Mark

MOODLE = "Ann Smith_4711_assignsubmission_file_"


def handed_in(folder: Path, *names: str) -> dict:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return {handed.learner: handed for handed in collected(folder, "06")}


@pytest.mark.parametrize(
    ("names", "learner", "chosen", "id", "prefix"),
    [
        (["ann.ipynb"], "ann", "ann.ipynb", "", ""),
        (["ann/deep/06_self_attention.ipynb", "ann/notes.ipynb"], "ann", "06_self_attention.ipynb", "", ""),
        ([f"{MOODLE}/final.ipynb"], "Ann Smith", "final.ipynb", "4711", MOODLE),
        ([f"{MOODLE[:-1]}/final.ipynb"], "Ann Smith", "final.ipynb", "4711", MOODLE),
        ([f"{MOODLE}06_a.ipynb"], "Ann Smith", f"{MOODLE}06_a.ipynb", "4711", MOODLE),
        (["smithann_12_345_06_a.ipynb"], "smithann", "smithann_12_345_06_a.ipynb", "12", "smithann_12_345_"),
        (["ann_smith.ipynb"], "ann_smith", "ann_smith.ipynb", "", ""),
    ],
)
def test_whose_file_it_is(names, learner, chosen, id, prefix, tmp_path):
    found = handed_in(tmp_path, *names)[learner]
    assert (found.path.name, found.id, found.prefix, found.notes) == (chosen, id, prefix, ())


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["06_a.ipynb", "06_a (2).ipynb", "06_a (10).ipynb"], "06_a (10).ipynb"),
        (["06_a.ipynb", "06_a-Copy1.ipynb"], "06_a-Copy1.ipynb"),
        (["final.ipynb", "final2.ipynb"], "final2.ipynb"),
    ],
)
def test_who_hands_in_twice_is_told_which_one_counts(names, chosen, tmp_path):
    ann = handed_in(tmp_path, *(f"ann/{name}" for name in names))["ann"]
    assert ann.path.name == chosen
    assert ann.notes == (f"{len(names)} notebooks were handed in; {chosen} is the one that counts.",)


def test_a_file_and_a_folder_of_one_learner_are_one_submission(tmp_path):
    found = handed_in(tmp_path, "ben.ipynb", "ben/06_a.ipynb", "ben.txt")
    assert list(found) == ["ben"] and "2 notebooks" in found["ben"].notes[0]


def test_hidden_copies_do_not_count_and_an_empty_folder_does(tmp_path):
    (tmp_path / "eve").mkdir()
    names = ("ann/.ipynb_checkpoints/06_a-checkpoint.ipynb", "ann/mine.ipynb", "__MACOSX/x.ipynb")
    found = handed_in(tmp_path, *names)
    assert list(found) == ["ann", "eve"]
    assert found["ann"].path.name == "mine.ipynb" and not found["eve"].path.exists()


def test_canvas_says_who_was_late_and_hands_over_two_files_of_one_learner(tmp_path):
    found = handed_in(
        tmp_path, "poe_LATE_7_90_06_a-1.ipynb", "poe_LATE_7_89_06_a.ipynb", "kim_8_91_06_a.ipynb"
    )
    assert found["poe"].path.name == "poe_LATE_7_90_06_a-1.ipynb" and found["kim"].notes == ()
    assert found["poe"].notes[1] == "Canvas has marked this submission as late."


def test_two_learners_of_one_name_stay_two(tmp_path):
    found = handed_in(tmp_path, f"{MOODLE}/a.ipynb", f"{MOODLE.replace('4711', '4712')}/a.ipynb")
    assert list(found) == ["Ann Smith (4711)", "Ann Smith (4712)"]


# --- what goes back


def result(learner: str, id: str = "", prefix: str = "") -> grade.Result:
    return grade.Result(learner, [Mark("01.rnn_step", "failed", 0.5, 2)], id=id, prefix=prefix)


def table(results: list, form: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(marks.table(results, form))))


def test_moodles_worksheet_names_participants():
    head, row = table([result("Ann Smith", "4711")], "moodle")
    assert dict(zip(head, row, strict=True)) == {
        "Identifier": "Participant 4711",
        "Full name": "Ann Smith",
        "Grade": "0.5",
        "Maximum Grade": "2",
        "Last modified (grade)": "",
        "Feedback comments": "0 of 1 exercises are right.",
    }


def test_canvas_gets_its_own_numbers():
    head, _, row = table([result("smithann", "12")], "canvas")
    assert (row[head.index("ID")], row[head.index("SIS Login ID")], row[-1]) == ("12", "", "0.5")


def test_feedback_goes_back_under_the_name_that_the_system_expects():
    assert feedback.file_name(result("Ann Smith", "4711", MOODLE)) == f"{MOODLE}feedback.html"
    assert feedback.file_name(result("Zoë")).startswith("Zo-")
