"""The page about the class: what was solved, which mistakes were made, and what to talk about next."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from urllib.parse import quote

from course_lib.practice import registry
from teaching.feedback import file_name
from teaching.marking import PUBLIC, Mark
from teaching.page import page as whole_page
from teaching.page import prose, table, text
from teaching.submission import Lesson

if TYPE_CHECKING:
    from teaching.grade import Result

N_TO_DISCUSS = 3
N_NAMES = 12  # learners named in one cell
N_ONCE = 4  # from so many on, the mistakes that one learner made share a row
NO_NAME = '<span class="quiet">no name yet</span>'
SHORT = "A short answer is often equal by chance: talk to the learners before you draw a conclusion."


def page(of: Lesson, results: list["Result"], pages: str = "feedback") -> str:
    """The whole page. pages: the folder of the learners' pages, as this page has to link to it."""
    link = {result.learner: quote(f"{pages}/{file_name(result)}") for result in results}
    by_exercise = {task.exercise_id: [] for task in of.tasks}
    for result in results:
        for mark in result.marks:
            by_exercise[mark.exercise_id].append((result.learner, mark))
    return whole_page(
        f"{of.title}: the class",
        _summary(results),
        "<h2>Exercises</h2>",
        _overview(by_exercise),
        "<h2>To discuss next time</h2>",
        _to_discuss(by_exercise),
        "<h2>Mistakes</h2>",
        *(_mistakes(id, marks, link) for id, marks in by_exercise.items()),
        "<h2>Not marked</h2>",
        _without(results, link),
        "<h2>Similar answers</h2>",
        f'<p class="quiet">{PUBLIC} {SHORT}</p>',
        _alike(results, link),
    )


def _summary(results: list["Result"]) -> str:
    points = sorted(result.points for result in results)
    middle = (points[(len(points) - 1) // 2] + points[len(points) // 2]) / 2
    return (
        f"<p>{len(results)} submissions. Out of {results[0].of} points: median <strong>{round(middle, 1):g}</strong>, "
        f"lowest {points[0]:g}, highest {points[-1]:g}.</p>"
    )


def _overview(by_exercise: dict[str, list]) -> str:
    rows = []
    for id, marks in by_exercise.items():
        n = Counter(mark.status for _, mark in marks)
        share = n["passed"] / len(marks)
        bar = f'<span class="bar" style="width:{8 * share:.2f}rem" aria-hidden="true"></span>'
        slow = sum("did not end" in mark.sentence for _, mark in marks)
        tried = n["passed"] + n["failed"]
        name = f"{text(registry.get(id).title)}<br><code>{text(id)}</code>"
        rows.append(
            [
                name,
                f'<span class="whole">{bar} {share:.0%}</span>',
                str(n["passed"]),
                str(n["failed"]),
                str(len(marks) - tried),
                str(slow),
            ]
        )
    head = ["Exercise", "Solved", "Right", "Not yet", "Not tried", "Time-outs"]
    return table("How many learners solved each exercise", head, rows, numbers=(2, 3, 4, 5))


def groups(marks: list[tuple[str, Mark]]) -> list[tuple[str, str, list[str]]]:
    """Wrong answers that do the same: (name, what the checker said, learners), the largest group first.

    Known mistakes and time-outs have a name. The others are grouped by the properties that hold and by what was said,
    with numbers left out, so that a teacher can see what to give a name to.
    """
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    said: dict[tuple[str, str], str] = {}
    for learner, mark in marks:
        if mark.status == "failed":
            behaviour = "".join("01"[held] for held in mark.held) + "".join(
                c for c in mark.sentence if not c.isdigit()
            )
            name = mark.mistake or ("time-out" if "did not end" in mark.sentence else "")
            key = (name, "" if name else behaviour)
            found[key].append(learner)
            said.setdefault(key, mark.diagnosis or mark.sentence)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(name, said[name, rest], learners) for (name, rest), learners in ordered]


def _mistakes(id: str, marks: list[tuple[str, Mark]], link: dict[str, str]) -> str:
    found = groups(marks)
    once = [(name, learners) for name, _, learners in found if len(learners) == 1]
    if len(once) < N_ONCE:
        once = []
    rows = [
        [
            text(name) or NO_NAME,
            prose(words),
            str(len(learners)),
            _names(learners, link),
        ]
        for name, words, learners in found
        if len(learners) > 1 or not once
    ]
    if once:
        each = ", ".join(f"{text(name) or NO_NAME} ({_names(learners, link)})" for name, learners in once)
        rows.append(["made once", f"{each}. The learners' pages say more.", str(len(once)), ""])
    if not rows:
        return ""
    caption = f"{registry.get(id).title} ({id})"
    return table(caption, ["Mistake", "What the learner was told", "How many", "Who"], rows, (2,), "mistakes")


def _to_discuss(by_exercise: dict[str, list]) -> str:
    """The exercises that most of those who tried did not solve, each with its commonest mistake."""

    def trouble(id: str) -> tuple[int, str]:
        return -sum(mark.status == "failed" for _, mark in by_exercise[id]), id

    items = []
    for id in sorted(by_exercise, key=trouble)[:N_TO_DISCUSS]:
        found = groups(by_exercise[id])
        if not found:
            continue
        name, words, learners = found[0]
        n_failed = -trouble(id)[0]
        label = f"<strong>{text(name)}</strong>: " if name else ""
        items.append(
            f"<li><strong>{text(registry.get(id).title)}</strong> (<code>{text(id)}</code>), {n_failed} not yet right. "
            f"Most frequent mistake ({len(learners)}): {label}{prose(words)}</li>"
        )
    return "<ol>" + "\n".join(items) + "</ol>" if items else "<p>Nobody has handed in a wrong answer.</p>"


def _without(results: list["Result"], link: dict[str, str]) -> str:
    rows = [[_names([result.learner], link), text(result.reason)] for result in results if result.reason]
    if not rows:
        return "<p>Every file could be read.</p>"
    return table("Files that could not be marked", ["Learner", "Reason"], rows)


def _alike(results: list["Result"], link: dict[str, str]) -> str:
    """Flags for the course's own solutions, and groups of equal answers."""
    flagged: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        for mark in result.marks:
            for flag in mark.flags:
                flagged[mark.exercise_id, flag].append(result.learner)
    rows = [
        [text(id), text(flag), str(len(who)), _names(who, link)]
        for (id, flag), who in sorted(flagged.items())
    ]
    equal: dict[tuple[str, str], list[str]] = defaultdict(list)
    own = {(result.learner, mark.exercise_id) for result in results for mark in result.marks if mark.flags}
    for result in results:
        for id, digest in result.answers.items():
            if (result.learner, id) not in own:
                equal[id, digest].append(result.learner)
    alike = sorted((id, -len(who), who) for (id, _), who in equal.items() if len(who) > 1)
    same = [[text(id), str(len(who)), _names(who, link)] for id, _, who in alike]
    parts = (
        [table("Answers to look at yourself", ["Exercise", "Why", "How many", "Who"], rows, (2,))]
        if rows
        else []
    )
    parts += (
        [table("Equal except for comments and layout", ["Exercise", "How many", "Who"], same, (1,))]
        if same
        else []
    )
    return "\n".join(parts) or "<p>No answer is the course's own, and no two are equal.</p>"


def _names(learners: list[str], link: dict[str, str]) -> str:
    more = f" and {len(learners) - N_NAMES} more" if len(learners) > N_NAMES else ""
    shown = (f'<a href="{link[learner]}">{text(learner)}</a>' for learner in sorted(learners)[:N_NAMES])
    return ", ".join(shown) + more
