"""A teacher's pages agree with the lessons: every lesson has its page and every number in a syllabus its source.

The pages are written by hand and the lessons change. What can be counted is counted here, so that a new exercise or a
new question in a lesson makes the page that lacks it fail.
"""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from course_lib import drawings
from course_lib.course import LESSONS
from course_lib.practice import registry
from tests.lesson_prose import HOME_MADE, listed_exercises, prose, sentences, words
from tools.lesson_source import ROOT

TEACHING = ROOT / "teaching"
PAGES = TEACHING / "lessons"
SECTIONS = [
    "The idea",
    "Where learners get stuck",
    "Before each *Predict* cell",
    "On the board",
    "Quiz",
    "Exam problem",
]
PREDICT = re.compile(r"\*Predict[.:]?\*")
NUMBERED_SECTION = re.compile(r"^## (\d+) · ", re.M)
NUMBERS = [lesson.number for lesson in LESSONS]
TO_BERT = [lesson for lesson in LESSONS if lesson.number <= "12"]  # both syllabi end there
AFTER = [lesson for lesson in LESSONS if lesson.number > "12"]
every_lesson = pytest.mark.parametrize("number", NUMBERS)
TEXTS = [*sorted(PAGES.glob("*.md")), TEACHING / "syllabus.md"]
every_text = pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)


@cache
def notebook(number: str):
    (lesson,) = (lesson for lesson in LESSONS if lesson.number == number)
    return nbformat.read(ROOT / "notebooks" / f"{lesson.name}.ipynb", as_version=4)


def markdown_cells(number: str) -> list[str]:
    return [cell.source for cell in notebook(number).cells if cell.cell_type == "markdown"]


def predict_by_section(number: str) -> dict[int, int]:
    """How many *Predict* cells each numbered section has; 0 stands for what comes before the first."""
    section, found = 0, {}
    for text in markdown_cells(number):
        for part in re.split(r"^(?=## )", text, flags=re.M):
            heading = NUMBERED_SECTION.match(part)
            section = int(heading[1]) if heading else section
            found[section] = found.get(section, 0) + len(PREDICT.findall(part))
    return found


def section_numbers(number: str) -> list[int]:
    return [int(found) for text in markdown_cells(number) for found in NUMBERED_SECTION.findall(text)]


def minutes_of_exercises(number: str) -> dict[int, int]:
    return {exercise.number: exercise.minutes for exercise in listed_exercises(notebook(number))}


def lecture_minutes(number: str, left_out=()) -> int:
    """The rule that the syllabus states: 5 for the idea, 3 for a section, 2 for a *Predict* question."""
    predict = predict_by_section(number)
    sections = [section for section in section_numbers(number) if section not in left_out]
    questions = sum(count for section, count in predict.items() if section not in left_out)
    return 5 + 3 * len(sections) + 2 * questions


def page(number: str) -> str:
    return (PAGES / f"{number}.md").read_text(encoding="utf-8")


def sections(number: str) -> dict[str, str]:
    """The page's sections by their headings; marks are cut off from the exam problem's heading."""
    parts = re.split(r"^## (.+)$", page(number), flags=re.M)[1:]
    return {heading: body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)}


def items(body: str) -> list[str]:
    """The entries of a numbered or a bulleted list, each on one line."""
    return [" ".join(item.split()) for item in re.split(r"^(?:\d+\.|\*) ", body, flags=re.M)[1:]]


def rows(heading: str) -> list[list[str]]:
    """The table below a heading of the syllabus, without its two header lines."""
    text = (
        (TEACHING / "syllabus.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    )
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def numbers_in(cell: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", cell)]


def test_every_lesson_has_a_page_and_no_page_is_left_over():
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(NUMBERS)


@every_lesson
def test_page_has_all_sections_in_order_and_stays_one_page(number):
    assert list(sections(number)) == SECTIONS
    assert all(sections(number).values())
    assert words(prose(page(number))) <= 850


@every_lesson
def test_the_idea_takes_three_sentences(number):
    assert len(sentences(prose(sections(number)["The idea"]).replace("\n\n", " "))) == 3


@every_lesson
def test_each_predict_cell_has_its_question(number):
    cells = [text for text in markdown_cells(number) if PREDICT.search(text)]
    questions = items(sections(number)["Before each *Predict* cell"])
    assert len(questions) == len(cells)
    assert all("?" in question for question in questions)


@every_lesson
def test_stuck_names_every_exercise_of_the_lesson_and_no_other(number):
    named = set(re.findall(r"`(\d\d\.[a-z][a-z0-9_]*)`", sections(number)["Where learners get stuck"]))
    assert named == set(registry.exercise_ids(number))


@every_lesson
def test_board_projects_the_drawings_of_the_lesson(number):
    named = set(re.findall(r"`drawings\.(\w+)\(\)`", sections(number)["On the board"]))
    code = "\n".join(cell.source for cell in notebook(number).cells if cell.cell_type == "code")
    assert named == set(re.findall(r"^_? ?=? ?drawings\.(\w+)\(", code, flags=re.M))
    assert all(callable(getattr(drawings, name)) for name in named)
    assert len(items(sections(number)["On the board"])) >= 3


@every_text
def test_no_wrapped_line_begins_a_list(path):
    """A line that wraps before "+ 0.2" or "3. " would become an entry of a list."""
    lines = path.read_text(encoding="utf-8").splitlines()
    continued = [line for before, line in pairwise(lines) if before.strip()]
    assert [line for line in continued if re.match(r"\s*[-+>#] |\s+(\*|\d+[.)]) ", line)] == []


@every_lesson
def test_quiz_has_five_items_with_answers(number):
    quiz = sections(number)["Quiz"]
    assert re.findall(r"^\*\*(\d+)\.\*\*", quiz, flags=re.M) == list("12345")
    assert re.findall(r"^\s*(?:[-+*]|\d+\.) ", quiz, flags=re.M) == []
    answers = re.findall(r"^\*\*Answer(?:: ([a-c]))?[.:,]?", quiz, flags=re.M)
    assert len(answers) == 5
    questions = re.split(r"^\*\*\d\.\*\*", quiz, flags=re.M)[1:]
    for question, choice in zip(questions, answers, strict=True):
        assert bool(choice) == ("(a)" in question.split("**Answer")[0])


@every_lesson
def test_marks_of_the_exam_problem_add_up(number):
    problem, solution = sections(number)["Exam problem"].split("**Solution.**")
    total = int(re.match(r"\*\*\((\d+) marks\)\*\*", problem)[1])
    offered = {item[:3]: int(re.search(r"\((\d+)\)$", item)[1]) for item in items(problem)}
    earned = {item[:3]: sum(map(int, re.findall(r"\((\d)\)", item))) for item in items(solution)}
    assert sum(offered.values()) == total
    assert earned == offered


@every_text
def test_no_home_made_terms_and_short_sentences(path):
    text = prose(path.read_text(encoding="utf-8"))
    found = [better for pattern, better in HOME_MADE if re.search(pattern, text, flags=re.I)]
    assert not found
    lengths = [words(sentence) for sentence in sentences(text)]
    assert sum(lengths) / len(lengths) < 20


@every_text
def test_links_lead_to_files(path):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (path.parent / Path(link)).is_file()] == []


@every_lesson
def test_page_names_its_notebook_and_its_time(number):
    (lesson,) = (lesson for lesson in LESSONS if lesson.number == number)
    head = page(number).split("\n## ")[0]
    assert head.startswith(f"# {number} · {lesson.title}: for the teacher\n")
    assert f"notebooks/{lesson.name}.ipynb" in head
    assert f"{lesson.minutes} minutes" in head


@pytest.mark.parametrize(
    ("heading", "lessons", "n_weeks"),
    [("13 weeks", TO_BERT, range(1, 14)), ("6 weeks", TO_BERT, range(1, 7)),
     ("After week 13", AFTER, range(14, 14 + len(AFTER)))],
)  # fmt: skip
def test_syllabus_covers_all_lessons_in_order(heading, lessons, n_weeks):
    table = rows(heading)
    assert [row[1] for row in table] == [
        f"[{lesson.number} · {lesson.title}](lessons/{lesson.number}.md)" for lesson in lessons
    ]
    weeks = [int(row[0]) for row in table]
    assert sorted(set(weeks)) == list(n_weeks)
    assert weeks == sorted(weeks)


@pytest.mark.parametrize(
    "lesson, row", list(zip(LESSONS, rows("13 weeks") + rows("After week 13"), strict=True)), ids=NUMBERS
)
def test_minutes_of_13_weeks_are_the_lessons_own(lesson, row):
    _, _, reading, lecture, lab, left_out, at_home = row
    exercises = minutes_of_exercises(lesson.number)
    assert int(reading) == lesson.minutes - sum(exercises.values())
    assert int(lecture) == lecture_minutes(lesson.number) <= 60
    assert int(lab) == sum(exercises.values()) <= 75
    cut_sections, cut_exercises = numbers_in(left_out), numbers_in(at_home)
    assert set(cut_sections) <= set(section_numbers(lesson.number))
    assert lecture_minutes(lesson.number, cut_sections) <= 45
    assert cut_exercises
    assert set(cut_exercises) <= set(exercises)
    assert sum(minutes for which, minutes in exercises.items() if which not in cut_exercises) <= 60


@pytest.mark.parametrize("lesson, row", list(zip(TO_BERT, rows("6 weeks"), strict=True)), ids=NUMBERS[: len(TO_BERT)])
def test_minutes_of_6_weeks_are_the_lessons_own(lesson, row):
    _, _, lecture, lab, left_out, in_lab, at_home = row
    exercises = minutes_of_exercises(lesson.number)
    kept = numbers_in(in_lab)
    assert sorted(kept + numbers_in(at_home)) == sorted(exercises)
    assert int(lab) == sum(exercises[which] for which in kept)
    assert set(numbers_in(left_out)) <= set(section_numbers(lesson.number))
    assert int(lecture) == lecture_minutes(lesson.number, numbers_in(left_out))
    builds = [one.number for one in listed_exercises(notebook(lesson.number)) if one.tier == "build"]
    assert set(builds) <= set(kept)


def test_each_of_the_6_weeks_fits_its_slots():
    for week in range(1, 7):
        lecture, lab = (
            sum(int(row[column]) for row in rows("6 weeks") if int(row[0]) == week) for column in (2, 3)
        )
        assert lecture <= 90
        assert lab <= 90
