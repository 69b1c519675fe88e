"""08.layers_needed, answered from the prompt alone: a value."""

import numpy as np
import torch

from answers import right, wrong

ID = "08.layers_needed"

right(ID, "an integer")(1)
right(ID, "a float")(1.0)
right(ID, "a tensor")(torch.tensor(1))
right(ID, "a float tensor")(torch.tensor(1.0))
right(ID, "a NumPy integer")(np.int64(1))
right(ID, "found by trying")(next(n for n, accuracy in ((1, 1.0), (2, 1.0)) if accuracy >= 0.95))
right(ID, "the smallest of a list")(min([1, 2]))
right(ID, "an array without dimensions")(np.array(1))
right(ID, "a NumPy float of single precision")(np.float32(1))
right(ID, "the first accuracy that is high enough, counted from 1")(
    torch.tensor([1.0, 1.0]).ge(0.95).int().argmax() + 1
)

wrong(ID, "two, as for mixed periods", named="two")(2)
wrong(ID, "none", named="none")(0)
wrong(ID, "the accuracy of one layer")(0.998)
wrong(ID, "how far back the answer is", named="distance")(9)
wrong(ID, "the period", named="period")(10)
wrong(ID, "both numbers of layers")([1, 2])
wrong(ID, "a dictionary of accuracies")({1: 0.998, 2: 1.0})
wrong(ID, "three, one for each part of the rule")(3)
