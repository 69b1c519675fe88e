"""Which benchmarks there are."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import benchmarks


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: `run()` prints a table; one for a GPU is handed the device, `run(device)`.

    `minutes` on one CPU thread, or on the GPU that it needs; a `long` one runs only when it is named.
    """

    name: str
    what: str
    minutes: float
    long: bool
    gpu: bool
    run: Callable[..., None]


_registered: dict[str, Benchmark] = {}


def benchmark(name: str, what: str, *, minutes: float, long: bool = False, gpu: bool = False):
    """Register the function below as the benchmark called `name`."""

    def register(run: Callable[..., None]) -> Callable[..., None]:
        if name in _registered:
            raise ValueError(f"There are two benchmarks called {name!r}.")
        _registered[name] = Benchmark(name, what, minutes, long, gpu, run)
        return run

    return register


def find() -> dict[str, Benchmark]:
    """All benchmarks by name, after importing every file of this folder."""
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name != "__main__":
            importlib.import_module(f"benchmarks.{module.name}")
    return dict(sorted(_registered.items()))
