"""Pruning: remove the weights, heads or layers that a model needs least.

Zeros alone save nothing: a matrix with zeros in it is as large as before, and a dense product multiplies by them as by
any other number. A model becomes smaller and faster when whole rows and columns go: heads, and layers.

Source: magnitude: Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks", section 3;
heads: Michel, Levy & Neubig 2019, "Are Sixteen Heads Really Better than One?", section 2 and 4; layers: Fan, Grave &
Joulin 2020, "Reducing Transformer Depth on Demand with Structured Dropout".
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from course_lib.models.attention import MultiHeadAttention


class Mask(nn.Module):
    """W → W with zeros where the mask has them: a pruned weight stays 0 however the model is trained."""

    def __init__(self, kept: Tensor):
        super().__init__()
        self.register_buffer("kept", kept)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.kept


def prune_smallest(
    model: nn.Module, share: float, *, everywhere: bool = True, wanted: Callable[[str], bool] = lambda name: True
) -> float:
    """Set the weights nearest to 0 to 0, and keep them there (`Mask`), in the matrices of a model's layers.

    Args:
        share: of the weights that go, from 0 to below 1.
        everywhere: one threshold for all matrices; False takes the share from each of them.
        wanted: wanted(name) says which matrices; embeddings never. Names as in `model.named_parameters()`.

    Returns:
        The share of zeros in the matrices that were asked for.

    Raises:
        ValueError: a share out of range, a model that is pruned already, or no matrix.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share}; expected a number from 0 to below 1.")
    found = [(module, name) for module, name, full in _matrices(model) if wanted(full)]
    if not found:
        raise ValueError(f"{type(model).__name__} has no matrix that is wanted; nothing can be pruned.")
    if any(parametrize.is_parametrized(module) for module in model.modules()):
        raise ValueError("The model is pruned or adapted already; `make_permanent` it first.")
    sizes = [getattr(module, name).detach().abs() for module, name in found]
    if everywhere:
        thresholds = [_threshold(torch.cat([size.flatten() for size in sizes]), share)] * len(sizes)
    else:
        thresholds = [_threshold(size.flatten(), share) for size in sizes]
    zeros = total = 0
    for (module, name), size, threshold in zip(found, sizes, thresholds, strict=True):
        kept = size > threshold
        parametrize.register_parametrization(module, name, Mask(kept))
        zeros, total = zeros + int((~kept).sum()), total + kept.numel()
    return zeros / total


def make_permanent(model: nn.Module) -> nn.Module:
    """Write the zeros into the matrices and remove the masks; further training may move them again."""
    for module in model.modules():
        if parametrize.is_parametrized(module):
            for name, parts in list(module.parametrizations.items()):
                if all(isinstance(part, Mask) for part in parts):
                    parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return model


def head_importance(
    model: nn.Module, batches: Iterable, loss: Callable[[nn.Module, object], Tensor]
) -> dict[str, Tensor]:
    """How much the loss would change, to first order, if a head's output became 0: |Σ y · ∂L/∂y|, a mean over texts.

    One pass forward and back a batch, rather than one for each head.

    Args:
        loss: loss(model, batch) → scalar.

    Returns:
        For each attention, by its name in the model, one number a head, (n_heads,).

    Source: Michel et al. 2019, section 4.1, equation 2.
    """
    attentions = {name: part for name, part in model.named_modules() if isinstance(part, MultiHeadAttention)}
    if not attentions:
        raise ValueError(f"{type(model).__name__} has no MultiHeadAttention; there are no heads.")
    scores = {name: torch.zeros(part.n_heads) for name, part in attentions.items()}
    n_batches = 0
    for batch in batches:
        joined: dict[str, Tensor] = {}
        hooks = [
            part.out_proj.register_forward_pre_hook(partial(_remember, joined, name))
            for name, part in attentions.items()
        ]
        try:
            value = loss(model, batch)
        finally:
            for hook in hooks:
                hook.remove()
        gradients = torch.autograd.grad(value, list(joined.values()))
        for (name, y), gradient in zip(joined.items(), gradients, strict=True):
            heads = (y.detach() * gradient).unflatten(-1, (attentions[name].n_heads, -1))
            scores[name] += heads.sum(dim=(1, 3)).abs().mean(dim=0).cpu()  # (batch, heads) → (heads,)
        n_batches += 1
    if not n_batches:
        raise ValueError("batches is empty; expected at least one.")
    return {name: score / n_batches for name, score in scores.items()}


def remove_heads(attention: MultiHeadAttention, heads: Sequence[int]) -> None:
    """Take heads out of an attention in place: its matrices become smaller, and their products faster.

    Args:
        heads: numbers from 0; at least one head stays.

    Raises:
        ValueError: heads that are not there, all of them, or heads that share keys and values.
    """
    gone, n_heads = set(heads), attention.n_heads
    if not gone <= set(range(n_heads)) or len(gone) >= n_heads:
        raise ValueError(f"heads is {sorted(gone)}; expected some, not all, of 0 to {n_heads - 1}.")
    if attention.group_size > 1 or attention.in_proj is not None:
        raise ValueError("Heads that share keys and values, or whose projection was replaced, cannot be removed here.")
    kept = torch.tensor([head for head in range(n_heads) if head not in gone])
    # Features of the kept heads: (n_kept, d_head) → (n_kept * d_head,)
    columns = (kept[:, None] * attention.d_head + torch.arange(attention.d_head)).flatten()
    rows = torch.cat([columns + part * n_heads * attention.d_head for part in range(3)])  # of query, key and value
    with torch.no_grad():
        attention.in_proj_weight = nn.Parameter(attention.in_proj_weight[rows].clone())
        if attention.in_proj_bias is not None:
            attention.in_proj_bias = nn.Parameter(attention.in_proj_bias[rows].clone())
        attention.out_proj.weight = nn.Parameter(attention.out_proj.weight[:, columns].clone())
    attention.out_proj.in_features = len(columns)
    attention.n_heads = attention.n_kv_heads = len(kept)


def _remember(joined: dict[str, Tensor], name: str, _: nn.Module, inputs: tuple[Tensor]) -> None:
    joined[name] = inputs[0]  # (batch, time, n_heads * d_head): all heads before they are mixed


def _threshold(sizes: Tensor, share: float) -> float:
    """So that `share` of the sizes are at most this."""
    n = round(share * sizes.numel())
    return sizes.kthvalue(n).values.item() if n else -1.0


def _matrices(model: nn.Module) -> Iterable[tuple[nn.Module, str, str]]:
    """Every matrix that is no embedding: its module, its name there, and its name in the model."""
    for prefix, module in model.named_modules():
        if isinstance(module, nn.Embedding):
            continue
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.dim() == 2:
                yield module, name, f"{prefix}.{name}" if prefix else name
