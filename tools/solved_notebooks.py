"""The notebooks as somebody has them who has solved every exercise: python -m tools.solved_notebooks FOLDER [NAME …]

Outputs are those that are stored for the unsolved ones, because a learner's own code must lead to the same results;
only where an exercise is checked, the verdict is that of a right answer. `make solved` then runs them.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.practice import registry
from course_lib.practice.verdict import passed_text
from tools.lesson_source import CHECK_CALL, built_path, read_source, sources, whole_solution


def solved(source: Path) -> NotebookNode:
    """The built notebook of a lesson with its source's solutions in the exercise cells."""
    notebook = nbformat.read(built_path(source), as_version=4)
    solutions = [
        whole_solution(cell.source)
        for cell in read_source(source).cells
        if "exercise" in cell.metadata.get("tags", [])
    ]
    exercises = [cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]
    for cell, solution in zip(exercises, solutions, strict=True):
        cell.source = solution
    for cell in notebook.cells:
        if "check" in cell.metadata.get("tags", []):
            verdicts = [passed_text(registry.get(id)) for id in CHECK_CALL.findall(cell.source)]
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="\n".join(verdicts) + "\n")]
    return notebook


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.solved_notebooks", description=__doc__)
    parser.add_argument("folder", type=Path, help="where they are written")
    parser.add_argument("names", nargs="*", help="numbers of lessons, such as 01; all if none is given")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [path for path in sources() if not options.names or path.stem[:2] in options.names]
    if not chosen:
        print(f"No lesson is called {' or '.join(options.names)}.", file=sys.stderr)
        return 2
    for source in chosen:
        nbformat.write(solved(source), options.folder / f"{source.stem}.ipynb")
    print(f"{len(chosen)} solved notebooks are in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
