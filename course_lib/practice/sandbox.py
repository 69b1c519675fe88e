"""Calls a learner's function so that nothing it does harms the notebook: it may hang, exit, print or reseed.

The call runs in a thread, because signals, which could cut it short, exist neither on Windows nor outside the
main thread. What can not be cut short: one single C call that runs for minutes without giving Python a turn.
"""

import contextlib
import ctypes
import io
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

MAX_LINES = 10
MAX_CHARACTERS = 2000

_POLL = 0.02  # seconds; a wait without a limit could not be interrupted on Windows
_GRACE = 1.0  # seconds in which a thread that was told to stop must have stopped


class TimeUp(BaseException):
    """Raised inside an answer whose time is over; a BaseException, since `except Exception` lets it pass."""


@dataclass
class Ending:
    """How a call ended. error: what it raised. timed_out: it took too long. running: it did not stop then."""

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    running: bool = False
    seconds: float = 0.0
    printed: str = ""


def call_limited(function: Callable, arguments: tuple, seconds: float) -> Ending:
    """Calls function(*arguments) in a thread, with seeded generators, and stops it after `seconds`.

    To be called inside `steady_state`.

    What it prints is caught, up to 10 lines. KeyboardInterrupt stops the function and is raised again.
    """
    worker = _Worker(function, arguments)
    prints = _FirstLines()
    _seed_all(0)
    start = time.monotonic()
    with (
        contextlib.redirect_stdout(prints),
        contextlib.redirect_stderr(prints),
        _exit_only_leaves_the_answer(),
    ):
        try:
            worker.start()
            timed_out = not worker.wait(seconds)
            running = timed_out and not worker.stop()
        except BaseException:  # the learner interrupts the cell
            worker.stop()
            raise
    torch.set_default_dtype(torch.float32)  # as steady_state has it; the answer may have changed it
    if timed_out:
        return Ending(timed_out=True, running=running, seconds=seconds, printed=prints.text())
    taken = time.monotonic() - start
    return Ending(worker.value, worker.error, seconds=taken, printed=prints.text())


class _Worker(threading.Thread):
    def __init__(self, function: Callable, arguments: tuple):
        super().__init__(daemon=True, name="exercise answer")
        self._function, self._arguments = function, arguments
        self._lock = threading.Lock()
        self._done = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self):
        try:
            try:
                self.value = self._function(*self._arguments)
            except BaseException as error:  # SystemExit too: an answer must not end the kernel
                self.error = error
            with self._lock:
                self._done.set()
        except TimeUp:  # arrived between the answer's last line and the lock
            self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether it ends within `seconds`."""
        deadline = time.monotonic() + seconds
        while not self._done.is_set() and (left := deadline - time.monotonic()) > 0:
            self._done.wait(min(left, _POLL))
        return self._done.is_set()

    def stop(self) -> bool:
        """Raises TimeUp inside the function until it ends or the grace is over; whether it ended."""
        if self.ident is None:
            return True
        deadline = time.monotonic() + _GRACE
        while not self._done.is_set() and time.monotonic() < deadline:
            with self._lock:  # never into a thread that has ended
                if not self._done.is_set():
                    identity = ctypes.c_ulong(self.ident)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(TimeUp))
            self._done.wait(_POLL * 5)
        return self._done.is_set()


class _FirstLines(io.TextIOBase):
    """Keeps the first lines that are written to it and forgets the rest."""

    def __init__(self):
        self._kept = ""
        self._more = False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = MAX_CHARACTERS - len(self._kept)
        if room > 0 and self._kept.count("\n") < MAX_LINES:
            lines = (self._kept + text[:room]).splitlines(keepends=True)
            self._kept = "".join(lines[:MAX_LINES])
            self._more = self._more or len(text) > room or len(lines) > MAX_LINES
        elif text:
            self._more = True
        return len(text)

    def text(self) -> str:
        ending = "" if not self._kept or self._kept.endswith("\n") else "\n"
        return self._kept + ending + ("… (what it printed after this is not shown)\n" if self._more else "")


@contextlib.contextmanager
def steady_state() -> Iterator[None]:
    """Keeps the global state from an answer: generators of random, NumPy and torch, default dtype and device,
    gradients. Inside, it is the same for every learner: float32, CPU, gradients on, no warnings."""
    python_state, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    gpu_states = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    mps_state = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with (
            torch.inference_mode(False),  # turns gradients on, too
            _on_cpu(),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # their text holds the number of the kernel's process
            yield
    finally:
        torch.set_default_dtype(dtype)
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.set_rng_state(torch_state)
        if gpu_states:
            torch.cuda.set_rng_state_all(gpu_states)
        if mps_state is not None:
            torch.mps.set_rng_state(mps_state)


def _on_cpu() -> contextlib.AbstractContextManager:
    """The CPU as default device; nothing where it is that already, since torch.device slows every call down."""
    return contextlib.nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")


def _seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed the GPU too


@contextlib.contextmanager
def _exit_only_leaves_the_answer() -> Iterator[None]:
    """Jupyter's exit() and quit() ask the kernel to end; inside an answer they raise SystemExit instead."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        yield
        return

    def leave():
        raise SystemExit

    shell.ask_exit = leave
    try:
        yield
    finally:
        del shell.ask_exit
