"""How the lessons are written: standard terms, short sentences, objectives that are practised, exercises that build."""

import ast
import re

import nbformat
import pytest

from course_lib.practice import registry
from lesson_prose import (
    FIRST_EDITION,
    HOME_MADE,
    MINUTES,
    cells_after_exercises,
    exercise_texts,
    lesson_number,
    listed_exercises,
    markdown,
    objectives,
    prose,
    second_edition,
    sentences,
    words,
)
from tools.lesson_source import built_path, read_source, sources

REWRITTEN = pytest.mark.parametrize("source", second_edition(), ids=lambda path: path.stem)


def home_made(text: str) -> list[str]:
    """What in a text is a term of our own, with what to write instead."""
    return [
        f"{match[0]!r}: write {instead!r}"
        for pattern, instead in HOME_MADE
        for match in re.finditer(pattern, text, re.I)
    ]


def strings_of(code: str) -> list[str]:
    """The string literals of a code cell: titles, labels, what it prints."""
    code = "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
    return [
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_the_list_of_unwritten_lessons_names_lessons():
    assert {lesson_number(source) for source in sources()} >= FIRST_EDITION


def test_the_reader_s_tools_see_what_they_should():
    assert home_made("The model knows it by heart, which nothing mends.") != []
    assert home_made("He recommended it; a tall mast stands there.") == []
    assert sentences("One two. Three!\n\nFour") == ["One two.", "Three!", "Four"]
    assert words(prose("Take $x^2$ and `y`.\n\n| a | b |\n\n```python\ncode here\n```")) == 4


@REWRITTEN
def test_standard_terms(source):
    notebook = read_source(source)
    found = home_made(markdown(notebook))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found += [term for text in strings_of(cell.source) for term in home_made(text)]
            comments = "\n".join(re.findall(r"#[^\n]*", cell.source))
            found += home_made(comments)
    for id in registry.exercise_ids(lesson_number(source)):
        found += [f"{id}: {term}" for text in exercise_texts(registry.get(id)) for term in home_made(text)]
    assert found == []


@REWRITTEN
def test_short_enough_to_read(source):
    text = prose(markdown(read_source(source)))
    lengths = [words(sentence) for sentence in sentences(text)]
    assert sum(lengths) <= 3000
    assert sum(lengths) / len(lengths) <= 25
    assert max(lengths) <= 60, max(sentences(text), key=words)


@REWRITTEN
def test_every_objective_is_practised(source):
    notebook = read_source(source)
    numbers = {exercise.number for exercise in listed_exercises(notebook)}
    named = objectives(notebook)
    assert 3 <= len(named) <= 5
    for objective, practised in named.items():
        assert practised and set(practised) <= numbers, f"{objective}: end it with (exercise N)"


@REWRITTEN
def test_exercises_say_their_tier_and_one_builds(source):
    notebook = read_source(source)
    listed = listed_exercises(notebook)
    assert [exercise.number for exercise in listed] == list(range(1, len(listed) + 1))
    headings = re.findall(r"^### Exercise .*$", markdown(notebook), re.M)
    assert len(headings) == len(listed) == len(cells_after_exercises(notebook))
    for exercise in listed:
        low, high = MINUTES[exercise.tier]
        assert low <= exercise.minutes <= high, exercise
    if lesson_number(source) != "00":
        assert sum(exercise.tier == "build" for exercise in listed) == 1
        assert any(exercise.is_experiment for exercise in listed)


@REWRITTEN
def test_a_hint_and_a_folded_solution_below_every_exercise(source):
    for id, kinds in cells_after_exercises(read_source(source)).items():
        assert kinds == ["check", "hint", "solution"], id


@REWRITTEN
def test_something_is_drawn(source):
    if lesson_number(source) != "00":
        code = "\n".join(cell.source for cell in read_source(source).cells if cell.cell_type == "code")
        assert "drawings." in code


VERDICT = re.compile(r"\b(True|False)\b\s*$", re.M)


def bare_verdicts(source) -> list[str]:
    """The printed lines of a lesson's notebook that end in True or False, where a number should stand."""
    notebook = nbformat.read(built_path(source), as_version=4)
    texts = [
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    return [line for text in texts for line in text.splitlines() if VERDICT.search(line)]


@REWRITTEN
def test_numbers_before_verdicts(source):
    assert bare_verdicts(source) == []
