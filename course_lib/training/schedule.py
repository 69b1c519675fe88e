"""How the learning rate rises and falls."""

import math

SCHEDULES = ("cosine", "linear", "inverse_sqrt", "constant")


def learning_rate(
    step: int,
    steps: int,
    peak: float,
    warm_up: int = 0,
    schedule: str = "cosine",
    minimum: float = 0.02,
) -> float:
    """The learning rate of step number `step` (from 0): linear warm-up to the peak, then a decay.

    Args:
        step: at `steps` and beyond, cosine and linear stay where they ended.
        steps: of the whole schedule, warm-up included.
        peak: the highest rate; step number `warm_up` - 1 is the first to have it.
        warm_up: steps of the warm-up.
        schedule: "cosine", half a period (Loshchilov & Hutter 2017, "SGDR", equation 5, without restarts); "linear"
            (Devlin et al. 2019, appendix A.2); "inverse_sqrt", 1/√step (Vaswani et al. 2017, equation 3, with
            peak = (d_model · warm_up)^-0.5); "constant".
        minimum: the share of the peak, 0 to 1, at which cosine and linear end; inverse_sqrt never falls below it.

    Raises:
        ValueError: an unknown schedule, or a number out of its range.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule = {schedule!r}; choose one of {', '.join(SCHEDULES)}.")
    if step < 0 or steps < 1 or warm_up < 0 or not 0 <= minimum <= 1:
        raise ValueError(
            f"step = {step}, steps = {steps}, warm_up = {warm_up}, minimum = {minimum}; expected step and warm_up of "
            "at least 0, steps of at least 1, and minimum as a share of the peak, from 0 to 1."
        )
    if schedule == "inverse_sqrt" and warm_up < 1:
        raise ValueError(
            "schedule = 'inverse_sqrt' needs warm_up of at least 1: its decay is measured in warm-ups."
        )
    if step < warm_up:
        return peak * (step + 1) / warm_up
    if schedule == "constant":
        return peak
    if schedule == "inverse_sqrt":
        return peak * max(minimum, math.sqrt(warm_up / (step + 1)))
    progress = min(1.0, (step - warm_up) / max(1, steps - warm_up))
    fallen = progress if schedule == "linear" else 0.5 * (1 - math.cos(math.pi * progress))
    return peak * (1 - (1 - minimum) * fallen)
