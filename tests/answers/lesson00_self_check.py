"""00.self_check, answered from the prompt alone."""

import math
from fractions import Fraction

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "00.self_check"
RIGHT = {"gradient": 8, "probability": 0.75, "parameters": 8}

x = torch.tensor(3.0, requires_grad=True)
(x**2 + 2 * x).backward()

right(ID, "whole numbers and a fraction of floats")({"gradient": 8, "probability": 3 / 4, "parameters": 8})
right(ID, "all floats")({"gradient": 8.0, "probability": 0.75, "parameters": 8.0})
right(ID, "tensors from autograd, softmax and a layer")(
    {
        "gradient": x.grad,
        "probability": torch.softmax(torch.tensor([0.0, math.log(3)]), dim=0)[1],
        "parameters": sum(parameter.numel() for parameter in nn.Linear(3, 2).parameters()),
    }
)
right(ID, "NumPy numbers")(
    {"gradient": np.int64(8), "probability": np.float32(0.75), "parameters": np.float64(8)}
)
right(ID, "computed from the formulas")(
    {"gradient": 2 * 3 + 2, "probability": math.exp(math.log(3)) / (1 + 3), "parameters": 3 * 2 + 2}
)
right(ID, "entries in another order")({"parameters": 8, "probability": 0.75, "gradient": 8})
right(ID, "rounded from a calculator")({"gradient": 8, "probability": 0.7500001, "parameters": 8})
right(ID, "items of tensors")({"gradient": x.grad.item(), "probability": 0.75, "parameters": 8})
right(ID, "a tensor of whole numbers")({**RIGHT, "parameters": torch.tensor(8)})
right(ID, "an exact fraction as a float")({**RIGHT, "probability": float(Fraction(3, 4))})


def slip(words, named=None, **changed):
    wrong(ID, words, named=named)({**RIGHT, **changed})


slip("y and not its slope", named="y, not its slope", gradient=15)
slip("2x left out of the derivative", named="2x forgotten", gradient=6)
slip("x left out of the derivative of x squared", named="x² like x", gradient=4)
slip("formula and not its value", named="formula", gradient="2x + 2")
slip("x squared kept in the derivative", named="x² kept", gradient=11)
slip("logits divided by their sum", named="no exponential", probability=1)
slip("odds", named="odds", probability=3)
slip("the first symbol's probability", named="the other one", probability=0.25)
slip("one third", named="odds against", probability=1 / 3)
slip("percent", named="percent", probability=75)
slip("a sigmoid of 3", named="sigmoid of 3", probability=0.953)
slip("log 3 as the probability", named="the logit", probability=math.log(3))
slip("biases forgotten", named="no bias", parameters=6)
slip("a bias for each input", named="a bias per input", parameters=9)
slip("a bias for each connection", named="a bias per connection", parameters=12)
slip("one bias for all", named="one bias", parameters=7)
slip("number of parameter tensors", named="parameter tensors", parameters=2)
slip("inputs and outputs added", named="added, not multiplied", parameters=5)
slip("only one logit exponentiated", named="exponential of 0 only", probability=0.5235)
slip("x for the slope of x squared", named="x for the slope of x²", gradient=5)
slip("two slips, the gradient told first", named="y, not its slope", gradient=15, parameters=6)
slip("three slips, the gradient told first", named="2x forgotten", gradient=6, probability=0.25, parameters=9)
slip("two slips below a right gradient", named="odds", probability=3, parameters=7)
slip("2x kept in the derivative", named="2x kept", gradient=12)
slip("two logits, so one half each", named="equal", probability=0.5)
