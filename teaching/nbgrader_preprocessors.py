"""What the course changes in nbgrader's conversions. `python -m teaching.nbgrader` copies this file.

It lies in the course folder then, and nbgrader runs it from there; so it imports nothing of the course.
"""

import ast

from nbgrader.preprocessors import ClearSolutions, Execute
from traitlets import Bool


class ClearCourseSolutions(ClearSolutions):
    """Leaves the same stubs as the course's own notebooks have.

    nbgrader's stub always raises. At the margin of a cell that would end "Run All Cells". There the comment stands
    alone, below the `answer = ...` that the cell begins with.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        lines = cell.source.split("\n")
        at_the_margin = "raise NotImplementedError()"
        cell.source = "\n".join(line for line in lines if line != at_the_margin)
        return cell, resources


class ExecuteExercises(Execute):
    """Runs set-up, exercise and check cells, and cells that only define something, such as a learner's helper function.

    All other cells stay as they were handed in, without outputs. No exercise needs them, and most of a lesson's time is
    training.
    """

    run_everything = Bool(False, help="Run the cells that train, too.").tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code" and not (self.run_everything or is_needed(cell)):
            return cell, resources
        return super().preprocess_cell(cell, resources, index)


def is_needed(cell) -> bool:
    """Whether grading needs this code cell to run."""
    grading = cell.metadata.get("nbgrader", {})
    if grading.get("solution") or grading.get("grade") or "setup" in cell.metadata.get("tags", []):
        return True
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return bool(body) and all(isinstance(statement, kinds) for statement in body)


def swapped(steps, instead: dict) -> list:
    """The default value of one of nbgrader's lists of steps, with some steps replaced."""
    return [instead.get(step, step) for step in steps.default()]
