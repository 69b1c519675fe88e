"""hint(): three levels of help, folded away until the learner opens one."""

import html
import re

from IPython.display import display

from course_lib.practice import registry
from course_lib.practice.exercise import N_HINTS, Exercise

LEVELS = ("a question", "the idea", "the next step")


class Hints:
    """The three hints of an exercise, each folded in a notebook; elsewhere a line that says how to print one."""

    def __init__(self, exercise: Exercise):
        self._exercise = exercise

    def __repr__(self) -> str:
        id = self._exercise.id
        return f'Three hints for {id}, each a step further: hint("{id}", 1), hint("{id}", 2), hint("{id}", 3)'

    def _repr_html_(self) -> str:
        hints = zip(LEVELS, self._exercise.hints, strict=True)
        return "".join(
            f"<details><summary>Hint {number}: {level}</summary><p>{_to_html(text)}</p></details>"
            for number, (level, text) in enumerate(hints, start=1)
        )


def hint(exercise_id: str, level: int | None = None) -> None:
    """Show the hints for an exercise: a question, then the idea, then the next step.

    hint("01.rnn_step") shows all three, folded: open as many as you need. hint("01.rnn_step", 2) prints the second.

    Raises:
        ValueError: an unknown id, or a level that is not 1, 2 or 3.
    """
    exercise = registry.get(exercise_id)
    if level is None:
        display(Hints(exercise))
        return
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= N_HINTS:
        raise ValueError(f'level is {level!r}; it must be 1, 2 or 3, as in hint("{exercise_id}", 1)')
    print(f"Hint {level} of {N_HINTS} for {exercise_id}: {exercise.hints[level - 1]}")


def _to_html(text: str) -> str:
    """Escaped, with `code` in its font."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
