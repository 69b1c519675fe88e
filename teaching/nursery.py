"""The process that all submissions' processes are forked from: torch and the library are loaded once.

It is started anew (`python -m teaching.nursery`), not forked from the grader, so that no reference, hidden case or mark
is in the memory that a submission inherits. One line of JSON a request over a socket, file handles beside it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from course_lib.sandbox.isolation import Cage, Limits

ROOT = Path(__file__).resolve().parent.parent
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "COURSE_DATA", "COURSE_CACHE")


class Nursery:
    """The grader's side. `with Nursery(modules) as nursery: pid = nursery.fork(...)`.

    modules: what to import before the first fork, such as what a lesson's set-up cell imports.
    """

    def __init__(self, modules: list[str]):
        self._modules = modules

    def __enter__(self) -> "Nursery":
        self._socket, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                # -P: the folder in which the grader was called, with everybody's marks, is not to be read
                [sys.executable, "-P", "-m", "teaching.nursery", str(other.fileno()), *self._modules],
                pass_fds=[other.fileno()],
                env=_environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
            )
        if self._reply() is None:
            raise RuntimeError("the process for submissions did not start")
        return self

    def __exit__(self, *about: object) -> None:
        self._socket.close()
        self._process.wait()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def fork(self, handles: tuple[int, int], cage: Cage) -> int:
        """A new process that serves on the two handles (reading, writing) inside the cage; its number."""
        request = {
            "readable": [str(path) for path in cage.readable],
            "own": str(cage.own),
            "limits": vars(cage.limits),
        }
        socket.send_fds(self._socket, [json.dumps(request).encode() + b"\n"], list(handles))
        return self._reply()["pid"]

    def end(self, pid: int) -> None:
        """Ends a process for good and waits until it is gone."""
        self._socket.sendall(json.dumps({"end": pid}).encode() + b"\n")
        self._reply()

    def _reply(self) -> dict | None:
        line = b""
        while not line.endswith(b"\n"):
            part = self._socket.recv(4096)
            if not part:
                return None
            line += part
        return json.loads(line)


def _environment() -> dict[str, str]:
    """Variables that Python and the library need; none of the teacher's own, which may be secrets."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)}


def _readable_libraries() -> list[str]:
    """Where Python, torch and the course's library lie; not where the references do."""
    import course_lib

    library = Path(course_lib.__file__).parent
    practice = library / "practice"
    parts = [path for path in library.iterdir() if path != practice]
    parts += [path for path in practice.iterdir() if path.name != "lessons"]
    system = [
        "/usr/lib",
        "/usr/lib64",
        "/lib",
        "/lib64",
        "/usr/local/lib",
        "/usr/share/fonts",
        "/usr/share/zoneinfo",
    ]
    own = [path for path in sys.path if path and Path(path).resolve() != ROOT]
    return [*own, sys.prefix, sys.base_prefix, *system, *map(str, parts)]


def _first_products() -> None:
    """The first products of this process, forward and backward, at several sizes.

    PyTorch's libraries ask the machine for its processor then. A process that is shut in already gets no answer: it
    adds in another order, and a training ends elsewhere than in the learner's own notebook.
    """
    import torch

    for n in (3, 40, 300):
        layer = torch.nn.Linear(n, n)
        (layer(torch.ones(n, n)) @ torch.ones(n, n)).tanh().sum().backward()


def _serve(handle: int) -> None:
    """The nursery's own loop: forks, ends, and says which process it was."""
    import torch
    import torch._dynamo  # the first optimiser of a process imports it, which takes a second

    from teaching.inmate import begin
    from teaching.wire import Wire

    torch.set_num_threads(1)
    _first_products()
    readable = tuple(map(Path, _readable_libraries()))
    control = socket.socket(fileno=handle)
    control.sendall(b"{}\n")
    while True:
        message, handles, _, _ = socket.recv_fds(control, 65536, 2)
        if not message:
            return
        request = json.loads(message)
        if "end" in request:
            os.kill(request["end"], signal.SIGKILL)
            os.waitpid(request["end"], 0)
            control.sendall(b"{}\n")
            continue
        pid = os.fork()
        if pid == 0:
            control.close()
            more = tuple(map(Path, request["readable"]))
            begin(Wire(*handles), Cage(readable + more, Path(request["own"]), Limits(**request["limits"])))
        for other in handles:
            os.close(other)
        control.sendall(json.dumps({"pid": pid}).encode() + b"\n")


if __name__ == "__main__":
    import importlib

    for name in sys.argv[2:]:
        importlib.import_module(name)
    _serve(int(sys.argv[1]))
