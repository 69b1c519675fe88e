"""Lesson 01: one step of the recurrence."""

import math

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _step_cases() -> list[tuple]:
    generator = seeded(1)

    def draw(*shape: int) -> Tensor:
        # Small enough that tanh does not saturate: a saturated unit is ±1 for right and wrong answers alike.
        return 0.5 * torch.randn(*shape, generator=generator)

    zeros = torch.zeros
    return [
        (draw(1, 2), zeros(1, 3), draw(3, 2), draw(3, 3), zeros(3)),  # only the input matters
        (zeros(1, 2), draw(1, 3), draw(3, 2), draw(3, 3), zeros(3)),  # only the memory matters
        (zeros(1, 2), zeros(1, 3), draw(3, 2), draw(3, 3), draw(3)),  # only the bias matters
        (draw(4, 2), draw(4, 3), draw(3, 2), draw(3, 3), draw(3)),
        (draw(2, 5), draw(2, 6), draw(6, 5), draw(6, 6), draw(6)),
    ]


def _one_that_learns() -> list[tuple]:
    """The cases in which a single argument asks for its gradient."""
    whole = _step_cases()[3]
    return [
        tuple(tensor.clone().requires_grad_(place == number) for place, tensor in enumerate(whole))
        for number in range(len(whole))
    ]


def _rnn_step(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
    return torch.tanh(x @ W_ih.T + h @ W_hh.T + b)


def _over_the_state(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
    return h.copy_(_rnn_step(x, h, W_ih, W_hh, b))


RNN_STEP = Exercise(
    id="01.rnn_step",
    title="One step of the RNN",
    reference=_rnn_step,
    cases=_step_cases,
    properties=[
        has_shape("Does the new state have the shape of the old one, (batch, hidden_size)?"),
        holds(
            "Does every unit stay between −1 and 1?",
            lambda state, *_: (
                bool((state.abs() <= 1).all())
                or f"you have {state.flatten()[state.abs().argmax()]:.2f} in it."
            ),
        ),
        matches_reference("With h = 0 and no bias, is it tanh(W_ih x)?", cases=0),
        matches_reference("With no input and no bias, is it tanh(W_hh h)?", cases=1),
        matches_reference("With x = 0 and h = 0, is it tanh(b)?", cases=2),
        matches_reference("Is it right with everything together, for a batch of four?", cases=3),
        matches_reference("And for other sizes?", cases=4),
        holds(
            "Can a gradient flow back to every argument?",
            lambda state, *_: (
                state.requires_grad
                or "your result is cut off from it (by detach, item or a new tensor), so training could not change it."
            ),
            cases=_one_that_learns,
        ),
    ],
    hints=[
        "Which three terms does the formula add up before the tanh?",
        "h_t = tanh(W_ih x_t + W_hh h_{t−1} + b). The formula treats x as a column; here each row is an example.",
        "For rows of examples, W_ih x is `x @ W_ih.T`, of shape (batch, hidden_size). What is W_hh h?",
    ],
    mistakes=[
        Mistake(
            "no tanh",
            lambda x, h, W_ih, W_hh, b: x @ W_ih.T + h @ W_hh.T + b,
            "You left out the tanh: without it the whole network is a single linear map, and its state can grow "
            "without bound.",
        ),
        Mistake(
            "columns for rows",
            lambda x, h, W_ih, W_hh, b: torch.tanh(W_ih @ x + W_hh @ h + b),
            "That is the formula for one column. Here every row of x is an example: W_ih x becomes x @ W_ih.T.",
        ),
        Mistake(
            "nothing transposed",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih + h @ W_hh + b),
            "W_ih has shape (hidden_size, input_size): transpose it, x @ W_ih.T, so that the sizes match.",
        ),
        Mistake(
            "W_hh not transposed",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h @ W_hh + b),
            "You multiplied h by W_hh where the formula has W_hh h: for rows of examples that is h @ W_hh.T. "
            "W_hh is square, so the shapes could not warn you.",
        ),
        Mistake(
            "memory forgotten",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + b) + 0 * h,
            "You left W_hh h out: without it the network has no memory, and each step sees only its own input.",
        ),
        Mistake(
            "memory outside",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + b) + h @ W_hh.T,
            "You added W_hh h after the tanh; it belongs inside, so that the state stays between −1 and 1.",
        ),
        Mistake(
            "bias forgotten",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h @ W_hh.T),
            "You left the bias b out.",
        ),
        Mistake(
            "bias outside",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h @ W_hh.T) + b,
            "You added the bias after the tanh; it belongs inside.",
        ),
        Mistake(
            "tanh of each term",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T) + torch.tanh(h @ W_hh.T + b),
            "You took the tanh of each term. Add the terms first, then take one tanh.",
        ),
        Mistake(
            "gradient cut off",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h.detach() @ W_hh.T + b),
            "The numbers are right, but training cannot go back through them: detach, item, NumPy and torch.tensor cut "
            "the gradient off.",
        ),
        Mistake(
            "sigmoid",
            lambda x, h, W_ih, W_hh, b: torch.sigmoid(x @ W_ih.T + h @ W_hh.T + b),
            "You used the sigmoid; the activation here is tanh, which can also be negative.",
        ),
        Mistake(
            "relu",
            lambda x, h, W_ih, W_hh, b: torch.relu(x @ W_ih.T + h @ W_hh.T + b),
            "You used the ReLU, which removes what is negative and has no upper bound; the activation here is tanh.",
        ),
        Mistake(
            "old state added",
            lambda x, h, W_ih, W_hh, b: h + torch.tanh(x @ W_ih.T + h @ W_hh.T + b),
            "You added the old state to the new one; h enters only through W_hh h, inside the tanh.",
        ),
        Mistake(
            "bias twice",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h @ W_hh.T + 2 * b),
            "You added b twice; there is one bias for the sum of both products.",
        ),
        Mistake(
            "only the diagonal of W_hh",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h * W_hh.diagonal() + b),
            "You let each unit see itself only, through the diagonal of W_hh; W_hh h mixes all units.",
        ),
        Mistake(
            "math.tanh",
            lambda x, h, W_ih, W_hh, b: math.tanh(x @ W_ih.T + h @ W_hh.T + b),
            "math.tanh takes a single number; torch.tanh takes a tensor, element by element.",
        ),
        Mistake(
            "columns returned",
            lambda x, h, W_ih, W_hh, b: torch.tanh(W_ih @ x.T + W_hh @ h.T + b[:, None]),
            "Your examples are columns, (hidden_size, batch); turn the result round with .T.",
        ),
        Mistake(
            "over the old state",
            _over_the_state,
            "You wrote the new state over the old one; the caller, and autograd, still need it: return a new tensor.",
        ),
        Mistake(
            "input forgotten",
            lambda x, h, W_ih, W_hh, b: torch.tanh(h @ W_hh.T + b) + 0 * x.sum(),
            "You left W_ih x out: without it the network never sees the text.",
        ),
        Mistake(
            "tanh of the old state",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + torch.tanh(h) @ W_hh.T + b),
            "You took the tanh of h, which has been through one already; multiply W_hh by h as it is.",
        ),
        Mistake(
            "one state for the batch",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h.mean(0) @ W_hh.T + b),
            "You averaged h over the batch; every row is an example with a state of its own.",
        ),
    ],
)
