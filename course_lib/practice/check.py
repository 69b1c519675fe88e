"""check(): what a learner calls below an exercise."""

import os
from typing import Any

from course_lib.practice import registry
from course_lib.practice.credit import Credit, credit
from course_lib.practice.yours import remember


def check(exercise_id: str, answer: Any) -> None:
    """Prints whether an answer is right: ✓, ○ (not attempted yet), or ✗ with the first property that fails, the mistake
    where it is a known one, and how many of the properties hold.

    answer: your function itself, without brackets, or your value. The first lines that it prints are shown. One that
        passes is what `yours(exercise_id)` gives to later cells.
    Raises ValueError for an unknown id, and AssertionError for all but ✓ where nbgrader grades (there
    NBGRADER_EXECUTION is set).
    """
    result = credit(registry.get(exercise_id), answer, show_prints=True)
    status, text = result.verdict.status, result.verdict.text + _progress(result)
    remember(exercise_id, answer, status == "passed")
    if status != "passed" and os.environ.get("NBGRADER_EXECUTION"):
        raise AssertionError(text)
    print(text)


def _progress(result: Credit) -> str:
    if result.verdict.status != "failed" or not any(result.held):
        return ""
    return f"\n  {sum(result.held)} of {len(result.held)} properties hold."
