"""Build and execute the learners' notebooks: python -m tools.build_notebooks [--all] [NAME …]

Without names, the notebooks that are out of step with their source or have no outputs are built.
"""

import argparse
import base64
import sys
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from course_lib.whole_file import whole_file
from tools.execute import execute
from tools.lesson_source import NOTEBOOKS, ROOT, built_path, differences, learner_notebook, sources

README_FIGURE = "notebooks/images/readme.png"


def has_outputs(notebook: NotebookNode) -> bool:
    """Whether the notebook was executed to its end: every code cell has its execution count."""
    return all(
        cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()
    )


def is_current(source: Path) -> bool:
    """Whether the stored notebook is the built one of this source, executed."""
    target = built_path(source)
    if not target.is_file():
        return False
    stored = nbformat.read(target, as_version=4)
    return not differences(learner_notebook(source), stored) and has_outputs(stored)


def write_whole(notebook: NotebookNode, target: Path) -> None:
    """Write the notebook under its name only once it is complete on disk."""
    with whole_file(target) as new:
        nbformat.write(notebook, new)
        new.chmod(0o644)


def readme_figure() -> tuple[str, bytes]:
    """The README's picture, path and bytes: the output of the one cell tagged "readme-figure"."""
    for source in sources():
        for cell in nbformat.read(built_path(source), as_version=4).cells:
            if "readme-figure" in cell.metadata.get("tags", []):
                data = next(output.data for output in cell.outputs if "image/png" in output.get("data", {}))
                return README_FIGURE, base64.b64decode(data["image/png"])
    raise LookupError(
        "No lesson has a cell tagged readme-figure; tag the one whose picture the README shows."
    )


def build(source: Path) -> float:
    """Build one lesson; return the seconds its execution took."""
    notebook = learner_notebook(source)
    with tqdm(total=len(notebook.cells), desc=source.stem, unit="cell") as bar:
        start = time.perf_counter()
        execute(notebook, str(NOTEBOOKS), on_cell=bar.update)
        seconds = time.perf_counter() - start
    write_whole(notebook, built_path(source))
    if any("readme-figure" in cell.metadata.get("tags", []) for cell in notebook.cells):
        name, png = readme_figure()
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_bytes(png)
    return seconds


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.build_notebooks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="lessons by number or name, such as 01 or 01_rnn")
    parser.add_argument("--all", action="store_true", help="build every lesson, also those in step")
    options = parser.parse_args(arguments)
    chosen = [s for s in sources() if any(s.stem == name or s.stem[:2] == name for name in options.names)]
    if options.names and len(chosen) < len(set(options.names)):
        parser.error(f"unknown lesson in {options.names}; there are: {', '.join(s.stem for s in sources())}")
    if not options.names:
        chosen = [s for s in sources() if options.all or not is_current(s)]
    if not chosen:
        print("Every notebook is in step with its source.")
    for source in chosen:
        seconds = build(source)
        print(
            f"{built_path(source).name}: {seconds:.0f} s, {built_path(source).stat().st_size / 1000:.0f} KB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
