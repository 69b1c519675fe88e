"""Evaluation mode for as long as a block or a function runs, and then every module's own mode again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import torch
from torch import nn

P, R = ParamSpec("P"), TypeVar("R")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode; give each of its modules back its own mode afterwards, also after an error.

    `model.train(was_training)` would give all of them the outermost module's: parts that somebody has frozen in
    evaluation mode would have dropout again.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def measures(function: Callable[Concatenate[nn.Module, P], R]) -> Callable[Concatenate[nn.Module, P], R]:
    """Decorator of a function that measures a model, its first argument: evaluation mode meanwhile, no gradients."""

    @wraps(function)
    def measure(model: nn.Module, *args: P.args, **kwargs: P.kwargs) -> R:
        with evaluating(model), torch.no_grad():
            return function(model, *args, **kwargs)

    return measure
