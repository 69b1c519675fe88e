"""Lesson 00: one small exercise, to see how exercises work."""

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
    )
]
