"""Look into an LSTM or a GRU: what did its gates do at every step?"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from course_lib.models.recurrent.gru import GRU, GRUGates
from course_lib.models.recurrent.lstm import LSTM, LSTMGates


@contextmanager
def record_gates(model: nn.Module) -> Iterator[dict[str, LSTMGates | GRUGates]]:
    """Collect the gates of every LSTM and GRU in `model` during the forward passes inside the `with`.

        with record_gates(model) as gates:
            model(ids)
        gates["recurrent.l0"].f  # (batch, time, hidden_size)

    The names are those of the module inside the model and of its weights: "recurrent.l0", "recurrent.l1",
    "encoder.l0_reverse"; a layer on its own has "l0". Several passes (a model that writes one symbol after the other)
    stand one behind the other along time. Padding is NaN, and the steps of `_reverse` are in the order of the text.
    Nothing is computed twice while nobody records.

    Args:
        model: any module that has an LSTM or a GRU of this course somewhere.

    Yields:
        A dictionary that fills up as the model runs; its tensors carry no gradient.

    Raises:
        ValueError: the model has neither LSTM nor GRU, or two passes had batches of different sizes.
    """
    layers = {name: module for name, module in model.named_modules() if isinstance(module, LSTM | GRU)}
    if not layers:
        raise ValueError(f"{type(model).__name__} has no LSTM or GRU of this course in it to record.")
    recorded: dict[str, LSTMGates | GRUGates] = {}

    def recorder(prefix: str):
        def record(weight_name: str, gates: LSTMGates | GRUGates) -> None:
            name = f"{prefix}.{weight_name}" if prefix else weight_name
            if name in recorded:
                before = recorded[name]
                if before.h.shape[0] != gates.h.shape[0]:
                    raise ValueError(
                        f"{name} read a batch of {gates.h.shape[0]} after one of {before.h.shape[0]}: passes that do "
                        "not continue each other need a record_gates of their own."
                    )
                gates = type(gates)(*(torch.cat(parts, dim=1) for parts in zip(before, gates, strict=True)))
            recorded[name] = gates

        return record

    outer = {name: layer.recorder for name, layer in layers.items()}
    for name, layer in layers.items():
        layer.recorder = recorder(name)
    try:
        yield recorded
    finally:
        for name, layer in layers.items():
            layer.recorder = outer[name]
