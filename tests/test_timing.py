"""Timings: an accelerator has finished before a clock is read, and no lesson or benchmark reads a clock by itself."""

import ast
import re
from pathlib import Path

import pytest
import torch

from benchmarks.timing import interleaved
from course_lib import device as ground
from course_lib.device import Stopwatch, synchronize

ROOT = Path(__file__).parents[1]
# Where something is timed for a reader: lessons, benchmarks, recipes.
TIMED = sorted(
    path
    for folder in ("notebooks/source", "benchmarks", "course_lib/recipes")
    for path in ROOT.glob(f"{folder}/*.py")
)


@pytest.fixture
def events(monkeypatch):
    """What happens in which order: "wall" and "cpu" clocks that advance by 1 and by 10, and waits for a device."""
    happened = []

    def clock(name, step):
        def read():
            happened.append(name)
            return step * happened.count(name)

        return read

    monkeypatch.setattr(ground.time, "perf_counter", clock("wall", 1.0))
    monkeypatch.setattr(ground.time, "process_time", clock("cpu", 10.0))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: happened.append(f"wait {device}"))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: happened.append("wait mps"))
    return happened


def test_a_cpu_is_timed_in_seconds_of_its_own(events):
    with Stopwatch() as watch:
        events.append("work")
    assert events == ["cpu", "work", "cpu"]
    assert watch.seconds == 10 and watch.unit == "CPU-seconds"


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_an_accelerator_has_finished_before_each_reading_of_the_clock(events, name):
    with Stopwatch(torch.device(name)) as watch:
        events.append("work")
    assert events == [f"wait {name}", "wall", "work", f"wait {name}", "wall"]
    assert watch.seconds == 1 and watch.unit == "seconds"


def test_a_stopwatch_goes_on_and_counts_what_ends_in_an_error(events):
    watch = Stopwatch("cpu")
    for _ in range(3):
        with watch:
            pass
    with pytest.raises(KeyError), watch:
        raise KeyError
    assert watch.seconds == 40


def test_synchronize_takes_a_name_and_leaves_a_cpu_alone(events):
    synchronize("cpu")
    assert events == []
    synchronize("mps")
    assert events == ["wait mps"]


def test_interleaved_waits_for_the_device_around_every_function(events):
    seconds = interleaved({"a": lambda: events.append("a"), "b": lambda: events.append("b")}, 2, "cuda")
    order = [event for event in events if event in "ab"]
    assert order == ["b", "a", "a", "b", "b", "a"]  # the first round warms up
    assert events.count("wait cuda") == events.count("wall") == 12
    assert seconds == {"a": 1.0, "b": 1.0}
    assert interleaved({"a": lambda: None}, 1) == {"a": 10.0}


def clocks_in(path: Path) -> list[str]:
    """Every way to read a clock that the file's code mentions."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"^\s*(?:# )?%%?time(?:it)?\b.*", text, flags=re.MULTILINE)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in ("time", "timeit", "datetime")]
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "timeit"):
            found.append(node.module)
    return found


def test_a_file_that_reads_a_clock_is_found(tmp_path):
    for text in (
        "import time\n",
        "from time import perf_counter\n",
        "import timeit\n",
        "# %timeit f()\n",
        "# %%time\n",
    ):
        (tmp_path / "one.py").write_text(text)
        assert clocks_in(tmp_path / "one.py"), text
    (tmp_path / "one.py").write_text(
        "# %% [markdown]\n# It takes time.\nfrom course_lib.device import Stopwatch\n"
    )
    assert clocks_in(tmp_path / "one.py") == []


@pytest.mark.parametrize("path", TIMED, ids=lambda path: str(path.relative_to(ROOT)))
def test_lessons_and_benchmarks_time_with_the_stopwatch(path):
    assert clocks_in(path) == [], "time it with course_lib.device.Stopwatch, which waits for an accelerator"
