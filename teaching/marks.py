"""The marks as a table: for people, for Moodle's and for Canvas's import."""

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from teaching.grade import Result

FORMS = ("plain", "moodle", "canvas")


def table(results: list["Result"], form: str = "plain") -> str:
    """CSV with one row a learner.

    plain: points of each exercise, sum, maximum, remarks. moodle: an assignment's grading worksheet if the files came
    from Moodle, else "Username, Grade, Feedback comments" for the gradebook's import. canvas: Canvas's own "ID" if the
    files came from there, else "SIS Login ID"; one assignment, with the row of possible points.
    """
    if form not in FORMS:
        raise ValueError(f"there is no table for {form!r}; there are {', '.join(FORMS)}")
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerows
    write({"plain": _plain, "moodle": _moodle, "canvas": _canvas}[form](results))
    return out.getvalue()


def remarks(result: "Result") -> str:
    """Why there is no mark, or what was odd, in one cell."""
    odd = sorted(
        {f"{mark.exercise_id}: {words}" for mark in result.marks for words in mark.flags + mark.notes}
    )
    return " ".join([part for part in (result.reason, *result.notes) if part] + odd)


def _plain(results: list["Result"]) -> list[list]:
    ids = [mark.exercise_id for mark in results[0].marks]
    rows = [["learner", *ids, "points", "of", "remarks"]]
    for result in results:
        each = [f"{mark.points:g}" for mark in result.marks]
        rows.append([_safe(result.learner), *each, f"{result.points:g}", result.of, _safe(remarks(result))])
    return rows


def _moodle(results: list["Result"]) -> list[list]:
    worksheet = [
        "Identifier",
        "Full name",
        "Grade",
        "Maximum Grade",
        "Last modified (grade)",
        "Feedback comments",
    ]
    from_moodle = any(result.id for result in results)
    rows: list[list] = [worksheet if from_moodle else ["Username", "Grade", "Feedback comments"]]
    for result in results:
        solved = sum(mark.status == "passed" for mark in result.marks)
        words = result.reason or f"{solved} of {len(result.marks)} exercises are right."
        learner, points = _safe(result.learner), f"{result.points:g}"
        participant = f"Participant {result.id}" if result.id else ""
        row = (
            [participant, learner, points, result.of, "", words] if from_moodle else [learner, points, words]
        )
        rows.append(row)
    return rows


def _canvas(results: list["Result"]) -> list[list]:
    name = f"Lesson {results[0].marks[0].exercise_id[:2]}"
    rows: list[list] = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]]
    rows.append(["Points Possible", "", "", "", "", results[0].of])
    for result in results:
        learner = _safe(result.learner)
        rows.append([learner, result.id, "", "" if result.id else learner, "", f"{result.points:g}"])
    return rows


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
