"""The process in which a program runs. It is a script: `python -I -S inmate.py`, with one line of JSON on its input.

It runs the program, evaluates the questions one after the other, and writes what each gave into a file, a line of JSON
each. What it should give it does not know: that is compared outside.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

LONGEST = 20_000  # characters of one value


def _isolation() -> ModuleType:
    """The file next to this one, without the rest of the library, which would load PyTorch."""
    spec = importlib.util.spec_from_file_location("isolation", Path(__file__).with_name("isolation.py"))
    module = sys.modules["isolation"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _words(error: BaseException) -> dict:
    """An error as text, with the line of the program that it came from."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<program>":
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == "<program>":
        line = error.lineno
    text = str(error.msg if isinstance(error, SyntaxError) else error)[:500]
    return {"kind": type(error).__name__[:80], "text": text, "line": line}


def main() -> None:
    request = json.loads(sys.stdin.readline())
    # Opened before the walls are up: from then on nothing can be opened for writing.
    answers = os.open(request["answers"], os.O_WRONLY | os.O_APPEND)

    def tell(**what) -> None:
        os.write(answers, json.dumps(what).encode() + b"\n")

    isolation = _isolation()
    readable = tuple(map(Path, request["readable"]))
    limits = isolation.Limits(**request["limits"])
    isolation.shut_in(isolation.Cage(readable, Path(request["folder"]), limits, may_write=False))
    names: dict = {"__name__": "__main__"}
    try:
        exec(compile(request["program"], "<program>", "exec"), names)
        tell(step="program")
    except BaseException as error:
        tell(step="program", error=_words(error))
        return
    for number, question in enumerate(request["questions"]):
        try:
            tell(step=number, value=repr(eval(question, names))[:LONGEST])
        except BaseException as error:
            tell(step=number, error=_words(error))


if __name__ == "__main__":
    main()
