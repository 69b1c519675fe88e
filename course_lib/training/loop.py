"""fit(): the one training loop of the course."""

import math
import numbers
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from course_lib.checkpoint import CheckpointError
from course_lib.device import random_state, set_random_state
from course_lib.training import resume as resuming
from course_lib.training.feed import Feed, to_device
from course_lib.training.history import History, Recorder
from course_lib.training.schedule import learning_rate
from course_lib.training.stopping import EarlyStopping, copy_of_weights, interrupt_between_steps


def fit(
    model: nn.Module,
    batches: Iterable[Any],
    loss: Callable[[nn.Module, Any], Tensor],
    *,
    steps: int,
    stop_after: int | None = None,
    lr: float = 3e-3,
    weight_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.99),
    warm_up: int = 0,
    schedule: str = "cosine",
    minimum: float = 0.02,
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
    model keeps what it has learnt. A second interrupt stops at once. After an error the model keeps what it has learnt
    as well, and the history is the error's `.history` (in a notebook: `sys.last_value.history`).

    Args:
        model: any module; its own device is used, and the batches are moved there. It trains in training mode; at the
            end each of its modules is in the mode that it was in before.
        batches: gives one batch a step: tensors, and tuples, lists and dicts of them. A list, a DataLoader, or whatever
            iter() can be called on again, is read epoch after epoch; an iterator has to last. On resuming, the batches
            already used are skipped: for the same numbers they must be the same ones, so give a generator that draws
            at random a `torch.Generator` of its own.
        loss: loss(model, batch) → scalar tensor, the mean loss in nats.
        steps: optimiser steps in all, those before a resume included.
        stop_after: stop after this many of them, at the beginning of exactly the same training; `resume` goes on.
        lr, weight_decay, betas: of AdamW.
        warm_up, schedule, minimum: of `learning_rate`.
        clip_norm: gradients longer than this are scaled down to it (Pascanu et al. 2013, section 3.2); None: never.
        validate: validate(model) → loss in nats; called in eval mode, without gradients, every
            `validate_every` steps (default: a tenth of `steps`) and at the end. Random numbers that it draws do not
            change those of the training.
        patience: stop after this many looks without a lower validation loss (an equal one is not lower); then, and
            after the last step, go back to the best weights.
        checkpoint: a .safetensors file, written every `checkpoint_every` steps (default: with every look), at the
            end, on an interrupt and on an error. A state that `loss` carries from step to step is not part of it.
        resume: go on from `checkpoint` where that file exists; a training that was over stays as it ended.
        bf16: run the forward pass in bfloat16; None: on cuda only.
        make_optimizer: make_optimizer(model) → another optimiser than AdamW. The rate that each of its parameter groups
            starts with is that group's peak; lr, weight_decay and betas above are not used.
        compiled: let `torch.compile` translate the model first. A step then takes less time, but the first one of each
            batch shape takes half a minute: for long trainings. On a CPU it needs a C++ compiler.
        progress: show a bar with the loss, and one line at the end.

    Raises:
        ValueError: an option out of its range, batches that are empty or end too soon, or a checkpoint with more than
            `steps` steps.
        TypeError: batches that are none, or a loss that is no scalar tensor.
        FloatingPointError: the loss became NaN or infinite.
        CheckpointError: a checkpoint to resume from that is damaged, or belongs to another model or optimiser.
    """
    _check_whole(
        1,
        steps=steps,
        stop_after=stop_after,
        validate_every=validate_every,
        patience=patience,
        checkpoint_every=checkpoint_every,
    )
    _check_whole(0, warm_up=warm_up)
    _check_positive(lr=lr, clip_norm=clip_norm)
    learning_rate(0, steps, lr, warm_up, schedule, minimum)  # complains of what it cannot do
    if patience is not None and validate is None:
        raise ValueError(
            f"patience = {patience} needs validate=…: early stopping looks at the validation loss."
        )
    if resume and checkpoint is None:
        raise ValueError("resume=True needs checkpoint=…, the file to go on from.")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("The model has no parameter that requires a gradient: there is nothing to train.")
    device = next(model.parameters()).device
    use_bf16 = device.type == "cuda" if bf16 is None else bf16
    end = min(steps, stop_after or steps)
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
    asked, feed, stopping = resuming.options_of(optimizer), Feed(batches, steps), EarlyStopping(patience)
    history = History()
    if resume and Path(checkpoint).is_file():
        history = resuming.resume(
            checkpoint, model, optimizer, steps=steps, end=end, stopping=stopping, feed=feed
        )
    begun, recorder = history.steps, Recorder(history)
    modes = [(module, module.training) for module in model.modules()]

    def look() -> None:
        random = random_state(device)  # looking more often does not change the training
        model.eval()
        with torch.no_grad():
            loss_value = float(validate(model))
        model.train()
        set_random_state(random, device)
        history.validation.append((history.steps, loss_value))
        stopping.look(loss_value, model)

    def save(last: dict[str, Tensor] | None = None) -> None:
        if checkpoint is None or history.steps == begun:
            return
        try:
            resuming.save(
                checkpoint,
                model,
                optimizer,
                history=history,
                stopping=stopping,
                feed=feed,
                asked=asked,
                last=last,
            )
        except CheckpointError as error:
            warnings.warn(f"{error} Training goes on.", stacklevel=3)

    bar = tqdm(
        total=steps,
        initial=begun,
        desc="training",
        leave=False,
        file=sys.stdout,
        disable=not progress,
        ncols=90,
        mininterval=0.5,
    )
    with interrupt_between_steps() as interrupted:
        try:
            model.train()
            history.stopped = "finished" if end == steps else "paused"
            try:
                for step in range(begun, end):
                    if stopping.is_due:
                        break
                    if interrupted():
                        history.stopped = "interrupted"
                        break
                    for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                        group["lr"] = learning_rate(step, steps, peak, warm_up, schedule, minimum)
                    batch = to_device(feed.next(), device)
                    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=use_bf16):
                        value = _scalar(loss(forward, batch))
                    optimizer.zero_grad()
                    value.backward()
                    norm = nn.utils.clip_grad_norm_(
                        model.parameters(), math.inf if clip_norm is None else clip_norm
                    )
                    optimizer.step()
                    recorder.add(value, norm)
                    bar.update()
                    done = step + 1
                    if done % 10 == 0 or done == end:
                        recorder.check()
                        bar.set_postfix_str(f"loss {history.losses[-1]:.3f}", refresh=False)
                    if validate is not None and (done % validate_every == 0 or done == steps):
                        recorder.check()
                        look()
                    if done % checkpoint_every == 0 and done < end and not stopping.is_due:
                        recorder.check()
                        save()
            except KeyboardInterrupt:
                history.stopped = "interrupted"
            recorder.check()
            if stopping.is_due:
                history.stopped = "early"
            last = None
            if history.stopped in ("finished", "early") and stopping.weights is not None:
                last = copy_of_weights(model) if checkpoint is not None else None
                model.load_state_dict(stopping.weights)
            save(last)
        except Exception as error:
            recorder.read()
            history.stopped = "failed"
            error.history = history
            if history.steps > begun:
                error.add_note(
                    f"{history.steps:,} steps are done: the model keeps what it has learnt, and the history is this "
                    "error's .history (in a notebook: sys.last_value.history)."
                )
            if recorder.is_finite:
                save()
            raise
        finally:
            bar.close()
            for module, was_training in modes:
                module.training = was_training
    if progress:
        print(history.summary())
    return history


def _scalar(value: Any) -> Tensor:
    """The loss, if it is one."""
    if isinstance(value, Tensor) and value.numel() == 1 and value.requires_grad:
        return value
    found = f"a {type(value).__name__}"
    if isinstance(value, Tensor):
        found = f"a tensor of shape {tuple(value.shape)}" + (
            "" if value.requires_grad else " without a gradient"
        )
    raise TypeError(
        f"loss(model, batch) gave {found}; expected a scalar tensor that was computed from the model's outputs: the "
        "mean over the batch, without .item() and .detach()."
    )


def _check_whole(least: int, **options: Any) -> None:
    for name, value in options.items():
        is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if value is not None and not (is_whole and value >= least):
            raise ValueError(f"{name} = {value!r}; expected a whole number of at least {least}.")


def _check_positive(**options: float | None) -> None:
    for name, value in options.items():
        if value is not None and not value > 0:
            raise ValueError(f"{name} = {value!r}; it must be positive.")
