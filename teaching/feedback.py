"""The page that a learner gets back: what held, what did not, and the mistake's name; no reference, no hidden case."""

import hashlib
import re
from typing import TYPE_CHECKING

from course_lib.practice import registry
from teaching.marking import PUBLIC, Mark
from teaching.page import page as whole_page
from teaching.page import prose, text
from teaching.submission import Lesson

if TYPE_CHECKING:
    from teaching.grade import Result

_STATUS = {
    "passed": ("good", "✓ right"),
    "failed": ("bad", "✗ not yet right"),
    "open": ("quiet", "○ not attempted"),
    "unmarked": ("quiet", "○ nothing to mark"),
}


def file_name(result: "Result") -> str:
    """The name of its page: the one by which Moodle or Canvas takes it back, else readable, and unique in any case."""
    if result.prefix:
        return f"{result.prefix}feedback.html"
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", result.learner).strip("-.")[:40]
    return f"{plain}-{hashlib.sha256(result.learner.encode()).hexdigest()[:8]}.html"


def page(of: Lesson, result: "Result") -> str:
    """One learner's feedback as a page."""
    parts = [f"<p><strong>{result.points:g} of {result.of} points</strong> for {text(result.learner)}.</p>"]
    parts += [
        f'<p class="bad">{text(sentence)}</p>' for sentence in (result.reason, *result.notes) if sentence
    ]
    parts += [_exercise(mark) for mark in result.marks]
    parts.append(f'<p class="quiet">{PUBLIC}</p>')
    return whole_page(f"{of.title}: your exercises", *parts)


def _exercise(mark: Mark) -> str:
    exercise = registry.get(mark.exercise_id)
    sort, words = _STATUS[mark.status]
    points = "point" if mark.of == 1 else "points"
    lines = [
        "<section>",
        f"<h2>{text(exercise.title)} <span class='quiet'>({text(mark.exercise_id)})</span></h2>",
        f'<p><span class="{sort}">{words}</span>, {mark.points:g} of {mark.of} {points}</p>',
    ]
    if mark.status == "failed":
        lines.append(f'<div class="message">{prose(public_sentence(mark))}</div>')
        if mark.diagnosis:
            lines.append(
                f"<p><strong>{text(mark.mistake.capitalize())}.</strong> {prose(mark.diagnosis)}</p>"
            )
        lines.append(_properties(mark))
    lines += [f'<p class="quiet">{prose(note)}</p>' for note in mark.notes]
    return "\n".join([*lines, "</section>"])


def _properties(mark: Mark) -> str:
    """The answer to each of the checker's questions; of an answer that fails them all, how many there are."""
    if not mark.held:
        return ""
    if len(mark.held) > 1 and not any(mark.held):
        return f"<p>None of the {len(mark.held)} properties that are checked holds yet.</p>"
    lines = []
    for property, held in zip(registry.get(mark.exercise_id).properties, mark.held, strict=True):
        sort, sign, answer = ("good", "✓", "yes") if held else ("bad", "✗", "no")
        sign = f'<span class="{sort}" aria-hidden="true">{sign}</span>'
        lines.append(f'<li>{sign} {prose(property.question)} <strong class="{sort}">{answer}</strong></li>')
    return "\n".join(['<ul class="plain">', *lines, "</ul>"])


def public_sentence(mark: Mark) -> str:
    """What the learner is told. It names no hidden case: there it is the question that failed, or the fault."""
    if not mark.hidden or not mark.held:
        return mark.sentence
    fault = re.search(r"[Yy]our function (raises|did not end|returns|changes)\b.*", mark.sentence)
    if fault:
        return fault[0][:1].upper() + fault[0][1:]
    return registry.get(mark.exercise_id).properties[mark.held.index(False)].question
