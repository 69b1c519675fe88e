"""Lesson 01: the state between windows."""

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


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
    return state.detach().masked_fill(is_start[None, :, None], 0)


def _only_layer(number: int):
    def next_state(state: Tensor, is_start: Tensor) -> Tensor:
        new = state.detach().clone()
        new[number, is_start] = 0
        return new

    return next_state


def _layers_for_rows(state: Tensor, is_start: Tensor) -> Tensor:
    new = state.detach().clone()
    new[is_start[: len(new)]] = 0
    return new


def _in_place(state: Tensor, is_start: Tensor) -> Tensor:
    new = state.detach()
    new[:, is_start] = 0
    return new


def _if_mask(state: Tensor, is_start: Tensor) -> Tensor:
    return torch.zeros_like(state) if is_start else state.detach()


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
        "`state.detach()` stops the gradient. The rows where is_start is True become zero, the others stay. Mind the "
        "shapes: state (num_layers, batch, hidden_size), is_start (batch,).",
        "`is_start[None, :, None]` has shape (1, batch, 1), so it broadcasts over layers and units. Which method fills "
        "a tensor with a number wherever a mask is True?",
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
            "Your state still asks for a gradient. Without detach, training would run back through every window since "
            "the text began, slower and slower.",
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
        Mistake(
            "only if all start",
            lambda state, is_start: torch.zeros_like(state) if bool(is_start.all()) else state.detach(),
            "You reset only when every row begins a new text; decide row by row.",
        ),
        Mistake(
            "an if on the mask",
            _if_mask,
            "is_start holds one answer per row, and an if wants a single one; use it as a mask.",
        ),
        Mistake(
            "rows left out",
            lambda state, is_start: state.detach()[:, ~is_start],
            "You left out the rows with a new text; they stay in the batch and start from zeros.",
        ),
        Mistake(
            "layers for rows",
            _layers_for_rows,
            "You reset layers; the first dimension is num_layers, the rows of the batch are the second: state[:, row].",
        ),
        Mistake(
            "first layer only",
            _only_layer(0),
            "You reset the first layer only; a new text starts from zeros in every layer, state[:, row].",
        ),
        Mistake(
            "last layer only",
            _only_layer(-1),
            "You reset the last layer only; a new text starts from zeros in every layer, state[:, row].",
        ),
        Mistake(
            "ones",
            lambda state, is_start: torch.where(is_start[:, None], 1.0, state.detach()),
            "Rows with a new text start from ones; the state before the first symbol is h = 0.",
        ),
        Mistake(
            "through shared memory",
            _in_place,
            "detach shares its memory with state, so you also set the caller's rows to zero: add .clone().",
        ),
        Mistake(
            "mean of the batch",
            lambda state, is_start: torch.where(is_start[:, None], state.mean(1, keepdim=True), state).detach(),
            "A new text starts from the mean of the other texts; none of them may be heard in it: h = 0.",
        ),
        Mistake(
            "batch first",
            lambda state, is_start: state.detach().transpose(0, 1) * ~is_start[:, None, None],
            "You turned the state into (batch, num_layers, hidden_size); the next window expects num_layers first.",
        ),
    ],
)
