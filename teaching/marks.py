"""The marks as a table: for people, for Moodle's and for Canvas's import."""

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from teaching.grade import Result

FORMS = ("plain", "moodle", "canvas")


def table(results: list["Result"], form: str = "plain") -> str:
    """CSV with one row a learner.

    plain: points of each exercise, sum, maximum, remarks. moodle: "Username, Grade, Feedback comments", as its grade
    import wants them. canvas: "SIS Login ID" and one assignment, with Canvas's row of possible points.
    """
    if form not in FORMS:
        raise ValueError(f"there is no table for {form!r}; there are {', '.join(FORMS)}")
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerows
    write({"plain": _plain, "moodle": _moodle, "canvas": _canvas}[form](results))
    return out.getvalue()


def remarks(result: "Result") -> str:
    """Why there is no mark, or what was odd, in one cell."""
    flags = sorted({f"{mark.exercise_id}: {flag}" for mark in result.marks for flag in mark.flags})
    return " ".join([part for part in (result.reason, *result.notes) if part] + flags)


def _plain(results: list["Result"]) -> list[list]:
    ids = [mark.exercise_id for mark in results[0].marks]
    rows = [["learner", *ids, "points", "of", "remarks"]]
    for result in results:
        each = [f"{mark.points:g}" for mark in result.marks]
        rows.append([_safe(result.learner), *each, f"{result.points:g}", result.of, _safe(remarks(result))])
    return rows


def _moodle(results: list["Result"]) -> list[list]:
    rows: list[list] = [["Username", "Grade", "Feedback comments"]]
    for result in results:
        solved = sum(mark.status == "passed" for mark in result.marks)
        words = result.reason or f"{solved} of {len(result.marks)} exercises are right."
        rows.append([_safe(result.learner), f"{result.points:g}", words])
    return rows


def _canvas(results: list["Result"]) -> list[list]:
    name = f"Lesson {results[0].marks[0].exercise_id[:2]}"
    rows: list[list] = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]]
    rows.append(["Points Possible", "", "", "", "", results[0].of])
    for result in results:
        rows.append([_safe(result.learner), "", "", _safe(result.learner), "", f"{result.points:g}"])
    return rows


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
