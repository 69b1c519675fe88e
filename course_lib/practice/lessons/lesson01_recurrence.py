"""Lesson 01: the recurrence: one step, the state between windows, and clipping its gradient."""

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
            "You detached h: the gradient could not travel back through time.",
        ),
        Mistake(
            "sigmoid",
            lambda x, h, W_ih, W_hh, b: torch.sigmoid(x @ W_ih.T + h @ W_hh.T + b),
            "You used the sigmoid; the activation here is tanh, which can also be negative.",
        ),
    ],
)


def _gradient_cases() -> list[tuple]:
    generator = seeded(2)
    return [
        ([torch.tensor([0.3, 0.4])], 1.0),  # norm 0.5: nothing to clip
        ([torch.tensor([3.0, 4.0])], 1.0),  # norm 5
        ([torch.tensor([3.0, 0.0]), torch.tensor([[0.0], [4.0]])], 1.0),  # norm 5 together, 3 and 4 each
        ([torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)], 2.0),
        ([torch.zeros(2, 2)], 1.0),
    ]


def _clip(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))
    return [gradient * max_norm / max(norm, max_norm) for gradient in gradients]


def _joint_norm(gradients: list[Tensor]) -> Tensor:
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


CLIP_GRADIENTS = Exercise(
    id="01.clip_gradients",
    title="Clipping by the norm of the whole gradient",
    reference=_clip,
    cases=_gradient_cases,
    properties=[
        has_shape("Do you return as many gradients as you got, each with its shape?"),
        matches_reference("Does a gradient that is short enough stay as it is?", cases=0),
        matches_reference("Is [3, 4], whose norm is 5, divided by 5?", cases=1),
        holds(
            "Does the gradient of two tensors keep its direction?",
            lambda clipped, gradients, max_norm: bool(
                torch.allclose(
                    torch.cat([g.flatten() for g in clipped]) / _joint_norm(clipped),
                    torch.cat([g.flatten() for g in gradients]) / _joint_norm(gradients),
                    atol=1e-5,
                )
            ),
            cases=2,
        ),
        matches_reference("Is the norm taken over all tensors together?", cases=3),
        matches_reference("Does a gradient of zeros stay as it is, without a division by zero?", cases=4),
    ],
    hints=[
        "If all gradients are one long vector, how long is it, and by which number must you multiply it?",
        "norm = √(Σ over all tensors of the sum of squares); scale by max_norm / norm, but only if norm > max_norm.",
        "The joint norm is `sum((g**2).sum() for g in gradients) ** 0.5`. Now find one factor that is 1 where "
        "the norm is small enough.",
    ],
    mistakes=[
        Mistake(
            "each by itself",
            lambda gradients, max_norm: [g * max_norm / max(float(g.norm()), max_norm) for g in gradients],
            "You clipped every tensor by its own norm, which changes the direction of the gradient. Take one norm "
            "over all of them.",
        ),
        Mistake(
            "by value",
            lambda gradients, max_norm: [g.clamp(-max_norm, max_norm) for g in gradients],
            "You clipped every number by itself: large entries shrink, small ones do not, and the direction changes.",
        ),
        Mistake(
            "always scaled",
            lambda gradients, max_norm: [g * (max_norm / float(_joint_norm(gradients))) for g in gradients],
            "You always scale, which makes short gradients longer; scale only if the norm exceeds max_norm.",
        ),
        Mistake(
            "root forgotten",
            lambda gradients, max_norm: [
                g * min(1.0, max_norm / float(_joint_norm(gradients) ** 2)) for g in gradients
            ],
            "You divided by the squared norm: the square root is missing.",
        ),
        Mistake(
            "sum of the norms",
            lambda gradients, max_norm: [
                g * max_norm / max(sum(float(part.norm()) for part in gradients), max_norm) for g in gradients
            ],
            "You added up the norms of the tensors. The joint norm adds their squares and then takes one root.",
        ),
        Mistake(
            "the largest norm",
            lambda gradients, max_norm: [
                g * max_norm / max(max(float(part.norm()) for part in gradients), max_norm) for g in gradients
            ],
            "You took the norm of the largest tensor. The joint norm adds the squares of all tensors and then takes "
            "one root.",
        ),
        Mistake(
            "always scaled, safe for zeros",
            lambda gradients, max_norm: [
                g * max_norm / (float(_joint_norm(gradients)) + 1e-6) for g in gradients
            ],
            "You always scale, which makes short gradients longer; scale only if the norm exceeds max_norm.",
        ),
        Mistake(
            "divided by the norm",
            lambda gradients, max_norm: [
                g / max(float(_joint_norm(gradients)), 1.0) if float(_joint_norm(gradients)) > max_norm else g
                for g in gradients
            ],
            "You scaled to a norm of 1; scale to max_norm.",
        ),
        Mistake(
            "nothing done",
            lambda gradients, max_norm: [g.clone() for g in gradients],
            "You returned the gradients unchanged even where their norm exceeds max_norm.",
        ),
    ],
)


def _state_cases() -> list[tuple]:
    generator = seeded(4)

    def state(num_layers: int, batch: int, hidden_size: int = 3) -> Tensor:
        return torch.rand(num_layers, batch, hidden_size, generator=generator).add(0.1).requires_grad_()

    return [
        (state(1, 1), torch.tensor([False])),
        (state(1, 1), torch.tensor([True])),
        (state(1, 3), torch.tensor([True, False, False])),
        (state(2, 3), torch.tensor([False, True, False])),
        (state(1, 5, 7), torch.tensor([False, True, False, True, False])),
    ]


def _next_state(state: Tensor, is_start: Tensor) -> Tensor:
    return state.detach() * (~is_start)[None, :, None]


NEXT_STATE = Exercise(
    id="01.next_state",
    title="The state that the next window starts from",
    reference=_next_state,
    cases=_state_cases,
    properties=[
        has_shape("Does the result have the shape of the state, (num_layers, batch, hidden_size)?"),
        matches_reference("If a row's text continues, is its state kept?", cases=0),
        matches_reference("If a new text begins in a row, does it start from zeros?", cases=1),
        matches_reference("Are only the rows with a new text set to zero?", cases=2),
        matches_reference("In every layer?", cases=3),
        matches_reference("And for other sizes?", cases=4),
        holds(
            "Is the state detached from the last window?",
            lambda result, state, _: (
                not result.requires_grad
                or "a gradient would flow into the previous window, and from there into all earlier ones."
            ),
        ),
    ],
    hints=[
        "Which two things must happen between windows: one to the gradient, one to the rows with a new text?",
        "`state.detach()` stops the gradient. Multiplying by 0 where is_start is True, and by 1 elsewhere, resets "
        "those rows. Mind the shapes: state (num_layers, batch, hidden_size), is_start (batch,).",
        "`(~is_start)[None, :, None]` has shape (1, batch, 1), so it broadcasts over layers and units.",
    ],
    mistakes=[
        Mistake(
            "carried across texts",
            lambda state, is_start: state.detach(),
            "You carry the memory of one text into an unrelated one: where is_start is True, the row must start from "
            "zeros.",
        ),
        Mistake(
            "always reset",
            lambda state, is_start: torch.zeros_like(state),
            "You reset every row: a text that continues loses everything read so far.",
        ),
        Mistake(
            "no detach",
            lambda state, is_start: state * (~is_start)[None, :, None],
            "You did not detach: training would run back through every window since the text began, slower and slower.",
        ),
        Mistake(
            "inverted mask",
            lambda state, is_start: state.detach() * is_start[None, :, None],
            "Your mask is inverted: you kept the rows with a new text and reset those that continue.",
        ),
        Mistake(
            "mask along the units",
            lambda state, is_start: state.detach() * ~is_start,
            "Your mask runs along hidden_size, the last dimension. Rows are the middle one: give the mask the shape "
            "(1, batch, 1).",
        ),
        Mistake(
            "all or nothing",
            lambda state, is_start: torch.zeros_like(state) if bool(is_start.any()) else state.detach(),
            "You reset the whole batch as soon as one row begins a new text; decide row by row.",
        ),
    ],
)
