"""What every published state dict needs under our names: matrices that are one here, a head that is the embedding."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def join_parts(weights: dict[str, Tensor], joined: Mapping[str, Sequence[str]]) -> None:
    """Put matrices on top of one another, in place, wherever their names end so.

    Args:
        weights: a state dict under our names.
        joined: the end of the whole's name → the ends of its parts' names, from the first row on.

    Raises:
        ValueError: a first part without the others.
    """
    for whole, parts in joined.items():
        for name in [name for name in weights if name.endswith(parts[0])]:
            layer = name.removesuffix(parts[0])
            if missing := [layer + part for part in parts if layer + part not in weights]:
                raise ValueError(f"There is {name}, but not {', '.join(missing)}; is the state dict complete?")
            # one or more (rows, d_model) → (all rows, d_model)
            weights[layer + whole] = torch.cat([weights.pop(layer + part) for part in parts])


def drop_tied_head(weights: dict[str, Tensor], embedding: str) -> None:
    """Leave out head.weight, in place, where it is the embedding's own memory: a tied model has no such weight."""
    head, table = weights.get("head.weight"), weights.get(embedding)
    if head is not None and table is not None and head.data_ptr() == table.data_ptr():
        del weights["head.weight"]
