"""Lesson 04: the state after the last real symbol."""

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson04_padding import CUT, learning
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _last_state(states: Tensor, lengths: Tensor) -> Tensor:
    return states[torch.arange(len(states)), lengths - 1]


def _state_cases() -> list[tuple]:
    generator = seeded(1)

    def case(lengths: list[int], hidden_size: int) -> tuple:
        states = torch.randn(len(lengths), max(lengths), hidden_size, generator=generator)
        return states, torch.tensor(lengths)

    cases = [case([1], 2), case([3, 3], 4), case([1, 3], 1), case([4, 2, 1, 3, 5], 3), case([2, 4, 1], 2)]
    states, lengths = cases[4]
    states[torch.arange(4) >= lengths[:, None]] = 0.0  # what packing leaves there
    return cases


def _other_padding(states: Tensor, lengths: Tensor) -> tuple:
    """Other numbers where a row is padded, and two columns more of them."""
    batch, time, hidden_size = states.shape
    wider = torch.full((batch, time + 2, hidden_size), 9.0)
    for row, length in enumerate(lengths.tolist()):
        wider[row, :length] = states[row, :length]
    return wider, lengths


LAST_STATE = Exercise(
    id="04.last_state",
    title="The state after the last real symbol",
    points=1,
    reference=_last_state,
    cases=_state_cases,
    properties=[
        has_shape("Is it one state per row, (batch, hidden_size)?"),
        matches_reference("Where nothing is padded, is it the last state of each row?", cases=[0, 1]),
        matches_reference(
            "With lengths 1 and 3, is it the state of step 0 in row 0 and of step 2 in row 1?", cases=2
        ),
        unchanged_when("Does it stay the same whatever the padding contains?", _other_padding),
        matches_reference("For five rows of all lengths, is it right?", cases=3),
        matches_reference("Where the padding's states are 0, as packing leaves them, is it right?", cases=4),
        holds(
            "Can the encoder be trained through it?",
            lambda state, *_: state.requires_grad or CUT,
            cases=lambda: learning(_state_cases(), 3),
        ),
    ],
    hints=[
        "The last real symbol of a row of length 3 is at index 2. Every row has an index of its own.",
        "Index with two tensors: one counts the rows, 0 … batch − 1; the other says which time step of that row.",
        "`torch.arange(len(states))` counts the rows. What belongs next to it, between the same brackets?",
    ],
    mistakes=[
        Mistake(
            "the padded end",
            lambda states, lengths: states[:, -1],
            "You took the last column: for every row but the longest, that is a state after padding was read.",
        ),
        Mistake(
            "off by one",
            lambda states, lengths: states[torch.arange(len(states)), (lengths - 2).clamp(min=0)],
            "You are one step early: a row of length n ends at index n − 1.",
        ),
        Mistake(
            "one step too far",
            lambda states, lengths: states[torch.arange(len(states)), lengths],
            "You are one step late: index `lengths` is already padding, or outside; a row of length n ends at "
            "index n − 1.",
        ),
        Mistake(
            "one step too far, cut off",
            lambda states, lengths: states[torch.arange(len(states)), lengths.clamp(max=states.shape[1] - 1)],
            "You are one step late: index `lengths` is already padding; a row of length n ends at index n − 1.",
        ),
        Mistake(
            "mean over time",
            lambda states, lengths: states.mean(1),
            "You took the mean over all steps, padding included; return the state after the last real symbol.",
        ),
        Mistake(
            "every end of every row",
            lambda states, lengths: states[:, lengths - 1],
            "states[:, lengths − 1] takes *all* these steps from *every* row. Put torch.arange(batch) in place of the "
            "colon: then row i gets its own step.",
        ),
        Mistake(
            "the shortest row's end",
            lambda states, lengths: states[:, int(lengths.min()) - 1],
            "You cut every row at the length of the shortest; each row has its own end.",
        ),
        Mistake(
            "gradient cut",
            lambda states, lengths: _last_state(states.detach(), lengths),
            "Your numbers are right, but they are cut off from the states: the encoder could not learn.",
        ),
        Mistake(
            "padding recognised by zeros",
            lambda states, lengths: states[torch.arange(len(states)), (states != 0).any(-1).sum(1) - 1],
            "You looked for states that are not 0. After padding a state may be anything; `lengths` says where "
            "a row ends.",
        ),
        Mistake(
            "the longest row's end",
            lambda states, lengths: states[:, lengths.max() - 1],
            "You used the longest length for every row; each row has its own end.",
        ),
        Mistake(
            "the first row's end",
            lambda states, lengths: states[:, lengths[0] - 1],
            "You used the first row's length for every row; each row has its own end.",
        ),
        Mistake(
            "counted from the end",
            lambda states, lengths: states[torch.arange(len(states)), -lengths],
            "You counted from the end of the padded row. The index `lengths - 1` counts from its beginning.",
        ),
        Mistake(
            "mean of the real states",
            lambda states, lengths: torch.stack(
                [row[:n].mean(0) for row, n in zip(states, lengths.tolist(), strict=True)]
            ),
            "You took the mean of each row's real states; return the last of them.",
        ),
        Mistake(
            "largest over time",
            lambda states, lengths: states.amax(1),
            "You took the largest value over time; return the state after the last real symbol.",
        ),
        Mistake(
            "time axis kept",
            lambda states, lengths: _last_state(states, lengths)[:, None],
            "You kept an axis of length 1 for time: squeeze(1) removes it.",
        ),
        Mistake(
            "every axis of length 1 squeezed",
            lambda states, lengths: _last_state(states, lengths).squeeze(),
            "squeeze() without a number also removes the batch axis of a single row. Remove the time axis "
            "alone: squeeze(1).",
        ),
        Mistake(
            "rows sorted by length",
            lambda states, lengths: _last_state(states, lengths)[lengths.argsort(descending=True)],
            "Your states are right, but in the order of their lengths; return them in the order of the batch.",
        ),
        Mistake(
            "the first state",
            lambda states, lengths: states[:, 0],
            "You took the state after the first symbol; the one after the last real symbol is at lengths − 1.",
        ),
        Mistake(
            "sum of the real states",
            lambda states, lengths: torch.stack(
                [row[:length].sum(0) for row, length in zip(states, lengths, strict=True)]
            ),
            "You added up the real states; only the last one is asked for.",
        ),
        Mistake(
            "one unit only",
            lambda states, lengths: states.gather(1, (lengths - 1)[:, None, None])[:, 0],
            "gather returns as many units as its index has: here a single one. Expand the index to hidden_size.",
        ),
        Mistake(
            "batch and time exchanged",
            lambda states, lengths: states[lengths - 1, torch.arange(len(states))],
            "You exchanged the two indices: states is (batch, time, hidden_size), so the row comes first.",
        ),
    ],
)
