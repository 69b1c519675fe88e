"""06.heads_for_three, answered from the prompt alone."""

from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "06.heads_for_three"

right(ID, "int")(3)
right(ID, "float")(3.0)
right(ID, "tensor")(torch.tensor(3))
right(ID, "NumPy whole number")(np.int64(3))
right(ID, "NumPy float")(np.float32(3))
right(ID, "array without dimensions")(np.array(3))
right(ID, "the first of a comprehension")(
    min(h for h, a in {1: 0.1, 2: 0.1, 3: 1.0, 4: 1.0}.items() if a >= 0.95)
)

wrong(ID, "one head more than is needed", named="four")(4)
wrong(ID, "as many as two names took", named="two")(2)
wrong(ID, "one head", named="one")(1)
wrong(ID, "the accuracy")(0.999)
wrong(ID, "all numbers of heads that suffice", named="all that suffice")([3, 4])
wrong(ID, "index of the accuracy, from 0, as a tensor", named="two")(torch.tensor(2))
right(ID, "float tensor")(torch.tensor(3.0))
right(ID, "tensor of small whole numbers")(torch.tensor(3, dtype=torch.int8))
right(ID, "a fraction")(Fraction(3))
right(ID, "index of the first accuracy that suffices, plus 1")(
    torch.tensor([0.1, 0.1, 1, 1]).ge(0.95).int().argmax() + 1
)

wrong(ID, "features of a head", named="features of a head")(16)
wrong(ID, "all numbers that suffice, as a tensor")(torch.tensor([3, 4]))
