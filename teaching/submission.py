"""A learner's notebook as it was handed in: which of its cells answer which exercise, whatever became of the file."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from course_lib.practice import registry
from tools.lesson_source import CHECK_CALL, SOURCES, learner_notebook, read_source, without_magics

MAX_BYTES = 300 * 2**20
SMALL = 20 * 2**20  # above it another process reads the file, with a limit of memory
READING = (
    "import json, sys; from teaching.submission import _cells; json.dump(_cells(sys.argv[1]), sys.stdout)"
)


class Unreadable(ValueError):
    """A file without a notebook in it; the message is the reason that its author is told."""


@dataclass(frozen=True)
class Task:
    """One exercise of the lesson. cell: the released starter. expression: what its check is given: "rnn_step"."""

    exercise_id: str
    cell: str
    expression: str
    solution: str


@dataclass(frozen=True)
class Lesson:
    """What a submission is compared with. title: "06 · Self-attention"; setup: the source of its set-up cells."""

    number: str
    title: str
    setup: str
    tasks: tuple[Task, ...]
    released: frozenset[str]  # the text of every code cell that a learner was given


@dataclass
class Submission:
    """answers: {exercise id: the cell's text}. helpers: {exercise id: cells that the learner added before it and that
    only define things}. notes: what was odd, one sentence each, by exercise id or "" for the whole."""

    answers: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, exercise_id: str, sentence: str) -> None:
        self.notes.setdefault(exercise_id, []).append(sentence)


@cache
def lesson(number: str) -> Lesson:
    """The lesson with this number. Raises ValueError where there is none."""
    paths = [
        path
        for folder in (SOURCES, *registry.private_folder())
        for path in sorted(folder.glob(f"{number}_*.py"))
    ]
    if not re.fullmatch(r"\d\d", number) or not paths:
        known = ", ".join(path.stem[:2] for path in sorted(SOURCES.glob("[0-9][0-9]_*.py")))
        raise ValueError(f"there is no lesson {number!r}; lessons: {known}")
    cells = [cell for cell in read_source(paths[0]).cells if cell.cell_type == "code"]
    released = learner_notebook(paths[0]).cells
    starters = [cell.source for cell in released if "exercise" in cell.metadata.get("tags", [])]
    setup = [cell.source for cell in cells if "setup" in cell.metadata.get("tags", [])]
    solutions = [cell.source for cell in cells if "exercise" in cell.metadata.get("tags", [])]
    checks = [cell.source for cell in cells if "check" in cell.metadata.get("tags", [])]
    tasks = [
        Task(CHECK_CALL.search(check)[1], starter, _expression(check), solution)
        for check, starter, solution in zip(checks, starters, solutions, strict=True)
    ]
    return Lesson(
        number,
        _title(released, number),
        "\n".join(setup),
        tuple(tasks),
        frozenset(cell.source.strip() for cell in released if cell.cell_type == "code"),
    )


def _title(cells: list, number: str) -> str:
    headings = (re.match(r"# (.+)", cell.source) for cell in cells if cell.cell_type == "markdown")
    return next((heading[1] for heading in headings if heading), f"Lesson {number}")


def read(path: Path, of: Lesson) -> Submission:
    """The answers in a file. Raises Unreadable where nothing can be found in it."""
    cells = _read_cells(path)
    found = Submission()
    language = cells.pop("language")
    if language not in ("", "python"):
        found.note(
            "", f"The notebook was saved with a kernel for {language}; it was read as Python all the same."
        )
    chosen = {task.exercise_id: _choose(task, cells["code"], found) for task in of.tasks}
    if not any(place is not None for place in chosen.values()):
        found.notes.clear()  # one sentence says it for all exercises
        found.note(
            "", f"No cell answers an exercise of lesson {of.number}: is this another lesson's notebook?"
        )
    taken = {place for place in chosen.values() if place is not None}
    for task in of.tasks:
        place = chosen[task.exercise_id]
        if place is None:
            continue
        found.answers[task.exercise_id] = cells["code"][place]["source"]
        found.helpers[task.exercise_id] = [
            cell["source"]
            for number, cell in enumerate(cells["code"][:place])
            if number not in taken
            and cell["source"].strip() not in of.released
            and _only_defines(cell["source"])
        ]
    return found


def _read_cells(path: Path) -> dict[str, Any]:
    if not path.exists() and not path.is_symlink():
        raise Unreadable("No notebook was handed in.")
    if path.is_symlink() or not path.is_file():
        raise Unreadable("This is not a file.")
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("The file is empty.")
    if size > MAX_BYTES:
        raise Unreadable(
            f"The file has {size // 2**20} MB; a notebook of this lesson has about 2. Clear its outputs."
        )
    if size <= SMALL:
        return _cells(str(path))
    command = [sys.executable, "-c", _with_limits(READING), str(path)]
    done = subprocess.run(command, capture_output=True, cwd=SOURCES.parents[1])
    if done.returncode != 0:
        raise Unreadable(
            "The file is too large to be read. Clear its outputs, save it, and hand it in again."
        )
    found = json.loads(done.stdout)
    if "unreadable" in found:
        raise Unreadable(found["unreadable"])
    return found


def _with_limits(code: str) -> str:
    limit = "import contextlib\nwith contextlib.suppress(ImportError):\n    import resource\n"
    limit += "    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
    limit += "    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
    return limit + code


def _cells(path: str) -> dict[str, Any]:
    """The texts of the code cells, without outputs."""
    try:
        content = json.loads(Path(path).read_bytes())
        cells = content["cells"]
        code = [_cell(cell) for cell in cells if cell["cell_type"] == "code"]
        language = content.get("metadata", {}).get("kernelspec", {}).get("language") or ""
    except (RecursionError, ValueError) as error:
        raise Unreadable(f"The file is damaged: it is no notebook ({type(error).__name__}).") from None
    except (KeyError, TypeError, AttributeError):
        raise Unreadable("The file is damaged: it has no cells as notebooks have them.") from None
    return {"code": code, "language": str(language)[:40].lower()}


def _cell(cell: dict) -> dict[str, str]:
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(line for line in source if isinstance(line, str))
    grading = cell.get("metadata", {}).get("nbgrader")
    grade_id = grading.get("grade_id") if isinstance(grading, dict) and grading.get("solution") else ""
    return {"source": without_magics(text), "grade_id": grade_id if isinstance(grade_id, str) else ""}


def _choose(task: Task, cells: list[dict], found: Submission) -> int | None:
    """The place of the cell that answers a task: by its mark, else by the name that it defines."""
    mark, name = task.exercise_id.replace(".", "_"), task.expression
    places = [place for place, cell in enumerate(cells) if cell["grade_id"] == mark]
    changed = [place for place in places if cells[place]["source"].strip() != task.cell.strip()]
    if len(changed) > 1:
        found.note(task.exercise_id, f"{len(changed)} cells answer this exercise; the last one counts.")
    if changed or places:
        return (changed or places)[-1]
    by_name = [place for place, cell in enumerate(cells) if name in _names(cell["source"])]
    if not by_name:
        found.note(
            task.exercise_id,
            f"No cell answers this exercise: neither its own one nor one that defines {name}.",
        )
        return None
    found.note(
        task.exercise_id, f"The exercise's own cell is missing; the last cell that defines {name} counts."
    )
    return by_name[-1]


def _names(source: str) -> set[str]:
    """What a cell defines at its top level."""
    return set(_defined(_parsed(source)))


def _parsed(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _only_defines(source: str) -> bool:
    """Whether a cell holds imports and definitions only, which cost nothing to run."""
    body = _parsed(source)
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    return bool(body) and all(isinstance(statement, kinds) for statement in body)


def _expression(check: str) -> str:
    """The second argument of a cell's check(…)."""
    for node in ast.walk(ast.parse(check)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check" and len(node.args) == 2:
            return ast.unparse(node.args[1])
    raise ValueError(f"no check(id, answer) in:\n{check}")
