"""`record_attention`: the weights of every attention module in a model, collected during one forward pass."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RecordedModule(nn.Module):
    """An attention module that hands its weights to `record_attention` while that is listening.

    A subclass calls `self.record(weights)` with (batch, target_len, source_len) or
    (batch, heads, target_len, source_len) weights in its forward pass; one that has a faster way without weights
    takes it where `self.is_recording` is False.
    """

    def __init__(self):
        super().__init__()
        self._records: list[Tensor] | None = None

    @property
    def is_recording(self) -> bool:
        """True inside `with record_attention(model)`."""
        return self._records is not None

    def record(self, weights: Tensor) -> None:
        """Keep `weights` if anyone listens."""
        if self._records is not None:
            self._records.append(weights.detach())


class AttentionMaps(Mapping):
    """The weights that `record_attention` collected, by module name.

    `maps["decoder.attention"]` is (batch, target_len, source_len), or (batch, heads, target_len, source_len), without
    gradient. What a loop over target steps recorded piece by piece is joined along target_len; where the source grew
    from piece to piece (a decoder that reads itself), earlier rows have weight 0 on keys that were not there yet.
    """

    def __init__(self, records: dict[str, list[Tensor]]):
        self._records = records

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._records:
            raise KeyError(f"no attention module is called {name!r}; there is {', '.join(self._records)}")
        pieces = self._records[name]
        if not pieces:
            raise KeyError(
                f"{name!r} has recorded nothing: run the model inside `with record_attention(model)`"
            )
        sources = [piece.shape[-1] for piece in pieces]
        if len({piece.shape[:-2] for piece in pieces}) > 1 or sources != sorted(sources):
            shapes = ", ".join(sorted({str(tuple(piece.shape)) for piece in pieces}))
            raise ValueError(
                f"{name!r} recorded different batches ({shapes}): call maps.clear() between passes."
            )
        source_len = pieces[-1].shape[-1]
        pieces = [F.pad(piece, (0, source_len - piece.shape[-1])) for piece in pieces]
        return torch.cat(pieces, dim=-2)  # (batch, [heads,] target_len, source_len)

    def __iter__(self) -> Iterator[str]:
        return (name for name, pieces in self._records.items() if pieces)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Forget what was recorded, to record another pass."""
        for pieces in self._records.values():
            pieces.clear()

    def __repr__(self) -> str:
        return (
            f"AttentionMaps({', '.join(f'{name}: {tuple(weights.shape)}' for name, weights in self.items())})"
        )


@contextmanager
def record_attention(model: nn.Module) -> Iterator[AttentionMaps]:
    """Collect the weights of every attention module while `model` runs; its outputs do not change.

        with record_attention(model) as maps:
            logits = model(source, lengths, target_in)
        maps["decoder.attention"]  # (batch, target_len, source_len)

    One pass (or one decoding loop) a `with` block; `maps.clear()` starts the next. The names are those of
    `model.named_modules()`; a model that is itself an attention module goes by its class name. Beam search reorders
    its rows as it goes: to see where its result looked, run the model once more over that result.

    Raises:
        ValueError: the model has no attention module.
    """
    modules = {
        name or type(module).__name__: module
        for name, module in model.named_modules()
        if isinstance(module, RecordedModule)
    }
    if not modules:
        raise ValueError(f"{type(model).__name__} holds no attention module whose weights could be recorded.")
    before = {name: module._records for name, module in modules.items()}
    records: dict[str, list[Tensor]] = {name: [] for name in modules}
    for name, module in modules.items():
        module._records = records[name]
    try:
        yield AttentionMaps(records)
    finally:
        for name, module in modules.items():
            module._records = before[name]
