"""Fair timings on a busy machine, and tables of them."""

import statistics
from collections.abc import Callable, Sequence

import torch

from course_lib.device import Stopwatch


def interleaved(
    functions: dict[str, Callable[[], object]], rounds: int, device: str | torch.device = "cpu"
) -> dict[str, float]:
    """Median seconds of each function: every round runs all of them, every other round from the back.

    Interleaved in one process, so that whatever slows the machine down slows all of them; CPU-seconds on a CPU,
    wall-clock seconds on an accelerator that has finished its work. One round before the first warms up and is not
    counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(-1, rounds):
        for name in list(functions)[:: -1 if number % 2 else 1]:
            with Stopwatch(device) as watch:
                functions[name]()
            if number >= 0:
                seconds[name].append(watch.seconds)
    return {name: statistics.median(values) for name, values in seconds.items()}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, aligned for the eye: the first column to the left, the others to the right."""
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        aligned = [cells[0].ljust(widths[0])]
        aligned += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join(aligned)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(header), f"|{'|'.join(f' {dashes} ' for dashes in rule)}|", *map(line, rows)])
