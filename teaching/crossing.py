"""How values cross from a submission's process to the grader's: as data, so that nothing in them is ever run.

A value becomes a JSON description and the bytes of its arrays. Reading checks every length; what is not data arrives as
a stand-in that is of the same sort in words ("an object of type Foo") and can do nothing.
"""

import builtins
import inspect
import json
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

MAX_BYTES = 64 * 2**20  # of one message: no exercise comes near
MAX_DEPTH = 200
NODE_BYTES = 320  # what a value takes here, roughly, until it is sent
MAX_NAME = 80  # characters of a type's name, which the other side chooses

_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
        torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
    )
}  # fmt: skip
_NUMPY = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64", "complex128"}  # fmt: skip


class Damaged(ValueError):
    """A message that is not what `pack` writes."""


def pack(value: Any) -> bytes:
    """The value as bytes. Raises ValueError for one that is too large to be sent."""
    packer = _Packer()
    head = json.dumps(packer.describe(value, 0)).encode()
    return b"".join([struct.pack("<Q", len(head)), head, *packer.blobs])


def unpack(message: bytes) -> Any:
    """The value that `pack` described. Raises Damaged for anything else."""
    try:
        (length,) = struct.unpack_from("<Q", message)
        if length > len(message) - 8:
            raise Damaged("the description is cut off")
        description = json.loads(message[8 : 8 + length])
        return _Reader(memoryview(message)[8 + length :]).value(description, 0)
    except Damaged:
        raise
    except Exception as error:  # whatever a forged message leads to
        raise Damaged(f"{type(error).__name__}: {error}") from None


class _Packer:
    """Describes a value. blobs: the bytes of its arrays, in the order in which they were met."""

    def __init__(self):
        self.blobs: list[bytes] = []
        self._room = MAX_BYTES

    def describe(self, value: Any, depth: int) -> list:
        """The value as lists, texts and numbers. Raises ValueError where there is too much of it."""
        kind = type(value)
        self._take(len(value) if kind is str else NODE_BYTES)
        if depth > MAX_DEPTH:
            return ["object", "object nested too deeply"]
        if value is None or kind is bool or kind is str:
            return ["plain", value]
        if kind is int:
            return ["int", hex(value)]
        if kind is float:
            return ["float", value.hex()]
        if kind is complex:
            return ["complex", value.real.hex(), value.imag.hex()]
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, np.ndarray | np.generic) and value.dtype.name in _NUMPY:
            self._take(value.nbytes)
            self.blobs.append(np.ascontiguousarray(value).tobytes())
            return [
                "array" if isinstance(value, np.ndarray) else "number",
                value.dtype.name,
                list(value.shape),
            ]
        if isinstance(value, torch.nn.Module):
            return ["module", kind.__name__[:MAX_NAME]]
        if isinstance(value, list | tuple):
            name = "tuple" if isinstance(value, tuple) else "list"
            return [name, *(self.describe(item, depth + 1) for item in list(value))]
        if isinstance(value, dict):
            pairs = [[self.describe(side, depth + 1) for side in pair] for pair in list(value.items())]
            return ["dict", *pairs]
        return _describe_other(value)

    def _tensor(self, tensor: torch.Tensor) -> list:
        name = str(tensor.dtype).removeprefix("torch.")
        if tensor.layout != torch.strided or tensor.is_meta or name not in _DTYPES:
            return ["object", f"Tensor ({name}, {tensor.layout})"]
        self._take(tensor.numel() * tensor.element_size())
        flat = tensor.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
        flat = flat.clone(memory_format=torch.contiguous_format)  # a single number may have any stride
        self.blobs.append(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
        return ["tensor", name, list(tensor.shape), bool(tensor.requires_grad)]

    def _take(self, n_bytes: int) -> None:
        self._room -= n_bytes
        if self._room < 0:
            raise ValueError(f"the result is too large: more than {MAX_BYTES // 2**20} MB")


def _describe_other(value: Any) -> list:
    for sort, belongs in (
        ("generator", inspect.isgenerator), ("coroutine", inspect.iscoroutine),
        ("function", inspect.isroutine), ("class", inspect.isclass),
    ):  # fmt: skip
        if belongs(value):
            return [sort, str(getattr(value, "__name__", sort))[:MAX_NAME]]
    return ["object", type(value).__name__[:MAX_NAME]]


class _Reader:
    """Builds the value again; every array takes its bytes from the front of what is left."""

    def __init__(self, rest: memoryview):
        self._rest = rest

    def value(self, description: Any, depth: int) -> Any:
        if not isinstance(description, list) or not description or depth > MAX_DEPTH + 1:
            raise Damaged(f"not a description: {str(description)[:80]}")
        build: Callable | None = getattr(self, f"_{description[0]}", None)
        if description[0] not in _SORTS or build is None:
            raise Damaged(f"no such sort of value: {str(description[0])[:80]}")
        return build(depth, *description[1:])

    def _take(self, shape: list, itemsize: int) -> bytearray:
        if not all(type(size) is int and size >= 0 for size in shape):
            raise Damaged(f"no shape: {str(shape)[:80]}")
        n_bytes = math.prod(shape) * itemsize
        if n_bytes > len(self._rest):
            raise Damaged(f"an array of shape {tuple(shape)} is cut off")
        taken, self._rest = bytearray(self._rest[:n_bytes]), self._rest[n_bytes:]
        return taken

    def _plain(self, depth: int, value: Any) -> Any:
        if value is not None and type(value) not in (bool, str):
            raise Damaged("not a plain value")
        return value

    def _int(self, depth: int, text: str) -> int:
        return int(text, 16)

    def _float(self, depth: int, text: str) -> float:
        return float.fromhex(text)

    def _complex(self, depth: int, real: str, imaginary: str) -> complex:
        return complex(float.fromhex(real), float.fromhex(imaginary))

    def _tensor(self, depth: int, name: str, shape: list, requires_grad: bool) -> torch.Tensor:
        dtype = _DTYPES[name]
        taken = self._take(shape, dtype.itemsize)
        tensor = torch.frombuffer(taken, dtype=dtype) if taken else torch.empty(0, dtype=dtype)
        return tensor.reshape(shape).requires_grad_(bool(requires_grad) and dtype.is_floating_point)

    def _array(self, depth: int, name: str, shape: list) -> np.ndarray:
        if name not in _NUMPY:
            raise Damaged(f"no such dtype: {str(name)[:80]}")
        return np.frombuffer(self._take(shape, np.dtype(name).itemsize), dtype=name).reshape(shape)

    def _number(self, depth: int, name: str, shape: list) -> np.generic:
        return self._array(depth, name, shape)[()]

    def _list(self, depth: int, *items: Any) -> list:
        return [self.value(item, depth + 1) for item in items]

    def _tuple(self, depth: int, *items: Any) -> tuple:
        return tuple(self._list(depth, *items))

    def _dict(self, depth: int, *pairs: Any) -> dict:
        return {self.value(key, depth + 1): self.value(item, depth + 1) for key, item in pairs}

    def _module(self, depth: int, name: str) -> torch.nn.Module:
        return type(_identifier(name), (StandIn, torch.nn.Module), {})()

    def _object(self, depth: int, name: str) -> Any:
        return type(_identifier(name), (StandIn,), {})()

    def _class(self, depth: int, name: str) -> type:
        return type(_identifier(name), (StandIn,), {})

    def _function(self, depth: int, name: str) -> Callable:
        return lambda *arguments, **options: None

    def _generator(self, depth: int, name: str) -> Any:
        return (nothing for nothing in ())

    def _coroutine(self, depth: int, name: str) -> Any:
        async def nothing():
            pass

        return nothing()


_SORTS = {name[1:] for name in vars(_Reader) if name.startswith("_") and not name.startswith(("__", "_take"))}


class StandIn:
    """What stands for a value that is not data: it has the name of its type and nothing else."""


def _identifier(name: Any) -> str:
    return "".join(letter for letter in str(name)[:MAX_NAME] if letter.isprintable()) or "object"


# --- errors


def describe_error(error: BaseException, line: str) -> dict:
    """An error as data. line: where in the learner's code it was raised, in words."""
    arguments = error.args if all(type(one) in (str, int, float) for one in error.args) else (str(error),)
    return {
        "type": type(error).__name__,
        "arguments": arguments,
        "text": str(error)[:2000],
        "line": line[:400],
    }


def rebuild_error(found: dict) -> BaseException:
    """An error of the type and with the words that were sent; one that Python does not know becomes a stand-in of
    that name. `learners_line` holds the place."""
    name = _identifier(found.get("type", "Exception"))
    known = getattr(builtins, name, None)
    if not (isinstance(known, type) and issubclass(known, BaseException)):
        known = type(name, (Exception,), {"__str__": lambda self: str(found.get("text", ""))})
    arguments = found.get("arguments", ())
    try:
        error = known(*arguments)
    except Exception:  # such as UnicodeDecodeError, which wants five
        error = type(name, (Exception,), {"__str__": lambda self: str(found.get("text", ""))})()
    error.learners_line = str(found.get("line", ""))[:400]
    return error
