"""Cut one long text into batches for a recurrent network, whose state is carried from window to window.

Truncated back-propagation through time: the text is laid into ``batch`` parallel streams, and a window of
``time`` steps moves along all of them at once. A row of window k + 1 continues the same row of window k, so
its hidden state may be kept (detached), and a network reads far more text than the gradient travels.
R. J. Williams and J. Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
Trajectories", Neural Computation 2(4), 1990.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor


class Window(NamedTuple):
    """What one training step reads.

    ``inputs`` and ``targets`` are (batch, time); ``targets`` is the text one step later. ``is_start``: the
    streams begin here, so start from a zero state; otherwise continue from the state after the previous
    window.
    """

    inputs: Tensor
    targets: Tensor
    is_start: bool


class EvaluationStreams(NamedTuple):
    """A whole text in parallel streams.

    ``inputs`` and ``targets`` are (streams, time), ``counted`` is (streams, time), boolean: True where the
    prediction counts, False while the stream warms up.
    """

    inputs: Tensor
    targets: Tensor
    counted: Tensor


def stream_windows(ids: Tensor, batch: int, time: int, epochs: int | None = None) -> Iterator[Window]:
    """Yield training windows over a text, in order, ``epochs`` times or (None) without end.

    ``ids`` is the encoded text, (n,), whole numbers. Stream r holds the text from r · L on, L = (n - 1) //
    batch. In each epoch every id after the first is a target exactly once, except the last (n - 1) mod
    batch, which fill no row. The last window of an epoch is shorter than ``time`` where ``time`` does not
    divide L. Nothing is random.

    Raises TypeError or ValueError (at once, not at the first window) for other shapes and for a text shorter
    than ``batch + 1``.
    """
    _check_ids(ids)
    _check_positive(batch=batch, time=time)
    if epochs is not None:
        _check_positive(epochs=epochs)
    length = (len(ids) - 1) // batch
    if length < 1:
        raise ValueError(
            f"The text has {len(ids)} ids, too few for {batch} streams, which need at least {batch + 1}: "
            f"take a longer text or a smaller batch."
        )
    inputs = ids[: batch * length].view(batch, length)  # (n,) -> (batch, length)
    targets = ids[1 : batch * length + 1].view(batch, length)  # (n,) -> (batch, length)

    def windows() -> Iterator[Window]:
        for _ in itertools.count() if epochs is None else range(epochs):
            for start in range(0, length, time):
                columns = slice(start, start + time)
                # Copies: a learner who changes a batch in place must not change the text.
                yield Window(inputs[:, columns].clone(), targets[:, columns].clone(), is_start=start == 0)

    return windows()


def evaluation_streams(ids: Tensor, streams: int = 64, warm_up: int = 128) -> EvaluationStreams:
    """Lay a whole text into parallel streams, so that its loss is measured quickly and on every character.

    A single stream is the true reading, but one step at a time is slow. Here each stream but the first begins
    ``warm_up`` characters (at least) before its own part, reads them with ``counted`` False to get into a
    state, and is counted from there on. Each of the n - 1 targets ``ids[1:]`` is counted exactly once, and
    there is no padding.

    ``ids`` is (n,), whole numbers. Feed ``inputs`` from a zero state, in windows along time if memory asks
    for it, and average the loss over ``counted``. Raises TypeError or ValueError for other shapes and for
    fewer than two ids.
    """
    _check_ids(ids)
    _check_positive(streams=streams)
    if not isinstance(warm_up, int) or warm_up < 0:
        raise ValueError(f"warm_up is {warm_up!r}; it must be a whole number of at least 0.")
    n_targets = len(ids) - 1
    if n_targets < 1:
        raise ValueError(f"The text has {len(ids)} ids; to predict a next one it needs at least 2.")
    own = max(
        1, -(-(n_targets - warm_up) // streams)
    )  # rounded up: targets counted by a stream after its warm-up
    time = min(warm_up + own, n_targets)
    device = ids.device
    first_own = torch.arange(streams, device=device) * own + warm_up  # (streams,): counted from here …
    end_own = first_own + own  # … to here
    first_own[0] = 0  # the first stream has nothing before it to warm up on
    # A stream that would run past the end of the text begins earlier instead: more warm-up, no padding.
    starts = (end_own - own - warm_up).clamp(max=n_targets - time)
    places = starts[:, None] + torch.arange(time, device=device)  # (streams, 1) + (time,) -> (streams, time)
    counted = (places >= first_own[:, None]) & (places < end_own[:, None])
    return EvaluationStreams(inputs=ids[places], targets=ids[places + 1], counted=counted)


def _check_ids(ids: Tensor) -> None:
    if not isinstance(ids, Tensor):
        raise TypeError(f"ids is a {type(ids).__name__}; pass the encoded text: vocabulary.encode(text).")
    if ids.ndim != 1 or ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
        raise ValueError(
            f"ids has shape {tuple(ids.shape)} and type {ids.dtype}; expected integers of shape (n,)."
        )


def _check_positive(**sizes: int) -> None:
    for name, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1.")
