"""08.induction_score, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "08.induction_score"


@right(ID)
def diagonal_without_its_first(A, period):
    return A.diagonal(1 - period)[1:].mean()


@right(ID)
def indexed_with_two_ranges(A, period):
    t = torch.arange(period, A.shape[0])
    return A[t, t - period + 1].mean()


@right(ID)
def gathered(A, period):
    t = torch.arange(period, len(A))
    return A[period:].gather(1, (t - period + 1)[:, None]).mean()


@right(ID)
def summed_in_a_loop(A, period):
    total = torch.zeros(())
    for t in range(period, A.size(0)):
        total = total + A[t, t - (period - 1)]
    return total / (A.size(0) - period)


@right(ID)
def a_mask_of_ones(A, period):
    place = torch.arange(len(A))
    chosen = (place[:, None] - place == period - 1) & (place[:, None] >= period)
    return A[chosen].mean()


@right(ID)
def numpy_diagonal(A, period):
    return torch.tensor(np.diagonal(A.detach().numpy(), offset=1 - period)[1:].mean())


@right(ID)
def a_block_and_its_diagonal(A, period):
    return A[period:, 1 : len(A) - period + 1].diagonal().mean()


@right(ID)
def a_trace(A, period):
    n = len(A) - period
    return torch.trace(A[period:, 1 : n + 1]) / n


@right(ID)
def einsum_over_the_block(A, period):
    block = A[period:, 1 : len(A) - period + 1]
    return torch.einsum("tt->", block) / len(block)


@right(ID)
def python_numbers_and_one_tensor(A, period):
    rows = A.tolist()
    weights = [row[t - period + 1] for t, row in enumerate(rows) if t >= period]
    return torch.tensor(sum(weights) / len(weights))


@right(ID)
def rolled_back(A, period):
    return A[period:].roll(-1, dims=1).diagonal().mean()


@right(ID)
def zip_of_rows_and_columns(A, period):
    pairs = zip(A[period:], range(1, len(A)), strict=False)
    return torch.stack([row[s] for row, s in pairs]).mean(dim=0)


class Score:
    def __call__(self, A, period):
        return sum(A[t][t + 1 - period] for t in range(period, len(A))) / torch.tensor(len(A) - period)


right(ID, "an object that is called")(Score())


@wrong(ID, named="same token")
def the_same_token(A, period):
    return torch.stack([A[t, t - period] for t in range(period, len(A))]).mean()


@wrong(ID, named="previous token")
def the_previous_token(A, period):
    return torch.stack([A[t, t - 1] for t in range(period, len(A))]).mean()


@wrong(ID, named="token before")
def the_token_before_the_same(A, period):
    return torch.stack([A[t, t - period - 1] for t in range(period, len(A))]).mean()


@wrong(ID, named="one query too early")
def whole_diagonal(A, period):
    return A.diagonal(1 - period).mean()


@wrong(ID, named="rows and columns exchanged")
def rows_are_keys(A, period):
    return torch.stack([A[t - period + 1, t] for t in range(period, len(A))]).mean()


@wrong(ID, named="sum")
def not_divided(A, period):
    return torch.stack([A[t, t - period + 1] for t in range(period, len(A))]).sum()


@wrong(ID, named="mean over all queries")
def divided_by_all_tokens(A, period):
    return torch.stack([A[t, t - period + 1] for t in range(period, len(A))]).sum() / len(A)


@wrong(ID, named="largest weight")
def largest_weight_of_each_row(A, period):
    return A[period:].max(dim=-1).values.mean()


@wrong(ID, named="second round only")
def second_round_only(A, period):
    return torch.stack([A[t, t - period + 1] for t in range(period, 2 * period)]).mean()


@wrong(ID, named="every earlier round")
def every_earlier_occurrence_added(A, period):
    return torch.stack(
        [sum(A[t, s] for s in range(t + 1 - period, 0, -period)) for t in range(period, len(A))]
    ).mean()


@wrong(ID, named="share of the largest")
def share_of_rows_whose_largest_weight_is_there(A, period):
    t = torch.arange(period, len(A))
    return (A[period:].argmax(dim=-1) == t - period + 1).float().mean()


@wrong(ID, named="two after")
def one_token_late(A, period):
    return torch.stack([A[t, t - period + 2] for t in range(period, len(A))]).mean()


@wrong(ID, named="last query")
def last_query_only(A, period):
    return A[-1, len(A) - period]


@wrong(ID, named="one weight for each query")
def one_number_for_each_token(A, period):
    return torch.stack([A[t, t - period + 1] for t in range(period, len(A))])


@wrong(ID, named="over the largest weight")
def weight_over_the_largest_of_its_row(A, period):
    return torch.stack([A[t, t - period + 1] / A[t].max() for t in range(period, len(A))]).mean()


@wrong(ID, named="first query")
def first_repeated_token_only(A, period):
    return A[period, 1]
