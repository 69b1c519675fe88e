"""Makes an nbgrader course folder: python -m teaching.nbgrader DIR [LESSON …] [--release]

DIR/source/lesson01/01_rnn.ipynb and so on are the lessons with their solutions inside. With --release, nbgrader also
makes the learners' versions and puts them into the exchange, DIR/exchange.
"""

import argparse
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from tools.build_notebooks import write_whole
from tools.lesson_source import learner_notebook, read_source, sources

HERE = Path(__file__).parent
PREPROCESSORS = HERE / "nbgrader_preprocessors.py"
CONFIG = '''\
"""nbgrader's settings for this course. nbgrader reads them when it is run in this folder."""

import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here))

from course_preprocessors import ClearCourseSolutions, ExecuteExercises, swapped
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, Execute

c = get_config()
c.CourseDirectory.root = str(here)
c.CourseDirectory.course_id = {course!r}
# nbgrader's default lies outside this folder, in /usr/local/share.
c.Exchange.root = str(here / "exchange")
c.Exchange.cache = str(here / "cache")

c.GenerateAssignment.preprocessors = swapped(
    GenerateAssignment.preprocessors, {{ClearSolutions: ClearCourseSolutions}}
)
# Only set-up, exercise and check cells run: no training.
c.Autograde.autograde_preprocessors = swapped(Autograde.autograde_preprocessors, {{Execute: ExecuteExercises}})
# c.ExecuteExercises.run_everything = True
c.ExecuteExercises.timeout = 60  # seconds for one cell
'''
README = (HERE / "nbgrader_readme.md").read_text(encoding="utf-8")


class CourseError(Exception):
    """The course folder can't be made; the message says why."""


def instructor_notebook(source: Path, folded_solutions: bool = True) -> NotebookNode:
    """The learners' notebook without outputs, with the marked solutions back in its exercise cells."""
    notebook = learner_notebook(source)
    marked = [cell for cell in read_source(source).cells if "exercise" in cell.metadata.get("tags", [])]
    exercises = [cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]
    for cell, solution in zip(exercises, marked, strict=True):
        cell.source = solution.source
    if not folded_solutions:
        notebook.cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    return notebook


def assignment(source: Path) -> str:
    """nbgrader's name for a lesson."""
    return f"lesson{source.stem[:2]}"


def make_course(
    folder: Path, chosen: list[Path], course: str, folded_solutions: bool = True, force: bool = False
) -> list[Path]:
    """Writes the course folder; returns the notebooks. What was changed by hand stays, unless `force` is true.

    Raises CourseError where a file that was changed would be overwritten.
    """
    targets = {folder / "source" / assignment(one) / f"{one.stem}.ipynb": one for one in chosen}
    notebooks = {path: instructor_notebook(one, folded_solutions) for path, one in targets.items()}
    exchange = str((folder / "exchange").resolve())
    texts = {
        folder / "nbgrader_config.py": CONFIG.format(course=course),
        folder / "course_preprocessors.py": PREPROCESSORS.read_text(encoding="utf-8"),
        folder / "README.md": README.replace("COURSE", course).replace("EXCHANGE", exchange),
    }
    changed = [path for path, notebook in notebooks.items() if _differs(path, notebook)]
    changed += [path for path, text in texts.items() if path.exists() and path.read_text("utf-8") != text]
    if changed and not force:
        names = ", ".join(str(path.relative_to(folder)) for path in changed)
        raise CourseError(
            f"{folder} holds files that differ from the course's: {names}. --force overwrites them."
        )
    for path, notebook in notebooks.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(notebook, path)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(notebooks)


def _differs(path: Path, notebook: NotebookNode) -> bool:
    if not path.exists():
        return False
    try:
        there = nbformat.read(path, as_version=4)
    except (ValueError, OSError):
        return True
    return [(c.cell_type, c.source) for c in there.cells] != [(c.cell_type, c.source) for c in notebook.cells]


def release(folder: Path, assignments: list[str], force: bool = False) -> None:
    """Has nbgrader generate and release these assignments. Raises CourseError with nbgrader's log where it fails."""
    if find_spec("nbgrader") is None:
        raise CourseError("--release needs nbgrader: pip install -c constraints.txt -e '.[dev]'")
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader

    # nbgrader calls alembic by its bare name, so it only works with the virtual environment's programs on the PATH.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    config.ExchangeReleaseAssignment.force = force
    api = NbGraderAPI(config=config)
    for name in tqdm(assignments, desc="release", unit="lesson"):
        for step in (api.generate_assignment, api.release_assignment):
            done = step(name)
            if not done["success"]:
                log = f"{done.get('log')}{done.get('error')}"
                raise CourseError(f"nbgrader could not release {name}:\n{log[-4000:]}")


def choose(names: list[str]) -> list[Path]:
    """The sources of these lessons, such as 01; all without names. Raises CourseError for one that isn't there."""
    known = {source.stem[:2]: source for source in sources()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CourseError(f"there is no lesson {', '.join(unknown)}; lessons: {', '.join(known)}")
    return [source for number, source in known.items() if not names or number in names]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.nbgrader",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the course folder")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 01; all if none is given")
    parser.add_argument("--course", default="rnn-to-bert", help="nbgrader's course id (default: %(default)s)")
    parser.add_argument(
        "--no-solutions",
        action="store_true",
        help="leave out the solutions that lie folded below the exercises",
    )
    parser.add_argument("--release", action="store_true", help="generate and release the assignments, too")
    parser.add_argument(
        "--force", action="store_true", help="overwrite notebooks and settings that were changed"
    )
    options = parser.parse_args(arguments)
    try:
        chosen = choose(options.lessons)
        made = make_course(options.folder, chosen, options.course, not options.no_solutions, options.force)
        print(f"{len(made)} lessons with solutions are in {options.folder / 'source'}")
        if options.release:
            release(options.folder, [assignment(source) for source in chosen], options.force)
            print(f"{len(made)} assignments are released in {options.folder / 'exchange'}")
    except (CourseError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if shutil.which("nbgrader") is None and not options.release:
        print("nbgrader is not on the PATH: activate the course's virtual environment before you run it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
