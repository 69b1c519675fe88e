"""How a matrix lies in memory, which decides how quickly it is multiplied with one vector."""

from torch import Tensor


def columns_first(matrix: Tensor) -> Tensor:
    """The same matrix, laid out in memory column by column; `.contiguous()` is the way back.

    A linear layer's product with one token, x Wᵀ, then reads W from front to back: on a CPU a large model writes half
    again as fast (benchmarks/RESULTS.md, chat). With many tokens at once it makes no difference.
    """
    return matrix.T.contiguous().T
