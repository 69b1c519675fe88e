"""A teacher's own exercises: python -m teaching.exercises FOLDER [--new 60 | --build]

FOLDER holds lessonNN.py (the exercises) and NN_name.py (the notebook's source) for numbers that no lesson of the course
has. --new writes a pair to begin with, --build makes the learners' notebooks; without them every exercise is tried: its
reference, each known mistake, and answers that raise or return nothing. Set COURSE_EXERCISES to the whole
path of FOLDER for learners and for teaching.grade.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from course_lib.practice import Exercise, registry
from course_lib.practice.verdict import evaluate
from course_lib.text.saving import write_text
from tools.lesson_source import SourceError, learner_notebook

TEMPLATES = Path(__file__).parent / "template"


def problems(exercise: Exercise) -> Iterator[str]:
    """What is wrong with an exercise, one sentence each."""
    verdict = evaluate(exercise, exercise.reference)
    if verdict.status != "passed":
        yield f"its own reference does not pass: {verdict.text}"
    for mistake in exercise.mistakes:
        verdict = evaluate(exercise, mistake.wrong_version)
        if verdict.status != "failed":
            yield f"the known mistake {mistake.name!r} passes: no property tells it from a right answer"
        elif verdict.mistake is None or verdict.mistake.name != mistake.name:
            found = "not recognised" if verdict.mistake is None else f"taken for {verdict.mistake.name!r}"
            yield f"the known mistake {mistake.name!r} is {found}: {verdict.text}"
    if exercise.is_function:
        for name, odd in {"returns None": lambda *a: None, "raises": _raises}.items():
            text = evaluate(exercise, odd).text
            if "could not be judged" in text or "✓" in text:
                yield f"an answer that {name} is told: {text}"


def _raises(*arguments):
    raise ValueError("no such thing")


def new(number: str, folder: Path) -> list[Path]:
    """Writes the pair of templates. Raises ValueError for a number that is taken."""
    if len(number) != 2 or not number.isdigit() or number in registry.lesson_numbers():
        raise ValueError(f"{number!r} can not be used: take two digits that no lesson has, such as 60")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for template, name in (("lesson.py", f"lesson{number}.py"), ("notebook.py", f"{number}_my_lesson.py")):
        path = folder / name
        if path.exists():
            raise ValueError(f"{path} is there already")
        write_text(path, (TEMPLATES / template).read_text(encoding="utf-8").replace("NN", number))
        written.append(path)
    return written


def build(folder: Path) -> list[Path]:
    """Makes the learners' notebooks, without solutions and outputs, beside their sources."""
    built = []
    for source in sorted(folder.glob("[0-9][0-9]_*.py")):
        path = source.with_suffix(".ipynb")
        write_text(path, nbformat.writes(learner_notebook(source)) + "\n")
        built.append(path)
    return built


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.exercises",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--new", metavar="NN", help="write templates for a lesson with this number")
    parser.add_argument("--build", action="store_true", help="make the learners' notebooks")
    options = parser.parse_args(arguments)
    os.environ["COURSE_EXERCISES"] = str(options.folder)
    try:
        if options.new:
            written = new(options.new, options.folder)
        elif options.build:
            written = build(options.folder)
        else:
            return _try_all(options.folder)
    except (ValueError, SourceError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(map(str, written)) or f"{options.folder} holds no NN_name.py")
    return 0


def _try_all(folder: Path) -> int:
    numbers = [number for number in registry.lesson_numbers() if (folder / f"lesson{number}.py").is_file()]
    if not numbers:
        print(f"{folder} holds no lessonNN.py; --new 60 writes one to begin with", file=sys.stderr)
        return 2
    found = [
        (id, text) for n in numbers for id in registry.exercise_ids(n) for text in problems(registry.get(id))
    ]
    for id, text in found:
        print(f"{id}: {text}")
    n_exercises = sum(len(registry.exercise_ids(number)) for number in numbers)
    print(f"{n_exercises} exercises tried, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
