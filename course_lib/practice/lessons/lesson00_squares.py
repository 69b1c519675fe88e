"""Lesson 00: the mean of the squares."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _cases() -> list[tuple]:
    generator = seeded(0)
    return [
        (torch.tensor([3.0]),),
        (torch.tensor([1.0, 2.0]),),
        (torch.tensor([-1.0, 1.0]),),
        (torch.randn(7, generator=generator),),
    ]


MEAN_OF_SQUARES = Exercise(
    id="00.mean_of_squares",
    title="The mean of the squares",
    points=1,
    reference=lambda x: (x**2).mean(),
    cases=_cases,
    properties=[
        has_shape("Is the result one number, a tensor of shape ()?"),
        matches_reference("Is the result for a single number its square?", cases=0),
        unchanged_when(
            "Does the result stay the same if every number occurs twice?",
            lambda x: (torch.cat([x, x]),),
            cases=1,
        ),
        holds(
            "Is the result positive for -1 and 1, which must not cancel?",
            lambda mean, x: bool(mean > 0),
            cases=2,
        ),
        matches_reference("Are the numbers squared first and then averaged?"),
    ],
    hints=[
        'Which comes first in "the mean of the squares": the mean or the squares?',
        "(x₁² + x₂² + … + xₙ²) / n: square each number, add the squares up, divide by their number.",
        "`x ** 2` squares every element of a tensor, and `.mean()` averages a tensor.",
    ],
    mistakes=[
        Mistake(
            "square of the mean",
            lambda x: x.mean() ** 2,
            "You squared the mean; square each number first, then take the mean of the squares.",
        ),
        Mistake(
            "square of the sum",
            lambda x: x.sum() ** 2 / len(x),
            "You squared the sum; square each number first, then add up and divide.",
        ),
        Mistake(
            "sum of squares",
            lambda x: (x**2).sum(),
            "You added up the squares; for the mean, divide by how many there are.",
        ),
        Mistake(
            "root-mean-square",
            lambda x: (x**2).mean().sqrt(),
            "You took a square root at the end, which gives the root mean square; leave it out.",
        ),
        Mistake(
            "squares without a mean",
            lambda x: x**2,
            "You squared the numbers but did not average them: you return one number for each x.",
        ),
        Mistake(
            "mean without squares",
            lambda x: x.mean(),
            "You took the mean of the numbers themselves; square them first.",
        ),
        Mistake(
            "doubled",
            lambda x: (2 * x).mean(),
            "You doubled the numbers; a square is a number times itself, x ** 2.",
        ),
        Mistake(
            "powers of two",
            lambda x: (2**x).mean(),
            "You raised 2 to the numbers; the square of x is x ** 2, not 2 ** x.",
        ),
        Mistake(
            "absolute values",
            lambda x: x.abs().mean(),
            "You took absolute values; square the numbers instead.",
        ),
        Mistake(
            "variance",
            lambda x: x.var(),
            "That is the variance, in which the mean is subtracted first; here nothing is.",
        ),
        Mistake(
            "variance, by n",
            lambda x: x.var(correction=0),
            "That is the variance, in which the mean is subtracted first; here nothing is.",
        ),
        Mistake(
            "n − 1",
            lambda x: (x**2).sum() / (len(x) - 1),
            "You divided by one less than there are numbers; a mean divides by all of them, len(x).",
        ),
        Mistake(
            "divided by three",
            lambda x: (x**2).sum() / 3,
            "You divided by 3, as in the example; divide by how many numbers there are, len(x).",
        ),
        Mistake(
            "median",
            lambda x: (x**2).median(),
            "You took the median of the squares; take their mean.",
        ),
        Mistake(
            "total set back",
            lambda x: x[-1] ** 2 / len(x),
            "Only the last number's square is in your sum: set the total to 0 before the loop, not inside it.",
        ),
        Mistake(
            "return inside the loop",
            lambda x: x[0] ** 2 / len(x),
            "Only the first number's square is in your sum: is your return inside the loop?",
        ),
        Mistake(
            "norm for the sum of squares",
            lambda x: x.norm() / len(x),
            "You divided the norm by how many numbers there are; the norm is the square root of the sum of squares.",
        ),
        Mistake(
            "rounded",
            lambda x: ((x**2).mean() * 100).round() / 100,
            "You rounded the result; return it as it is.",
        ),
        Mistake(
            "in place",
            lambda x: x.square_().mean(),
            "Your mean is right, but the underscore of pow_ or square_ changes the caller's x; write x ** 2.",
        ),
    ],
)
