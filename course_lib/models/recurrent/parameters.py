"""The parameters of a recurrent network: one group for each layer and direction, and how they are initialised."""

import math
from typing import NamedTuple

from torch import Tensor, nn


class Weights(NamedTuple):
    """The parameters of one layer in one direction.

    Shapes: ih (gates · hidden_size, features), hh (gates · hidden_size, hidden_size),
    both biases (gates · hidden_size,) or None.
    """

    ih: Tensor
    hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None

    @property
    def bias(self) -> Tensor | None:
        """The sum of both biases, for networks that only ever use their sum."""
        return None if self.bias_ih is None else self.bias_ih + self.bias_hh

    @property
    def flat(self) -> list[Tensor]:
        """Those that there are, in the order in which torch's kernels take them."""
        return [tensor for tensor in self if tensor is not None]


def start_evenly(module: nn.Module, hidden_size: int) -> None:
    """`torch.nn`'s default initialisation: every number from U(−1/√H, 1/√H)."""
    bound = 1 / math.sqrt(hidden_size)
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -bound, bound)
