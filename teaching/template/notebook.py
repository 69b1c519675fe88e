# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # NN · A lesson of your own
#
# One question that this notebook answers.

# %% tags=["setup"]
import torch

from course_lib.device import setup
from course_lib.practice import check, hint

device = setup(seed=0)

# %% [markdown]
# ## Exercise 1 (warm-up, 3 minutes): the sum of each row
#
# Write `row_sums(x)`: for a matrix, a tensor with the sum of each row.


# %% tags=["exercise"]
def row_sums(x: torch.Tensor) -> torch.Tensor:
    """The sum of each row of x, of shape (rows, columns); the result has shape (rows,)."""
    ### BEGIN SOLUTION
    return x.sum(dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("NN.row_sums", row_sums)

# %% tags=["hint"]
hint("NN.row_sums")

# %% [markdown] tags=["solution"]
# The last dimension counts the columns, so summing over it adds up each row.
