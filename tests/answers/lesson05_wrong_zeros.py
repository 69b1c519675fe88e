"""05.wrong_zeros, answered from the prompt alone: the forms that a share may take, and other shares of the lesson."""

from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "05.wrong_zeros"

right(ID, "rounded")(0.99)
right(ID, "all of them, as a float")(1.0)
right(ID, "all of them, as an int")(1)
right(ID, "a mean that stayed a tensor")(torch.tensor([True, True, True]).double().mean())
right(ID, "a tensor in single precision")(torch.tensor(0.9985))
right(ID, "a number of NumPy")(np.float64(0.9957))
right(ID, "NumPy in single precision")(np.float32(1.0))
right(ID, "a count over a count")(694 / 696)
right(ID, "a count of tensors over another")(torch.tensor(696) / torch.tensor(696))
right(ID, "a fraction")(Fraction(694, 696))
right(ID, "an array without dimensions")(np.array(0.9971))
right(ID, "half precision")(torch.tensor(0.9985).half())
right(ID, "1 minus the share of the others")(1 - torch.tensor([True] + [False] * 695).float().mean())

wrong(ID, "with the model's own weights", named="none at all")(0.0)
wrong(ID, "the share of first digits that are right", named="none at all")(torch.tensor(0.0))
wrong(ID, "a hundred per cent", named="per cent")(100)
wrong(ID, "a count of dates", named="a count")(696)
wrong(ID, "the days from 1 to 9 over all days", named="the share of the others")(0.304)
wrong(ID, "the days from 10 to 31 over all days", named="the share of such days")(torch.tensor(0.696))
wrong(ID, "the copied digits that were kept")(0.217)
wrong(ID, "not a number, of no day at all")(float("nan"))
wrong(ID, "true or false of every day")(torch.ones(696, dtype=torch.bool))
