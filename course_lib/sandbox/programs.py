"""Runs a program that nobody has read, asks it questions, and compares its answers with the expected ones outside.

    run("def double(x): return 2 * x", [("double(4)", 8)])

The program gets a process of its own with limits of time, memory and output, and Python's standard library. It has no
network, starts no other process, and writes no file; see `isolation`. The expected answers never enter that process: it
cannot just say that it passes.
"""

import ast
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_lib.sandbox.isolation import MEGABYTE, missing

_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")  # libraries that Python's modules load
_SHOWN = 2000  # characters of output that are kept
_CODE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Limits:
    """seconds: on the clock, for the program and all questions. memory: MB beyond Python's own. output: MB."""

    seconds: float = 5.0
    memory: int = 256
    output: float = 0.5


@dataclass(frozen=True)
class Result:
    """What one question gave: `value` as Python writes it, or what went wrong."""

    question: str
    expected: Any
    value: str | None = None
    error: str | None = None
    passed: bool = False

    def __str__(self) -> str:
        if self.passed:
            return f"✓ {self.question} == {self.value}"
        return f"✗ {self.question}: {self.error or f'{self.value} instead of {self.expected!r}'}"


@dataclass(frozen=True)
class Outcome:
    """How a program fared.

    error: why it ended before all questions were answered, in a sentence. output: what it printed.
    not_held_back: what this machine cannot keep a program from, one sentence each.
    """

    results: tuple[Result, ...]
    error: str | None
    output: str
    seconds: float
    not_held_back: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Every question was answered as expected."""
        return self.error is None and all(result.passed for result in self.results)

    def __str__(self) -> str:
        lines = [str(result) for result in self.results]
        if self.error:
            lines.append(f"✗ {self.error}")
        return "\n".join([*lines, *(f"Not held back here. {sentence}" for sentence in self.not_held_back)])


def run(program: str, tests: Sequence[tuple[str, Any]] = (), limits: Limits | None = None) -> Outcome:
    """Run a program and ask it questions.

    Args:
        program: Python source, of which nothing is trusted.
        tests: (question, expected): an expression in the program's names, such as "double(4)", and what it must give: a
            number, a text, None, or lists, tuples, sets and dictionaries of those.
        limits: of time, memory and output; None takes the defaults.

    Raises:
        TypeError: program or tests of another form.
    """
    if not isinstance(program, str):
        raise TypeError(f"program is a {type(program).__name__}; expected a str of Python source.")
    tests = list(tests)
    if not all(isinstance(test, tuple) and len(test) == 2 and isinstance(test[0], str) for test in tests):
        raise TypeError('tests must be (question, expected) pairs, such as ("double(4)", 8).')
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as outer:
        folder = Path(outer) / "own"
        folder.mkdir()
        answers, output = Path(outer) / "answers", Path(outer) / "output"
        answers.touch()
        request = {
            "program": program,
            "questions": [question for question, _ in tests],
            "answers": str(answers),
            "folder": str(folder),
            "readable": [sysconfig.get_path("stdlib"), str(Path(sys.base_prefix) / "lib"), *_SYSTEM],
            "limits": {
                "memory": limits.memory * MEGABYTE,
                "cpu_seconds": max(1, round(limits.seconds + 0.5)),
                "file_bytes": round(limits.output * MEGABYTE),
            },
        }
        start = time.monotonic()
        code = _run_process(json.dumps(request), folder, output, limits.seconds)
        seconds = time.monotonic() - start
        said = _said(answers)
        printed = _beginning(output, 4 * _SHOWN).decode("utf-8", errors="replace")[:_SHOWN]
    error = said["program"][1] if "program" in said else None
    if error is None and len(said) <= len(tests):
        error = _ending(code, limits)
    results = tuple(_judged(question, expected, said.get(n)) for n, (question, expected) in enumerate(tests))
    return Outcome(results, error, printed, seconds, tuple(missing()))


def python_in(text: str) -> str:
    """The Python code in a model's answer: what stands between ``` and ```, or, without them, the whole text."""
    return "\n\n".join(part.strip("\n") for part in _CODE.findall(text)) or text


def _run_process(request: str, folder: Path, output: Path, seconds: float) -> int | None:
    """Its exit status; None where it took too long and was ended."""
    own_group = {} if os.name == "nt" else {"start_new_session": True}
    with output.open("wb") as file:
        process = subprocess.Popen(
            # -I -S: nothing of the folder, the environment or installed packages
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("inmate.py"))],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", **_needed_by_windows()},
            **own_group,
        )
        try:
            process.communicate(request.encode() + b"\n", timeout=seconds)
            return process.returncode
        except subprocess.TimeoutExpired:
            return None
        finally:  # children that it may have left, too
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL) if own_group else process.kill()
            process.wait()


def _needed_by_windows() -> dict[str, str]:
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


def _beginning(path: Path, n: int) -> bytes:
    """The first bytes of a file that the process may have written; of an ordinary file only."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(n)
    except OSError:
        return b""


def _said(path: Path) -> dict[Any, tuple[str | None, str | None]]:
    """What the process wrote down: step → (value, error). Lines that are not of this form do not count."""
    said: dict = {}
    for line in _beginning(path, 2 * MEGABYTE).splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
            content = json.loads(line)
            value, error = content.get("value"), content.get("error")
            if error is not None:
                where = f" (line {int(error['line'])})" if error.get("line") else ""
                error = f"{str(error['kind'])[:80]}: {str(error['text'])[:500]}{where}"
            said.setdefault(content["step"], (value if isinstance(value, str) else None, error))
    return said


def _judged(question: str, expected: Any, said: tuple[str | None, str | None] | None) -> Result:
    value, error = said or (None, "no answer")
    passed = False
    if value is not None:
        try:
            given = ast.literal_eval(value)
            passed = type(given) is type(expected) and given == expected
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            error = f"it gives {value[:80]}, which is no plain value"
    return Result(question, expected, None if value is None else value[:_SHOWN], error, passed)


def _ending(code: int | None, limits: Limits) -> str:
    """Why a process has not answered all questions."""
    if code is None or code in (-getattr(signal, "SIGXCPU", 24), -getattr(signal, "SIGKILL", 9)):
        return f"It was stopped after {limits.seconds:g} seconds."
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"Its process was ended by {name}."
    return f"It ended its own process (exit status {code}) before all questions were answered."
