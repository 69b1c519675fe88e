"""Marks a folder of submissions: python -m teaching.grade 06 submissions/ --out marks.csv --report class.html

submissions/ holds one notebook for each learner, ann.ipynb or ann/06_self_attention.ipynb, or what Moodle or Canvas
hands over. Next to the marks come feedback/, with a page for each learner, and results/, from which an interrupted run
continues. The same submissions and seed give the same files, byte for byte.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from tqdm import tqdm

from course_lib.practice import registry
from course_lib.sandbox.isolation import Limits, missing
from course_lib.text.saving import write_text
from teaching import feedback, marks, report
from teaching.collected import collected
from teaching.marking import Mark, Marker, fingerprint
from teaching.remote import by_value
from teaching.submission import Lesson, Unreadable, lesson, read
from tools.lesson_source import ROOT, SOURCES

MIN_EQUAL = 1500  # characters of a syntax tree: ten lines or so
VERSION = 1  # of the results' form: another one is marked anew


@dataclasses.dataclass
class Result:
    """One submission's marks. reason: why there is nothing to mark, or ""; answers: {exercise id: fingerprint}; id and
    prefix: those of `collected.Handed`."""

    learner: str
    marks: list[Mark]
    reason: str = ""
    notes: list[str] = dataclasses.field(default_factory=list)
    answers: dict[str, str] = dataclasses.field(default_factory=dict)
    id: str = ""
    prefix: str = ""

    @property
    def points(self) -> float:
        return round(sum(mark.points for mark in self.marks), 2)

    @property
    def of(self) -> int:
        return sum(mark.of for mark in self.marks)


def mark_one(marker: Marker, learner: str, path: Path) -> Result:
    """A mark for a file, whatever is in it."""
    try:
        submission = read(path, marker.lesson)
    except Unreadable as error:
        return _nothing(marker.lesson, learner, str(error))
    except OSError as error:
        return _nothing(marker.lesson, learner, f"The file can not be read: {error.strerror}.")
    found = marker.mark(submission)
    long = {id: fingerprint(text, MIN_EQUAL) for id, text in submission.answers.items()}
    answers = {id: hashlib.sha256(text.encode()).hexdigest()[:16] for id, text in long.items() if text}
    return Result(learner, found, notes=submission.notes.get("", []), answers=answers)


def _nothing(of: Lesson, learner: str, reason: str) -> Result:
    marks = [
        Mark(task.exercise_id, "unmarked", 0.0, registry.get(task.exercise_id).points) for task in of.tasks
    ]
    return Result(learner, marks, reason)


# --- many at once: each worker has its own process for submissions

_marker: Marker | None = None


def _begin(number: str, seed: str, limits: Limits) -> None:
    global _marker
    torch.set_num_threads(1)
    by_value()
    _marker = Marker(lesson(number), limits, seed).__enter__()


def _work(learner: str, path: Path) -> Result:
    try:
        return mark_one(_marker, learner, path)
    except Exception as error:  # one odd file must not cost the others their marks
        reason = f"The grader failed on this file ({type(error).__name__}: {error}): look at it yourself."
        return _nothing(_marker.lesson, learner, reason)


def grade(
    number: str,
    files: dict[str, Path],
    results: Path,
    seed: str = "",
    workers: int = 1,
    limits: Limits | None = None,
) -> Iterator[Result]:
    """Marks every file, in order; what `results` holds for the same bytes and the same course is not marked again."""
    results.mkdir(parents=True, exist_ok=True)
    found = {learner: kept(results, learner, path, number, seed) for learner, path in files.items()}
    to_do = [learner for learner in files if found[learner] is None]
    context = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as stack:
        waiting = {}
        if to_do:
            pool = concurrent.futures.ProcessPoolExecutor(
                min(workers, len(to_do)), context, _begin, (number, seed, limits or Limits())
            )
            stack.callback(pool.shutdown, cancel_futures=True)
            waiting = {learner: pool.submit(_work, learner, files[learner]) for learner in to_do}
        for learner in files:
            result = found[learner]
            if result is None:
                result = waiting[learner].result()
                _keep(results, result, files[learner], number, seed)
            yield result


@functools.cache
def course_digest() -> str:
    """Changes with the course's code, its lessons and the teacher's own exercises: then marks may change, too."""
    folders = (ROOT / "course_lib", ROOT / "teaching", SOURCES, *registry.private_folder())
    digest = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _key(path: Path, number: str, seed: str) -> str:
    digest = hashlib.sha256(f"{VERSION} {course_digest()} {number} {seed} ".encode())
    if path.is_file() and not path.is_symlink():
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()


def _file(results: Path, learner: str) -> Path:
    return results / f"{hashlib.sha256(learner.encode()).hexdigest()[:20]}.json"


def kept(results: Path, learner: str, path: Path, number: str, seed: str) -> Result | None:
    """What an earlier run found in the same bytes, with the same seed and course; None if there is nothing."""
    try:
        found = json.loads(_file(results, learner).read_text(encoding="utf-8"))
        if found.pop("key") != _key(path, number, seed):
            return None
        return Result(**found | {"marks": [Mark(**mark) for mark in found["marks"]]})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(results: Path, result: Result, path: Path, number: str, seed: str) -> None:
    content = {"key": _key(path, number, seed)} | dataclasses.asdict(result)
    write_text(_file(results, result.learner), json.dumps(content, ensure_ascii=False, indent=1))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.grade",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("lesson", help="its number, such as 06")
    parser.add_argument("submissions", type=Path, help="the folder with the notebooks")
    parser.add_argument(
        "--out", type=Path, default=Path("marks.csv"), help="the marks (default: %(default)s)"
    )
    parser.add_argument("--report", type=Path, help="the page about the class, such as class.html")
    parser.add_argument(
        "--for", dest="lms", choices=marks.FORMS, default="plain", help="whose table of marks it is"
    )
    parser.add_argument("--seed", default="", help="draws hidden cases of your own; keep it to yourself")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    options = parser.parse_args(arguments)
    try:
        of = lesson(options.lesson)
        handed = collected(options.submissions, options.lesson)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if not handed:
        print(f"{options.submissions} holds no notebook (*.ipynb) and no learner's folder.", file=sys.stderr)
        return 2
    for sentence in missing():
        print(f"Not held back on this machine. {sentence}", file=sys.stderr)
    beside = options.out.parent
    files = {one.learner: one.path for one in handed}
    graded = grade(options.lesson, files, beside / "results", options.seed, options.workers)
    found = tqdm(graded, total=len(files), unit="submission", desc=f"lesson {options.lesson}")
    results = [
        dataclasses.replace(result, id=one.id, prefix=one.prefix, notes=[*one.notes, *result.notes])
        for one, result in zip(handed, found, strict=True)
    ]
    write_text(options.out, marks.table(results, options.lms))
    for result in results:
        write_text(beside / "feedback" / feedback.file_name(result), feedback.page(of, result))
    if options.report:
        pages = Path(os.path.relpath(beside / "feedback", options.report.parent)).as_posix()
        write_text(options.report, report.page(of, results, pages))
    print(f"{len(results)} submissions marked: {options.out}; a page for each: {beside / 'feedback'}/")
    if options.report:
        print(f"The class: {options.report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
