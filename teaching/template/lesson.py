"""Exercises of lesson NN, written by its teacher. Try them: python -m teaching.exercises FOLDER"""

import torch

from course_lib.practice import Exercise, Mistake, has_shape, holds, matches_reference
from course_lib.practice.cases import generator


def _row_sums(x: torch.Tensor) -> torch.Tensor:
    return x.sum(dim=-1)


def _cases() -> list[tuple]:
    # From `generator`, so that a grader's seed draws other numbers.
    numbers = torch.randn(3, 4, generator=generator(1))
    return [(torch.tensor([[1.0, 2.0], [3.0, 4.0]]),), (numbers,)]


ROW_SUMS = Exercise(
    id="NN.row_sums",
    title="The sum of each row",
    reference=_row_sums,
    cases=_cases,
    properties=[
        has_shape("Is there one number for each row?"),
        holds("Do [1, 2] and [3, 4] give 3 and 7?", lambda sums, x: sums.tolist() == [3.0, 7.0], cases=0),
        matches_reference("Is every sum right?"),
    ],
    hints=[
        "Which of the two dimensions runs along a row?",
        "`x.sum(dim=…)` adds along one dimension, and that dimension is gone afterwards.",
        "The last dimension is the one that counts the columns: start from `x.sum(dim=-1)`.",
    ],
    mistakes=[
        Mistake(
            "columns", lambda x: x.sum(dim=0), "You summed each column; a row runs along the last dimension."
        ),
        Mistake("everything", lambda x: x.sum(), "You summed everything; name the dimension to sum over."),
        Mistake(
            "dimension kept", lambda x: x.sum(-1, keepdim=True), "You kept the dimension: leave keepdim out."
        ),
        Mistake("means", lambda x: x.mean(-1), "You took the mean of each row, not its sum."),
    ],
)

EXERCISES = [ROW_SUMS]
