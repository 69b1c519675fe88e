"""What comes into a recurrent network: sizes, shapes and states are checked, and have the weights' precision."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def check_positive(**sizes: int) -> None:
    """ValueError for a size that is no whole number of at least 1."""
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{name} is {size!r}; it must be a whole number of at least 1.")


def check_shape(name: str, tensor: Tensor, expected: tuple[int, ...], meaning: str) -> None:
    """ValueError that names the tensor, its shape, the expected one and what that stands for."""
    if tensor.shape != expected:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected {expected}, which is {meaning}.")


def check_dtype(name: str, tensor: Tensor, expected: torch.dtype) -> None:
    """TypeError that names the tensor, its dtype and that of the weights."""
    if tensor.dtype != expected:
        raise TypeError(
            f"{name} is of type {tensor.dtype}, but the weights are {expected}: convert one of them, "
            f"as in {name}.to({expected})."
        )


def unpack_state(state: Any, names: tuple[str, ...]) -> tuple[Tensor, ...]:
    """One state as a tuple, whether a network keeps one tensor (RNN, GRU) or a pair (LSTM)."""
    states = (state,) if isinstance(state, Tensor) else state
    if not isinstance(states, tuple | list) or len(states) != len(names):
        given = "one tensor" if isinstance(state, Tensor) else f"a {type(state).__name__}"
        expected = "one tensor" if len(names) == 1 else "a tuple"
        raise TypeError(f"state is {given}; expected {expected}: {', '.join(names)}.")
    return tuple(states)


def in_own_precision(forward: Callable) -> Callable:
    """Decorator of a recurrent network's `forward`: autocast ends at its door.

    What is rounded to 16 bits at every step adds up over time. So inside `torch.autocast` the input and the state are
    converted to the type of the weights, the steps run in that type, and it is also the type of everything that comes
    out; the layers around read it as autocast has them.
    """

    @functools.wraps(forward)
    def wrapped(self, x: Tensor, *args, **kwargs):
        device_type = x.device.type
        if not (torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type)):
            return forward(self, x, *args, **kwargs)
        dtype = next(self.parameters()).dtype

        def convert(value: Any) -> Any:
            if isinstance(value, tuple | list):
                return tuple(convert(part) for part in value)
            is_float = isinstance(value, Tensor) and value.is_floating_point()
            return value.to(dtype) if is_float else value

        with torch.autocast(device_type, enabled=False):
            return forward(
                self, convert(x), *convert(args), **{name: convert(value) for name, value in kwargs.items()}
            )

    return wrapped
