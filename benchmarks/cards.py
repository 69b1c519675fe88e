"""What the cards of stored models say about their training."""

from statistics import fmean

from course_lib.training import History


def training_curve(history: History, every: int) -> dict:
    """Training losses as means of `every` steps; an incomplete rest is left out."""
    whole = len(history.losses) // every * every
    return {
        "training_loss": [round(fmean(history.losses[i : i + every]), 4) for i in range(0, whole, every)],
        "training_loss_every": every,
    }
