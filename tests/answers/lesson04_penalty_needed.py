"""04.penalty_needed, answered from the prompt alone."""

from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "04.penalty_needed"

right(ID, "a float")(0.6)
right(ID, "six tenths added up")(sum([0.1] * 6))
right(ID, "a product that is not quite 0.6")(6 * 0.1)
right(ID, "a NumPy number")(np.linspace(0, 1, 11)[6])
right(ID, "a NumPy number in single precision")(np.float32(0.6))
right(ID, "an element of arange")(np.arange(0, 1.1, 0.1)[6])
right(ID, "a tensor")(torch.tensor(0.6))
right(ID, "an element of a tensor")(torch.linspace(0, 1, 11)[6])
right(ID, "a NumPy array without axes")(np.array(0.6))
right(ID, "a fraction")(Fraction(6, 10))

wrong(ID, "the exact value where they are equal", named="between two values")(0.594468)
wrong(ID, "the last one at which two words win", named="one step early")(0.5)
wrong(ID, "two words counted as a sentence of three with eos", named="no penalty")(0.0)
wrong(ID, "the largest value tried", named="the largest")(1.0)
wrong(ID, "the number of the round", named="its index")(6)
wrong(ID, "all values at which it wins")([0.6, 0.7, 0.8, 0.9, 1.0])
wrong(ID, "the sentence")("a dog sleeps")
wrong(ID, "one step too many", named="one step late")(0.7)
wrong(ID, "the score at which it wins")(-1.393)
wrong(ID, "rounded to a whole number", named="the largest")(1)
wrong(ID, "the first step above zero", named="the first above zero")(0.1)
wrong(ID, "cut off at two digits")(0.59)
wrong(ID, "two steps early", named="too small")(0.4)
