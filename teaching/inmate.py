"""The process in which a submission's cells run. It is forked, shut in, and talks to the grader over one wire.

Nothing it says is trusted: it sends data (`crossing`), and the grader judges.
"""

import inspect
import linecache
import os
import pickle
import sys
import types
from typing import Any

import torch

import course_lib.practice
from course_lib.practice import faults
from course_lib.practice.sandbox import call_limited, steady_state
from course_lib.sandbox.isolation import Cage, shut_in
from teaching.crossing import describe_error, pack
from teaching.state import state_of, tensors_asking
from teaching.wire import Closed, Wire

HIDDEN = "course_lib.practice.lessons"  # the references: not to be had in here
MAX_PARAMETERS = 30
FOREVER = 1e6  # seconds: the grader stops what takes too long


class Inmate:
    """Runs what the grader asks for, one request at a time, in the submission's namespace."""

    def __init__(self, wire: Wire):
        self._wire = wire
        self._passed: dict[str, Any] = {}
        self._lent: dict[str, Any] = {}
        self._namespace = self._new_namespace()
        self._answer: Any = None
        self._results: list[
            tuple[Any, list[torch.Tensor]]
        ] = []  # of each call: its value, what asks for gradients

    def serve(self) -> None:
        while True:
            request, *rest = pickle.loads(self._wire.receive())
            reply = getattr(self, f"_{request}")(*rest)
            try:
                message = pack(reply)
            except Exception as error:  # too large, or an object that plays tricks
                message = pack({"error": self._error(error, None)})
            self._wire.send(message)

    def _new_namespace(self) -> dict:
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        practice = course_lib.practice
        practice.check = practice.hint = lambda *arguments: None
        practice.yours = self._yours
        return vars(main)

    def _yours(self, exercise_id: str) -> Any:
        if exercise_id in self._passed:
            return self._passed[exercise_id]
        if exercise_id in self._lent:
            return self._lent[exercise_id]
        raise LookupError(f"yours({exercise_id!r}) can be used in the cells after this exercise's check only")

    # --- requests

    def _run(self, source: str, name: str) -> dict | None:
        """Runs a cell; what it raised."""
        try:
            code = compile(source, f"<{name}>", "exec")
            linecache.cache[f"<{name}>"] = (len(source), None, source.splitlines(True), f"<{name}>")
            exec(code, self._namespace)
        except BaseException as error:
            return self._error(error, None)
        return None

    def _take(self, expression: str) -> dict:
        """What the check would have been given: a value as data, or a function's signature."""
        self._results.clear()
        try:
            self._answer = eval(expression, self._namespace)
        except BaseException as error:
            return {"error": self._error(error, None)}
        if not callable(self._answer):
            return {"value": self._answer}
        return {"parameters": _parameters(self._answer)}

    def _call(self, arguments: bytes) -> dict:
        """Calls the answer as the checker would: with seeded generators, in the same state of torch."""
        own = pickle.loads(arguments)
        asking = tensors_asking(own)  # before the call, as the grader counts them
        with steady_state():
            ending = call_limited(self._answer, own, FOREVER)
        self._results.append((ending.value, asking))
        after = state_of(own)
        if ending.error is not None:
            return {"error": self._error(ending.error, self._answer), "after": after}
        return {"value": ending.value, "after": after}

    def _backward(self, number: int, which: int, gradient: bytes) -> dict:
        """The gradients of one tensor of a result at everything that asked for one."""
        value, asking = self._results[number]
        result = tensors_asking((value,), leaves=False)[which]
        try:
            found = torch.autograd.grad(
                result, asking, pickle.loads(gradient), retain_graph=True, allow_unused=True
            )
        except BaseException as error:
            return {"error": self._error(error, None)}
        return {"gradients": list(found)}

    def _passes(self, exercise_id: str, expression: str) -> None:
        """The exercise is judged right: later cells may use it as theirs."""
        self._passed[exercise_id] = eval(expression, self._namespace)

    def _lend(self, exercise_id: str, function: bytes) -> None:
        """The exercise is judged wrong: later cells get the library's, as in the lesson."""
        self._lent[exercise_id] = pickle.loads(function)

    def _error(self, error: BaseException, answer: Any) -> dict:
        try:
            return describe_error(error, faults.learners_line(error, answer))
        except BaseException:  # an error that can not even be shown
            return {"type": type(error).__name__[:40], "arguments": (), "text": "", "line": ""}


def _parameters(function: Any) -> list | None:
    """[(name, kind, whether it has a default), …]; None where the function does not tell."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [(p.name, p.kind.name, p.default is not p.empty) for p in list(found)[:MAX_PARAMETERS]]


class _NoReferences:
    """An import hook that finds nothing below `HIDDEN`."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == HIDDEN or name.startswith(HIDDEN + "."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def begin(wire: Wire, cage: Cage) -> None:
    """Shuts this process in and serves until the grader hangs up. It never returns."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        sys.meta_path.insert(0, _NoReferences())
        torch.set_num_threads(1)
        shut_in(cage)
        sys.path.insert(0, str(cage.own))
        Inmate(wire).serve()
    except Closed:
        pass
    except (
        BaseException
    ):  # a forged message of ours is impossible; whatever else, the grader sees the wire end
        pass
    finally:
        os._exit(0)
