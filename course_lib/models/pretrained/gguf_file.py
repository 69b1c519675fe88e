"""Reads a GGUF file: numbers and texts about a model, a list of its tensors, and the tensors' bytes.

    "GGUF", version                      4 + 4 bytes
    how many tensors, how many entries   8 + 8
    the entries                          name, type, value: sizes, the vocabulary, the chat template, …
    the list of tensors                  name, shape, kind of storage, where its bytes begin
    the bytes of the tensors             each tensor from a multiple of 32 on

Numbers are little-endian. A text is its length (8 bytes) and its bytes. Source: the GGUF specification of the ggml
project (docs/gguf.md), version 3.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.models.pretrained.files import PretrainedError
from course_lib.models.pretrained.gguf_blocks import KINDS, Kind

VERSIONS = (2, 3)
# The number of an entry's type → how `struct` writes it.
_NUMBERS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9


@dataclass(frozen=True)
class GGUFTensor:
    """A tensor as it lies in the file.

    shape: as PyTorch has it, (rows, columns). blocks: (n, kind.n_bytes) bytes, row after row.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    blocks: Tensor

    def dequantised(self) -> Tensor:
        """Its values in float32."""
        return self.kind.unpack(self.blocks).view(self.shape)


@dataclass(frozen=True)
class GGUFFile:
    """entries: what the file says about the model, by name. tensors: by name; their bytes are read when used."""

    path: Path
    entries: dict[str, Any]
    tensors: dict[str, GGUFTensor]


def read_gguf(path: str | Path) -> GGUFFile:
    """Read a GGUF file's entries and the list of its tensors.

    Raises:
        PretrainedError: no such file, or one that is no GGUF, is cut short, or stores a tensor in a way unknown
            here.
    """
    path = Path(path)
    try:
        content = torch.from_file(str(path), shared=False, size=path.stat().st_size, dtype=torch.uint8)
    except (OSError, RuntimeError, ValueError) as error:
        raise PretrainedError(f"{path} could not be read: {error}") from None
    reader = _Reader(path, content)
    if len(content) < 24 or bytes(content[:4].tolist()) != b"GGUF":
        raise PretrainedError(f"{path} is no GGUF file: it does not begin with “GGUF”.")
    reader.at = 4
    version = reader.number("I")
    if version not in VERSIONS:
        raise PretrainedError(f"{path} has version {version} of GGUF; versions 2 and 3 can be read here.")
    n_tensors, n_entries = reader.number("Q"), reader.number("Q")
    entries = {}
    for _ in range(n_entries):
        name = reader.text()
        entries[name] = reader.value(reader.number("I"))
    listed = [reader.tensor_entry() for _ in range(n_tensors)]
    alignment = int(entries.get("general.alignment", 32))
    begin = -(-reader.at // alignment) * alignment
    return GGUFFile(path, entries, {entry[0]: reader.tensor(begin, *entry) for entry in listed})


class _Reader:
    """Reads one thing after the other, from `at` on."""

    def __init__(self, path: Path, content: Tensor):
        self.path, self.content, self.at = path, content, 0
        self._bytes = memoryview(content.numpy())

    def take(self, n: int) -> memoryview:
        end = self.at + n
        if end > len(self._bytes):
            raise PretrainedError(
                f"{self.path} is cut short or damaged: byte {end:,} is needed and it has {len(self._bytes):,}. "
                "Delete it and fetch it again."
            )
        self.at, begin = end, self.at
        return self._bytes[begin:end]

    def number(self, kind: str) -> Any:
        return struct.unpack("<" + kind, self.take(struct.calcsize("<" + kind)))[0]

    def text(self) -> str:
        data = bytes(self.take(self.number("Q")))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise PretrainedError(f"{self.path} is damaged: byte {self.at:,} ends a text that is no UTF-8.") from None

    def value(self, kind: int) -> Any:
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == _TEXT:
            return self.text()
        if kind != _LIST:
            raise PretrainedError(f"{self.path} is damaged: byte {self.at:,} names {kind} as the type of an entry.")
        inner, n = self.number("I"), self.number("Q")
        if inner in _NUMBERS:
            code = _NUMBERS[inner]
            return list(struct.unpack(f"<{n}{code}", self.take(n * struct.calcsize("<" + code))))
        return [self.value(inner) for _ in range(n)]

    def tensor_entry(self) -> tuple[str, tuple[int, ...], int, int]:
        """Name, shape (rows first), kind, and where its bytes begin."""
        name, n_dimensions = self.text(), self.number("I")
        shape = tuple(self.number("Q") for _ in range(min(n_dimensions, 8)))  # columns first in the file
        return name, shape[::-1], self.number("I"), self.number("Q")

    def tensor(self, begin: int, name: str, shape: tuple[int, ...], kind: int, offset: int) -> GGUFTensor:
        if kind not in KINDS:
            known = ", ".join(known.name for known in KINDS.values())
            raise PretrainedError(f"{self.path} stores {name} in kind {kind} of GGUF; known here: {known}.")
        stored = KINDS[kind]
        n_weights = 1
        for size in shape:
            n_weights *= size
        if not shape or shape[-1] % stored.weights:
            raise PretrainedError(
                f"{self.path} is damaged: {name} has the shape {shape}, not in blocks of {stored.weights}."
            )
        self.at = begin + offset
        n_bytes = n_weights // stored.weights * stored.n_bytes
        self.take(n_bytes)  # says so if the file ends before
        blocks = self.content[self.at - n_bytes : self.at].view(-1, stored.n_bytes)
        return GGUFTensor(name, stored, shape, blocks)
