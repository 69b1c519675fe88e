"""Lesson 00: three small exercises, to see how exercises work: a mean, a loop, a shape."""

import math

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.tensor([3.0]),),
        (torch.tensor([1.0, 2.0]),),
        (torch.tensor([-1.0, 1.0]),),
        (torch.randn(7, generator=generator),),
    ]


def _steps_to_half(keep: float) -> int:
    left, steps = 1.0, 0
    while left > 0.5:
        left, steps = left * keep, steps + 1
    return steps


def _rows() -> list[tuple]:
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.tensor([[1.0, 2.0, 6.0]]),),
        (torch.tensor([[1.0, 2.0], [10.0, 30.0]]),),  # square: a mean of the wrong shape raises no error
        (5 + torch.randn(4, 3, generator=generator),),
    ]


EXERCISES = [
    Exercise(
        id="00.mean_of_squares",
        title="The mean of the squares",
        reference=lambda x: (x**2).mean(),
        cases=_cases,
        properties=[
            has_shape("Is the result one number, a tensor of shape ()?"),
            matches_reference("Is a number alone turned into its square?", cases=0),
            unchanged_when(
                "Does the result stay the same when every number is there twice?",
                lambda x: (torch.cat([x, x]),),
                cases=1,
            ),
            holds("Do -1 and 1 add up, instead of cancelling out?", lambda mean, x: bool(mean > 0), cases=2),
            matches_reference("Are the numbers squared first, and averaged after that?"),
        ],
        hints=[
            "Read the name from its end: first the squares, then their mean.",
            "(x₁² + x₂² + … + xₙ²) / n: square each number, add the squares up, divide by their number.",
            "x ** 2 squares every element of a tensor, and .mean() averages a tensor: "
            "put the one behind the other, and return that.",
        ],
        mistakes=[
            Mistake(
                "square of the mean",
                lambda x: x.mean() ** 2,
                "You squared the mean; square each number first, then take the mean of the squares.",
            ),
            Mistake(
                "sum of squares",
                lambda x: (x**2).sum(),
                "You added the squares up; for their mean, divide by how many there are.",
            ),
            Mistake(
                "root-mean-square",
                lambda x: (x**2).mean().sqrt(),
                "You took a square root at the end: that is the root-mean-square; leave the root out.",
            ),
            Mistake(
                "squares without a mean",
                lambda x: x**2,
                "You squared the numbers, but did not average them: there is still one for each x.",
            ),
            Mistake(
                "mean without squares",
                lambda x: x.mean(),
                "You took the mean of the numbers themselves; square them first.",
            ),
        ],
    ),
    Exercise(
        id="00.steps_to_half",
        title="Steps until half is left",
        reference=_steps_to_half,
        cases=lambda: [(0.5,), (0.9,), (0.8,), (0.25,), (0.99,)],
        properties=[
            matches_reference("One step that keeps 0.5 leaves exactly half: is it 1?", cases=0),
            matches_reference("0.9 keeps 0.53 after six steps and 0.48 after seven: is it 7?", cases=1),
            matches_reference("Is it right for a memory that fades fast, and for one that fades slowly?"),
        ],
        hints=[
            "Walk: begin with 1, multiply, and count your steps until at most a half is left.",
            "n steps leave keep to the power of n. You look for the smallest whole n at which that is at most 0.5.",
            "Begin with left = 1.0 and steps = 0; while left > 0.5: multiply left by keep and add 1 to steps. "
            "Return steps.",
        ],
        mistakes=[
            Mistake(
                "what is lost is kept",
                lambda keep: _steps_to_half(1 - keep),
                "You kept what is lost: a step leaves keep times what was there, and takes 1 − keep of it away.",
            ),
            Mistake(
                "what is left",
                lambda keep: keep ** _steps_to_half(keep),
                "You returned what is left; asked is after how many steps: count them, and return the count.",
            ),
            Mistake(
                "less than half",
                lambda keep: _steps_to_half(keep) + (keep == 0.5),
                "You went on until less than half was left; exactly half is enough.",
            ),
            Mistake(
                "one step too many",
                lambda keep: _steps_to_half(keep) + 1,
                "That is one step too many: before the first step there is 1, so count the steps, not the values.",
            ),
            Mistake(
                "one step too few",
                lambda keep: _steps_to_half(keep) - 1,
                "That is one step too few: after it more than a half is still left.",
            ),
            Mistake(
                "rounded down",
                lambda keep: math.floor(math.log(0.5) / math.log(keep)),
                "You rounded log 0.5 / log keep down, where more than a half is still left; round it up.",
            ),
            Mistake(
                "rounded",
                lambda keep: round(math.log(0.5) / math.log(keep)),
                "You rounded log 0.5 / log keep to the nearest number; below it, more than a half is left: round up.",
            ),
            Mistake(
                "not rounded",
                lambda keep: math.log(0.5) / math.log(keep),
                "log 0.5 / log keep is where the curve crosses a half; asked is the first whole step: round it up.",
            ),
            Mistake(
                "the same loss every time",
                lambda keep: math.ceil(0.5 / (1 - keep)),
                "You took the same amount away at every step; each step takes its share of what is *left*.",
            ),
        ],
    ),
    Exercise(
        id="00.centred",
        title="Every row around 0",
        reference=lambda x: x - x.mean(dim=1, keepdim=True),
        cases=_rows,
        properties=[
            matches_reference("Has [[1., 2., 6.]] the mean 3: does it become [[-2., -1., 3.]]?", cases=0),
            has_shape("Is the result as large as x?"),
            holds(
                "Does every row add up to 0?",
                lambda centred, x: bool(centred.sum(dim=1).abs().max() < 1e-4),
                cases=(1, 2),
            ),
            matches_reference("Is each row moved by its own mean?"),
        ],
        hints=[
            "A mean for each row: which of the two dimensions disappears when you average along a row?",
            "x.mean(dim=1) averages along time and has shape (batch,). To be taken from x, (batch, time), it must be "
            "(batch, 1).",
            "keepdim=True keeps the dimension, with size 1: subtract x.mean(dim=1, keepdim=True) from x.",
        ],
        mistakes=[
            Mistake(
                "one mean for all",
                lambda x: x - x.mean(),
                "You subtracted the mean of all numbers; each row has its own: say along which dimension.",
            ),
            Mistake(
                "the mean of the columns",
                lambda x: x - x.mean(dim=0),
                "You averaged over the batch, each column by itself; along a row it is dim=1.",
            ),
            Mistake(
                "dimension lost",
                lambda x: x - x.mean(dim=1),
                "x.mean(dim=1) has shape (batch,), and broadcasting lays that along the *columns*, without an error "
                "where batch = time; keepdim=True makes it (batch, 1).",
            ),
            Mistake(
                "sum for mean",
                lambda x: x - x.sum(dim=1, keepdim=True),
                "You subtracted the row's sum; its mean is the sum divided by how many numbers the row has.",
            ),
            Mistake(
                "only the means",
                lambda x: x.mean(dim=1, keepdim=True),
                "Those are the means; subtract them from x.",
            ),
            Mistake(
                "the wrong way round",
                lambda x: x.mean(dim=1, keepdim=True) - x,
                "You have every sign the wrong way round: it is x minus the mean.",
            ),
            Mistake(
                "divided as well",
                lambda x: (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True),
                "You divided by the standard deviation, too; only the mean is to be taken off.",
            ),
        ],
    ),
]
