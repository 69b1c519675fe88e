"""The sandbox: right and wrong programs are told apart, hostile ones get nowhere, and what is not held back is said."""

import socket
import textwrap
import time
from pathlib import Path

import pytest

from course_lib import sandbox
from course_lib.sandbox import Limits, missing, python_in, run

shut = pytest.mark.skipif(bool(missing()), reason=f"this machine cannot shut a process in: {missing()}")
TESTS = [("double(4)", 8), ("double('ab')", "abab")]


def test_a_right_program_passes_and_its_output_is_kept():
    outcome = run("def double(x):\n    return 2 * x\nprint('hello ☃')", TESTS)
    assert outcome.passed and outcome.error is None and outcome.output == "hello ☃\n"
    assert str(outcome).startswith("✓ double(4) == 8\n✓ double('ab') == 'abab'")
    assert run("x = 1").passed and run("").passed


@pytest.mark.parametrize("value", [None, 1.5, -3, True, "a'b", [1, (2, "x")], {"a": {1, 2}}, b"x", ()])
def test_plain_values_come_back_as_they_are(value):
    assert run(f"value = {value!r}", [("value", value)]).passed


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("def double(x): return x", "✗ double(4): 4 instead of 8"),
        ("def double(x): return 8.0", "✗ double(4): 8.0 instead of 8"),  # equal, and another type
        ("def double(x): return object()", "which is no plain value"),
        ("def double(x): return y", "✗ double(4): NameError: name 'y' is not defined (line 1)"),
        ("\n\n1 / 0", "✗ ZeroDivisionError: division by zero (line 3)"),
        ("def double(x:", "✗ SyntaxError:"),
        ("import no_such_module", "No module named 'no_such_module' (line 1)"),
        ("import sys; sys.exit(0)", "✗ SystemExit: 0"),
        ("(" * 5000, "✗ "),
        ("def double(x): return double(x)", "RecursionError"),
    ],
)
def test_a_wrong_program_fails_with_the_reason(program, words):
    outcome = run(program, TESTS)
    assert not outcome.passed and words in str(outcome)


def test_what_was_answered_before_the_end_counts():
    outcome = run("def double(x):\n    while x != 4: pass\n    return 8", TESTS, Limits(seconds=1))
    assert [result.passed for result in outcome.results] == [True, False]
    assert outcome.error == "It was stopped after 1 seconds." and outcome.seconds < 3


# SENTINEL is a file outside, PORT one that a server listens on.
HOSTILE = {
    "no end": "while True: pass",
    "no end that swallows": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "one long step": "10 ** 10 ** 10",
    "memory": "x = []\nwhile True: x.append(bytearray(10**7))",
    "memory at once": "x = bytearray(10**11)",
    "output": "while True: print('x' * 10**6)",
    "a file": "open('own.txt', 'w').write('x')",
    "many files": "for n in range(10**6): open(f'{n}', 'w').write('x' * 10**5)",
    "a folder": "import os\nos.mkdir('more')",
    "writes outside": "open(SENTINEL, 'w').write('changed')",
    "removes outside": "import os\nos.remove(SENTINEL)",
    "renames outside": "import os\nos.rename(SENTINEL, SENTINEL + '2')",
    "reads outside": "print(open(SENTINEL).read())\nraise SystemExit(open(SENTINEL).read())",
    "lists folders": "import os\nraise SystemExit(' '.join(os.listdir(os.path.dirname(SENTINEL))))",
    "a link": "import os\nos.symlink(SENTINEL, 'link')\nopen('link', 'w').write('changed')",
    "its answers": "import glob, os\nopen(glob.glob(os.path.dirname(os.getcwd()) + '/ans*')[0], 'w').write('x')",
    "reads /proc": "import os\nprint(open(f'/proc/{os.getppid()}/environ').read())\nraise SystemExit",
    "a socket": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 2)\nprint('connected')",
    "a name": "import socket\nsocket.getaddrinfo('example.org', 80)\nprint('connected')",
    "a fork": "import os\nwhile True: os.fork()",
    "a program": "import subprocess\nsubprocess.run(['/bin/sh', '-c', f'echo changed > {SENTINEL}'])",
    "a shell": "import os\nos.system(f'echo changed > {SENTINEL}')\nos.execv('/bin/sh', ['sh'])",
    "a process": "import multiprocessing\nmultiprocessing.Process(target=print).start()",
    "threads": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
    "a signal to its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "a signal to all": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "no more limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nx = bytearray(10**10)",
    "its end": "import os\nos._exit(0)",
    "a crash": "import ctypes\nctypes.string_at(0)",
    "forged answers": "import os\nfor n in range(3, 64):\n    try: os.write(n, b'{\"step\": 0, \"value\": \"9\"}\\n')\n"
    "    except OSError: pass\nos._exit(0)",
    "answers that are no answers": "import os\nfor n in range(3, 64):\n    try: os.write(n, b'[[{' * 10**5 + b'\\n')\n"
    "    except OSError: pass\nos._exit(0)",
    "a value that is huge": "class double:\n    def __init__(s, x): pass\n    def __repr__(s): return '[' * 10**7",
    "a value equal to all": "class double(int):\n    __repr__ = lambda s: 'Yes()'\n    __eq__ = lambda *a: True",
    "a value that runs": "class double(int):\n    __repr__ = lambda s: '__import__(\"os\").getpid()'",
}


@shut
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_gets_nowhere(name, tmp_path):
    sentinel = tmp_path / "sentinel"
    sentinel.write_text("secret of the owner")
    with socket.create_server(("127.0.0.1", 0)) as server:
        head = f"SENTINEL, PORT = {str(sentinel)!r}, {server.getsockname()[1]}\n"
        start = time.monotonic()
        outcome = run(head + textwrap.dedent(HOSTILE[name]), TESTS, Limits(seconds=2, memory=128))
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not outcome.passed and not any(result.passed for result in outcome.results)
    assert "secret" not in str(outcome) + outcome.output and "connected" not in outcome.output
    assert sentinel.read_text() == "secret of the owner" and [p.name for p in tmp_path.iterdir()] == ["sentinel"]
    assert len(outcome.output) <= 2000 and len(str(outcome)) < 6000
    assert time.monotonic() - start < 30  # stopped in time, also on a busy machine


@shut
def test_the_environment_is_not_handed_on(monkeypatch):
    monkeypatch.setenv("TOKEN_OF_THE_OWNER", "secret")
    outcome = run("import os", [("os.environ.get('TOKEN_OF_THE_OWNER')", None), ("'HOME' in os.environ", False)])
    assert outcome.passed, str(outcome)


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run("open('a', 'w').write('x')\nwhile True: pass", TESTS, Limits(seconds=0.5))
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_held_back_is_said(monkeypatch):
    monkeypatch.setattr("course_lib.sandbox.programs.missing", lambda: ["Files: this system has no Landlock."])
    outcome = run("x = 1", [("x", 1)])
    assert outcome.not_held_back == ("Files: this system has no Landlock.",)
    assert str(outcome) == "✓ x == 1\nNot held back here. Files: this system has no Landlock."


def test_the_code_in_an_answer():
    assert python_in("Sure!\n```python\ndef f():\n    pass\n```\nIt does nothing.") == "def f():\n    pass"
    assert python_in("```\nx = 1\n```\nand\n```py\ny = 2\n```") == "x = 1\n\ny = 2"
    assert python_in("```python\nx = 1") == "x = 1"  # cut short
    assert python_in("x = 1") == "x = 1"


@pytest.mark.parametrize(("program", "tests"), [(b"x", []), ("x", ["x"]), ("x", [("x", 1, 2)]), ("x", [(1, 1)])])
def test_what_is_no_program_or_test_is_refused(program, tests):
    with pytest.raises(TypeError, match="expected a str|pairs, such as"):
        run(program, tests)


def test_the_process_loads_nothing_of_the_library():
    """So that it starts in a moment: what it imports is next to it."""
    text = (Path(sandbox.__file__).parent / "inmate.py").read_text(encoding="utf-8")
    assert "import course_lib" not in text and "from course_lib" not in text
