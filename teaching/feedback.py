"""The page that a learner gets back: what held, what did not, and the mistake's name; no reference, no hidden case."""

import hashlib
import re
from typing import TYPE_CHECKING

from course_lib.practice import registry
from teaching.marking import PUBLIC, Mark
from teaching.page import page as whole_page
from teaching.page import text
from teaching.submission import Lesson

if TYPE_CHECKING:
    from teaching.grade import Result

_STATUS = {
    "passed": ("good", "✓ right"),
    "failed": ("bad", "✗ not yet right"),
    "open": ("quiet", "○ not attempted"),
    "unmarked": ("quiet", "○ nothing to mark"),
}


def file_name(learner: str) -> str:
    """A file's name for a learner: readable, and never the same for two."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", learner).strip("-.")[:40]
    return f"{plain}-{hashlib.sha256(learner.encode()).hexdigest()[:8]}"


def page(of: Lesson, result: "Result") -> str:
    """One learner's feedback as a page."""
    parts = [f"<p><strong>{result.points:g} of {result.of} points</strong> for {text(result.learner)}.</p>"]
    parts += [
        f'<p class="bad">{text(sentence)}</p>' for sentence in (result.reason, *result.notes) if sentence
    ]
    parts += [_exercise(mark) for mark in result.marks]
    parts.append(f'<p class="quiet">{PUBLIC}</p>')
    return whole_page(f"Lesson {of.number}: your exercises", *parts)


def _exercise(mark: Mark) -> str:
    exercise = registry.get(mark.exercise_id)
    sort, words = _STATUS[mark.status]
    lines = [
        "<section>",
        f"<h2>{text(exercise.title)} <span class='quiet'>({text(mark.exercise_id)})</span></h2>",
        f'<p><span class="{sort}">{words}</span>, {mark.points:g} of {mark.of} points</p>',
    ]
    if mark.status == "failed":
        lines.append(f'<div class="message">{text(public_sentence(mark))}</div>')
        if mark.diagnosis:
            lines.append(f"<p><strong>{text(mark.mistake.capitalize())}.</strong> {text(mark.diagnosis)}</p>")
        if mark.held:
            lines.append('<ul class="plain">')
            for property, held in zip(exercise.properties, mark.held, strict=True):
                mark_of, name = ("good", "✓ holds:") if held else ("bad", "✗ does not hold:")
                lines.append(f'<li><span class="{mark_of}">{name}</span> {text(property.question)}</li>')
            lines.append("</ul>")
    lines += [f'<p class="quiet">{text(note)}</p>' for note in mark.notes]
    return "\n".join([*lines, "</section>"])


def public_sentence(mark: Mark) -> str:
    """What the learner is told. It names no hidden case: there it is the question that failed, or the fault."""
    if not mark.hidden or not mark.held:
        return mark.sentence
    fault = re.search(r"[Yy]our function (raises|did not end|returns|changes)\b.*", mark.sentence)
    if fault:
        return fault[0][:1].upper() + fault[0][1:]
    return registry.get(mark.exercise_id).properties[mark.held.index(False)].question
