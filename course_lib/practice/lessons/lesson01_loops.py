"""Lesson 01: a training loop, and the loops with one thing done wrong."""

import copy
from collections.abc import Callable

import torch
from torch import nn


def train(model: nn.Module, batches: list, loss: Callable, lr: float, max_norm: float) -> list[float]:
    losses, parameters = [], list(model.parameters())
    for batch in batches:
        value = loss(model, batch)
        gradients = torch.autograd.grad(value, parameters)
        norm = float(sum((gradient**2).sum() for gradient in gradients)) ** 0.5
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= lr * gradient * max_norm / max(norm, max_norm)
        losses.append(value.item())
    return losses


def loop(
    *,
    zero=True,
    clip="joint",
    sign=-1.0,
    update=True,
    first_batch=False,
    late_loss=False,
    keep=False,
    one=False,
    optimiser=None,
    only=lambda parameter: True,
    decay=1.0,
    returns=lambda losses: losses,
) -> Callable:
    """The loop with one thing done wrong."""

    def train(model, batches, loss, lr, max_norm):
        losses, parameters = [], [parameter for parameter in model.parameters() if only(parameter)]
        step = optimiser(parameters, lr).step if optimiser else None
        for parameter in parameters:
            parameter.grad = None
        for number, batch in enumerate(batches):
            batch = batches[0] if first_batch else batch
            if zero:
                model.zero_grad()
            value = loss(model, batch)
            value.backward()
            if clip == "joint":
                nn.utils.clip_grad_norm_(parameters, max_norm)
            elif clip == "each":
                for parameter in parameters:
                    nn.utils.clip_grad_norm_([parameter], max_norm)
            elif clip == "value":
                nn.utils.clip_grad_value_(parameters, max_norm)
            elif clip == "step":  # the step lr · g, in place of g
                for parameter in parameters:
                    parameter.grad *= lr
                nn.utils.clip_grad_norm_(parameters, max_norm)
                for parameter in parameters:
                    parameter.grad /= lr
            elif clip == "always":
                norm = nn.utils.get_total_norm([parameter.grad for parameter in parameters])
                for parameter in parameters:
                    parameter.grad *= max_norm / norm
            with torch.no_grad():
                for parameter in parameters if update and not step else []:
                    parameter += sign * lr * decay**number * parameter.grad
                if clip == "parameters":
                    norm = nn.utils.get_total_norm(parameters)
                    for parameter in parameters:
                        parameter *= max_norm / max(float(norm), max_norm)
            if step:
                step()
            value = loss(model, batch) if late_loss else value
            losses.append(value if keep else value.item())
            if one:
                break
        return returns(losses)

    return train


def weights_only(parameters, lr):
    return torch.optim.SGD([parameter for parameter in parameters if parameter.dim() > 1], lr)


def outside_of_no_grad(model, batches, loss, lr, max_norm):
    for batch in batches:
        loss(model, batch).backward()
        for parameter in model.parameters():
            parameter -= lr * parameter.grad


def one_step_for_all(model, batches, loss, lr, max_norm):
    values = [loss(model, batch) for batch in batches]
    train(model, [batches], lambda model, batches: sum(loss(model, batch) for batch in batches), lr, max_norm)
    return [value.item() for value in values]


def on_a_copy(model, batches, loss, lr, max_norm):
    return train(copy.deepcopy(model), batches, loss, lr, max_norm)
