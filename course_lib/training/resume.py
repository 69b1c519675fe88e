"""The state of a training in a checkpoint: what `fit` writes, and how it goes on from there."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.checkpoint import load_checkpoint, save_checkpoint, stored_facts, stored_tensors
from course_lib.training.feed import Feed
from course_lib.training.history import History
from course_lib.training.stopping import EarlyStopping, copy_of_weights

Options = list[dict[str, Any]]


def options_of(optimizer: torch.optim.Optimizer) -> Options:
    """What each parameter group was given (rate, betas, …), as JSON holds it; tensors are left out."""
    return [
        {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in group.items()
            if name != "params" and not isinstance(value, Tensor)
        }
        for group in optimizer.param_groups
    ]


def save(
    path: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    history: History,
    stopping: EarlyStopping,
    feed: Feed,
    asked: Options,
    last: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a checkpoint from which `resume` goes on.

    Args:
        asked: the optimiser's options before the first step.
        last: the weights of the last step, where the model has gone back to its best ones.
    """
    best = stopping.weights if last is None else None  # else they are the model's
    tensors = {
        f"{kind}.{name}": weight
        for kind, weights in (("best", best), ("last", last))
        for name, weight in (weights or {}).items()
    }
    save_checkpoint(
        path,
        model,
        optimizer,
        tensors={"epoch.random": feed.random, **tensors},
        history=asdict(history),
        best=stopping.best,
        looks=stopping.looks,
        epoch=feed.epoch,
        asked=asked,
    )


def resume(
    path: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    end: int,
    stopping: EarlyStopping,
    feed: Feed,
) -> History:
    """Put the stored state into model, optimiser, `stopping` and `feed`; return the history.

    An option of the optimiser that is asked otherwise than when the file was written is taken as it is asked now; all
    else is as it was stored. Where nothing is left to do, the model has the weights that the earlier run ended with.

    Args:
        steps: of the whole training.
        end: the step at which this run will stop at the latest.

    Raises:
        ValueError: more steps are done than `steps`, or the batches already used cannot be skipped.
        CheckpointError: a damaged file, or one of another model or optimiser.
    """
    facts = stored_facts(path)
    history = History(**facts["history"])
    history.validation = [tuple(look) for look in history.validation]
    if history.steps > steps:
        raise ValueError(
            f"The checkpoint {path} has {history.steps:,} steps done, more than steps = {steps:,}. Ask for "
            f"steps = {history.steps:,} or more, or delete the file to train anew."
        )
    asked_now = options_of(optimizer)
    load_checkpoint(path, model, optimizer)
    for group, now, then in zip(
        optimizer.param_groups, asked_now, facts.get("asked", asked_now), strict=True
    ):
        for name, value in now.items():
            if value != then.get(name, value):
                group[name] = tuple(value) if isinstance(value, list) else value
    best, last = (stored_tensors(path, kind) for kind in ("best.", "last."))
    if stopping.patience is not None and (best or last):
        stopping.best, stopping.looks = facts["best"], facts["looks"]
        stopping.weights = best or copy_of_weights(model)
    if history.steps < end and not stopping.is_due:
        if last:
            model.load_state_dict(last)
        feed.skip(history.steps, facts.get("epoch"), stored_tensors(path, "epoch.").get("random"))
    return history
