"""A submission's answer as the grader holds it: a function that runs elsewhere and returns data."""

import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any

import cloudpickle
import torch

from course_lib.practice import registry
from course_lib.practice.sandbox import TimeUp
from teaching.crossing import StandIn, rebuild_error, unpack
from teaching.state import tensors_asking, write_back
from teaching.wire import Closed, Wire

PARAMETER_KINDS = {
    kind.name: kind
    for kind in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    )
}
SECONDS = 8.0  # for what should be done at once, and for a gradient
GONE = "the process that ran it ended: does it call exit(), or need too much memory?"


class Ended(RuntimeError):
    """The submission's process has ended, or said something that nobody says."""


class Remote:
    """What the grader can ask of a submission's process. After `Ended` or a time-out it is of no use any more.

    stop: ends the process at once, from any thread.
    """

    def __init__(self, wire: Wire, stop: Callable[[], None]):
        self._wire, self._stop = wire, stop
        self._busy = threading.Lock()
        self.alive = True

    def ask(self, *request: Any, seconds: float | None = SECONDS) -> Any:
        """The reply to a request. Raises Ended; TimeoutError after `seconds`. An interrupted wait ends the process.

        seconds: None only where another thread watches the time.
        """
        with self._busy:
            if not self.alive:
                raise Ended(GONE)
            try:
                self._wire.send(cloudpickle.dumps(request), seconds)
                reply = self._wire.receive(seconds)
                if reply is None:
                    raise TimeoutError
                return unpack(reply)
            except (TimeUp, TimeoutError, KeyboardInterrupt):
                self.end()
                raise
            except (Closed, ValueError) as error:
                self.end()
                raise Ended(GONE) from error

    def end(self) -> None:
        """Ends the process; further requests raise Ended."""
        if self.alive:
            self.alive = False
            self._stop()
            self._wire.close()

    def answer(self, found: dict) -> Any:
        """What `check` would have been given, from the reply to a "take": a value, or a function that calls there."""
        if "parameters" not in found:
            return found.get("value")
        return _function(self, found)


def _function(remote: Remote, found: dict) -> Callable:
    number = -1

    def answer(*arguments):
        nonlocal number
        number += 1
        asking = tensors_asking(arguments)
        reply = remote.ask("call", cloudpickle.dumps(arguments), seconds=None)
        if "after" in reply:
            for own, state in zip(arguments, reply["after"][1], strict=True):
                write_back(own, state)
        if "error" in reply:
            raise rebuild_error(reply["error"])
        return _joined(reply["value"], remote, number, asking)

    if found["parameters"] is not None:
        answer.__signature__ = _signature(found["parameters"])
    return answer


def _signature(parameters: list) -> inspect.Signature | None:
    """The signature that was told; (*arguments) where it is none."""
    try:
        return inspect.Signature(
            [
                inspect.Parameter(
                    name, PARAMETER_KINDS[kind], default=None if has_default else inspect.Parameter.empty
                )
                for name, kind, has_default in parameters
            ]
        )
    except (KeyError, ValueError, TypeError):
        return inspect.signature(lambda *arguments: None)


def _joined(value: Any, remote: Remote, number: int, asking: list[torch.Tensor]) -> Any:
    """The value with its tensors joined to the arguments: a gradient is asked for over there."""
    which = -1

    def walk(item: Any) -> Any:
        nonlocal which
        if isinstance(item, torch.Tensor) and item.requires_grad:
            which += 1
            return _Over.apply(remote, number, which, item.detach(), *asking) if asking else item
        if type(item) in (list, tuple):
            return type(item)(walk(one) for one in item)
        if type(item) is dict:
            return {key: walk(one) for key, one in item.items()}
        return item

    return value if isinstance(value, StandIn) else walk(value)


class _Over(torch.autograd.Function):
    """One tensor of a result. Its gradient is computed where its graph is."""

    @staticmethod
    def forward(context, remote, number, which, value, *asking):
        context.remote, context.number, context.which = remote, number, which
        return value.clone()

    @staticmethod
    def backward(context, gradient):
        reply = context.remote.ask("backward", context.number, context.which, cloudpickle.dumps(gradient))
        if "error" in reply:
            error = rebuild_error(reply["error"])
            # No thread of an answer's catches it here: an exit over there must not end the grader.
            raise error if isinstance(error, Exception) else RuntimeError(f"the gradient raises {type(error).__name__}")
        return None, None, None, None, *reply["gradients"]


def by_value() -> None:
    """From here on whatever the exercises' modules define is sent whole, as the other side does not have them."""
    registry.exercise_ids()
    for name, module in list(sys.modules.items()):
        if name.startswith(("course_lib.practice.lessons", registry.PRIVATE)):
            cloudpickle.register_pickle_by_value(module)
