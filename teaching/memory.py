"""Measures the memory that a learner's kernel needs: python -m teaching.memory 01 05

Runs every cell of the shipped notebooks, one lesson after the other, and prints a row for each as it ends.
"""

import argparse
import os
import sys
import threading
import time

import nbformat
import psutil
from nbclient import NotebookClient

from tools.lesson_source import NOTEBOOKS, built_path, sources

INTERVAL = 0.05  # seconds between two looks


class Watch(threading.Thread):
    """Looks at a process and its children until it is stopped; peak is in bytes."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self._process, self._stopped = psutil.Process(pid), threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._stopped.wait(INTERVAL):
            self.peak = max(self.peak, resident(self._process))

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def resident(process: psutil.Process) -> int:
    """Bytes in memory of a process and its children. Pages that they share count for each."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.Error:  # one of them has just ended
        pass
    return total


def measure(notebook: nbformat.NotebookNode) -> tuple[int, float]:
    """Runs the notebook; the kernel's peak in bytes and the seconds it took."""
    client = NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}
    )
    start = time.perf_counter()
    with client.setup_kernel(env=os.environ | {"OMP_NUM_THREADS": "1"}):
        watch = Watch(client.km.provisioner.pid)
        watch.start()
        try:
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
        finally:
            watch.stop()
    return watch.peak, time.perf_counter() - start


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 01; all if none is given")
    options = parser.parse_args(arguments)
    known = {source.stem[:2]: source for source in sources()}
    unknown = [number for number in options.lessons if number not in known]
    if unknown:
        print(f"there is no lesson {', '.join(unknown)}; lessons: {', '.join(known)}", file=sys.stderr)
        return 2
    print("| lesson | peak of the kernel | seconds |\n|---|---|---|")
    for number in options.lessons or known:
        peak, seconds = measure(nbformat.read(built_path(known[number]), as_version=4))
        print(f"| {number} | {peak / 1e6:,.0f} MB | {seconds:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
