"""From a lesson's source (jupytext percent script, solutions inside) to the notebook that learners get."""

import hashlib
import re
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from course_lib.practice import registry

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
SOURCES = NOTEBOOKS / "source"

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
CHECK_CALL = re.compile(r"""\bcheck\(\s*["'](\d\d\.\w+)["']""")
HINT_CALL = re.compile(r"""^hint\(\s*["'](\d\d\.\w+)["']\s*\)$""")
FOLDED_SOLUTION = """\
<details>
<summary>Solution</summary>

```python
{code}
```

{why}

</details>"""
KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
INSTALL_CELL = """\
# On Colab or any other machine without the course's library, this installs it; elsewhere it does nothing.
import importlib.util

if importlib.util.find_spec("course_lib") is None:
    %pip install -q "course-lib @ git+{repository}"
"""


class SourceError(ValueError):
    """A lesson source that breaks a rule; the message names the file and the rule."""


def sources() -> list[Path]:
    """Every lesson's source, in order."""
    return sorted(SOURCES.glob("[0-9][0-9]_*.py"))


def built_path(source: Path) -> Path:
    """Where the learners' notebook of this source lies."""
    return NOTEBOOKS / f"{source.stem}.ipynb"


def strip_solutions(cell_source: str) -> str:
    """Replace every marked solution by a stub at its indentation; at the margin by the comment alone.

    A stub inside a function raises NotImplementedError, which `check` reads as "not attempted". At the margin it
    would end Run All: there the cell keeps the `answer = ...` that stands above the solution.
    """
    kept: list[str] = []
    inside = False
    for line in cell_source.splitlines():
        marker = line.strip()
        if marker == BEGIN:
            if inside:
                raise SourceError(f"{BEGIN} stands inside a solution that has not ended.")
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            kept.append(f"{indent}# YOUR CODE HERE")
            if indent:
                kept.append(f"{indent}raise NotImplementedError()")
        elif marker == END:
            if not inside:
                raise SourceError(f"{END} stands without a {BEGIN} before it.")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise SourceError(f"{BEGIN} has no {END}.")
    return "\n".join(kept)


def whole_solution(cell_source: str) -> str:
    """The exercise cell as a learner could have written it: the solution without its markers."""
    lines = [line for line in cell_source.splitlines() if line.strip() not in (BEGIN, END)]
    return "\n".join(lines).strip()


def without_magics(source: str) -> str:
    """The cell as plain Python: lines for IPython do nothing."""
    return re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", source)


def read_source(path: Path) -> NotebookNode:
    """The source as a notebook, solutions inside, with every cell's tags checked."""
    notebook = jupytext.read(path)
    # Without its header a source opens as plain text, and its magics stay comments.
    if "format_name: percent" not in path.read_text(encoding="utf-8").partition("# %%")[0]:
        raise SourceError(f"{path.name}: the jupytext header is missing; copy it whole from another lesson.")
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if ("check" in tags) != bool(CHECK_CALL.search(cell.source) and cell.cell_type == "code"):
            raise SourceError(
                f"{path.name}: a cell is tagged check exactly if it calls check(…):\n{cell.source}"
            )
        if ("hint" in tags) != bool(HINT_CALL.match(cell.source) and cell.cell_type == "code"):
            raise SourceError(
                f'{path.name}: a cell is tagged hint exactly if it is hint("NN.name") alone:\n{cell.source}'
            )
        if ("exercise" in tags) != (BEGIN in cell.source):
            raise SourceError(
                f"{path.name}: a cell is tagged exercise exactly if it holds a solution:\n{cell.source}"
            )
    return notebook


def _grading(kind: str, grade_id: str, points: int = 0) -> dict:
    """nbgrader's metadata: the exercise is a solution cell, its check a locked test worth the exercise's points."""
    common = {"grade_id": grade_id, "schema_version": 3, "task": False}
    if kind == "exercise":
        return {"grade": False, "locked": False, "solution": True, **common}
    return {"grade": True, "locked": True, "points": points, "solution": False, **common}


def _points(exercise_id: str) -> int:
    """What an exercise is worth; while its checker is not written yet, 2."""
    known = exercise_id in registry.exercise_ids(exercise_id[:2])
    return registry.get(exercise_id).points if known else 2


def _cell_id(source: str, seen: dict[str, int]) -> str:
    """An id that depends on the cell's text alone, so that a rebuild changes none."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:10]
    seen[digest] = seen.get(digest, 0) + 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def repository() -> str:
    """The address that pyproject.toml gives for the course."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]


def learner_notebook(path: Path) -> NotebookNode:
    """What a learner gets, not yet executed: stubs, an install cell, nbgrader's metadata, stable ids.

    A markdown cell tagged "solution" holds why the solution is as it is; learners get it folded, below the code of the
    exercise before it.
    """
    notebook = read_source(path)
    cells: list[NotebookNode] = []
    seen: dict[str, int] = {}
    exercise_cell = None
    solution = None  # of the last exercise, until a cell tagged "solution" shows it
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        text = strip_solutions(cell.source)
        if "solution" in tags:
            if solution is None:
                raise SourceError(f"{path.name}: a cell tagged solution has no exercise before it:\n{text}")
            text, solution = FOLDED_SOLUTION.format(code=solution, why=text.strip()), None
        if "setup" in tags:
            cells.append(nbformat.v4.new_code_cell(INSTALL_CELL.format(repository=repository()).rstrip()))
        new = (nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell)(text)
        if tags:
            new.metadata["tags"] = list(tags)
        if "exercise" in tags:
            exercise_cell, solution = new, whole_solution(cell.source)
        if "check" in tags:
            exercise_id = CHECK_CALL.search(cell.source)[1]
            grade_id = exercise_id.replace(".", "_")
            new.metadata["nbgrader"] = _grading("check", f"check_{grade_id}", _points(exercise_id))
            if exercise_cell is None:
                raise SourceError(f"{path.name}: check {grade_id} has no exercise cell before it.")
            exercise_cell.metadata["nbgrader"] = _grading("exercise", grade_id)
            exercise_cell = None
        cells.append(new)
    if exercise_cell is not None:
        raise SourceError(f"{path.name}: an exercise cell has no check after it:\n{exercise_cell.source}")
    for cell in cells:
        cell["id"] = _cell_id(cell.source, seen)
    return nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)


def differences(expected: NotebookNode, stored: NotebookNode) -> list[str]:
    """Where a stored notebook is out of step with its source, in words; outputs do not count."""
    if len(expected.cells) != len(stored.cells):
        return [f"{len(stored.cells)} cells stored, {len(expected.cells)} in the source"]
    found = []
    for number, (want, have) in enumerate(zip(expected.cells, stored.cells, strict=True)):
        for key in ("cell_type", "id", "source", "metadata"):
            if want[key] != have[key]:
                found.append(f"cell {number}: {key} is {have[key]!r}, the source gives {want[key]!r}")
    if expected.metadata != stored.metadata:
        found.append(f"the notebook's metadata is {stored.metadata!r}, expected {expected.metadata!r}")
    return found
