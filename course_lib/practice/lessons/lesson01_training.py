"""Lesson 01: a training loop of one's own."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import holds


def _squared_error(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    x, target = batch
    return ((model(x) - target) ** 2).mean()


def _line(n_batches: int, scale: float = 1.0) -> tuple[nn.Module, list[tuple[Tensor, Tensor]]]:
    """A linear model with fixed weights, and batches of a linear task."""
    generator = seeded(6)
    model = nn.Linear(3, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.5, -0.3, 0.2]]))
        model.bias.fill_(0.1)
    batches = []
    for _ in range(n_batches):
        x = torch.randn(4, 3, generator=generator)
        batches.append((x, scale * (x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 1.0)))
    return model, batches


def _train_cases() -> list[tuple]:
    one, two, steep, many = _line(1), _line(3), _line(3, scale=50.0), _line(80)
    return [
        (*one, _squared_error, 0.1, 1e6),  # one step, nothing to clip
        (*two, _squared_error, 0.1, 1e6),  # three steps
        (*steep, _squared_error, 0.1, 1.0),  # gradients that have to be clipped
        (*many, _squared_error, 0.1, 5.0),  # long enough to learn
    ]


def _train(model: nn.Module, batches: list, loss: Callable, lr: float, max_norm: float) -> list[float]:
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


def _outcome(losses: Any, model: nn.Module, *_: Any) -> dict[str, Any]:
    """What a training loop leaves behind."""
    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    keeps_graph = isinstance(losses, list) and any(isinstance(x, Tensor) and x.requires_grad for x in losses)
    if isinstance(losses, list):
        losses = [x.detach().item() if isinstance(x, Tensor) and x.numel() == 1 else x for x in losses]
    return {"losses": losses, "weights": weights, "keeps_graph": keeps_graph}


def _about(part: str, question: str, case: int, sentence: str) -> Property:
    """The losses or the weights equal the reference's in one case; else this sentence."""

    def test(attempt: Attempt) -> str | None:
        arguments = attempt.cases()[case]
        found = difference(attempt(*arguments)[part], attempt.expected(*arguments)[part], 1e-3)
        if found is None:
            return None
        return f"{sentence} {faults.join('', found.sentence())}" if part == "losses" else sentence

    return Property(question, test)


def _as_many_losses(attempt: Attempt) -> str | None:
    arguments = attempt.cases()[1]
    n_losses, n_batches = len(attempt(*arguments)["losses"]), len(arguments[1])
    return None if n_losses == n_batches else f"You return {n_losses} losses, expected {n_batches}."


def _learns(attempt: Attempt) -> str | None:
    arguments = attempt.cases()[3]
    last = sum(attempt(*arguments)["losses"][-10:]) / 10
    best = sum(attempt.expected(*arguments)["losses"][-10:]) / 10
    if last <= best + 0.01:
        return None
    return f"Over the last 10 of 80 steps the mean loss is {last:.3g}; {best:.3g} can be reached."


def _loop(
    *,
    zero=True,
    clip="joint",
    sign=-1.0,
    update=True,
    first_batch=False,
    late_loss=False,
    keep=False,
    one=False,
) -> Callable:
    """The loop with one thing done wrong."""

    def train(model, batches, loss, lr, max_norm):
        losses, parameters = [], list(model.parameters())
        for parameter in parameters:
            parameter.grad = None
        for batch in batches:
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
            with torch.no_grad():
                for parameter in parameters if update else []:
                    parameter += sign * lr * parameter.grad
            value = loss(model, batch) if late_loss else value
            losses.append(value if keep else value.item())
            if one:
                break
        return losses

    return train


def _on_a_copy(model, batches, loss, lr, max_norm):
    return _train(copy.deepcopy(model), batches, loss, lr, max_norm)


TRAIN = Exercise(
    id="01.train",
    title="A training loop of your own",
    reference=_train,
    cases=_train_cases,
    outcome=_outcome,
    properties=[
        Property("Is there one loss per batch?", _as_many_losses),
        _about(
            "losses",
            "Is the first loss that of the untrained model?",
            0,
            "It should be loss(model, batch).",
        ),
        _about(
            "weights",
            "After one step, is every parameter moved by −lr times its gradient?",
            0,
            "After one batch the weights are not where one step of gradient descent puts them.",
        ),
        _about(
            "weights",
            "Does every step start from gradients of zero, and use the next batch?",
            1,
            "The first step is right, but after three batches the weights are not where three steps put them.",
        ),
        _about(
            "weights",
            "Is a long gradient clipped to max_norm before the step?",
            2,
            "With gradients far longer than max_norm, the weights end up in the wrong place.",
        ),
        _about(
            "losses", "Is each loss that of the model before its step?", 1, "Only the first one is right."
        ),
        holds(
            "Are the losses plain numbers, without a graph behind them?",
            lambda outcome, *_: (
                not outcome["keeps_graph"]
                or "they still require gradients, which keeps every step's graph in memory: append value.item()."
            ),
            cases=1,
        ),
        Property("Does the model learn?", _learns),
    ],
    hints=[
        "What has to happen between two batches so that the second gradient knows nothing of the first?",
        "For each batch: the loss, its gradients (from zero), clipping, and a step against the gradient, inside "
        "`torch.no_grad()`. The loss is recorded as a number before the step changes the model.",
        "Start with `parameters = list(model.parameters())`. Inside the loop, "
        "`torch.autograd.grad(value, parameters)` returns fresh gradients; hand them to `clip_gradients`.",
    ],
    mistakes=[
        Mistake(
            "gradients accumulate",
            _loop(zero=False),
            "You never reset the gradients. `backward` adds to `.grad`, so every step repeats all earlier ones: call "
            "`model.zero_grad()` before it.",
        ),
        Mistake(
            "no clipping",
            _loop(clip=""),
            "Your step uses the gradient unclipped. Clip between the gradients and the step: after it, it is too late.",
        ),
        Mistake(
            "each parameter clipped by itself",
            _loop(clip="each"),
            "You clipped each parameter by its own norm, which turns the gradient. Take one norm over all parameters.",
        ),
        Mistake(
            "clipped by value",
            _loop(clip="value"),
            "You clipped every number by itself. Scale the whole gradient by one factor instead.",
        ),
        Mistake(
            "uphill",
            _loop(sign=1.0),
            "You added the gradient, which climbs. Subtract it: the gradient points to where the loss grows.",
        ),
        Mistake("no step", _loop(update=False), "The parameters never change: the step is missing."),
        Mistake(
            "on a copy",
            _on_a_copy,
            "You trained a copy of the model. Train the model that was passed in; its caller goes on using it.",
        ),
        Mistake(
            "first batch only",
            _loop(first_batch=True),
            "You used the first batch in every step. Take the next one each time.",
        ),
        Mistake(
            "loss after the step",
            _loop(late_loss=True),
            "You recorded the loss after the step. Record the one that the gradient came from, before the step.",
        ),
        Mistake(
            "graphs kept",
            _loop(keep=True),
            "You stored the loss tensors, and with them the graph of every step: memory grows until it is full.",
        ),
        Mistake(
            "one step",
            _loop(one=True),
            "Your loop returns after its first step: is `return` indented too far?",
        ),
    ],
    time_limit=20.0,
)
