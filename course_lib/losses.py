"""The loss of a language model: over training windows with a carried state, and over a whole text."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.modes import evaluating
from course_lib.text.batching import Window, evaluation_streams


def next_symbol_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy in nats: −(1/n) Σ ln P(target).

    Shapes: logits (batch, time, vocab_size), targets (batch, time) → scalar.
    """
    return F.cross_entropy(
        logits.flatten(0, 1), targets.flatten()
    )  # (batch * time, vocab_size), (batch * time,)


class CarriedLoss:
    """Loss for `fit` over consecutive windows: values flow from window to window, gradients do not.

    Use it with `course_lib.text.batching.stream_windows`, whose windows continue each other; where a window says
    `is_start`, the state begins at zero again. For windows of unrelated texts, pass a zero state each time instead.

    Source: truncated back-propagation through time, Williams & Peng 1990.
    """

    def __init__(self):
        self.state: Tensor | tuple[Tensor, ...] | None = None

    def __call__(self, model: nn.Module, window: Window) -> Tensor:
        start_anew = window.is_start or self.state is None or _batch(self.state) != window.inputs.shape[0]
        logits, state = model(window.inputs, None if start_anew else self.state)
        self.state = detached(state)
        return next_symbol_loss(logits, window.targets)


def detached(state: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    """The same values without their history: of one tensor (RNN, GRU) or of a pair (LSTM)."""
    return state.detach() if isinstance(state, Tensor) else tuple(part.detach() for part in state)


def _batch(state: Tensor | tuple[Tensor, ...]) -> int:
    first = state if isinstance(state, Tensor) else state[0]
    return first.shape[1]  # (num_layers, batch, hidden_size)


@torch.no_grad()
def text_loss(model: nn.Module, ids: Tensor, streams: int = 64, warm_up: int = 128) -> float:
    """Mean loss in nats over a whole text: every symbol but the first is predicted exactly once.

    The text is read in `streams` parallel parts, each after `warm_up` symbols that are read but not counted, so that
    no part starts from an empty memory (but the first, as it must).

    Args:
        model: model(ids, state) → (logits, state).
        ids: (n,) the encoded text, n ≥ 2, on any device.
    """
    device = next(model.parameters()).device
    parts = evaluation_streams(ids, streams, warm_up)
    total, state = 0.0, None
    with evaluating(model):
        # Windows along time: the logits of the whole text at once would fill a small machine's memory.
        for inputs, targets, counted in zip(*(part.split(256, dim=1) for part in parts), strict=True):
            logits, state = model(inputs.to(device), state)  # (streams, time, vocab_size)
            losses = F.cross_entropy(
                logits.flatten(0, 1), targets.to(device).flatten(), reduction="none"
            )  # (streams * time,)
            total += losses.cpu()[counted.cpu().flatten()].double().sum().item()
    return total / int(parts.counted.sum())
