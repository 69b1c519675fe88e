"""Lesson 00: three numbers, to see whether somebody is ready for lesson 01."""

import math

from course_lib.practice import describe
from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property

_SELF_CHECK = {"gradient": 8, "probability": 0.75, "parameters": 8}


def _answer(name: str, question: str) -> Property:
    """One of the three numbers; the message says nothing of the others."""

    def test(attempt: Attempt) -> str | None:
        found = difference(attempt()[name], _SELF_CHECK[name], 1e-3)
        return None if found is None else f"For {name} you have {describe.short(attempt()[name])}."

    return Property(question, test)


def _slip(entry: str, name: str, value: float | str, diagnosis: str) -> Mistake:
    """A wrong answer to one of the three, whatever the other two are."""
    return Mistake(name, {**_SELF_CHECK, entry: value}, diagnosis, entry)


SELF_CHECK = Exercise(
    id="00.self_check",
    title="Gradient, softmax, parameters",
    points=1,
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
        _slip(
            "gradient",
            "y, not its slope",
            15,
            "15 is y itself; the gradient is its slope.",
        ),
        _slip(
            "gradient",
            "2x forgotten",
            6,
            "You left out the derivative of 2x, which is 2.",
        ),
        _slip(
            "gradient",
            "2x kept",
            12,
            "You left 2x as it is; its derivative is 2.",
        ),
        _slip(
            "gradient",
            "x² kept",
            11,
            "You left x² as it is; its derivative is 2x.",
        ),
        _slip(
            "gradient",
            "x² like x",
            4,
            "You took 2 for the derivative of x²; it is 2x, which is 6 at x = 3.",
        ),
        _slip(
            "gradient",
            "x for the slope of x²",
            5,
            "You took x for the derivative of x²; it is 2x, which is 6 at x = 3.",
        ),
        _slip(
            "gradient",
            "formula",
            "2x + 2",
            "That is the derivative for every x; put x = 3 in and give the number.",
        ),
        _slip(
            "probability",
            "no exponential",
            1.0,
            "You divided the logits by their sum; the softmax takes exponentials first.",
        ),
        _slip(
            "probability",
            "exponential of 0 only",
            math.log(3) / (1 + math.log(3)),
            "You exponentiated 0 but not ln 3: e to the power of ln 3 is 3.",
        ),
        _slip(
            "probability",
            "odds",
            3.0,
            "3 is the ratio of the two, their odds; the probabilities sum to 1.",
        ),
        _slip(
            "probability",
            "the other one",
            0.25,
            "That is the probability of the first; the question is about the second.",
        ),
        _slip(
            "probability",
            "odds against",
            1 / 3,
            "1/3 is the ratio of the two; the probabilities are each one's share of the sum, 1 + 3.",
        ),
        _slip(
            "probability",
            "percent",
            75,
            "In percent it is 75; a probability lies between 0 and 1.",
        ),
        _slip(
            "probability",
            "sigmoid of 3",
            0.953,
            "0.953 is what a logit of 3 gives; the logit is ln 3, and e to the ln 3 is 3.",
        ),
        _slip(
            "probability",
            "the logit",
            math.log(3),
            "That is the logit itself; a probability is never above 1.",
        ),
        _slip(
            "probability",
            "equal",
            0.5,
            "Two symbols are equally likely only if their logits are equal; here they are 0 and ln 3.",
        ),
        _slip(
            "parameters",
            "no bias",
            6,
            "You left out the biases: one for each of the 2 outputs.",
        ),
        _slip(
            "parameters",
            "a bias per input",
            9,
            "There is one bias for each output, 2 in all, not one for each input.",
        ),
        _slip(
            "parameters",
            "one bias",
            7,
            "There is one bias for each of the 2 outputs, not one for all.",
        ),
        _slip(
            "parameters",
            "a bias per connection",
            12,
            "There is a weight for each connection, but a bias only for each output.",
        ),
        _slip(
            "parameters",
            "parameter tensors",
            2,
            "There are 2 parameter tensors, a matrix and a vector; the question is how many numbers are in them.",
        ),
        _slip(
            "parameters",
            "added, not multiplied",
            5,
            "You added 3 and 2; each input is connected with each output, which takes 3 × 2 weights.",
        ),
    ],
)
