"""06.heads_for_three, answered from the prompt alone."""

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
right(ID, "the first of a comprehension")(min(h for h, a in {1: 0.1, 2: 0.1, 3: 1.0, 4: 1.0}.items() if a >= 0.95))

wrong(ID, "one head more than is needed", named="four")(4)
wrong(ID, "as many as two names took", named="two")(2)
wrong(ID, "one head", named="one")(1)
wrong(ID, "the accuracy")(0.999)
wrong(ID, "all numbers of heads that suffice", named="all that suffice")([3, 4])
wrong(ID, "index of the accuracy, from 0, as a tensor", named="two")(torch.tensor(2))
