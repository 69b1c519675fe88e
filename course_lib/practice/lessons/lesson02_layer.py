"""Lesson 02: LSTM layers over whole sequences, on the weights of torch.nn.LSTM."""

from typing import Any

import torch
from torch import Tensor

from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference, first_nan
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.lessons.lesson02_stack import KINDS, MISTAKES, lstm_stack


def _cases() -> list[tuple]:
    generator = seeded(3)

    def case(
        batch: int,
        time: int,
        input_size: int,
        hidden_size: int,
        n_layers: int,
        given: bool,
        scale: float = 1.0,
    ) -> tuple:
        def draw(*shape: int) -> Tensor:
            return (0.6 * torch.randn(*shape, generator=generator)).requires_grad_()

        weights, rows = {}, 4 * hidden_size
        for k in range(n_layers):
            shapes = ((rows, hidden_size if k else input_size), (rows, hidden_size), (rows,), (rows,))
            weights |= {f"{kind}_l{k}": draw(*shape) for kind, shape in zip(KINDS, shapes, strict=True)}
        x = (scale * torch.randn(batch, time, input_size, generator=generator)).requires_grad_()
        shape = n_layers, batch, hidden_size
        return x, weights, (draw(*shape), draw(*shape)) if given else None

    return [
        case(1, 1, 2, 3, 1, given=False),
        case(1, 4, 2, 3, 1, given=False),
        case(3, 5, 3, 2, 1, given=False),
        case(2, 3, 2, 4, 1, given=True),
        case(2, 4, 3, 3, 2, given=False),
        case(3, 2, 4, 2, 3, given=True),
        case(2, 3, 2, 2, 1, given=False, scale=1000.0),
        case(3, 3, 2, 2, 1, given=False),
        case(1, 2, 2, 1, 11, given=True),  # names with two digits: weight_ih_l10
    ]


def _outcome(result: Any, x: Tensor, weights: dict, state: Any = None) -> dict[str, Any]:
    """Outputs, last states, and the gradients of a random linear function of them all."""
    parts = _parts(result)
    if parts is None:
        return {"parts": None, "form": _form_of(result)}
    leaves = {"x": x, **weights, **dict(zip(("h_0", "c_0"), state or (), strict=False))}
    generator = seeded(4)
    total = sum((part * torch.randn(part.shape, generator=generator)).sum() for part in parts.values())
    found = [None] * len(leaves)
    if total.requires_grad:
        found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    gradients = {
        name: torch.zeros_like(leaf) if gradient is None else gradient
        for (name, leaf), gradient in zip(leaves.items(), found, strict=True)
    }
    return {"parts": {name: part.detach() for name, part in parts.items()}, "gradients": gradients}


def _parts(result: Any) -> dict[str, Tensor] | None:
    """output, h_n and c_n by name; None where the result is not output, (h_n, c_n)."""
    if not isinstance(result, list | tuple) or len(result) != 2:
        return None
    output, pair = result
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return None
    parts = dict(zip(("output", "h_n", "c_n"), (output, *pair), strict=True))
    fits = all(isinstance(part, Tensor) and part.is_floating_point() for part in parts.values())
    return parts if fits else None


def _form_of(result: Any) -> str:
    """How a result is put together, so that two that cannot be judged are alike only where their forms are."""
    if isinstance(result, list | tuple):
        return f"({', '.join(map(_form_of, result))})"
    return f"tensor of {result.ndim} dimensions" if isinstance(result, Tensor) else type(result).__name__


def _given(arguments: tuple) -> str:
    """A case in words: its arguments would fill a page."""
    x, weights, state = arguments
    batch, time, _ = x.shape
    n_layers = len(weights) // 4
    return (
        f"For {n_layers} layer{'s' * (n_layers > 1)}, {batch} row{'s' * (batch > 1)} of {time} step{'s' * (time > 1)}"
        f"{' and a given state' if state is not None else ''}"
    )


def _form(attempt: Attempt) -> str | None:
    for arguments in attempt.cases():
        parts, expected = attempt(*arguments)["parts"], attempt.expected(*arguments)["parts"]
        if parts is None:
            return f"{_given(arguments)}, expected output, (h_n, c_n): a tensor and a pair of tensors."
        for name, part in expected.items():
            if parts[name].shape != part.shape:
                found, wanted = tuple(parts[name].shape), tuple(part.shape)
                return f"{_given(arguments)}, {name} has shape {found}, expected {wanted}."
    return None


def _values(question: str, *cases: int, names: tuple[str, ...] = ("output",)) -> Property:
    """Some of the outputs equal the reference's in some cases."""

    def test(attempt: Attempt) -> str | None:
        for number in cases:
            arguments = attempt.cases()[number]
            parts, expected = attempt(*arguments)["parts"], attempt.expected(*arguments)["parts"]
            for name in names:
                given = f"{_given(arguments)}, in {name}"
                if (nan := first_nan(parts[name])) is not None:
                    return f"{given} you have NaN {nan}."
                if found := difference(parts[name], expected[name], 1e-3):
                    return f"{given} {found.sentence()}"
        return None

    return Property(question, test)


def _gradients(attempt: Attempt) -> str | None:
    for number in (2, 4, 5):
        arguments = attempt.cases()[number]
        gradients, expected = attempt(*arguments)["gradients"], attempt.expected(*arguments)["gradients"]
        for name, gradient in expected.items():
            if not gradients[name].any():
                return f"{_given(arguments)}, no gradient reaches {name}: training would leave it as it is."
            if difference(gradients[name], gradient, 1e-2):
                return (
                    f"{_given(arguments)}, the gradient of {name} differs from nn.LSTM's although the outputs agree: "
                    "is a path cut, by detach or .data?"
                )
    return None


LSTM_LAYER = Exercise(
    id="02.lstm_layer",
    title="LSTM layers",
    points=4,
    reference=lstm_stack(),
    cases=_cases,
    outcome=_outcome,
    properties=[
        Property("Do you return output, (h_n, c_n) in nn.LSTM's shapes?", _form),
        _values("With a single step, is the output the h of your cell?", 0),
        _values("Over four steps, do h and c go on from step to step?", 1),
        _values("With three rows, does each row have a state of its own?", 2),
        _values("With as many rows as steps, is time still the middle dimension?", 7),
        _values("Does reading start from the state that was given?", 3),
        _values("With two layers, does the upper one read the output of the lower one?", 4),
        _values("With three layers and a given state, is every layer right?", 5),
        _values("Are h_n and c_n the last states of every layer?", 1, 3, 4, 5, 8, names=("h_n", "c_n")),
        _values("Are inputs of a thousand safe, although their exponential is infinite?", 6),
        Property(
            "Do the gradients of x, of all weights and of the state equal those of nn.LSTM?", _gradients
        ),
    ],
    hints=[
        "Which two loops are there, and what does each of them pass on to its next iteration?",
        "The inner loop runs over time and passes on h and c. The outer loop runs over the layers and passes on the "
        "sequence of all h, which the next layer reads in place of x.",
        "`for x_t in x.unbind(1)` gives one (batch, input_size) a step. Collect every h in a list; after the loop, "
        "`x = torch.stack(outputs, dim=1)` is the input of the next layer.",
    ],
    mistakes=MISTAKES,
    time_limit=10.0,
)
