"""Lesson 02: one step of an LSTM, with the weights as PyTorch packs them."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def draw(generator: torch.Generator, *shape: int) -> Tensor:
    # Small enough that no gate saturates: a saturated gate is 0 or 1 for right and wrong answers alike.
    return 0.5 * torch.randn(*shape, generator=generator)


def one_that_learns(cases: Callable[[], list[tuple]], number: int) -> Callable[[], list[tuple]]:
    """Copies of one case in which a single argument asks for its gradient, one argument after the other."""

    def copies() -> list[tuple]:
        arguments = cases()[number]
        return [
            (*arguments[:place], argument.clone().requires_grad_(), *arguments[place + 1 :])
            for place, argument in enumerate(arguments)
        ]

    return copies


def lstm_step(
    order: tuple[int, int, int, int] = (0, 1, 2, 3),
    candidate: Callable = torch.tanh,
    shown: Callable = torch.tanh,
    swap: bool = False,
    keep: Callable = lambda f, i: f,
    write: Callable = lambda f, i: i,
    gate: Callable = torch.sigmoid,
    old: bool = False,
    bias: bool = True,
    cut: bool = False,
    dim: int = 1,
    alone: bool = False,
    interleaved: bool = False,
    squash: str = "h",
) -> Callable:
    """An LSTM step; the options are the ways to get it wrong."""

    def step(x, h, c, W_ih, W_hh, b):
        sums = x @ W_ih.T + h @ W_hh.T + (b if bias else 0)
        first, second, third, fourth = (
            sums.view(len(x), -1, 4).unbind(-1) if interleaved else sums.chunk(4, dim=dim)
        )
        i, f, g, o = ((first, second, third, fourth)[place] for place in order)
        i, f, o = gate(i), gate(f), gate(o)
        new = keep(f, i) * c + write(f, i) * candidate(g)
        new = torch.tanh(new) if squash == "c" else new
        h = torch.tanh(o * new) if squash == "product" else o * shown(c if old else new)
        if cut:
            h, new = h.detach(), new.detach()
        if alone:
            return h
        return (new, h) if swap else (h, new)

    return step


def _cases() -> list[tuple]:
    generator = seeded(0)

    def case(
        batch: int, input_size: int, hidden_size: int, with_c: bool, with_x: bool, scale: float = 1.0
    ) -> tuple:
        x = draw(generator, batch, input_size) if with_x else torch.zeros(batch, input_size)
        c = draw(generator, batch, hidden_size) * 3 if with_c else torch.zeros(batch, hidden_size)
        h = draw(generator, batch, hidden_size) if with_x else torch.zeros(batch, hidden_size)
        rows = 4 * hidden_size
        weights = draw(generator, rows, input_size), draw(generator, rows, hidden_size)
        return scale * x, h, c, *weights, draw(generator, rows) * 2

    return [
        case(1, 2, 3, False, False),
        case(1, 2, 3, True, False),
        case(1, 3, 2, True, True),
        case(4, 2, 5, True, True),
        case(2, 3, 3, True, True, scale=1000.0),
    ]


LSTM_STEP = Exercise(
    id="02.lstm_step",
    title="One step of an LSTM",
    reference=lstm_step(),
    cases=_cases,
    properties=[
        has_shape("Do you return the pair (h, c), each (batch, hidden_size)?"),
        matches_reference("With an empty cell and no input: is c = i ⊙ g, and h = o ⊙ tanh(c)?", cases=0),
        matches_reference("With a full cell: is f ⊙ c kept, and i ⊙ g added?", cases=1),
        matches_reference("With an input and a hidden state as well: do both reach the gates?", cases=2),
        matches_reference("For a batch of four, is every row right?", cases=3),
        matches_reference(
            "With inputs of a thousand, where an exponential is infinite, is it safe?", cases=4
        ),
        holds(
            "Can all six arguments be trained through both results?",
            lambda pair, *_: (
                (pair[0].requires_grad and pair[1].requires_grad)
                or "no gradient passes from h or c back to one of the arguments (because of detach, .data or a new "
                "tensor): training would leave it as it is."
            ),
            cases=one_that_learns(_cases, 3),
        ),
    ],
    hints=[
        "The four sums have the same form and different weights. How many matrix products do you need for x?",
        "`x @ W_ih.T + h @ W_hh.T + b` is (batch, 4 * hidden_size) and holds all four sums. Cut it into four, then "
        "follow the drawing: keep, write, show.",
        "`i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)` gives the sums. Three of them need a sigmoid, "
        "the candidate a tanh; then comes the new cell state, and h from it.",
    ],
    mistakes=[
        Mistake(
            "gates in the order i, f, o, g",
            lstm_step(order=(0, 1, 3, 2)),
            "You took the third block for the output gate and the fourth for the candidate; PyTorch stacks i, f, g, o. "
            "Such a network trains well, and fails only with weights from elsewhere.",
        ),
        Mistake(
            "input and forget gate swapped",
            lstm_step(order=(1, 0, 2, 3)),
            "You swapped the input gate and the forget gate: the order is i, f, g, o.",
        ),
        Mistake(
            "input and output gate swapped",
            lstm_step(order=(3, 1, 2, 0)),
            "You swapped the input gate and the output gate: the order is i, f, g, o.",
        ),
        Mistake(
            "blocks interleaved",
            lstm_step(interleaved=True),
            "You took four neighbouring rows for each unit. PyTorch stacks whole blocks, the i of all units, then "
            "the f of all units: chunk(4, dim=1).",
        ),
        Mistake("pair swapped", lstm_step(swap=True), "You returned (c, h); the pair is (h, c)."),
        Mistake(
            "old cell state in h",
            lstm_step(old=True),
            "You computed h from the old cell state. Take the new one: h = o ⊙ tanh(c) comes last.",
        ),
        Mistake(
            "no tanh on the cell",
            lstm_step(shown=lambda c: c),
            "You left out the tanh on the cell state: h = o ⊙ tanh(c) stays between −1 and 1.",
        ),
        Mistake(
            "tanh on the stored cell state",
            lstm_step(squash="c", shown=lambda c: c),
            "You applied the tanh to the cell state that is passed on, as an RNN does. Return c as the sum "
            "f ⊙ c + i ⊙ g; the tanh belongs in h alone.",
        ),
        Mistake(
            "tanh after the output gate",
            lstm_step(squash="product"),
            "You multiplied by the output gate first and applied the tanh afterwards. The other way round: "
            "h = o ⊙ tanh(c).",
        ),
        Mistake(
            "candidate through a sigmoid",
            lstm_step(candidate=torch.sigmoid),
            "You sent the candidate g through a sigmoid; it takes a tanh, so that the cell can go down as well as up.",
        ),
        Mistake(
            "1 − i for f",
            lstm_step(keep=lambda f, i: 1 - i),
            "You kept 1 − i of the cell. That is how a GRU does it; the LSTM has a forget gate of its own, f.",
        ),
        Mistake(
            "1 − f for i",
            lstm_step(write=lambda f, i: 1 - f),
            "You wrote 1 − f of the candidate. That is how a GRU does it; the LSTM has an input gate of its own, i.",
        ),
        Mistake(
            "1 − f kept",
            lstm_step(keep=lambda f, i: 1 - f),
            "You kept 1 − f of the cell. In spite of its name, the forget gate says how much is kept: f ⊙ c.",
        ),
        Mistake(
            "gates without sigmoid",
            lstm_step(gate=lambda total: total),
            "You used the sums of i, f and o as they are. A gate lies between 0 and 1: apply a sigmoid to each.",
        ),
        Mistake(
            "sigmoid inverted",
            lstm_step(gate=lambda total: torch.sigmoid(-total)),
            "Your gates open where they should close: the sigmoid is 1 / (1 + e^(−x)), with the minus.",
        ),
        Mistake(
            "cut along the batch",
            lstm_step(dim=0),
            "You cut the sums along the batch, dimension 0. The four blocks lie next to each other in dimension 1: "
            "chunk(4, dim=1).",
        ),
        Mistake("h alone", lstm_step(alone=True), "You returned h alone. The state is a pair: return h, c."),
        Mistake("no bias", lstm_step(bias=False), "You left out the bias b."),
        Mistake(
            "detached",
            lstm_step(cut=True),
            "You detached the result. All numbers are right, and nothing can be learned.",
        ),
    ],
)
