"""Lesson 02: one step of an LSTM and one of a GRU, with the weights as PyTorch packs them."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _draw(generator: torch.Generator, *shape: int) -> Tensor:
    # Small enough that no gate saturates: a saturated gate is 0 or 1 for right and wrong answers alike.
    return 0.5 * torch.randn(*shape, generator=generator)


def _lstm(
    order: tuple[int, int, int, int] = (0, 1, 2, 3),
    candidate: Callable = torch.tanh,
    shown: Callable = torch.tanh,
    swap: bool = False,
    keep: Callable = lambda f, i: f,
) -> Callable:
    """An LSTM step; the options are the ways to get it wrong."""

    def step(x, h, c, W_ih, W_hh, b):
        blocks = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
        i, f, g, o = (blocks[place] for place in order)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        c = keep(f, i) * c + i * candidate(g)
        h = o * shown(c)
        return (c, h) if swap else (h, c)

    return step


def _lstm_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(0)

    def case(batch: int, with_c: bool, with_x: bool) -> tuple:
        x = _draw(generator, batch, 2) if with_x else torch.zeros(batch, 2)
        c = _draw(generator, batch, 3) * 3 if with_c else torch.zeros(batch, 3)
        h = _draw(generator, batch, 3) if with_x else torch.zeros(batch, 3)
        b = _draw(generator, 12) * 2
        return x, h, c, _draw(generator, 12, 2), _draw(generator, 12, 3), b

    return [case(1, False, False), case(1, True, False), case(1, True, True), case(4, True, True)]


LSTM_STEP = Exercise(
    id="02.lstm_step",
    title="One step of the LSTM",
    reference=_lstm(),
    cases=_lstm_cases,
    properties=[
        has_shape("Do you return the pair (h, c), each (batch, hidden_size)?"),
        matches_reference("With an empty cell and no input: is c = i ⊙ g, and h = o ⊙ tanh(c)?", cases=0),
        matches_reference("With a full cell: is f ⊙ c kept, and i ⊙ g added?", cases=1),
        matches_reference("With input and memory too?", cases=2),
        matches_reference("And for a batch of four?", cases=3),
    ],
    hints=[
        "One product for everything: x @ W_ih.T + h @ W_hh.T + b is (batch, 4 * hidden_size). Cut it in four.",
        "In the order i, f, g, o: sigmoid for i, f and o, tanh for g. c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c').",
        "i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1); then torch.sigmoid / torch.tanh, new c, new h; "
        "return h, c.",
    ],
    mistakes=[
        Mistake(
            "gates in the order i, f, o, g",
            _lstm(order=(0, 1, 3, 2)),
            "You took the third block for the output gate and the fourth for the candidate; PyTorch packs i, f, g, o. "
            "Such a network trains well, and fails only with weights from elsewhere.",
        ),
        Mistake(
            "input and forget gate swapped",
            _lstm(order=(1, 0, 2, 3)),
            "You swapped the input and the forget gate: the order is i, f, g, o.",
        ),
        Mistake(
            "pair swapped",
            _lstm(swap=True),
            "You returned (c, h); the pair is (h, c).",
        ),
        Mistake(
            "no tanh on the cell",
            _lstm(shown=lambda c: c),
            "You showed the cell as it is; h = o ⊙ tanh(c), so that h stays between −1 and 1.",
        ),
        Mistake(
            "candidate through a sigmoid",
            _lstm(candidate=torch.sigmoid),
            "You sent the candidate g through a sigmoid; it is a tanh: the cell must be able to count down, too.",
        ),
        Mistake(
            "forget what is written",
            _lstm(keep=lambda f, i: 1 - i),
            "You kept 1 − i of the cell; that is the GRU's bargain. The LSTM has a forget gate of its own, f.",
        ),
    ],
)


def _gru(
    keep_z: bool = True,
    reset: str = "after",
    order: tuple[int, int, int] = (0, 1, 2),
    candidate: Callable = torch.tanh,
) -> Callable:
    """A GRU step; the options are the ways to get it wrong."""

    def step(x, h, W_ih, W_hh, b_ih, b_hh):
        from_x = (x @ W_ih.T + b_ih).chunk(3, dim=1)
        from_h = (h @ W_hh.T + b_hh).chunk(3, dim=1)
        r, z, n = (place for place in order)
        gate_r, gate_z = torch.sigmoid(from_x[r] + from_h[r]), torch.sigmoid(from_x[z] + from_h[z])
        if reset == "after":
            new = candidate(from_x[n] + gate_r * from_h[n])
        elif reset == "before":
            rows = W_hh.chunk(3)[n]
            new = candidate(from_x[n] + (gate_r * h) @ rows.T + b_hh.chunk(3)[n])
        elif reset == "without bias":
            bias = b_hh.chunk(3)[n]
            new = candidate(from_x[n] + gate_r * (from_h[n] - bias) + bias)
        else:
            new = candidate(from_x[n] + from_h[n])
        return gate_z * h + (1 - gate_z) * new if keep_z else (1 - gate_z) * h + gate_z * new

    return step


def _gru_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(1)

    def case(batch: int, with_h: bool) -> tuple:
        h = torch.tanh(_draw(generator, batch, 3)) if with_h else torch.zeros(batch, 3)
        weights = (
            _draw(generator, 9, 2),
            _draw(generator, 9, 3),
            _draw(generator, 9) * 2,
            _draw(generator, 9) * 2,
        )
        return _draw(generator, batch, 2), h, *weights

    return [case(1, False), case(1, True), case(4, True)]


GRU_STEP = Exercise(
    id="02.gru_step",
    title="One step of the GRU",
    reference=_gru(),
    cases=_gru_cases,
    properties=[
        has_shape("Is the new state as large as the old one, (batch, hidden_size)?"),
        holds("Does every unit stay between −1 and 1?", lambda h, *_: bool((h.abs() <= 1).all())),
        matches_reference("With an empty memory: is it (1 − z) ⊙ n?", cases=0),
        matches_reference("With a memory: does z say how much of it stays?", cases=1),
        matches_reference("And for a batch of four?", cases=2),
    ],
    hints=[
        "Keep the shares of x and of h apart: the candidate n needs them apart, because r acts on the share of h.",
        "r = σ(x_r + h_r), z = σ(x_z + h_z), n = tanh(x_n + r ⊙ h_n), h' = (1 − z) ⊙ n + z ⊙ h, where x_• and h_• are "
        "the thirds of x @ W_ih.T + b_ih and of h @ W_hh.T + b_hh.",
        "x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1), the same for h; then the four formulas, line by line.",
    ],
    mistakes=[
        Mistake(
            "update gate turned over",
            _gru(keep_z=False),
            "You kept 1 − z of the memory: z says how much stays, in PyTorch as in Cho et al. 2014. (Chung et al. 2014 "
            "turn it over.)",
        ),
        Mistake(
            "reset before the product",
            _gru(reset="before"),
            "You reset h before multiplying by W_hn, as Cho et al. 2014 write; PyTorch resets the product, bias and "
            "all: r ⊙ (W_hn h + b_hn).",
        ),
        Mistake(
            "bias outside the bracket",
            _gru(reset="without bias"),
            "You left the bias of h_n outside the bracket; PyTorch's reset gate scales it too: r ⊙ (W_hn h + b_hn).",
        ),
        Mistake(
            "no reset",
            _gru(reset="none"),
            "You left the reset gate r out of the candidate: n = tanh(x_n + r ⊙ h_n).",
        ),
        Mistake(
            "gates in the order z, r, n",
            _gru(order=(1, 0, 2)),
            "You swapped r and z: PyTorch packs r, z, n.",
        ),
        Mistake(
            "candidate through a sigmoid",
            _gru(candidate=torch.sigmoid),
            "You sent the candidate n through a sigmoid; it is a tanh.",
        ),
    ],
)
