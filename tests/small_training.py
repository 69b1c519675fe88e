"""A model, batches and a loss so small that a training takes a blink: shared by the tests of `fit`."""

import itertools
import signal

import torch
from torch import nn


def small_model(seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))


def batches(seed=0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        x = torch.randn(16, 3, generator=generator)
        yield x, x.sum(dim=1, keepdim=True)


def squared_error(model, batch):
    x, y = batch
    return ((model(x) - y) ** 2).mean()


def weights(model):
    return torch.cat([parameter.detach().flatten().cpu() for parameter in model.parameters()])


def at_step(number, action, loss=squared_error):
    """The loss, before which `action()` is called at step `number` (from 0)."""
    calls = itertools.count()

    def acting(model, batch):
        if next(calls) == number:
            action()
        return loss(model, batch)

    return acting


def press_stop():
    signal.raise_signal(signal.SIGINT)
