"""A sample class to try the grader on: python -m teaching.sample 06 FOLDER [--size 100] [--seed 0]

A hundred notebooks with right answers in other words, known mistakes, gaps, and the odd files that every class has.
"""

import argparse
import ast
import base64
import random
import sys
import textwrap
from pathlib import Path

import cloudpickle
import nbformat

from course_lib.practice import registry
from teaching.remote import by_value
from teaching.submission import Lesson, Task, lesson
from tools.lesson_source import built_path, sources, whole_solution

FIRST = "Ada Alan Barbara Claude Donald Edsger Frances Grace Hedy Ivan John Karen Lotfi Margaret Niklaus Ole".split()
LAST = "Adler Brook Castle Dale Ember Field Grove Hill Isle Jay Keep Lake Moss North Oak Pine".split()


def sample_class(number: str, folder: Path, size: int = 100, seed: int = 0) -> list[Path]:
    """Writes `size` submissions of a lesson into the folder; the files."""
    by_value()
    of, rng = lesson(number), random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{first}_{last}" for last in LAST for first in FIRST]
    if size > len(names):
        raise ValueError(f"a sample class has at most {len(names)} learners, not {size}")
    paths = [folder / f"{name}.ipynb" for name in sorted(names[:size])]
    for path in paths:
        skill = rng.betavariate(4, 2)
        _write(path, of, {task.exercise_id: _answer(task, skill, rng) for task in of.tasks})
    for path, spoil in zip(rng.sample(paths, len(ODD)), ODD, strict=True):
        spoil(path, of)
    return paths


def _answer(task: Task, skill: float, rng: random.Random) -> str:
    exercise = registry.get(task.exercise_id)
    drawn = rng.random()
    if drawn < skill or not exercise.is_function and drawn < skill + 0.3:
        return in_other_words(task.solution, rng)
    if drawn > 0.93:
        return task.cell
    return mistaken(task, rng.choice(exercise.mistakes))


def in_other_words(solution: str, rng: random.Random) -> str:
    """A right answer with local names of its own."""
    tree = ast.parse(whole_solution(solution))
    stored = {
        node.id
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    at_the_margin = {
        t.id for s in tree.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)
    }
    ending = rng.choice(["", "_", "_now", "_here", "_new", f"_{rng.randint(1, 99)}"])
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in stored - at_the_margin:
            node.id += ending
    return ast.unparse(tree)


def mistaken(task: Task, mistake) -> str:
    """A cell that leaves a known mistake behind under the name that its check asks for."""
    if not callable(mistake.wrong_version):
        return f"{task.expression} = {mistake.wrong_version!r}"
    packed = base64.b64encode(cloudpickle.dumps(mistake.wrong_version)).decode()
    lines = "\n".join(f'    "{part}"' for part in textwrap.wrap(packed, 110))
    return (
        f"# A known mistake: {mistake.name}\nimport base64\nimport pickle\n\n"
        f"{task.expression} = pickle.loads(base64.b64decode(\n{lines}\n))"
    )


def _write(path: Path, of: Lesson, answers: dict[str, str]) -> None:
    """The lesson's notebook, without outputs, with these answers in its exercise cells."""
    source = next(source for source in sources() if source.stem.startswith(of.number))
    notebook = nbformat.read(built_path(source), as_version=4)
    by_mark = {id.replace(".", "_"): answer for id, answer in answers.items()}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            mark = cell.metadata.get("nbgrader", {})
            if mark.get("solution"):
                cell.source = by_mark[mark["grade_id"]]
    nbformat.write(notebook, path)


def _endless(path: Path, of: Lesson) -> None:
    task = next(task for task in of.tasks if registry.get(task.exercise_id).is_function)
    loop = f"def {task.expression}(*arguments):\n    while True:\n        pass"
    _write(path, of, {one.exercise_id: loop if one is task else one.solution for one in of.tasks})


def _cut_off(path: Path, of: Lesson) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path, of: Lesson) -> None:
    path.write_bytes(b"")


def _untouched(path: Path, of: Lesson) -> None:
    _write(path, of, {task.exercise_id: task.cell for task in of.tasks})


def _copied(path: Path, of: Lesson) -> None:
    _write(path, of, {task.exercise_id: whole_solution(task.solution) for task in of.tasks})


ODD = (_endless, _cut_off, _empty, _untouched, _copied)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.sample",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("lesson", help="its number, such as 06")
    parser.add_argument("folder", type=Path, help="where the notebooks are written")
    parser.add_argument("--size", type=int, default=100, help="how many learners (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the class (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        paths = sample_class(options.lesson, options.folder, options.size, options.seed)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(paths)} notebooks are in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
