"""06.causal_mask, answered from the prompt alone."""

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "06.causal_mask"


@right(ID)
def positions_compared(time):
    place = torch.arange(time)
    return place[:, None] >= place


@right(ID)
def two_loops(time):
    mask = torch.zeros((time, time), dtype=torch.bool)
    for t in range(time):
        for s in range(t + 1):
            mask[t, s] = True
    return mask


@right(ID)
def nested_comprehension(time):
    return torch.tensor([[s <= t for s in range(time)] for t in range(time)])


@right(ID)
def future_negated(time):
    return ~torch.triu(torch.ones(time, time, dtype=torch.bool), diagonal=1)


@right(ID)
def upper_triangle_transposed(time):
    return torch.triu(torch.ones(time, time)).bool().T


@right(ID)
def numpy_tri(time):
    return torch.from_numpy(np.tri(time, dtype=bool))


@right(ID)
def identity_summed_up(time):
    return torch.eye(time).cumsum(dim=0).transpose(0, 1).flip(0, 1) > 0


@right(ID)
def additive_mask_of_pytorch_where_zero(time):
    return nn.Transformer.generate_square_subsequent_mask(time) == 0


@right(ID)
def indices_of_the_triangle(time):
    mask = torch.zeros(time, time, dtype=torch.bool)
    rows, columns = torch.tril_indices(time, time)
    mask[rows, columns] = True
    return mask


@right(ID)
def rows_one_after_another(time):
    return torch.stack([torch.arange(time) < t + 1 for t in range(time)])


@right(ID)
def lists_multiplied(time):
    return torch.tensor([[True] * t + [False] * (time - t) for t in range(1, time + 1)])


@right(ID)
def difference_of_a_meshgrid(time):
    t, s = torch.meshgrid(torch.arange(time), torch.arange(time), indexing="ij")
    return (t - s).ge(0)


@right(ID)
def fewer_ones_by_a_slice(time):
    mask = torch.full((time, time), True)
    for t, row in enumerate(mask):
        row[t + 1 :] = False
    return mask


@wrong(ID, named="upper triangle")
def triu_for_tril(time):
    return torch.ones(time, time, dtype=torch.bool).triu()


@wrong(ID, named="inverted")
def true_means_masked(time):
    return torch.triu(torch.ones(time, time), diagonal=1).bool()


@wrong(ID, named="without the diagonal")
def earlier_tokens_only(time):
    return torch.tril(torch.ones(time, time), diagonal=-1).bool()


@wrong(ID, named="one ahead")
def one_token_ahead(time):
    return torch.tril(torch.ones(time, time), diagonal=1).bool()


@wrong(ID, named="floats")
def zeros_and_ones(time):
    return torch.tril(torch.ones(time, time))


@wrong(ID, named="whole numbers")
def whole_numbers(time):
    return torch.ones(time, time, dtype=torch.long).tril()


@wrong(ID, named="scores to add")
def minus_infinity_to_add(time):
    return nn.Transformer.generate_square_subsequent_mask(time)


@wrong(ID, named="one row")
def one_row_for_all(time):
    return torch.arange(time) < time


@wrong(ID, named="a dimension in front")
def with_a_batch_dimension(time):
    return torch.ones(time, time, dtype=torch.bool).tril()[None]


@wrong(ID)
def nested_lists(time):
    return [[s <= t for s in range(time)] for t in range(time)]


@wrong(ID)
def a_numpy_array(time):
    return np.tri(time, dtype=bool)


@wrong(ID, named="two tokens only")
def only_itself_and_the_one_before(time):
    place = torch.arange(time)
    gap = place[:, None] - place
    return (gap >= 0) & (gap <= 1)


@wrong(ID, named="all but the next")
def every_token_but_the_next(time):
    place = torch.arange(time)
    return place[:, None] + 1 != place


@wrong(ID, named="all allowed")
def everything_allowed(time):
    return torch.ones(time, time, dtype=torch.bool)


@wrong(ID, named="the other diagonal")
def mirrored_along_the_other_diagonal(time):
    return torch.ones(time, time, dtype=torch.bool).tril().flip(1)


@wrong(ID, named="bytes")
def bytes_for_booleans(time):
    return torch.ones(time, time, dtype=torch.uint8).tril()


@wrong(ID, named="two dimensions in front")
def with_batch_and_heads_in_front(time):
    return torch.ones(time, time, dtype=torch.bool).tril()[None, None]


@wrong(ID, named="one row and column more")
def room_for_a_start_token(time):
    return torch.ones(time + 1, time + 1).tril().bool()


@wrong(ID, named="itself only")
def the_diagonal(time):
    return torch.eye(time).bool()


@wrong(ID, named="first token sees all")
def first_row_full_so_that_it_is_not_empty(time):
    mask = torch.ones(time, time, dtype=torch.bool).tril()
    mask[0] = True
    return mask


@wrong(ID, named="the first token's column, without the diagonal")
def earlier_ones_and_always_the_first(time):
    return torch.ones(time, time, dtype=torch.bool).tril(-1) | (torch.arange(time) == 0)


@wrong(ID, named="large negative scores to add")
def a_thousand_million_below_zero(time):
    return torch.zeros(time, time).masked_fill(torch.ones(time, time).tril() == 0, -1e9)


@wrong(ID, named="upper triangle")
def rows_and_columns_exchanged_in_a_comprehension(time):
    return torch.tensor([[s <= t for t in range(time)] for s in range(time)])
