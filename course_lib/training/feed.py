"""One batch for every step, out of whatever gives batches."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

_END = object()


class Feed:
    """One batch after the other: a list or a DataLoader is read again and again, an iterator once.

    Args:
        batches: an iterable of batches. Each time that it ends, iter() is called on it anew, so that a DataLoader
            shuffles again.
        steps: how many batches will be wanted; for the error message.

    Attributes:
        epoch: how many times the batches have come to their end.
        random: torch's CPU random state when this epoch began, from which a DataLoader draws its order.

    Raises:
        TypeError: something that holds no batches, or is a single batch.
    """

    def __init__(self, batches: Iterable[Any], steps: int):
        is_one_batch = isinstance(batches, Tensor | Mapping | str) or hasattr(batches, "_fields")
        if is_one_batch or not (hasattr(batches, "__iter__") or hasattr(batches, "__getitem__")):
            raise TypeError(
                f"batches is a {type(batches).__name__}; expected a list, a DataLoader or another iterable of batches. "
                "To train on the same batch at every step, pass [batch]."
            )
        self._batches, self._steps = batches, steps
        self._iterator: Iterator[Any] | None = None
        self._used = 0
        self._replayed: tuple[int, Tensor] | None = None
        self.epoch, self.random = 0, torch.get_rng_state()

    def next(self) -> Any:
        """The next batch.

        Raises:
            ValueError: there is none, or an iterator has ended.
        """
        if self._iterator is None:
            self.random, self._iterator = self._start(0)
        batch = next(self._iterator, _END)
        if batch is _END and self._used:
            random, iterator = self._start(self.epoch + 1)
            batch = next(iterator, _END)
            if batch is not _END:
                self.epoch, self.random, self._iterator = self.epoch + 1, random, iterator
        if batch is _END:
            raise ValueError(self._why())
        self._used += 1
        return batch

    def skip(self, count: int, epoch: int | None, random: Tensor | None) -> None:
        """Pass over `count` batches that an earlier run used, whose epoch number `epoch` began with `random`.

        Earlier epochs are read as well: a DataLoader may draw its order from a generator of its own. Torch's random
        numbers are left as they were.
        """
        before = torch.get_rng_state()
        if random is not None:
            self._replayed = epoch, random
        for _ in range(count):
            self.next()
        self._replayed = None
        torch.set_rng_state(before)

    def _start(self, epoch: int) -> tuple[Tensor, Iterator[Any]]:
        """The random state before, and the iterator over, the batches of an epoch."""
        if self._replayed is not None and self._replayed[0] == epoch:
            torch.set_rng_state(self._replayed[1])
        return torch.get_rng_state(), iter(self._batches)

    def _why(self) -> str:
        kind = type(self._batches).__name__
        if not self._used:
            return f"batches is empty: this {kind} gave not one batch; at least one is needed."
        return (
            f"batches ended too soon: this {kind} gave {self._used:,} and cannot be read again, but there are to be "
            f"{self._steps:,} steps, one batch each. Pass a list or a DataLoader, which is read again from its start, "
            f"a generator without end (while True: …), or steps of at most {self._used:,}."
        )


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch with every tensor in it on `device`; tuples, lists and mappings are walked, the rest stays as it is."""
    if callable(getattr(batch, "to", None)):  # a tensor, a PackedSequence, a tokenizer's encoding
        return batch.to(device)
    if isinstance(batch, tuple | list):
        parts = [to_device(part, device) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    if isinstance(batch, Mapping):
        return {name: to_device(part, device) for name, part in batch.items()}
    return batch
