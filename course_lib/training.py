"""fit(): the one training loop of the course."""

import math
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from course_lib.checkpoint import CheckpointError, load_checkpoint, save_checkpoint


@dataclass
class History:
    """What happened during training; also after an interrupt.

    Attributes:
        losses: training loss of every step, in nats (mean over the batch).
        gradient_norms: 2-norm of the whole gradient of every step, before clipping.
        validation: (steps done, validation loss in nats), in order.
        seconds: wall-clock time spent in the loop.
        stopped: "finished", "interrupted" or "early" (no better validation loss for `patience` looks).
    """

    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str = "finished"

    @property
    def steps(self) -> int:
        """Optimiser steps done."""
        return len(self.losses)

    @property
    def best_validation(self) -> float:
        """The lowest validation loss seen, in nats; infinity before the first look."""
        return min((loss for _, loss in self.validation), default=math.inf)

    def summary(self) -> str:
        """One line without timings, the same again on a re-run."""
        if not self.losses:
            return f"0 steps ({self.stopped})"
        recent = self.losses[-min(50, len(self.losses)) :]
        words = [f"{self.steps:,} steps ({self.stopped})", f"training loss {sum(recent) / len(recent):.3f}"]
        if self.validation:
            words.append(f"validation loss {self.validation[-1][1]:.3f}")
        return " · ".join(words)


def learning_rate(step: int, steps: int, peak: float, warm_up: int = 0, schedule: str = "cosine") -> float:
    """The learning rate of step number `step` (from 0): linear warm-up, then a half cosine down to 2 % of peak.

    Source: Loshchilov & Hutter 2017, "SGDR", equation 5, without restarts; "constant" stays at the peak.
    """
    if step < warm_up:
        return peak * (step + 1) / warm_up
    if schedule == "constant":
        return peak
    progress = (step - warm_up) / max(1, steps - warm_up)
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def fit(
    model: nn.Module,
    batches: Iterable[Any],
    loss: Callable[[nn.Module, Any], Tensor],
    *,
    steps: int,
    lr: float = 3e-3,
    weight_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.99),
    warm_up: int = 0,
    schedule: str = "cosine",
    clip_norm: float | None = 1.0,
    validate: Callable[[nn.Module], float] | None = None,
    validate_every: int | None = None,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    resume: bool = False,
    bf16: bool | None = None,
    make_optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None = None,
    compiled: bool = False,
    progress: bool = True,
) -> History:
    """Train `model` in place with AdamW and return what happened.

    Interrupting (the stop button, Ctrl-C) ends after the step at hand: the history so far is returned and the
    model keeps what it has learnt. A second interrupt stops at once.

    Args:
        model: any module; its own device is used, and the batches are moved there.
        batches: gives one batch a step; may be endless. On resuming, the batches already used are skipped.
        loss: loss(model, batch) → scalar tensor, the mean loss in nats.
        steps: optimiser steps in all, those before a resume included.
        lr, weight_decay, betas, warm_up, schedule: of AdamW and of `learning_rate`.
        clip_norm: gradients longer than this are scaled down to it (Pascanu et al. 2013, section 3.2); None: never.
        validate: validate(model) → loss in nats; called in eval mode, without gradients, every
            `validate_every` steps (default: a tenth of `steps`) and at the end.
        patience: stop after this many looks without a better validation loss, and go back to the best weights.
        checkpoint: a .safetensors file, written every `checkpoint_every` steps (default: with every look), at the
            end and on an interrupt. A state that `loss` carries from step to step is not part of it.
        resume: go on from `checkpoint` where that file exists.
        bf16: run the forward pass in bfloat16; None: on cuda only.
        make_optimizer: make_optimizer(model) → another optimiser than AdamW. The rate that each of its parameter groups
            starts with is that group's peak; lr, weight_decay and betas above are not used.
        compiled: let `torch.compile` translate the model first. A step then takes less time, but the first one of each
            batch shape takes half a minute: for long trainings. On a CPU it needs a C++ compiler.
        progress: show a bar with the loss, and one line at the end.

    Raises:
        ValueError: an option out of its range.
        FloatingPointError: the loss became NaN or infinite.
    """
    if steps < 1 or lr <= 0 or schedule not in ("cosine", "constant"):
        raise ValueError(
            f"steps = {steps}, lr = {lr}, schedule = {schedule!r}; expected steps of at least 1, a positive lr, "
            "and schedule 'cosine' or 'constant'."
        )
    if patience is not None and validate is None:
        raise ValueError(
            f"patience = {patience} needs validate=…: early stopping looks at the validation loss."
        )
    device = next(model.parameters()).device
    use_bf16 = device.type == "cuda" if bf16 is None else bf16
    validate_every = validate_every or max(1, steps // 10)
    checkpoint_every = checkpoint_every or validate_every
    if make_optimizer is not None:
        optimizer = make_optimizer(model)
    else:
        # All parameters in one pass: of a small model's step on a CPU this spares a quarter.
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=lr, betas=betas, weight_decay=weight_decay, fused=True
        )
    peaks = [group["lr"] for group in optimizer.param_groups]
    forward = torch.compile(model) if compiled else model  # the same parameters
    history, batches = History(), iter(batches)
    if resume and checkpoint is not None and Path(checkpoint).is_file():
        history = History(**load_checkpoint(checkpoint, model, optimizer)["history"])
        history.validation = [tuple(look) for look in history.validation]
        history.stopped = "finished"
        # Skipping the batches already used may draw random numbers; the stored state is the one after them.
        random_state = torch.get_rng_state()
        for _ in islice(batches, history.steps):
            pass
        torch.set_rng_state(random_state)
    best_weights: dict[str, Tensor] | None = None
    looks_since_best = 0
    pending: list[tuple[Tensor, Tensor]] = []
    was_training = model.training
    start, seconds_before = time.perf_counter(), history.seconds

    def flush() -> None:
        # Reading a loss makes a GPU wait, so they are read ten at a time.
        for loss_value, norm in pending:
            history.losses.append(float(loss_value))
            history.gradient_norms.append(float(norm))
        pending.clear()
        history.seconds = seconds_before + time.perf_counter() - start
        for number, value in enumerate(history.losses[-10:]):
            if not math.isfinite(value):
                step = max(0, history.steps - 10) + number
                raise FloatingPointError(
                    f"The loss is {value} at step {step}: the weights have blown up. "
                    "Lower lr, set clip_norm, or start with smaller weights."
                )

    def look() -> None:
        model.eval()
        with torch.no_grad():
            history.validation.append((history.steps, float(validate(model))))
        model.train()

    def save() -> None:
        flush()
        try:
            save_checkpoint(checkpoint, model, optimizer, history=asdict(history))
        except CheckpointError as error:
            warnings.warn(f"{error} Training goes on.", stacklevel=3)

    model.train()
    bar = tqdm(
        total=steps,
        initial=history.steps,
        desc="training",
        leave=False,
        file=sys.stdout,
        disable=not progress,
        ncols=90,
        mininterval=0.5,
    )
    try:
        with _interrupt_between_steps() as interrupted:
            for step, batch in enumerate(islice(batches, steps - history.steps), start=history.steps):
                for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                    group["lr"] = learning_rate(step, steps, peak, warm_up, schedule)
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=use_bf16):
                    value = loss(forward, _to(batch, device))
                optimizer.zero_grad()
                value.backward()
                norm = nn.utils.clip_grad_norm_(
                    model.parameters(), math.inf if clip_norm is None else clip_norm
                )
                optimizer.step()
                pending.append((value.detach(), norm))
                bar.update()
                done = step + 1
                if done % 10 == 0 or done == steps:
                    flush()
                    bar.set_postfix_str(f"loss {history.losses[-1]:.3f}", refresh=False)
                if validate is not None and (done % validate_every == 0 or done == steps):
                    flush()
                    best = history.best_validation
                    look()
                    if history.validation[-1][1] < best:
                        looks_since_best = 0
                        if patience is not None:
                            best_weights = {
                                name: w.detach().clone() for name, w in model.state_dict().items()
                            }
                    else:
                        looks_since_best += 1
                    if patience is not None and looks_since_best >= patience:
                        history.stopped = "early"
                        break
                if checkpoint is not None and done % checkpoint_every == 0 and done < steps:
                    save()
                if interrupted():
                    history.stopped = "interrupted"
                    break
    except KeyboardInterrupt:
        history.stopped = "interrupted"
    finally:
        bar.close()
        model.train(was_training)
    flush()
    if history.stopped != "interrupted" and best_weights is not None:
        model.load_state_dict(best_weights)
    if checkpoint is not None:
        save()
    if progress:
        print(history.summary())
    return history


def _to(batch: Any, device: torch.device) -> Any:
    """The batch with every tensor in it on `device`; tuples, lists and dicts are walked."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, tuple | list):
        parts = [_to(part, device) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    if isinstance(batch, dict):
        return {name: _to(part, device) for name, part in batch.items()}
    return batch


@contextmanager
def _interrupt_between_steps():
    """Hold the first interrupt back until the step at hand is whole; gives a function that tells of it.

    Half a step would leave some weights moved and others not. Signals reach the main thread only; in any other
    thread nothing is changed.
    """
    asked = False

    def hold(signum, frame):
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, hold)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
