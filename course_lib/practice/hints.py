"""hint(): three levels of help, one more at each call."""

from course_lib.practice import registry
from course_lib.practice.exercise import N_HINTS

_last_shown: dict[str, int] = {}


def hint(exercise_id: str, level: int | None = None) -> None:
    """Prints the next hint for an exercise: a nudge, then the idea or formula, then nearly the code.

    hint("01.rnn_step") shows one more at each call; hint("01.rnn_step", 2) shows the second.
    Raises ValueError for an unknown id, or a level that is not 1, 2 or 3.
    """
    exercise = registry.get(exercise_id)
    if level is None:
        level = _last_shown.get(exercise_id, 0) + 1
        if level > N_HINTS:
            print(
                f"Hint {N_HINTS} of {N_HINTS} was the last one for {exercise_id}. "
                f'To read it again: hint("{exercise_id}", {N_HINTS})'
            )
            return
    elif isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= N_HINTS:
        raise ValueError(f'level is {level!r}; it must be 1, 2 or 3, as in hint("{exercise_id}", 1)')
    _last_shown[exercise_id] = level
    print(f"Hint {level} of {N_HINTS} for {exercise_id}: {exercise.hints[level - 1]}")
