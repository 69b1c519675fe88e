"""Are two inputs of an exercise the same, and copies of them. Cases are made anew each time: identity does not tell."""

import copy
import types
from collections.abc import Hashable
from typing import Any

import numpy as np
import torch


def key(value: Any, above: tuple[int, ...] = ()) -> Hashable:
    """Equal for two values only if no answer could tell them apart: contents of tensors, lists, dicts, objects,
    generators, closures of functions. What can not be looked into is the same as itself alone.

    above: identities of the values around this one, which it may refer to.
    """
    if isinstance(value, bool | int | float | str | bytes | type | torch.dtype | None):
        return type(value), value if value == value else "NaN"
    if id(value) in above:
        return "around", above.index(id(value))
    above = (*above, id(value))
    if isinstance(value, torch.Tensor):
        flat = value.detach().cpu().reshape(-1).clone(memory_format=torch.contiguous_format)
        content = flat.view(torch.uint8).numpy().tobytes()
        return "tensor", type(value), value.dtype, value.shape, value.stride(), value.requires_grad, content
    if isinstance(value, torch.Generator):
        return "generator", value.get_state().numpy().tobytes()
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return type(value), tuple(key(item, above) for item in value)
    if isinstance(value, set | frozenset):
        return type(value), frozenset(key(item, above) for item in value)
    if isinstance(value, dict):
        return type(value), tuple((key(name, above), key(item, above)) for name, item in value.items())
    if isinstance(value, types.FunctionType):
        captured = [cell.cell_contents for cell in value.__closure__ or ()]
        return "function", value.__code__, key([captured, value.__defaults__, value.__kwdefaults__], above)
    if hasattr(value, "__dict__") and not isinstance(value, types.ModuleType):
        return type(value), key(vars(value), above)
    return type(value), id(value)


def fresh_copy(value: Any) -> Any:
    """A copy that shares no memory with the value: of a tensor (keeps requires_grad), list, module, …"""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, torch.Generator):
        return torch.Generator(value.device).set_state(value.get_state())
    if type(value) in (list, tuple):
        return type(value)(fresh_copy(item) for item in value)
    if type(value) is dict:
        return {key: fresh_copy(item) for key, item in value.items()}
    return copy.deepcopy(value)
