"""Lesson 02: LSTM layers over whole sequences, on the weights of torch.nn.LSTM."""

from typing import Any

import torch
from torch import Tensor

from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference, first_nan
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.lessons.lesson02_cells import lstm_step
from course_lib.practice.lessons.lesson02_stack import KINDS, lstm_stack


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
        _values("Are h_n and c_n the last states of every layer?", 1, 3, 4, 5, names=("h_n", "c_n")),
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
    mistakes=[
        Mistake(
            "gates in the order i, f, o, g",
            lstm_stack(step=lstm_step(order=(0, 1, 3, 2))),
            "Your cell unpacks the blocks as i, f, o, g. nn.LSTM packs i, f, g, o.",
        ),
        Mistake(
            "one bias",
            lstm_stack(biases=1),
            "You used bias_ih alone. nn.LSTM keeps two biases and adds both.",
        ),
        Mistake(
            "state ignored",
            lstm_stack(state_as="ignored"),
            "You always start from zeros. Start from the given state where there is one.",
        ),
        Mistake(
            "every step from the beginning",
            lstm_stack(carry="none"),
            "Each of your steps starts from the initial state. Pass h and c on to the next step.",
        ),
        Mistake(
            "cell state lost",
            lstm_stack(carry="h"),
            "You pass on h, and c starts again at every step. The cell state is the memory: pass on both.",
        ),
        Mistake(
            "hidden state lost",
            lstm_stack(carry="c"),
            "You pass on c, and h starts again at every step. The gates need the last h: pass on both.",
        ),
        Mistake(
            "every step from zeros",
            lstm_stack(carry="zeros"),
            "You set h and c to zeros inside the loop over time. Set them before it, and pass both on from step to "
            "step.",
        ),
        Mistake(
            "rows for time",
            lstm_stack(time="rows"),
            "You loop over the rows of the batch. Time is the middle dimension of (batch, time, input_size).",
        ),
        Mistake(
            "rows for time, no state",
            lstm_stack(time="rows", state_as="ignored"),
            "You loop over the rows of the batch. Time is the middle dimension of (batch, time, input_size), so take "
            "x[:, t].",
        ),
        Mistake(
            "backwards",
            lstm_stack(backwards=True),
            "You read from the last step to the first.",
        ),
        Mistake(
            "cell state as output",
            lstm_stack(shown="c"),
            "You returned the cell states as the output. The output holds h; c stays inside.",
        ),
        Mistake(
            "states swapped",
            lstm_stack(swap=True),
            "You returned (c_n, h_n); the pair is (h_n, c_n).",
        ),
        Mistake(
            "weights of the bottom layer",
            lstm_stack(own_weights="none"),
            "You used the weights of layer 0 in every layer: layer k has its own, weight_ih_l{k} and so on.",
        ),
        Mistake(
            "upper layer reads x",
            lstm_stack(upper="x"),
            "Your upper layers read x again. Layer k reads the outputs of layer k − 1.",
        ),
        Mistake(
            "upper layer starts from the lower one's end",
            lstm_stack(upper_state="below"),
            "Your upper layers start from the last state of the layer below. Each layer starts from its own state.",
        ),
        Mistake(
            "last states of the top layer",
            lstm_stack(last="top"),
            "You returned the top layer's last state for every layer. Keep one pair for each layer.",
        ),
        Mistake(
            "upper layer starts from the lower one's end, without a given state",
            lstm_stack(upper_state="below without a state"),
            "You set h and c to zeros once, before the loop over layers, so the second layer starts from the last "
            "state of the first. Every layer starts from zeros of its own.",
        ),
        Mistake(
            "one layer",
            lstm_stack(layers="first"),
            "You read the first layer only. The state dict has four entries for each layer: loop over all layers.",
        ),
        Mistake(
            "recurrent weights of the bottom layer",
            lstm_stack(own_weights="W_ih and biases"),
            "You used weight_hh_l0 in every layer: layer k has its own, weight_hh_l{k}.",
        ),
        Mistake(
            "state of the first layer",
            lstm_stack(state_as="first layer's"),
            "Every layer of yours starts from h_0[0] and c_0[0]. Layer k starts from h_0[k] and c_0[k].",
        ),
        Mistake(
            "state taken as (c_0, h_0)",
            lstm_stack(state_as="swapped"),
            "You took the given state for (c_0, h_0). The pair is (h_0, c_0).",
        ),
        Mistake(
            "time first",
            lstm_stack(form="time first"),
            "Your output has time in front: the h of all steps must be stacked along dimension 1.",
        ),
        Mistake(
            "states with batch first",
            lstm_stack(form="states with batch first"),
            "You stacked the layers' states along dimension 1. In h_n and c_n the layer comes first, then the batch, "
            "even with batch_first=True.",
        ),
        Mistake(
            "states without a layer dimension",
            lstm_stack(form="top states"),
            "You returned the last layer's h and c. h_n and c_n hold every layer's, (num_layers, batch, hidden_size).",
        ),
        Mistake(
            "three values",
            lstm_stack(form="three values"),
            "You returned three values, output, h_n and c_n. nn.LSTM returns two: output, and the pair (h_n, c_n).",
        ),
        Mistake(
            "lists of states",
            lstm_stack(form="lists"),
            "Your h_n and c_n are lists with one tensor a layer. Stack each of them into one tensor.",
        ),
        Mistake(
            "no gradient",
            lstm_stack(cut="everything"),
            "You compute under torch.no_grad, or detach the result. All outputs are right, and nothing can be learned.",
        ),
        Mistake(
            "state detached at every step",
            lstm_stack(cut="state"),
            "You detach the state at every step. All outputs are right, but no gradient crosses a step, so the layer "
            "cannot learn to remember.",
        ),
        Mistake(
            "weights detached",
            lstm_stack(cut="weights"),
            "You detached or copied the weights (`load_state_dict` copies). All outputs are right, and nothing can be "
            "learned.",
        ),
    ],
    time_limit=10.0,
)
