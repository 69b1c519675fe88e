"""When training stops before its last step: no better validation loss any more, or the stop button."""

import math
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class EarlyStopping:
    """Keeps the weights of the lowest validation loss, and counts the looks since.

    Attributes:
        patience: so many looks without a lower loss are one too many; None: nothing is kept, nothing stops.
        best: the lowest loss, in nats; an equal one is not lower.
        looks: looks since then.
        weights: the state dict that had it.

    Source: Goodfellow, Bengio & Courville 2016, "Deep Learning", algorithm 7.1.
    """

    patience: int | None = None
    best: float = math.inf
    looks: int = 0
    weights: dict[str, Tensor] | None = None

    def look(self, loss: float, model: nn.Module) -> None:
        """Take note of a validation loss of `model`."""
        if self.patience is None:
            return
        self.looks += 1
        if loss < self.best:
            self.best, self.looks = loss, 0
            self.weights = copy_of_weights(model)

    @property
    def is_due(self) -> bool:
        """No lower loss for `patience` looks."""
        return self.patience is not None and self.looks >= self.patience


def copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    """The model's state dict, which later steps do not change."""
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


@contextmanager
def interrupt_between_steps():
    """Hold the first interrupt back until the step at hand is whole; gives a function that tells of it.

    Half a step would leave some weights moved and others not. Signals reach the main thread only; in any other
    thread nothing is changed.
    """
    asked = False

    def hold(signum, frame):
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, hold)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
