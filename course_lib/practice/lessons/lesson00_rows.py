"""Lesson 00: each row's mean subtracted."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _rows() -> list[tuple]:
    generator = seeded(1)
    return [
        (torch.tensor([[1.0, 2.0, 6.0]]),),
        (torch.tensor([[1.0, 2.0], [10.0, 30.0]]),),  # square: a mean of the wrong shape raises no error
        (5 + torch.randn(4, 3, generator=generator),),
    ]


CENTRED = Exercise(
    id="00.centred",
    title="Subtract each row's mean",
    points=1,
    reference=lambda x: x - x.mean(dim=1, keepdim=True),
    cases=_rows,
    properties=[
        matches_reference("The mean of [[1., 2., 6.]] is 3: does it become [[-2., -1., 3.]]?", cases=0),
        has_shape("Does the result have the shape of x?"),
        holds(
            "Does every row add up to 0?",
            lambda centred, x: bool(centred.sum(dim=1).abs().max() < 1e-4),
            cases=(1, 2),
        ),
        matches_reference("Is each row's own mean subtracted?"),
    ],
    hints=[
        "Which of the two dimensions disappears when you average each row?",
        "`x.mean(dim=1)` averages over time and has shape (batch,). To subtract it from x, (batch, time), you need "
        "(batch, 1).",
        "`keepdim=True` keeps the averaged dimension, with size 1.",
    ],
    mistakes=[
        Mistake(
            "one mean for all",
            lambda x: x - x.mean(),
            "You subtracted the mean of all numbers; each row has its own mean: pass dim.",
        ),
        Mistake(
            "the mean of the columns",
            lambda x: x - x.mean(dim=0),
            "You averaged over the batch, each column by itself; to average each row, use dim=1.",
        ),
        Mistake(
            "dimension lost",
            lambda x: x - x.mean(dim=1),
            "x.mean(dim=1) has shape (batch,), and broadcasting lines it up with the *columns*, without an error "
            "if batch = time; keepdim=True makes it (batch, 1).",
        ),
        Mistake(
            "sum for mean",
            lambda x: x - x.sum(dim=1, keepdim=True),
            "You subtracted the row's sum; the mean is the sum divided by the number of entries.",
        ),
        Mistake(
            "only the means",
            lambda x: x.mean(dim=1, keepdim=True),
            "Those are the means; subtract them from x.",
        ),
        Mistake(
            "the wrong way round",
            lambda x: x.mean(dim=1, keepdim=True) - x,
            "Your signs are reversed: it is x minus the mean.",
        ),
        Mistake(
            "divided as well",
            lambda x: (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True),
            "You also divided by the standard deviation; only subtract the mean.",
        ),
        Mistake(
            "divided as well, by n",
            lambda x: torch.nn.functional.layer_norm(x, x.shape[1:]),
            "You also divided by the standard deviation; only subtract the mean.",
        ),
        Mistake(
            "divided by three",
            lambda x: x - x.sum(dim=1, keepdim=True) / 3,
            "You divided each row's sum by 3, as in the example; divide by how many numbers a row has, x.shape[1].",
        ),
        Mistake(
            "left transposed",
            lambda x: x.T - x.mean(dim=1),
            "The numbers are right, but the result is still transposed: turn it back with .T.",
        ),
        Mistake(
            "both means",
            lambda x: x - x.mean(dim=0) - x.mean(dim=1, keepdim=True),
            "You also subtracted the mean of each column; subtract only the row's own.",
        ),
        Mistake(
            "deviations without sign",
            lambda x: (x - x.mean(dim=1, keepdim=True)).abs(),
            "You took absolute values; numbers below the mean become negative.",
        ),
        Mistake(
            "median",
            lambda x: x - x.median(dim=1, keepdim=True).values,
            "You subtracted the median of each row; subtract its mean.",
        ),
        Mistake(
            "the middle of the range",
            lambda x: x - (x.amax(dim=1, keepdim=True) + x.amin(dim=1, keepdim=True)) / 2,
            "You subtracted the middle between each row's smallest and largest number; subtract the mean of all.",
        ),
        Mistake(
            "means in another order",
            lambda x: x - x.mean(dim=1).repeat(x.shape[1]).reshape(x.shape),
            "Your means are right, but repeat and reshape put them next to other rows; keepdim=True keeps each "
            "at its own.",
        ),
        Mistake(
            "ratio to the mean",
            lambda x: x / x.mean(dim=1, keepdim=True),
            "You divided by the mean; subtract it.",
        ),
        Mistake(
            "the first row's mean",
            lambda x: x - x[0].mean(),
            "You subtracted the first row's mean from every row; each row has its own.",
        ),
        Mistake(
            "the first number",
            lambda x: x - x[:, :1],
            "You subtracted each row's first number; subtract its mean.",
        ),
        Mistake(
            "added",
            lambda x: x + x.mean(dim=1, keepdim=True),
            "You added the mean; subtract it.",
        ),
        Mistake(
            "in place",
            lambda x: x.sub_(x.mean(dim=1, keepdim=True)),
            "The numbers are right, but x -= … changes the caller's x; write x - …, which makes a new tensor.",
        ),
    ],
)
