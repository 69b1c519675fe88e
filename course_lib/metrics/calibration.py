"""Does a classifier know how sure it may be?"""

from typing import NamedTuple

import torch
from torch import Tensor


class Reliability(NamedTuple):
    """Answers in bins of equal width by the classifier's confidence, (n_bins,) each, lowest confidence first.

    confidence  mean probability of the answers in the bin, float64; NaN where it is empty
    accuracy    the share of them that is right, float64; NaN where it is empty
    count       how many there are, int64
    """

    confidence: Tensor
    accuracy: Tensor
    count: Tensor


def reliability(probabilities: Tensor, targets: Tensor, n_bins: int = 10) -> Reliability:
    """Sort a classifier's answers by how sure it is, and see how often it is right.

    The answer is the likeliest class, the confidence its probability. Well calibrated is who is right in eight of ten
    cases where they say 0.8. Bin b holds confidences in (b / n_bins, (b + 1) / n_bins].
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", 2017, section 2.

    Args:
        probabilities: (n, n_classes), rows sum to 1.
        targets: (n,) class ids.
        n_bins: how many bins from 0 to 1.

    Raises:
        ValueError: other shapes, nothing in them, or rows that are no distributions (logits?).
    """
    if probabilities.ndim != 2 or targets.shape != probabilities.shape[:1] or len(targets) == 0:
        raise ValueError(
            f"probabilities has shape {tuple(probabilities.shape)}, targets {tuple(targets.shape)}; "
            "expected (n, n_classes) and (n,), n at least 1."
        )
    if isinstance(n_bins, bool) or not isinstance(n_bins, int) or n_bins < 1:
        raise ValueError(f"n_bins is {n_bins!r}; it must be a whole number of at least 1.")
    p = probabilities.double()
    if not (bool((p >= 0).all()) and bool(((p.sum(dim=1) - 1).abs() < 1e-3).all())):
        raise ValueError("The rows of probabilities do not sum to 1: pass logits.softmax(dim=-1).")
    confidence, answer = p.max(dim=1)  # (n,)
    right = (answer == targets).double()
    place = ((confidence * n_bins).ceil().long() - 1).clamp(0, n_bins - 1)  # (n,)
    count = torch.bincount(place, minlength=n_bins)  # (n_bins,)

    def mean(values: Tensor) -> Tensor:
        return torch.bincount(place, weights=values, minlength=n_bins) / count  # 0 / 0 is NaN

    return Reliability(mean(confidence), mean(right), count)


def expected_calibration_error(probabilities: Tensor, targets: Tensor, n_bins: int = 10) -> float:
    """The mean distance between confidence and accuracy over the bins of `reliability`, weighted by their size.

    0 is perfect; 0.1: on average the classifier promises ten per cent too much (or too little). Guo et al. 2017,
    equation 3. Few examples a bin make it too large by chance. Args and errors: as `reliability`.
    """
    bins = reliability(probabilities, targets, n_bins)
    filled = bins.count > 0
    gap = (bins.confidence - bins.accuracy)[filled].abs()
    return ((gap * bins.count[filled]).sum() / bins.count.sum()).item()
