"""Lesson 02: one step of a GRU, with the weights as PyTorch packs them."""

from collections.abc import Callable

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson02_cells import draw, one_that_learns
from course_lib.practice.properties import has_shape, holds, matches_reference


def _gru(
    keep_z: bool = True,
    reset: str = "after",
    order: tuple[int, int, int] = (0, 1, 2),
    candidate: Callable = torch.tanh,
    written: Callable = lambda z: 1 - z,
    kept: Callable = lambda z, r: z,
    second_bias: bool = True,
    cut: bool = False,
    interleaved: bool = False,
) -> Callable:
    """A GRU step; the options are the ways to get it wrong."""

    def step(x, h, W_ih, W_hh, b_ih, b_hh):
        from_x, from_h = x @ W_ih.T + b_ih, h @ W_hh.T + (b_hh if second_bias else 0)
        from_x, from_h = (
            sums.view(len(x), -1, 3).unbind(-1) if interleaved else sums.chunk(3, dim=1) for sums in (from_x, from_h)
        )
        r, z, n = order
        gate_r, gate_z = torch.sigmoid(from_x[r] + from_h[r]), torch.sigmoid(from_x[z] + from_h[z])
        if reset == "after":
            new = candidate(from_x[n] + gate_r * from_h[n])
        elif reset == "before":
            rows = W_hh.chunk(3)[n]
            new = candidate(from_x[n] + (gate_r * h) @ rows.T + b_hh.chunk(3)[n])
        elif reset == "without bias":
            bias = b_hh.chunk(3)[n]
            new = candidate(from_x[n] + gate_r * (from_h[n] - bias) + bias)
        elif reset == "both biases":
            bias = b_ih.chunk(3)[n]
            new = candidate(from_x[n] - bias + gate_r * (from_h[n] + bias))
        elif reset == "inverted":
            new = candidate(from_x[n] + (1 - gate_r) * from_h[n])
        elif reset == "everything":
            new = candidate(gate_r * (from_x[n] + from_h[n]))
        elif reset == "outside":
            new = gate_r * candidate(from_x[n] + from_h[n])
        else:
            new = candidate(from_x[n] + from_h[n])
        result = (
            kept(gate_z, gate_r) * h + written(gate_z) * new if keep_z else (1 - gate_z) * h + gate_z * new
        )
        return result.detach() if cut else result

    return step


def _cases() -> list[tuple]:
    generator = seeded(1)

    def case(batch: int, input_size: int, hidden_size: int, with_h: bool, scale: float = 1.0) -> tuple:
        x = scale * draw(generator, batch, input_size)
        h = torch.tanh(draw(generator, batch, hidden_size)) if with_h else torch.zeros(batch, hidden_size)
        rows = 3 * hidden_size
        weights = draw(generator, rows, input_size), draw(generator, rows, hidden_size)
        return x, h, *weights, draw(generator, rows) * 2, draw(generator, rows) * 2

    return [
        case(1, 2, 3, False),
        case(1, 3, 2, True),
        case(4, 2, 5, True),
        case(2, 3, 3, True, scale=1000.0),
    ]


def _bounded(h: torch.Tensor, *_) -> bool | str:
    largest = h[h.abs() == h.abs().max()][0].item()
    return abs(largest) <= 1 or f"one unit of your new state is {largest:.3g}."


GRU_STEP = Exercise(
    id="02.gru_step",
    title="One step of a GRU",
    reference=_gru(),
    cases=_cases,
    properties=[
        has_shape("Does the new state have the shape of the old one, (batch, hidden_size)?"),
        holds("Does every unit stay between −1 and 1?", _bounded),
        matches_reference("With an empty state, is the result (1 − z) ⊙ n?", cases=0),
        matches_reference("With a full state, does z say how much of it stays?", cases=1),
        matches_reference("For a batch of four, is every row right?", cases=2),
        matches_reference(
            "With inputs of a thousand, where an exponential is infinite, is it safe?", cases=3
        ),
        holds(
            "Can all six arguments be trained?",
            lambda h, *_: (
                h.requires_grad
                or "no gradient passes from the result back to one of the arguments (because of detach, .data or a new "
                "tensor): training would leave it as it is."
            ),
            cases=one_that_learns(_cases, 2),
        ),
    ],
    hints=[
        "Can you add the products with x and with h at once, as in the LSTM? Look at what r multiplies.",
        "Keep the sums from x and from h apart, (batch, 3 * hidden_size) each, and cut both into three. The gates add "
        "their thirds; the candidate scales the third from h by r first.",
        "`x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)`, and `h_r, h_z, h_n` the same way from h. The rest is "
        "the four formulas, one per line.",
    ],
    mistakes=[
        Mistake(
            "update gate inverted",
            _gru(keep_z=False),
            "You kept 1 − z of the state. Here, as in PyTorch and in Cho et al. 2014, z says how much stays. (Chung et "
            "al. 2014 define z the other way round.)",
        ),
        Mistake(
            "reset before the product",
            _gru(reset="before"),
            "You scaled h by r before the product with U_n, as Cho et al. 2014 write. PyTorch scales the product, its "
            "bias included: r ⊙ (U_n h + b'_n).",
        ),
        Mistake(
            "bias outside the bracket",
            _gru(reset="without bias"),
            "You left the second bias of the candidate outside the bracket. PyTorch's reset gate scales it too: "
            "r ⊙ (U_n h + b'_n).",
        ),
        Mistake(
            "no reset",
            _gru(reset="none"),
            "You left the reset gate r out of the candidate: n = tanh(x_n + r ⊙ h_n).",
        ),
        Mistake(
            "reset of the input as well",
            _gru(reset="everything"),
            "You scaled the input's part by r as well. The reset gate acts on what comes from h alone.",
        ),
        Mistake(
            "reset of the finished candidate",
            _gru(reset="outside"),
            "You multiplied the finished candidate by r. The reset gate acts inside the tanh, on what comes from h "
            "alone: n = tanh(x_n + r ⊙ h_n).",
        ),
        Mistake(
            "reset of the kept state",
            _gru(kept=lambda z, r: z * r),
            "You scaled the kept state by r too. The reset gate acts only in the candidate; z ⊙ h keeps h as it is.",
        ),
        Mistake(
            "1 − r for r",
            _gru(reset="inverted"),
            "You scaled what comes from h by 1 − r. It is r itself: n = tanh(x_n + r ⊙ h_n).",
        ),
        Mistake(
            "blocks interleaved",
            _gru(interleaved=True),
            "You took three neighbouring rows for each unit. PyTorch stacks whole blocks, the r of all units, then "
            "the z of all units: chunk(3, dim=1).",
        ),
        Mistake("no b_hh", _gru(second_bias=False), "You left out the second bias, b_hh."),
        Mistake(
            "both biases inside the bracket",
            _gru(reset="both biases"),
            "You put both biases of the candidate inside the bracket. The reset gate scales what comes from h, "
            "with its bias b'_n; b_n stays outside.",
        ),
        Mistake(
            "candidate without tanh",
            _gru(candidate=lambda total: total),
            "You left out the tanh on the candidate n, which keeps it between −1 and 1.",
        ),
        Mistake(
            "candidate added in full",
            _gru(written=lambda z: 1),
            "You added the whole candidate. Only the fraction 1 − z of the state is replaced: (1 − z) ⊙ n + z ⊙ h.",
        ),
        Mistake(
            "gates in the order z, r, n",
            _gru(order=(1, 0, 2)),
            "You swapped r and z: PyTorch stacks r, z, n.",
        ),
        Mistake(
            "candidate through a sigmoid",
            _gru(candidate=torch.sigmoid),
            "You sent the candidate n through a sigmoid; it takes a tanh.",
        ),
        Mistake(
            "detached",
            _gru(cut=True),
            "You detached the result. All numbers are right, and nothing can be learned.",
        ),
    ],
)
