"""Lesson 01: the recurrence: one step, the state between windows, and clipping its gradient."""

import math

import torch
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _step_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> Tensor:
        # Small enough that tanh does not saturate: a saturated unit is ±1 for right and wrong answers alike.
        return 0.5 * torch.randn(*shape, generator=generator)

    zeros = torch.zeros
    return [
        (draw(1, 2), zeros(1, 3), draw(3, 2), draw(3, 3), zeros(3)),  # only the input matters
        (zeros(1, 2), draw(1, 3), draw(3, 2), draw(3, 3), zeros(3)),  # only the memory matters
        (zeros(1, 2), zeros(1, 3), draw(3, 2), draw(3, 3), draw(3)),  # only the bias matters
        (draw(4, 2), draw(4, 3), draw(3, 2), draw(3, 3), draw(3)),
    ]


def _rnn_step(x: Tensor, h: Tensor, W_ih: Tensor, W_hh: Tensor, b: Tensor) -> Tensor:
    return torch.tanh(x @ W_ih.T + h @ W_hh.T + b)


RNN_STEP = Exercise(
    id="01.rnn_step",
    title="One step of the RNN",
    reference=_rnn_step,
    cases=_step_cases,
    properties=[
        has_shape("Is the new state as large as the old one, (batch, hidden_size)?"),
        holds(
            "Does every unit stay between −1 and 1?",
            lambda state, *_: (
                bool((state.abs() <= 1).all())
                or f"you have {state.flatten()[state.abs().argmax()]:.2f} in it."
            ),
        ),
        matches_reference("With an empty memory and no bias, is it tanh(W_ih x)?", cases=0),
        matches_reference("With no input and no bias, is it tanh(W_hh h)?", cases=1),
        matches_reference("With neither input nor memory, is it tanh(b)?", cases=2),
        matches_reference("Is it right with everything together, for a batch of four?"),
    ],
    hints=[
        "Three things are added up before the tanh: from the input, from the memory, and the bias.",
        "h_t = tanh(W_ih x_t + W_hh h_{t−1} + b). Rows of x are examples, so W_ih x becomes x @ W_ih.T here.",
        "Add x @ W_ih.T, h @ W_hh.T and b, and put torch.tanh around the sum.",
    ],
    mistakes=[
        Mistake(
            "no tanh",
            lambda x, h, W_ih, W_hh, b: x @ W_ih.T + h @ W_hh.T + b,
            "You left the tanh out: without it the whole network is one linear map, and its state can grow "
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
            "W_ih has shape (hidden_size, input_size): turn it round, x @ W_ih.T, so that the sizes meet.",
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
            "You left W_hh h out: this network has no memory, each step sees its own input alone.",
        ),
        Mistake(
            "memory outside",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + b) + h @ W_hh.T,
            "You added the memory after the tanh; it belongs inside, so that the state stays between −1 and 1.",
        ),
        Mistake(
            "bias forgotten",
            lambda x, h, W_ih, W_hh, b: torch.tanh(x @ W_ih.T + h @ W_hh.T),
            "You left the bias b out.",
        ),
        Mistake(
            "sigmoid",
            lambda x, h, W_ih, W_hh, b: torch.sigmoid(x @ W_ih.T + h @ W_hh.T + b),
            "You used the sigmoid; this network's activation is tanh, which can be negative too.",
        ),
    ],
)


def _gradient_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(2)
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
        has_shape("Are there as many gradients as before, each in its old shape?"),
        matches_reference("Is a gradient that is short enough left as it is?", cases=0),
        matches_reference("Is [3, 4], of norm 5, made five times shorter?", cases=1),
        holds(
            "Do two tensors still point in the same direction together?",
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
        "All the gradients together are one long vector. One number scales all of it.",
        "norm = √(Σ over all tensors of the sum of squares); scale by max_norm / norm, but only if norm > max_norm.",
        "total = sum((g**2).sum() for g in gradients) ** 0.5; scale = max_norm / max(total, max_norm); return "
        "each g * scale in a new list.",
    ],
    mistakes=[
        Mistake(
            "each by itself",
            lambda gradients, max_norm: [g * max_norm / max(float(g.norm()), max_norm) for g in gradients],
            "You clipped every tensor by its own norm: that turns the gradient in another direction. Take one norm "
            "over all of them.",
        ),
        Mistake(
            "by value",
            lambda gradients, max_norm: [g.clamp(-max_norm, max_norm) for g in gradients],
            "You clipped every number by itself: large parts shrink, small ones do not, and the direction changes.",
        ),
        Mistake(
            "always scaled",
            lambda gradients, max_norm: [g * (max_norm / float(_joint_norm(gradients))) for g in gradients],
            "You scale always, so that short gradients are made longer; scale only where the norm exceeds max_norm.",
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
            "You added the norms of the tensors up. The joint norm adds their squares over all tensors, then takes "
            "one root.",
        ),
        Mistake(
            "the largest norm",
            lambda gradients, max_norm: [
                g * max_norm / max(max(float(part.norm()) for part in gradients), max_norm) for g in gradients
            ],
            "You took the norm of the largest tensor. The joint norm adds squares over all tensors, then takes one "
            "root.",
        ),
        Mistake(
            "nothing done",
            lambda gradients, max_norm: [g.clone() for g in gradients],
            "You gave the gradients back as they were, also where they are longer than max_norm.",
        ),
    ],
)


def _state_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(4)

    def state(num_layers: int, batch: int) -> Tensor:
        return torch.rand(num_layers, batch, 3, generator=generator).add(0.1).requires_grad_()

    return [
        (state(1, 1), torch.tensor([False])),
        (state(1, 1), torch.tensor([True])),
        (state(1, 3), torch.tensor([True, False, False])),
        (state(2, 3), torch.tensor([False, True, False])),
    ]


def _next_state(state: Tensor, is_start: Tensor) -> Tensor:
    return state.detach() * (~is_start)[None, :, None]


NEXT_STATE = Exercise(
    id="01.next_state",
    title="The state that the next window starts from",
    reference=_next_state,
    cases=_state_cases,
    properties=[
        has_shape("Is the result as large as the state, (num_layers, batch, hidden_size)?"),
        matches_reference("A row whose text goes on: is its state kept?", cases=0),
        matches_reference("A row in which a new text starts: does it start from zeros?", cases=1),
        matches_reference("Are only the rows set to zero in which a new text starts?", cases=2),
        matches_reference("And in every layer?", cases=3),
        holds(
            "Is the state cut off from the last window, so that no gradient flows back into it?",
            lambda result, state, _: (
                not result.requires_grad
                or "a gradient would flow into the window before, and through it into all others."
            ),
        ),
    ],
    hints=[
        "Two things happen between windows: gradients are cut off, and rows with a new text lose their memory.",
        "state.detach() cuts off; multiplying by 0 where is_start is True, and by 1 elsewhere, empties those rows. "
        "Mind the shapes: state (num_layers, batch, hidden_size), is_start (batch,).",
        "keep = (~is_start)[None, :, None] has shape (1, batch, 1) and broadcasts over layers and units: "
        "state.detach() * keep.",
    ],
    mistakes=[
        Mistake(
            "carried across texts",
            lambda state, is_start: state.detach(),
            "You carry the memory of one text into an unrelated one: where is_start is True, the row must start from "
            "zeros.",
        ),
        Mistake(
            "always emptied",
            lambda state, is_start: torch.zeros_like(state),
            "You empty every row: a text that goes on loses all it has read so far.",
        ),
        Mistake(
            "no detach",
            lambda state, is_start: state * (~is_start)[None, :, None],
            "You did not detach: training would run back through every window since the text began, slower and slower.",
        ),
        Mistake(
            "mask turned over",
            lambda state, is_start: state.detach() * is_start[None, :, None],
            "You kept the rows in which a new text starts, and emptied those that go on.",
        ),
        Mistake(
            "mask along the units",
            lambda state, is_start: state.detach() * ~is_start,
            "Your mask ran along hidden_size, the last dimension; rows are the middle one: give it the shape "
            "(1, batch, 1).",
        ),
        Mistake(
            "all or nothing",
            lambda state, is_start: torch.zeros_like(state) if bool(is_start.any()) else state.detach(),
            "You empty the whole batch as soon as one row starts anew; decide row by row.",
        ),
    ],
)
