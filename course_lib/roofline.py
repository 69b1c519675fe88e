"""What this machine can do: how fast it moves bytes, how fast it multiplies, and which of them a product waits for.

A product of a matrix (n, n) with `rows` vectors reads the matrix once, 4 n² bytes, and multiplies and adds 2 n² · rows
times. With one row that is half an operation a byte: the machine waits for the memory. With many rows it waits for the
arithmetic. Between them lies the ridge, at as many operations a byte as the machine can do while a byte arrives.

Source: Williams, Waterman & Patterson 2009, "Roofline: An Insightful Visual Performance Model for Multicore
Architectures".
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from course_lib.device import synchronize


@dataclass(frozen=True)
class Point:
    """One product: its rows, operations a byte of the matrix, seconds, and what that is in 10⁹ a second."""

    rows: int
    intensity: float
    seconds: float
    gigaflops: float
    gigabytes: float


@dataclass(frozen=True)
class Roofline:
    """points: of rising rows. gigabytes: a second, where one row is multiplied; gigaflops: the most of any point."""

    points: tuple[Point, ...]

    @property
    def gigabytes(self) -> float:
        return max(point.gigabytes for point in self.points)

    @property
    def gigaflops(self) -> float:
        return max(point.gigaflops for point in self.points)

    @property
    def ridge(self) -> float:
        """Operations a byte from which on the arithmetic is the limit."""
        return self.gigaflops / self.gigabytes

    def limit(self, intensity: float) -> float:
        """The roof: 10⁹ operations a second that are possible at so many operations a byte."""
        return min(self.gigaflops, intensity * self.gigabytes)


def measure_roofline(
    rows: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128, 256),
    *,
    n: int = 4096,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    rounds: int = 5,
) -> Roofline:
    """Time x Wᵀ for x (rows, n) and W (n, n), each the median of a few rounds.

    Args:
        rows: how many vectors at once; the first should be 1.
        n: so large that the matrix fits into no cache: 4096 is 64 MB in float32.

    Raises:
        ValueError: no rows, or some below 1.
    """
    if not rows or min(rows) < 1:
        raise ValueError(f"rows is {list(rows)}; expected whole numbers of at least 1.")
    weight = torch.randn(n, n, device=device).to(dtype)
    points = []
    for count in sorted(rows):
        x = torch.randn(count, n, device=device).to(dtype)
        seconds = _median_seconds(lambda x=x: torch.nn.functional.linear(x, weight), rounds, device)
        n_bytes, operations = weight.numel() * weight.element_size(), 2 * n * n * count
        rates = operations / seconds / 1e9, n_bytes / seconds / 1e9
        points.append(Point(count, operations / n_bytes, seconds, *rates))
    return Roofline(tuple(points))


@torch.no_grad()
def _median_seconds(run: Callable[[], object], rounds: int, device: str | torch.device) -> float:
    """Of a few calls after one that does not count. CPU-seconds on a CPU, where other programs may take their turns."""
    clock = time.process_time if torch.device(device).type == "cpu" else time.perf_counter
    seconds = []
    for number in range(rounds + 1):
        synchronize(device)
        start = clock()
        run()
        synchronize(device)
        if number:
            seconds.append(clock() - start)
    return statistics.median(seconds)
