"""02.smallest_bias, answered from the prompt alone."""

import math
from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "02.smallest_bias"

right(ID, "an int")(2)
right(ID, "a float")(2.0)
right(ID, "a tensor")(torch.tensor(2))
right(ID, "a tensor of floats")(torch.tensor(2.0))
right(ID, "a NumPy integer")(np.int64(2))
right(ID, "a NumPy float")(np.float32(2))
right(ID, "a NumPy array without dimensions")(np.array(2))
right(ID, "a fraction")(Fraction(2))
right(ID, "a small integer tensor")(torch.tensor(2, dtype=torch.int8))
right(ID, "a NumPy double")(np.float64(2))

wrong(ID, "the formula's bias", named="the formula's bias")(3.05)
wrong(ID, "the formula's bias, unrounded", named="the formula's bias")(-math.log(10 ** (1 / 50) - 1))
wrong(ID, "the formula's bias, rounded down", named="3")(3)
wrong(ID, "the formula's bias, rounded up", named="4")(4)
wrong(ID, "one too low: a hundredth is enough", named="1")(1)
wrong(ID, "the largest bias", named="5")(5)
wrong(ID, "PyTorch's bias", named="0")(0)
wrong(ID, "the rule of thumb, ln 50", named="ln 50")(math.log(50))
wrong(ID, "all biases that are large enough")([2, 3, 4, 5])
wrong(ID, "the share that arrives with it")(0.21)
wrong(ID, "between two of the biases")(1.9)
wrong(ID, "a share instead of a bias", named="a tenth")(0.1)
