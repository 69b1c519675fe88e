"""Lesson 00: three small exercises, to see how exercises work, and a self-check."""

import math

import torch

from course_lib.practice import describe
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _cases() -> list[tuple]:
    generator = seeded(0)
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
    generator = seeded(1)
    return [
        (torch.tensor([[1.0, 2.0, 6.0]]),),
        (torch.tensor([[1.0, 2.0], [10.0, 30.0]]),),  # square: a mean of the wrong shape raises no error
        (5 + torch.randn(4, 3, generator=generator),),
    ]


_SELF_CHECK = {"gradient": 8, "probability": 0.75, "parameters": 8}


def _answer(name: str, question: str) -> Property:
    """One of the three numbers; the message says nothing of the others."""

    def test(attempt: Attempt) -> str | None:
        found = difference(attempt()[name], _SELF_CHECK[name], 1e-3)
        return None if found is None else f"Your {name} is {describe.short(attempt()[name])}."

    return Property(question, test)


EXERCISES = [
    Exercise(
        id="00.mean_of_squares",
        title="The mean of the squares",
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
            matches_reference("Is it right for a memory that decays fast, and for one that decays slowly?"),
        ],
        hints=[
            "If you start with 1 and multiply by keep, how do you know when to stop?",
            "After n steps, keep to the power of n is left. Find the smallest whole n for which that is at most 0.5.",
            "Start with `left = 1.0` and `steps = 0`, and loop `while left > 0.5`. What changes in each round?",
        ],
        mistakes=[
            Mistake(
                "what is lost is kept",
                lambda keep: _steps_to_half(1 - keep),
                "You kept what is lost: each step keeps the fraction keep and loses 1 − keep.",
            ),
            Mistake(
                "what is left",
                lambda keep: keep ** _steps_to_half(keep),
                "You returned what is left; return the number of steps instead.",
            ),
            Mistake(
                "less than half",
                lambda keep: _steps_to_half(keep) + (keep == 0.5),
                "You went on until less than half was left; exactly half is enough.",
            ),
            Mistake(
                "one step too many",
                lambda keep: _steps_to_half(keep) + 1,
                "That is one step too many: you start with 1 before the first step, so count steps, not values.",
            ),
            Mistake(
                "one step too few",
                lambda keep: _steps_to_half(keep) - 1,
                "That is one step too few: more than a half is still left.",
            ),
            Mistake(
                "rounded down",
                lambda keep: math.floor(math.log(0.5) / math.log(keep)),
                "You rounded log 0.5 / log keep down, where more than a half is still left; round up.",
            ),
            Mistake(
                "rounded",
                lambda keep: round(math.log(0.5) / math.log(keep)),
                "You rounded log 0.5 / log keep to the nearest number; below it, more than a half is left: round up.",
            ),
            Mistake(
                "not rounded",
                lambda keep: math.log(0.5) / math.log(keep),
                "log 0.5 / log keep is where the curve crosses a half; the first whole step is that number rounded up.",
            ),
            Mistake(
                "the same loss every time",
                lambda keep: math.ceil(0.5 / (1 - keep)),
                "You lost the same amount at every step; each step loses a fraction of what is *left*.",
            ),
        ],
    ),
    Exercise(
        id="00.centred",
        title="Subtract each row's mean",
        reference=lambda x: x - x.mean(dim=1, keepdim=True),
        cases=_rows,
        properties=[
            matches_reference("Has [[1., 2., 6.]] the mean 3: does it become [[-2., -1., 3.]]?", cases=0),
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
        ],
    ),
    Exercise(
        id="00.self_check",
        title="Gradient, softmax, parameters",
        reference=_SELF_CHECK,
        properties=[
            _answer("gradient", "Is the gradient of x² + 2x at x = 3 right?"),
            _answer("probability", "Is the softmax of 0 and ln 3 right?"),
            _answer("parameters", "Is the number of parameters of nn.Linear(3, 2) right?"),
        ],
        hints=[
            "What are the derivatives of x² and of 2x? What is e to the power of ln 3? How many arrows connect 3 "
            "inputs to 2 outputs?",
            "The softmax exponentiates each logit and divides by the sum. A linear layer has a matrix and a bias.",
            "The derivative is 2x + 2. The exponentials are 1 and 3. The matrix has 2 × 3 entries, the bias 2.",
        ],
        mistakes=[
            Mistake(
                "y, not its slope",
                {**_SELF_CHECK, "gradient": 15},
                "15 is y itself; the gradient is its slope.",
            ),
            Mistake(
                "2x forgotten",
                {**_SELF_CHECK, "gradient": 6},
                "You left out the derivative of 2x, which is 2.",
            ),
            Mistake(
                "no exponential",
                {**_SELF_CHECK, "probability": 1.0},
                "You divided the logits by their sum; the softmax takes exponentials first.",
            ),
            Mistake(
                "odds",
                {**_SELF_CHECK, "probability": 3.0},
                "3 is the ratio of the two, their odds; the probabilities sum to 1.",
            ),
            Mistake(
                "the other one",
                {**_SELF_CHECK, "probability": 0.25},
                "That is the probability of the first; the question is about the second.",
            ),
            Mistake(
                "no bias",
                {**_SELF_CHECK, "parameters": 6},
                "You left out the biases: one for each of the 2 outputs.",
            ),
            Mistake(
                "a bias per input",
                {**_SELF_CHECK, "parameters": 9},
                "There is one bias for each output, 2 in all, not one for each input.",
            ),
        ],
    ),
]
