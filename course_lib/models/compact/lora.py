"""LoRA: fine-tune a model by a product of two thin matrices added to each large one, which stays as it is.

    W' = W + (α / r) · B A        W (out, in) frozen, A (r, in), B (out, r)

A begins with random numbers and B with zeros, so that W' = W before the first step. The module that holds W does not
know of it: wherever it reads its weight it gets W' (`torch.nn.utils.parametrize`). Merging writes W' into W, and
nothing is left of the adapter, nor of its cost.

Source: Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1, equation 3.
"""

import math
from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from course_lib.models.attention import MultiHeadAttention
from course_lib.models.compact.quantised_linear import QuantisedLinear


class LowRank(nn.Module):
    """W → W + (alpha / rank) · B A, for all rows of W or some.

    Args:
        shape: of W, (out, in).
        rank: r, from 1 to the smaller side of what is adapted.
        alpha: α. The update is scaled by α / r, so that another rank needs no other learning rate.
        rows: (first, end) of the rows that are adapted; None is all.

    Shapes: W (out, in) → (out, in).

    Raises:
        ValueError: a rank, an alpha or rows out of range, naming them.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        rank: int,
        alpha: float | None = None,
        rows: tuple[int, int] | None = None,
    ):
        super().__init__()
        n_rows, n_columns = shape
        first, end = rows or (0, n_rows)
        if not 0 <= first < end <= n_rows:
            raise ValueError(f"rows is {rows}; expected (first, end) with 0 ≤ first < end ≤ {n_rows}.")
        if not isinstance(rank, int) or not 1 <= rank <= min(end - first, n_columns):
            raise ValueError(
                f"rank is {rank!r}; expected a whole number from 1 to {min(end - first, n_columns)}."
            )
        alpha = float(rank if alpha is None else alpha)
        if not alpha > 0:
            raise ValueError(f"alpha is {alpha}; it must be above 0.")
        self.rank, self.alpha, self.rows = rank, alpha, (first, end)
        self.A = nn.Parameter(torch.empty(rank, n_columns))
        self.B = nn.Parameter(torch.zeros(end - first, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))  # as nn.Linear's own weight

    def update(self) -> Tensor:
        """What is added to the rows: (rows, in)."""
        return self.B @ self.A * (self.alpha / self.rank)

    def product(self, x: Tensor, out_features: int) -> Tensor:
        """What it adds to x Wᵀ, without W: x Aᵀ Bᵀ α / r, (…, in) → (…, out)."""
        first, end = self.rows
        added = F.linear(F.linear(x, self.A), self.B) * (self.alpha / self.rank)  # (…, rows)
        return F.pad(added, (first, out_features - end))

    def forward(self, weight: Tensor) -> Tensor:
        first, end = self.rows
        if (first, end) == (0, len(weight)):
            return weight + self.update()
        return torch.cat([weight[:first], weight[first:end] + self.update(), weight[end:]])  # (out, in)

    def extra_repr(self) -> str:
        return f"rank={self.rank}, alpha={self.alpha:g}, rows={self.rows}"


def add_lora(
    module: nn.Module,
    name: str = "weight",
    *,
    rank: int,
    alpha: float | None = None,
    rows: tuple[int, int] | None = None,
) -> LowRank:
    """Add an adapter to one matrix of a module, such as the weight of an `nn.Linear`, and freeze the matrix.

    A quantised layer's matrix is frozen anyway; its adapters' products are added to its own (QLoRA, Dettmers et al.
    2023).

    Args and errors: as `LowRank`. Several adapters of one matrix add up.

    Raises:
        ValueError: the module has no matrix of that name.
    """
    if isinstance(module, QuantisedLinear):
        adapter = LowRank((module.out_features, module.in_features), rank, alpha, rows)
        module.adapters.append(adapter.to(next(module.buffers()).device))
        return adapter
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor) or weight.dim() != 2:
        what = f"has shape {tuple(weight.shape)}" if isinstance(weight, Tensor) else "is missing"
        raise ValueError(f"{type(module).__name__}.{name} {what}; expected a matrix, (out, in).")
    adapter = LowRank(tuple(weight.shape), rank, alpha, rows).to(weight.device, weight.dtype)
    parametrize.register_parametrization(module, name, adapter)
    module.parametrizations[name].original.requires_grad_(False)
    return adapter


def add_lora_to_attention(
    model: nn.Module, *, rank: int, alpha: float | None = None, parts: Iterable[str] = ("query", "value")
) -> list[LowRank]:
    """Freeze a model and add adapters to the projections of every attention in it.

    Args:
        rank, alpha: as in `LowRank`.
        parts: of "query", "key", "value" and "output". The paper found query and value the best use of a given number
            of parameters (section 7.1).

    Returns:
        The adapters, layer by layer. What shall be trained besides, such as a new head, is to be unfrozen again.

    Raises:
        ValueError: an unknown part, or a model without attention.
    """
    parts = list(parts)
    known = ("query", "key", "value", "output")
    if not parts or set(parts) - set(known):
        raise ValueError(f"parts is {parts}; expected some of {', '.join(known)}.")
    attentions = [module for module in model.modules() if isinstance(module, MultiHeadAttention)]
    if not attentions:
        raise ValueError(f"{type(model).__name__} has no MultiHeadAttention to add adapters to.")
    model.requires_grad_(False)
    adapters = []
    for attention in attentions:
        queries, keys = (n * attention.d_head for n in (attention.n_heads, attention.n_kv_heads))
        rows = {
            "query": (0, queries),
            "key": (queries, queries + keys),
            "value": (queries + keys, queries + 2 * keys),
        }
        for part in parts:
            if part == "output":
                adapters.append(add_lora(attention.out_proj, rank=rank, alpha=alpha))
            elif attention.in_proj is not None:
                adapters.append(add_lora(attention.in_proj, rank=rank, alpha=alpha, rows=rows[part]))
            else:
                adapters.append(
                    add_lora(attention, "in_proj_weight", rank=rank, alpha=alpha, rows=rows[part])
                )
    return adapters


def lora_parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    """A and B of every adapter: what an optimiser is given, and all that needs to be saved."""
    for module in model.modules():
        if isinstance(module, LowRank):
            yield from (module.A, module.B)


def merge_lora(model: nn.Module) -> nn.Module:
    """Write every adapter into its matrix and remove it. The model is returned; it computes what it did before.

    Raises:
        ValueError: an adapter of a quantised matrix, which has no place for numbers between its steps.
    """
    if any(isinstance(module, QuantisedLinear) and len(module.adapters) for module in model.modules()):
        raise ValueError(
            "An adapter of a quantised layer cannot be merged: its matrix has whole numbers only. Keep the adapter, or "
            "merge into the model before it is quantised."
        )
    for module in model.modules():
        if parametrize.is_parametrized(module):
            for name, parts in list(module.parametrizations.items()):
                if all(isinstance(part, LowRank) for part in parts):
                    parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return model
