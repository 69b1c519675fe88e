"""Lesson 01: a training loop of one's own."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.lessons import lesson01_loops as loops
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
    x = torch.randn(n_batches, 4, 3, generator=generator)
    target = scale * (x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 1.0)
    return model, list(zip(x.unbind(), target.unbind(), strict=True))


def _train_cases() -> list[tuple]:
    one, two, steep, many = _line(1), _line(3), _line(3, scale=50.0), _line(40)
    return [
        (*one, _squared_error, 0.1, 1e6),  # one step, nothing to clip
        (*two, _squared_error, 0.1, 1e6),  # three steps
        (*steep, _squared_error, 0.1, 1.0),  # gradients that have to be clipped
        (*many, _squared_error, 0.1, 5.0),  # long enough to learn
    ]


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
    return f"Over the last 10 of 40 steps the mean loss is {last:.3g}; {best:.3g} can be reached."


TRAIN = Exercise(
    id="01.train",
    title="A training loop of your own",
    points=4,
    reference=loops.train,
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
            loops.loop(zero=False),
            "You never reset the gradients. `backward` adds to `.grad`, so every step repeats all earlier ones: call "
            "`model.zero_grad()` before it.",
        ),
        Mistake(
            "no clipping",
            loops.loop(clip=""),
            "Your step uses the gradient unclipped. Clip between the gradients and the step: after it, it is too late.",
        ),
        Mistake(
            "each parameter clipped by itself",
            loops.loop(clip="each"),
            "You clipped each parameter by its own norm, which turns the gradient. Take one norm over all parameters.",
        ),
        Mistake(
            "clipped by value",
            loops.loop(clip="value"),
            "You clipped every number by itself. Scale the whole gradient by one factor instead.",
        ),
        Mistake(
            "step clipped",
            loops.loop(clip="step"),
            "You clipped lr times the gradient; clip the gradient itself, then multiply by lr.",
        ),
        Mistake(
            "running mean",
            loops.loop(returns=lambda losses: [sum(losses[: n + 1]) / (n + 1) for n in range(len(losses))]),
            "You averaged over all steps so far; return the loss of each batch as it is.",
        ),
        Mistake(
            "uphill",
            loops.loop(sign=1.0),
            "You added the gradient, which climbs. Subtract it: the gradient points to where the loss grows.",
        ),
        Mistake(
            "no step",
            loops.loop(update=False),
            "The parameters never change: the step is missing, or it makes new tensors, p = p − …, or the gradients "
            "were set to zero just before it.",
        ),
        Mistake(
            "on a copy",
            loops.on_a_copy,
            "You trained a copy of the model. Train the model that was passed in; its caller goes on using it.",
        ),
        Mistake(
            "first batch only",
            loops.loop(first_batch=True),
            "You used the first batch in every step. Take the next one each time.",
        ),
        Mistake(
            "loss after the step",
            loops.loop(late_loss=True),
            "You recorded the loss after the step. Record the one that the gradient came from, before the step.",
        ),
        Mistake(
            "graphs kept",
            loops.loop(keep=True),
            "You stored the loss tensors, and with them the graph of every step: memory grows until it is full.",
        ),
        Mistake(
            "one step",
            loops.loop(one=True),
            "Your loop ends after its first step: is there a `break`, or a `return` indented too far?",
        ),
        Mistake(
            "always scaled",
            loops.loop(clip="always"),
            "You scale every gradient to max_norm, short ones too; clip only where the norm exceeds max_norm.",
        ),
        Mistake(
            "no learning rate",
            loops.loop(optimiser=lambda parameters, lr: torch.optim.SGD(parameters, lr=1.0)),
            "Your step subtracts the whole gradient; multiply it by lr.",
        ),
        Mistake(
            "default learning rate",
            loops.loop(optimiser=lambda parameters, lr: torch.optim.SGD(parameters)),
            "Your optimiser uses its default learning rate; pass it lr.",
        ),
        Mistake(
            "Adam",
            loops.loop(optimiser=torch.optim.Adam),
            "Those are Adam's steps, which rescale each gradient; plain descent subtracts lr times the gradient.",
        ),
        Mistake(
            "momentum",
            loops.loop(optimiser=lambda parameters, lr: torch.optim.SGD(parameters, lr, momentum=0.9)),
            "Your step keeps a momentum of earlier gradients; plain descent uses the gradient of this batch alone.",
        ),
        Mistake(
            "weights only",
            loops.loop(optimiser=loops.weights_only),
            "The biases never change; every parameter takes the step.",
        ),
        Mistake(
            "weights only, their norm too",
            loops.loop(only=lambda parameter: parameter.dim() > 1),
            "The biases never change; every parameter takes the step.",
        ),
        Mistake(
            "parameters clipped",
            loops.loop(clip="parameters"),
            "You clipped the parameters; the gradient is what has to be short, before the step.",
        ),
        Mistake(
            "learning rate falls",
            loops.loop(decay=0.99),
            "Your learning rate changes from step to step; every step takes the same lr.",
        ),
        Mistake(
            "outside of no_grad",
            loops.outside_of_no_grad,
            "A parameter asks for a gradient, so autograd forbids to change it in place; step inside torch.no_grad().",
        ),
        Mistake(
            "one step for all batches",
            loops.one_step_for_all,
            "You took a single step from the sum of all losses; take one step for each batch.",
        ),
        Mistake(
            "mean loss",
            loops.loop(returns=lambda losses: sum(losses) / len(losses)),
            "You returned the mean; return the list, one loss per step.",
        ),
        Mistake(
            "last loss only",
            loops.loop(returns=lambda losses: losses[-1:]),
            "You returned the last loss alone; append the loss of every step.",
        ),
        Mistake(
            "nothing returned",
            loops.loop(returns=lambda losses: None),
            "The training works; what is missing is `return losses` at the end.",
        ),
    ],
    time_limit=20.0,
)
