"""Everything that needs a GPU, in one run: `python -m tools.gpu_check FOLDER`, under ten minutes with 16 CPU cores.

Runs the tests marked `gpu`, every notebook, and `python -m benchmarks gpu` part by part, each under a time limit, and
writes into FOLDER a `summary.md` (the table for RESULTS.md, and which notebook cells differ) and one log for each kind
of check. Needs no browser, and no network where COURSE_DATA names a folder with the data. `--dry-run` takes the same
way on a CPU with one short piece of each kind.
"""

import argparse
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gpu import versions
from course_lib.device import best_device

ROOT = Path(__file__).parents[1]
NBVAL = ("--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg")
XDIST = ("--dist", "loadfile", "--no-loadscope-reorder")
MINUTES = 9.5
TOO_LITTLE = 10  # seconds left, with which nothing is started
COLOUR = re.compile(r"(?:\x1b|#x1B)\[[0-9;]*m")  # an escape, or what is left of it in XML


@dataclass(frozen=True)
class Step:
    """One command: `log` is the file that its output goes to; `modules` are those that it cannot do without."""

    name: str
    log: str
    limit: float
    command: tuple[str, ...]
    modules: tuple[str, ...] = ()


@dataclass
class Result:
    step: Step
    outcome: str
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    table: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.outcome == "passed"


def steps(workers: int, report: Path, dry_run: bool) -> list[Step]:
    """What to run, in order: timings first, while nothing else runs; what takes minutes last."""

    def timed(name: str, limit: float) -> Step:
        rest = ("--list",) if dry_run else ()
        return Step(
            name,
            "benchmarks.log",
            limit,
            (sys.executable, "-m", "benchmarks", name, *rest),
            ("transformers",),
        )

    parallel = () if dry_run or not importlib.util.find_spec("xdist") else ("-n", str(workers), *XDIST)
    pytest = (sys.executable, "-m", "pytest", "-q", "-rs", f"--junitxml={report}", *parallel)
    tests = ("tests/test_schedule.py",) if dry_run else ("-m", "gpu", "tests")
    notebooks = "notebooks/00_start_here.ipynb" if dry_run else "notebooks"
    return [
        timed("gpu-recurrent", 60),
        timed("gpu-encoder", 120),
        timed("gpu-generation", 120),
        Step("tests", "tests.log", 180, (*pytest, *tests), ("pytest",)),
        Step(
            "notebooks",
            "notebooks.log",
            270,
            (*pytest, *NBVAL, "--nbval-cell-timeout=240", notebooks),
            ("pytest", "nbval"),
        ),
        timed("gpu-shakespeare", 150),
        timed("multi30k-gpu", 300),
    ]


def run(step: Step, folder: Path, report: Path, seconds_left: float) -> Result:
    """Run one step, end it with all its children at its limit, and read what it found."""
    limit = min(step.limit, seconds_left)
    if missing := [name for name in step.modules if importlib.util.find_spec(name) is None]:
        return Result(step, f"skipped: {', '.join(missing)} is not installed")
    if limit < TOO_LITTLE:
        return Result(step, "skipped: no time left")
    report.unlink(missing_ok=True)
    start = time.monotonic()
    with open(folder / step.log, "a+", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(step.command)}\n")
        log.flush()
        begin = log.tell()
        process = subprocess.Popen(
            step.command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
            outcome = "passed" if code == 0 else f"failed (exit code {code})"
        except subprocess.TimeoutExpired:
            outcome = f"stopped after {limit:.0f} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        log.seek(begin)
        lines = log.read().splitlines()
    result = Result(step, outcome, time.monotonic() - start)
    result.table = [line for line in lines if line.startswith("|")]
    result.failures = list(failures(report)) if report.exists() else []
    return result


def failures(report: Path) -> Iterator[str]:
    """One line for each failed test or notebook cell of a JUnit report: where, and how its message begins and ends."""
    for case in ElementTree.parse(report).iter("testcase"):
        for kind in ("failure", "error"):
            for found in case.iter(kind):
                said = " ".join(COLOUR.sub("", found.text or found.get("message", "")).split())
                said = said if len(said) < 500 else f"{said[:120]} … {said[-360:]}"
                yield f"{case.get('classname')} · {case.get('name')}: {said}"


def summary(results: list[Result], machine: str) -> str:
    """The run in Markdown: what passed, the rows for RESULTS.md, what failed."""
    lines = ["# GPU check", "", machine, "", "| step | outcome | seconds |", "| :--- | :--- | ---: |"]
    lines += [f"| {result.step.name} | {result.outcome} | {result.seconds:.0f} |" for result in results]
    table: list[str] = []
    for result in results:
        table += result.table[2:] if table else result.table  # one header for all parts
    if table:
        lines += ["", "## Rows for benchmarks/RESULTS.md", "", *table]
    for result in results:
        if result.failures:
            lines += ["", f"## {result.step.name}: {len(result.failures)} differ or fail", ""]
            lines += [f"* {failure}" for failure in result.failures]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.gpu_check", description="Run all that needs a GPU."
    )
    parser.add_argument("folder", type=Path, help="where the summary and the logs go; made anew")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"for all of it (default: {MINUTES})")
    parser.add_argument(
        "--dry-run", action="store_true", help="the same way on a CPU, with a short piece of each kind"
    )
    options = parser.parse_args(arguments)
    device = best_device()
    if device.type == "cpu" and not options.dry_run:
        print(
            "gpu_check needs a GPU that torch can use, and there is none here; --dry-run needs none.",
            file=sys.stderr,
        )
        return 1
    end = time.monotonic() + 60 * options.minutes
    options.folder.mkdir(parents=True, exist_ok=True)
    for old in ("summary.md", "benchmarks.log", "tests.log", "notebooks.log"):
        (options.folder / old).unlink(missing_ok=True)
    workers = max(2, (os.cpu_count() or 2) // 2)
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        for step in steps(workers, report, options.dry_run):
            results.append(run(step, options.folder, report, end - time.monotonic()))
            print(f"{step.name}: {results[-1].outcome}, {results[-1].seconds:.0f} s", flush=True)
            # After every step, so that a run which is cut off leaves what it found.
            (options.folder / "summary.md").write_text(summary(results, versions(device)), encoding="utf-8")
    return 0 if all(result.is_good for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
