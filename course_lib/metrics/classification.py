"""How often a classifier is right, and in which way it is wrong."""

from typing import NamedTuple

import torch
from torch import Tensor


def accuracy(logits_or_predictions: Tensor, targets: Tensor) -> float:
    """The share of answers that are right, between 0 and 1.

    ``targets`` holds ids, of any shape, for example (batch,) or (batch, time). The first argument is either
    predicted ids of the same shape, or logits with one more, last dimension (…, vocab_size), whose largest
    entry is the prediction. Raises ValueError for other shapes, for empty tensors and for logits that are
    NaN.
    """
    if targets.is_floating_point():
        raise ValueError(f"targets has type {targets.dtype}; accuracy compares ids, which are whole numbers.")
    if targets.numel() == 0:
        raise ValueError(f"targets has shape {tuple(targets.shape)}: there is nothing to be right about.")
    if logits_or_predictions.shape[:-1] == targets.shape and logits_or_predictions.ndim == targets.ndim + 1:
        if torch.isnan(logits_or_predictions).any():
            raise ValueError(
                "The logits contain NaN: training has diverged; lower the learning rate or clip gradients."
            )
        predictions = logits_or_predictions.argmax(dim=-1)  # (…, vocab_size) -> (…)
    elif logits_or_predictions.shape == targets.shape:
        predictions = logits_or_predictions
    else:
        raise ValueError(
            f"Shapes do not fit: {tuple(logits_or_predictions.shape)} and targets {tuple(targets.shape)}; "
            f"pass predicted ids of the targets' shape, or logits of that shape + (vocab_size,)."
        )
    return (predictions == targets).double().mean().item()


def confusion_matrix(targets: Tensor, predictions: Tensor, n_classes: int) -> Tensor:
    """Count what was taken for what: entry (i, j) is how many examples of class i were called j.

    The order of the arguments is scikit-learn's: what is true first, then what was predicted.

    Args:
        targets, predictions: ids from 0 to n_classes − 1, of one shape; not logits.
        n_classes: how many classes there are.

    Returns:
        (n_classes, n_classes) int64: a row for each true class, a column for each predicted one.

    Raises:
        ValueError: other shapes or types, nothing in them, or an id that is no class.
    """
    if isinstance(n_classes, bool) or not isinstance(n_classes, int) or n_classes < 1:
        raise ValueError(f"n_classes is {n_classes!r}; it must be a whole number of at least 1.")
    if predictions.shape != targets.shape or targets.numel() == 0:
        raise ValueError(
            f"targets has shape {tuple(targets.shape)}, predictions {tuple(predictions.shape)}; expected the same "
            "shape, with something in it (for logits, take argmax(dim=-1) first)."
        )
    for name, ids in (("predictions", predictions), ("targets", targets)):
        if ids.is_floating_point() or ids.is_complex():
            raise ValueError(f"{name} has type {ids.dtype}; expected class ids, which are whole numbers.")
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= n_classes:
            raise ValueError(
                f"{name} holds the id {low if low < 0 else high}; classes go from 0 to {n_classes - 1}. "
                "Leave ignored places (−100) out first."
            )
    cell = targets.flatten().long() * n_classes + predictions.flatten().long()  # (n,)
    return torch.bincount(cell, minlength=n_classes**2).view(n_classes, n_classes)


class ClassScores(NamedTuple):
    """Scores of each class, (n_classes,) float64 each, from 0 to 1; ``support`` counts its examples, int64.

    precision   of what was called this class, the share that is
    recall      of what is this class, the share that was called so
    f1          their harmonic mean, 2 · precision · recall / (precision + recall)
    """

    precision: Tensor
    recall: Tensor
    f1: Tensor
    support: Tensor

    @property
    def macro_f1(self) -> float:
        """The mean of the classes' F1: a rare class counts as much as a frequent one."""
        return self.f1.mean().item()


def precision_recall_f1(targets: Tensor, predictions: Tensor, n_classes: int) -> ClassScores:
    """Precision, recall and F1 of each class.

    Where nothing was called a class there is no precision, and where it does not occur no recall: both count as 0
    then, as in scikit-learn. C. J. van Rijsbergen, "Information Retrieval", 1979, chapter 7.

    Args and errors: as `confusion_matrix`.
    """
    counts = confusion_matrix(targets, predictions, n_classes)
    right = counts.diagonal().double()
    called, support = counts.sum(dim=0), counts.sum(dim=1)  # (n_classes,)
    return ClassScores(
        precision=right / called.clamp(min=1),
        recall=right / support.clamp(min=1),
        f1=2 * right / (called + support).clamp(min=1),
        support=support,
    )
