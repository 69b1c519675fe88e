"""Marks one submission: its cells run shut in, every verdict is reached here."""

import ast
import contextlib
import dataclasses
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cloudpickle

from course_lib.data import fetch
from course_lib.practice import Exercise, registry
from course_lib.practice.cases import varied
from course_lib.practice.credit import credit
from course_lib.sandbox.isolation import Cage, Limits
from teaching.fresh import exercise_with_fresh_cases
from teaching.nursery import Nursery
from teaching.remote import Ended, Remote
from teaching.submission import Lesson, Submission, Task
from teaching.wire import pair
from tools.lesson_source import without_magics

CELL_SECONDS = 8.0  # an exercise's cell defines something; what a set-up cell imports is loaded already
ANSWER_SECONDS = 8.0  # at most, for all calls of one exercise: the slowest right answer takes about one
MAX_FILES = 200  # in a submission's folder: an exercise needs none
MIN_FINGERPRINT = 400  # characters of a syntax tree: two people write the same line, not the same ten
PUBLIC = "Solutions are public: this mark shows completion, not who wrote the answer."


@dataclass
class Mark:
    """status: passed, failed, open (not attempted) or unmarked (nothing to judge). held: of each property, whether it
    holds. mistake: the known mistake's name. hidden: found on a case that learners do not know. notes: for the learner.
    flags: for the teacher alone."""

    exercise_id: str
    status: str
    points: float
    of: int
    sentence: str = ""
    mistake: str | None = None
    diagnosis: str = ""
    hidden: bool = False
    held: list[bool] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


class Marker:
    """Marks submissions of one lesson. `with Marker(lesson) as marker: marks = marker.mark(submission)`.

    seed: what passes the cases of the course is tried on others, too, which are drawn from this text.
    """

    def __init__(self, lesson: Lesson, limits: Limits | None = None, seed: str = ""):
        self.lesson, self._limits, self._seed = lesson, limits or Limits(), seed
        self._nursery = Nursery(_imports(lesson.setup))

    def __enter__(self) -> "Marker":
        self._nursery.__enter__()
        return self

    def __exit__(self, *about: object) -> None:
        self._nursery.__exit__(*about)

    @property
    def nursery_pid(self) -> int:
        """The process whose children the submissions' processes are."""
        return self._nursery.pid

    def mark(self, submission: Submission) -> list[Mark]:
        """One mark for every exercise of the lesson, in its order."""
        marks: dict[str, Mark] = {}
        deadly: set[str] = set()  # exercises whose cell ended the process: they are not run again
        run = None
        with tempfile.TemporaryDirectory(prefix="submission-") as folder:
            for task in self.lesson.tasks:
                mark = self._without_running(task, submission)
                if mark is None:
                    if run is None or not run.remote.alive:
                        again = [one for one in self.lesson.tasks if one.exercise_id in marks.keys() - deadly]
                        run = _Run(self.start(Path(folder)), self.lesson, submission, self._seed)
                        run.repeat(again, marks)
                    mark = run.mark(task)
                    if n_files(folder) > MAX_FILES:
                        run.remote.end()
                        empty(folder)
                        mark = Mark(mark.exercise_id, "failed", 0.0, mark.of, f"It writes more than {MAX_FILES} files.")
                        deadly.add(task.exercise_id)
                    if run.died_in_a_cell:
                        deadly.add(task.exercise_id)
                mark.notes = submission.notes.get(task.exercise_id, []) + mark.notes
                mark.flags += flags(task, submission)
                marks[task.exercise_id] = mark
            if run is not None:
                run.remote.end()
        return list(marks.values())

    def _without_running(self, task: Task, submission: Submission) -> Mark | None:
        points = registry.get(task.exercise_id).points
        if task.exercise_id not in submission.answers:
            return Mark(task.exercise_id, "unmarked", 0.0, points, "Nothing was found to mark.")
        if submission.answers[task.exercise_id].strip() == task.cell.strip():
            return Mark(task.exercise_id, "open", 0.0, points, "Not attempted.")
        return None

    def start(self, folder: Path) -> Remote:
        """A process shut in, in which nothing has run yet; `folder` is the one place where it may write."""
        ours, theirs = pair()
        cage = Cage(tuple(map(Path, _data_folders())), folder, self._limits)
        pid = self._nursery.fork(theirs.handles, cage)
        theirs.close()
        return Remote(ours, lambda: self._nursery.end(pid))


class _Run:
    """One process, in which the cells so far have run."""

    def __init__(self, remote: Remote, lesson: Lesson, submission: Submission, seed: str):
        self.remote, self._lesson, self._submission, self._seed = remote, lesson, submission, seed
        self.died_in_a_cell = False
        self._helpers: set[str] = set()
        self._cell(lesson.setup, "set-up")

    def repeat(self, tasks: list[Task], marks: dict[str, Mark]) -> None:
        """Brings a new process to where the old one was."""
        for task in tasks:
            if task.exercise_id in self._submission.answers and self.remote.alive:
                self._cells_of(task)
                self._hand_on(task, marks[task.exercise_id])

    def mark(self, task: Task) -> Mark:
        """Runs the task's cell and judges what it leaves behind."""
        exercise = registry.get(task.exercise_id)
        mark = Mark(task.exercise_id, "failed", 0.0, exercise.points)
        trouble = self._cells_of(task)
        self.died_in_a_cell = not self.remote.alive
        trouble = trouble or self._judge(task, mark)
        if trouble:
            mark.sentence = trouble
        self._hand_on(task, mark)
        return mark

    def _judge(self, task: Task, mark: Mark) -> str | None:
        exercise = graded(task.exercise_id)
        try:
            found = self.remote.ask("take", task.expression, seconds=CELL_SECONDS)
            if "error" in found:
                return f"After its cell there is no {task.expression}: {found['error']['text']}."
            answer = self.remote.answer(found)
            result = credit(exercise, answer)
            if self._seed and exercise.is_function and result.verdict.status == "passed":
                with varied(self._seed):
                    result = credit(graded(task.exercise_id, self._seed), answer)
                mark.hidden = result.verdict.status != "passed"
        except (Ended, TimeoutError) as error:
            return f"It could not be judged: {error or 'it took too long'}."
        verdict = result.verdict
        mark.status, mark.held = verdict.status, result.held
        mark.points = round(exercise.points * result.share, 2)
        lines = verdict.text.split("\n")
        mark.sentence = lines[0].partition(": ")[2] if verdict.status == "failed" else ""
        if verdict.mistake:
            mark.mistake, mark.diagnosis = verdict.mistake.name, verdict.mistake.diagnosis
        return None

    def _cells_of(self, task: Task) -> str | None:
        """Runs the helper cells before a task and its own; what went wrong in its own, in words."""
        for helper in self._submission.helpers.get(task.exercise_id, []):
            if helper not in self._helpers:
                self._helpers.add(helper)
                self._cell(helper, "a cell of your own")
        return self._cell(self._submission.answers[task.exercise_id], task.exercise_id)

    def _cell(self, source: str, name: str) -> str | None:
        try:
            error = self.remote.ask("run", without_magics(source), name, seconds=CELL_SECONDS)
        except TimeoutError:
            return f"Your cell did not end within {CELL_SECONDS:g} s."
        except Ended:
            return "Your cell ended the process: does it call exit(), or need too much memory?"
        if error:
            words = ": ".join(part for part in (error["type"], error["text"]) if part)
            return f"Your cell raises {words}{error['line']}."
        return None

    def _hand_on(self, task: Task, mark: Mark) -> None:
        """Gives later cells what `yours` gives them: the learner's own, or the library's."""
        if not self.remote.alive:
            return
        exercise = registry.get(task.exercise_id)
        function = exercise.reference if exercise.library is None else exercise.library
        with contextlib.suppress(Ended, TimeoutError):  # the next cell gets a new process
            if mark.status == "passed":
                self.remote.ask("passes", task.exercise_id, task.expression)
            else:
                self.remote.ask("lend", task.exercise_id, cloudpickle.dumps(function))


@functools.cache  # the checker keeps what it finds out about an exercise by its identity
def graded(exercise_id: str, seed: str = "") -> Exercise:
    """The exercise with a class's limit of time; to be called inside `varied(seed)`, and then with fresh cases."""
    exercise = registry.get(exercise_id)
    exercise = dataclasses.replace(exercise, time_limit=min(exercise.time_limit, ANSWER_SECONDS))
    return exercise_with_fresh_cases(exercise) if seed else exercise


def n_files(folder: str) -> int:
    """How many files and folders lie in a folder, at any depth."""
    return sum(len(folders) + len(files) for _, folders, files in os.walk(folder))


def empty(folder: str) -> None:
    """Removes what lies in a folder."""
    for path in Path(folder).iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def flags(task: Task, submission: Submission) -> list[str]:
    """What a teacher should look at: the course's own solution, or code that looks for it."""
    answer = submission.answers.get(task.exercise_id, "")
    found = []
    if fingerprint(answer) and fingerprint(answer) == fingerprint(task.solution):
        found.append("This is the course's own solution, word for word.")
    if suspicious := sorted(set(re.findall(_LOOKS_FOR_THE_CHECKER, answer))):
        found.append(f"It mentions {', '.join(suspicious)}, which no answer needs.")
    return found


_LOOKS_FOR_THE_CHECKER = (
    r"course_lib\.practice|__subclasses__|_getframe|importlib|__import__|\bgc\b|ctypes|/proc|\bexec\b|\beval\b"
    r"|__globals__|__builtins__|\.reference\b"
)


def fingerprint(source: str, at_least: int = MIN_FINGERPRINT) -> str | None:
    """The code without comments, layout, docstrings; None for what is no Python, or too short to say anything."""
    try:
        tree = ast.parse(without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    text = ast.dump(tree)
    return text if len(text) > at_least else None


def _imports(setup: str) -> list[str]:
    """The modules that the set-up cell imports: loaded once for all submissions."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(without_magics(setup))):
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found[node.module] = None
    return list(found)


def _data_folders() -> Iterator[str]:
    """Where data sets lie: answers may read them."""
    with contextlib.suppress(fetch.DataError):
        yield str(fetch.folder_in_use())
