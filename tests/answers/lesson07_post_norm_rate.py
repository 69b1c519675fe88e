"""07.post_norm_rate, answered from the prompt alone."""

from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "07.post_norm_rate"

right(ID, "a float")(0.003)
right(ID, "three thousandths")(3 / 1000)
right(ID, "three times a thousandth")(3 * 0.001)
right(ID, "a tensor of float32")(torch.tensor(0.003))
right(ID, "a NumPy float32")(np.float32(0.003))
right(ID, "a NumPy float64")(np.float64(3e-3))
right(ID, "a fraction")(float(Fraction(3, 1000)))
right(ID, "an array of no dimension")(np.array(0.003))
right(ID, "a fraction as it is")(Fraction(3, 1000))
right(ID, "a tensor of float64")(torch.tensor(3e-3, dtype=torch.float64))
right(ID, "the rate with the lowest loss")(min([(2.79, 0.01), (0.79, 0.003), (2.63, 0.0003)])[1])

wrong(ID, "the largest of the three", named="too high")(0.01)
wrong(ID, "the smallest of the three", named="too low")(0.0003)
wrong(ID, "the schedule's peak", named="the schedule's peak")(32**-0.5 * 100**-0.5)
wrong(ID, "between two of them")(0.001)
wrong(ID, "the loss instead of the rate")(0.786)
wrong(ID, "a point slipped")(0.03)
wrong(ID, "all three rates")([0.01, 0.003, 0.0003])
wrong(ID, "in per cent")(0.3)
