"""Submissions that try to get points, or out: each gets a mark, and nothing outside its folder changes."""

import re
import textwrap
from pathlib import Path

import nbformat
import pytest
import torch

from course_lib.sandbox.isolation import Limits, missing
from teaching import marking
from teaching.grade import mark_one
from teaching.marking import Marker
from teaching.remote import Remote, by_value
from teaching.submission import lesson
from tools.lesson_source import built_path, sources

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"this machine can not shut a process in: {missing()}"
)

TARGET = "rnn_step"
RIGHT = "def rnn_step(x, h, W_ih, W_hh, b):\n    return torch.tanh(x @ W_ih.T + h @ W_hh.T + b)"

# Each runs as the cell of 01.rnn_step. SENTINEL is a file outside, PORT one that a server listens on.
CHEATS = {
    "a checker of its own": "check = lambda *a: print('✓')\ndef rnn_step(*a):\n    return None",
    "the grader's flag removed": "import os\nos.environ.pop('NBGRADER_EXECUTION', None)\nrnn_step = None",
    "the registry's reference": """
        from course_lib.practice import registry
        rnn_step = registry.get('01.rnn_step').reference""",
    "the reference's module": "from course_lib.practice.lessons import lesson01_recurrence as m\nrnn_step = m._step",
    "the reference's file": """
        import course_lib.practice, pathlib
        text = (pathlib.Path(course_lib.practice.__file__).parent / 'lessons/lesson01_recurrence.py').read_text()
        rnn_step = eval(text)""",
    "the solution in the notebook's source": """
        text = open(f"{ROOT}/notebooks/source/01_rnn.py").read()
        rnn_step = eval(text)""",
    "yours": "from course_lib.practice import yours\nrnn_step = yours('01.rnn_step')",
    "evaluate patched": """
        from course_lib.practice import verdict
        verdict.evaluate = lambda *a, **k: verdict.Verdict('passed', 'all')
        rnn_step = lambda *a: None""",
    "an exercise found by gc": """
        import gc
        found = [o for o in gc.get_objects() if type(o).__name__ == 'Exercise' and o.id == '01.rnn_step']
        rnn_step = found[0].reference""",
    "an exercise found in frames": """
        import sys
        frame = sys._getframe()
        while frame and 'exercise' not in frame.f_locals:
            frame = frame.f_back
        rnn_step = frame.f_locals['exercise'].reference""",
    "subclasses": """
        found = [c for c in object.__subclasses__() if c.__name__ == 'Exercise'][0]
        rnn_step = found.reference""",
    "an equal to everything": """
        class Yes:
            def __eq__(self, other): return True
            def __array__(self, *a): raise SystemExit
        rnn_step = lambda *a: Yes()""",
    "a tensor that lies": """
        class Sly(torch.Tensor):
            @classmethod
            def __torch_function__(cls, f, types, args=(), kwargs=None): return True
        rnn_step = lambda x, h, *rest: h.as_subclass(Sly)""",
    "a forged reply on the wire": """
        import gc, os
        for end in [o for o in gc.get_objects() if type(o).__name__ == 'Wire']:
            end.send(b'\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00{}')
        rnn_step = lambda *a: None""",
    "a pickle as a reply": """
        import gc, pickle
        class Bomb:
            def __reduce__(self): return (open, (SENTINEL, 'w'))
        for end in [o for o in gc.get_objects() if type(o).__name__ == 'Wire']:
            end.send(pickle.dumps(Bomb()))
        rnn_step = lambda *a: None""",
    "a forged verdict file": """
        import json
        for name in ('verdict.json', '../results/x.json', 'marks.csv'):
            try: open(name, 'w').write(json.dumps({'points': 100}))
            except OSError: pass
        rnn_step = lambda *a: None""",
    "writes outside": "open(SENTINEL, 'w').write('changed')\nrnn_step = lambda *a: None",
    "removes outside": "import os\nos.remove(SENTINEL)\nrnn_step = lambda *a: None",
    "a symbolic link": """
        import os
        os.symlink(SENTINEL, 'link')
        open('link', 'w').write('changed')
        rnn_step = lambda *a: None""",
    "reads outside": "text = open(SENTINEL).read()\nrnn_step = eval(text)",
    "reads /proc": "text = open(f'/proc/{__import__(\"os\").getppid()}/environ').read()\nrnn_step = eval(text)",
    "reads a home": "text = open(__import__('os').path.expanduser('~/.bashrc')).read()\nrnn_step = eval(text)",
    "an environment": "import os\nraise ValueError(os.environ.get('TOKEN'))",
    "the folder of the marks": "raise ValueError(open(f'{MARKS}/marks.csv').read())",
    "a look around": """
        import os
        raise ValueError(' '.join(os.listdir(MARKS) + os.listdir(ROOT) + os.listdir('/')))""",
    "a socket": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 2)\n" + RIGHT,
    "a local socket": "import socket\nsocket.socketpair()\n" + RIGHT,
    "a name server": "import socket\nsocket.getaddrinfo('example.org', 80)\n" + RIGHT,
    "a fork": "import os\nos.fork()\n" + RIGHT,
    "a program": "import subprocess\nsubprocess.run(['/bin/sh', '-c', f'echo changed > {SENTINEL}'])\n" + RIGHT,
    "a shell": "import os\nos.execv('/bin/sh', ['sh', '-c', f'echo changed > {SENTINEL}'])",
    "processes": "import multiprocessing\nmultiprocessing.Process(target=print).start()\n" + RIGHT,
    "a signal to the grader": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n" + RIGHT,
    "a signal to all": "import os, signal\nos.kill(-1, signal.SIGKILL)\n" + RIGHT,
    "os._exit": "import os\nos._exit(0)",
    "sys.exit": "import sys\nsys.exit()",
    "a segmentation fault": "import ctypes\nctypes.string_at(0)",
    "an abort": "import os\nos.abort()",
    "no end in the cell": "while True:\n    pass",
    "no end in the function": "def rnn_step(*a):\n    while True:\n        pass",
    "no end that swallows": """
        def rnn_step(*a):
            while True:
                try:
                    while True: pass
                except BaseException: pass""",
    "no end in C": "def rnn_step(*a):\n    return sum(iter(int, 1))",
    "recursion": "def rnn_step(*a):\n    return rnn_step(*a)",
    "a hundred megabytes of output": "print('x' * 10**8)\nrnn_step = lambda *a: print('y' * 10**8)",
    "a hundred megabytes of file": "open('large', 'wb').write(b'x' * 10**8)\nrnn_step = lambda *a: None",
    "many small files": "for n in range(3000):\n    open(f'file{n}', 'wb').write(b'x' * 1000)\n" + RIGHT,
    "many small files, when it is called": """
        def rnn_step(x, h, W_ih, W_hh, b):
            import os
            for n in range(40): os.makedirs(f'{len(os.listdir())}/{n}')
            return torch.tanh(x @ W_ih.T + h @ W_hh.T + b)""",
    "a huge tensor": "rnn_step = lambda *a: torch.ones(10**11)",
    "a huge result": "rnn_step = lambda *a: torch.ones(10**9, dtype=torch.uint8)",
    "a huge view": "rnn_step = lambda *a: torch.ones(1).expand(10**11)",
    "a deep result": """
        deep = []
        for _ in range(10**5): deep = [deep]
        rnn_step = lambda *a: deep""",
    "a circular result": "ring = []\nring.append(ring)\nrnn_step = lambda *a: ring",
    "a result with markup": "class x: pass\nx.__name__ = '<script>alert(1)</script>'\nrnn_step = lambda *a: x()",
    "an error with markup": "def rnn_step(*a):\n    raise ValueError('<img src=x onerror=alert(1)>')",
    "an error that cannot be shown": """
        class Odd(Exception):
            def __str__(self): raise RuntimeError('no')
        def rnn_step(*a):
            raise Odd()""",
    "threads that go on": """
        import threading
        for _ in range(20): threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
        rnn_step = lambda *a: None""",
    "memory": "hoard = [bytearray(10**8) for _ in range(1000)]\n" + RIGHT,
    "a wire that hears nothing": """
        import threading
        from teaching import wire
        wire.Wire.receive = lambda *a: threading.Event().wait()
        rnn_step = lambda *a: None""",
    "torch spoilt": "torch.equal = torch.allclose = lambda *a, **k: True\nrnn_step = lambda *a: torch.zeros(1)",
    "io_uring and ptrace": """
        import ctypes
        libc = ctypes.CDLL(None)
        assert libc.syscall(425, 1, 0) == -1 and libc.ptrace(0, 0, 0, 0) == -1
        rnn_step = lambda *a: None""",
}  # fmt: skip


@pytest.fixture(scope="module")
def of():
    by_value()
    return lesson("01")


@pytest.fixture(scope="module")
def marker(of, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marking, "CELL_SECONDS", 3.0)
        patch.setattr(marking, "ANSWER_SECONDS", 1.0)
        patch.setattr(Remote.ask, "__kwdefaults__", {"seconds": 2.0})
        patch.setenv("TOKEN", "a secret of the teacher's")
        patch.chdir(tmp_path_factory.mktemp("marks"))  # where the teacher calls the grader
        Path("marks.csv").write_text("a secret: everybody's marks")
        marking.graded.cache_clear()
        with Marker(of, Limits(cpu_seconds=60)) as marker:
            yield marker
    marking.graded.cache_clear()


def submit(path: Path, cell: str) -> None:
    source = next(source for source in sources() if source.stem.startswith("01"))
    notebook = nbformat.read(built_path(source), as_version=4)
    for one in notebook.cells:
        one.pop("outputs", None) if one.cell_type != "code" else one.update(outputs=[])
        if one.metadata.get("nbgrader", {}).get("grade_id") == "01_rnn_step":
            one.source = cell
    nbformat.write(notebook, path)


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_gets_a_mark_and_no_more(name, marker, tmp_path):
    sentinel = tmp_path / "outside" / "sentinel"
    sentinel.parent.mkdir()
    sentinel.write_text("as it was")
    root = Path(__file__).parents[1]
    head = f"SENTINEL = {str(sentinel)!r}\nROOT = {str(root)!r}\nMARKS = {str(Path.cwd())!r}\nPORT = 9\n"
    submit(tmp_path / "one.ipynb", head + textwrap.dedent(CHEATS[name]).strip())
    before = children(marker)
    result = mark_one(marker, "one", tmp_path / "one.ipynb")
    assert [mark.exercise_id for mark in result.marks] == [task.exercise_id for task in marker.lesson.tasks]
    step = result.marks[1]
    assert step.points == 0.0, step
    assert step.sentence and not re.search("Traceback|secret", step.sentence), step
    assert sentinel.read_text() == "as it was"
    assert [path.name for path in sentinel.parent.iterdir()] == ["sentinel"]
    assert children(marker) == before, "a process was left"


def test_a_gradient_without_end_is_stopped(marker, tmp_path):
    cell = """
        class Slow(torch.autograd.Function):
            @staticmethod
            def forward(context, x): return x.clone()
            @staticmethod
            def backward(context, gradient):
                while True: pass
        def rnn_step(x, h, W_ih, W_hh, b):
            return Slow.apply(torch.tanh(x @ W_ih.T + h @ W_hh.T + b))"""
    remote = marker.start(tmp_path)
    assert remote.ask("run", "import torch\n" + textwrap.dedent(cell), "cell") is None
    rnn_step = remote.answer(remote.ask("take", "rnn_step"))
    sizes = [(1, 2), (1, 3), (3, 2), (3, 3), (3,)]
    state = rnn_step(*(torch.ones(size, requires_grad=True) for size in sizes))
    assert state.requires_grad
    with pytest.raises(TimeoutError):
        state.sum().backward()
    assert not remote.alive and children(marker) == []


@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_a_gradient_that_exits_does_not_end_the_grader(error, marker, tmp_path):
    cell = f"""
        import torch
        class Leaves(torch.autograd.Function):
            @staticmethod
            def forward(context, x): return x.clone()
            @staticmethod
            def backward(context, gradient): raise {error}
        def rnn_step(x):
            return Leaves.apply(x)"""
    remote = marker.start(tmp_path)
    assert remote.ask("run", textwrap.dedent(cell), "cell") is None
    state = remote.answer(remote.ask("take", "rnn_step"))(torch.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match=error):
        state.sum().backward()
    remote.end()


def children(marker: Marker) -> list[str]:
    """The processes below the one from which submissions are forked."""
    pid = marker.nursery_pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_the_class_goes_on_after_every_cheat(marker, tmp_path):
    submit(tmp_path / "right.ipynb", RIGHT)
    assert mark_one(marker, "right", tmp_path / "right.ipynb").marks[1].points == 2.0
