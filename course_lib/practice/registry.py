"""Every exercise by its id. A lesson's exercises are imported when the first of them is asked for.

A teacher's own lie in the folder that COURSE_EXERCISES names, as lessonNN.py files that are written like the course's.
"""

import difflib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

from course_lib.practice import lessons
from course_lib.practice.exercise import Exercise

PRIVATE = "course_exercises"  # modules of a teacher's own exercises are called course_exercises.lessonNN

_registered: dict[str, Exercise] = {}
_loaded: set[str] = set()


def register(exercise: Exercise) -> Exercise:
    """Adds an exercise and returns it. Raises ValueError where its id is taken."""
    if exercise.id in _registered:
        raise ValueError(f"exercise {exercise.id!r} is registered already; every id is used once")
    _registered[exercise.id] = exercise
    return exercise


def unregister(exercise_id: str) -> None:
    """Takes an exercise away again (for authors who try one out, and for tests)."""
    _registered.pop(exercise_id, None)


def lesson_numbers() -> list[str]:
    """The lessons that have exercises: ["00", "01", …], from the files lessons/lessonNN.py.

    A long lesson's file gathers its exercises from neighbours such as lessonNN_scoring.py.
    """
    names = {module.name for module in pkgutil.iter_modules([*lessons.__path__, *map(str, private_folder())])}
    return sorted(name.removeprefix("lesson") for name in names if re.fullmatch(r"lesson\d\d", name))


def private_folder() -> list[Path]:
    """The folder of a teacher's own exercises; none where COURSE_EXERCISES is not set."""
    named = os.environ.get("COURSE_EXERCISES")
    return [Path(named).expanduser()] if named else []


def exercise_ids(lesson: str | None = None) -> list[str]:
    """The ids of one lesson ("01"), or of all, sorted."""
    for number in lesson_numbers() if lesson is None else [lesson]:
        _load(number)
    return sorted(id for id in _registered if lesson is None or id.startswith(f"{lesson}."))


def get(exercise_id: str) -> Exercise:
    """The exercise with this id. TypeError for what is no text; ValueError, naming close ids, if unknown."""
    if not isinstance(exercise_id, str):
        raise TypeError(
            f'the id comes first, as text: check("01.rnn_step", rnn_step); got {type(exercise_id).__name__}'
        )
    _load(exercise_id[:2])
    if exercise_id not in _registered:
        raise ValueError(f"there is no exercise {exercise_id!r}. {_suggestion(exercise_id)}")
    return _registered[exercise_id]


def _load(lesson: str) -> None:
    if lesson in _loaded or lesson not in lesson_numbers():
        return
    found = _module(lesson).EXERCISES
    strangers = [exercise.id for exercise in found if exercise.lesson != lesson]
    if strangers:
        raise ValueError(f"lessons/lesson{lesson}.py holds exercise {strangers[0]!r} of another lesson")
    for exercise in found:
        register(exercise)
    _loaded.add(lesson)


def _module(lesson: str) -> ModuleType:
    """The module with a lesson's exercises: the course's own before a teacher's."""
    name = f"lesson{lesson}"
    private = [path for folder in private_folder() if (path := folder / f"{name}.py").is_file()]
    if importlib.util.find_spec(f"{lessons.__name__}.{name}") or not private:
        return importlib.import_module(f"{lessons.__name__}.{name}")
    spec = importlib.util.spec_from_file_location(f"{PRIVATE}.{name}", private[0])
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _suggestion(exercise_id: str) -> str:
    for folder in private_folder():
        if not folder.is_dir():
            return (
                f"COURSE_EXERCISES names the folder '{folder}', which is not here: set it to the whole path."
            )
    known = exercise_ids()
    close = difflib.get_close_matches(exercise_id, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {_or(close)}?"
    of_lesson = [f"{id!r} ({_registered[id].title})" for id in known if id[:2] == exercise_id[:2]]
    if of_lesson:
        return f"Lesson {exercise_id[:2]} has {', '.join(of_lesson)}."
    return f"Lessons with exercises: {', '.join(lesson_numbers())}."


def _or(ids: list[str]) -> str:
    return " or ".join(repr(id) for id in ids)
