"""Random numbers for an exercise's cases: the same at every check, and others for a teacher who keeps a seed."""

import contextlib
import hashlib
from collections.abc import Iterator

import torch

_variant = ""


def generator(seed: int) -> torch.Generator:
    """A generator for cases. Inside `varied` it draws other numbers than outside."""
    if _variant:
        seed = int.from_bytes(hashlib.sha256(f"{_variant} {seed}".encode()).digest()[:6], "big")
    return torch.Generator().manual_seed(seed)


@contextlib.contextmanager
def varied(variant: str) -> Iterator[None]:
    """Inside, every exercise has other cases of the same kinds, which depend on the text alone; "" changes nothing."""
    global _variant
    before, _variant = _variant, variant
    try:
        yield
    finally:
        _variant = before


def variant() -> str:
    """What `varied` was given last."""
    return _variant
