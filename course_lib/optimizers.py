"""Muon: an optimiser that turns the step of every matrix into a rotation, beside AdamW for all that is no matrix."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.models.transformer import TransformerLayer

# Coefficients of the quintic iteration (Jordan et al. 2024): steep at 0, so that five rounds are enough.
A, B, C = 3.4445, -4.7750, 2.0315
ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """Muon for the matrices inside a model's Transformer layers, AdamW for its embeddings, heads, norms and biases.

    A matrix moves by its orthogonalised momentum: the direction's singular values are all made nearly equal, so that
    what only a few examples ask for gets through as well as what all of them do. `torch.optim.Muon` does the same for
    the matrices alone; it multiplies in bfloat16, which on a CPU takes about four times as long as the single precision
    used here.

    Args:
        model: with Transformer layers; one without has nothing for Muon to do.
        lr, momentum, weight_decay: of the matrices; a step has an entry of about lr / √columns.
        adamw_lr, betas, eps: of all other parameters, which do not decay.

    Raises:
        ValueError: a model without Transformer layers, or an option out of its range.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; AdamW: Loshchilov & Hutter
    2019, "Decoupled Weight Decay Regularization", algorithm 2.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        adamw_lr: float = 3e-3,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-8,
    ):
        if lr <= 0 or adamw_lr <= 0 or eps <= 0 or weight_decay < 0:
            raise ValueError(
                f"lr = {lr}, adamw_lr = {adamw_lr}, eps = {eps}, weight_decay = {weight_decay}; expected positive "
                "numbers, and a weight_decay of at least 0."
            )
        if not all(0 <= share < 1 for share in (momentum, *betas)):
            raise ValueError(f"momentum = {momentum}, betas = {betas}; each must be at least 0 and below 1.")
        layers = [module for module in model.modules() if isinstance(module, TransformerLayer)]
        matrices = [p for layer in layers for p in layer.parameters() if p.dim() == 2 and p.requires_grad]
        if not matrices:
            raise ValueError("This model has no Transformer layers to train with Muon; use AdamW.")
        known = {id(p) for p in matrices}
        others = [p for p in model.parameters() if id(p) not in known and p.requires_grad]
        options = {"momentum": momentum, "betas": betas, "eps": eps}
        by_adamw = {"lr": adamw_lr, "weight_decay": 0.0, "by": "adamw"}
        super().__init__(
            [
                {"params": matrices, "lr": lr, "weight_decay": weight_decay, "by": "muon"},
                {"params": others},
            ],
            options | by_adamw,  # a group that is added later is AdamW's too, unless it says "by": "muon"
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every parameter that has a gradient; `closure`, where given, computes the gradients and the loss first.

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            moved = [p for p in group["params"] if p.grad is not None]
            (self._move_matrices if group["by"] == "muon" else self._move_others)(moved, group)
        return loss

    def _move_matrices(self, matrices: list[Tensor], group: dict) -> None:
        by_shape: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
        for matrix in matrices:
            state = self.state[matrix]
            if not state:
                state["momentum"] = torch.zeros_like(matrix)
            average = state["momentum"]
            average.lerp_(matrix.grad, 1 - group["momentum"])
            direction = matrix.grad.lerp(average, group["momentum"])  # Nesterov's look ahead
            lying = direction if len(direction) <= direction.shape[1] else direction.T  # rows ≤ columns
            by_shape.setdefault(tuple(lying.shape), []).append((matrix, lying))
        for found in by_shape.values():
            steps = orthogonalized(torch.stack([lying for _, lying in found]))  # (n, rows, columns)
            for (matrix, _), step in zip(found, steps, strict=True):
                rows, columns = matrix.shape
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                # A tall matrix adds up fewer inputs than it has outputs: its step grows with the root of that ratio.
                scale = max(1, rows / columns) ** 0.5
                matrix.sub_(step if step.shape == matrix.shape else step.T, alpha=group["lr"] * scale)

    def _move_others(self, parameters: list[Tensor], group: dict) -> None:
        beta_1, beta_2 = group["betas"]
        for parameter in parameters:
            state, gradient = self.state[parameter], parameter.grad
            if not state:
                state["step"] = torch.zeros(())
                state["mean"], state["square"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
            mean, square = state["mean"], state["square"]
            state["step"] += 1
            mean.lerp_(gradient, 1 - beta_1)
            square.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
            t = int(state["step"])
            size = (square / (1 - beta_2**t)).sqrt_().add_(group["eps"])
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.addcdiv_(mean, size, value=-group["lr"] / (1 - beta_1**t))


def orthogonalized(matrices: Tensor) -> Tensor:
    """Each matrix with its singular values brought near 1 (0.7 to 1.2), its singular vectors kept.

    X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X, five times: an odd polynomial of a matrix acts on its singular values alone.

    Shapes: (n, rows, columns), rows ≤ columns → the same.
    """
    x = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp_min(1e-7)  # singular values at most 1
    for _ in range(ROUNDS):
        gram = x @ x.transpose(1, 2)  # (n, rows, rows)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=B, alpha=C), x, beta=A)
    return x
