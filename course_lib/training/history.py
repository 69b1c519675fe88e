"""History: what happened during training, step by step."""

import math
import time
from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class History:
    """What happened during training; also after an interrupt or an error (the error's `.history`).

    Attributes:
        losses: training loss of every step, in nats (mean over the batch).
        gradient_norms: 2-norm of the whole gradient of every step, before clipping.
        validation: (steps done, validation loss in nats), in order.
        seconds: wall-clock time spent in the loop.
        stopped: "finished", "paused" (at `stop_after`), "interrupted", "early" (no lower validation loss for
            `patience` looks) or "failed" (an error).
    """

    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str = "finished"

    @property
    def steps(self) -> int:
        """Optimiser steps done."""
        return len(self.losses)

    @property
    def best_validation(self) -> float:
        """The lowest validation loss seen, in nats; infinity before the first look."""
        return min((loss for _, loss in self.validation), default=math.inf)

    def summary(self) -> str:
        """One line without timings, the same again on a re-run."""
        if not self.losses:
            return f"0 steps ({self.stopped})"
        recent = self.losses[-min(50, len(self.losses)) :]
        words = [f"{self.steps:,} steps ({self.stopped})", f"training loss {sum(recent) / len(recent):.3f}"]
        if self.validation:
            words.append(f"validation loss {self.validation[-1][1]:.3f}")
        return " · ".join(words)


class Recorder:
    """Writes losses and gradient norms into a history, several at a time: reading one makes a GPU wait."""

    def __init__(self, history: History):
        self.history = history
        self._pending: list[tuple[Tensor, Tensor]] = []
        self._start, self._before = time.perf_counter(), history.seconds

    def add(self, loss: Tensor, gradient_norm: Tensor) -> None:
        """Remember a step's loss and gradient norm, both scalar tensors; `read` brings them into the history."""
        self._pending.append((loss.detach(), gradient_norm))

    def read(self) -> None:
        """Bring the history up to date."""
        for loss, norm in self._pending:
            self.history.losses.append(float(loss))
            self.history.gradient_norms.append(float(norm))
        self._pending.clear()
        self.history.seconds = self._before + time.perf_counter() - self._start

    @property
    def is_finite(self) -> bool:
        """None of the last ten losses that were read is NaN or infinite."""
        return all(math.isfinite(value) for value in self.history.losses[-10:])

    def check(self) -> None:
        """Bring the history up to date; raise FloatingPointError where a recent loss is NaN or infinite."""
        self.read()
        if self.is_finite:
            return
        first = max(0, self.history.steps - 10)
        step, value = next(
            (step, value)
            for step, value in enumerate(self.history.losses[first:], start=first)
            if not math.isfinite(value)
        )
        raise FloatingPointError(
            f"The loss is {value} at step {step}: the weights have blown up. "
            "Lower lr, set clip_norm, or start with smaller weights."
        )
