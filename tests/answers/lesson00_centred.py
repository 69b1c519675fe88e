"""00.centred, answered from the prompt alone."""

import torch
from torch import nn

from answers import right, wrong

ID = "00.centred"


@right(ID)
def mean_with_a_new_dimension(x):
    return x - x.mean(1)[:, None]


@right(ID)
def last_dimension_and_unsqueeze(x):
    return x - torch.mean(x, dim=-1).unsqueeze(1)


@right(ID)
def row_by_row(x):
    return torch.stack([row - row.mean() for row in x])


@right(ID)
def a_copy_changed_row_by_row(x):
    out = x.clone()
    for row in out:
        row -= row.mean()
    return out


@right(ID)
def transposed_twice(x):
    return (x.T - x.mean(dim=1)).T


@right(ID)
def numpy_inside(x):
    array = x.numpy()
    return torch.from_numpy(array - array.mean(axis=1, keepdims=True))


@right(ID)
def nested_lists(x):
    return torch.tensor([[number - sum(row) / len(row) for number in row] for row in x.tolist()])


@right(ID)
def product_with_a_centring_matrix(x):
    time = x.shape[1]
    return x @ (torch.eye(time) - 1 / time)


@right(ID)
def einsum_for_the_mean(x):
    return x - torch.einsum("bt->b", x).reshape(-1, 1) / x.size(1)


@right(ID)
def layer_norm_undone(x):
    mean = nn.functional.adaptive_avg_pool1d(x[:, None, :], 1)
    return x - mean.squeeze(1)


@right(ID)
def mean_expanded_to_the_shape(x):
    return torch.sub(x, x.mean(dim=1, keepdim=True).expand_as(x))


@wrong(ID, named="dimension lost")
def keepdim_forgotten(x):
    return x - x.mean(dim=1)


@wrong(ID, named="the mean of the columns")
def mean_of_the_batch(x):
    return x - x.mean(dim=0, keepdim=True)


@wrong(ID, named="one mean for all")
def mean_of_everything(x):
    return x - torch.mean(x)


@wrong(ID, named="only the means")
def means_returned(x):
    return x.mean(dim=1, keepdim=True)


@wrong(ID, named="divided as well")
def standardised(x):
    return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)


@wrong(ID, named="divided as well, by n")
def standardised_without_correction(x):
    return nn.functional.layer_norm(x, x.shape[1:])


@wrong(ID, named="median")
def median_of_the_row(x):
    return x - x.median(dim=1, keepdim=True).values


@wrong(ID, named="ratio to the mean")
def divided_by_the_mean(x):
    return x / x.mean(dim=1, keepdim=True)


@wrong(ID, named="the first row's mean")
def first_rows_mean_for_all(x):
    return x - x[0].mean()


@wrong(ID, named="in place")
def changed_in_place(x):
    x -= x.mean(dim=1, keepdim=True)
    return x


@wrong(ID, named="the first number")
def first_number_of_the_row(x):
    return x - x[:, :1]


@wrong(ID, named="the wrong way round")
def mean_minus_x(x):
    return x.mean(dim=1, keepdim=True) - x


@wrong(ID, named="sum for mean")
def sum_of_the_row(x):
    return x - x.sum(dim=1, keepdim=True)


@wrong(ID, named="added")
def mean_added(x):
    return x + x.mean(dim=1, keepdim=True)


@wrong(ID, named="divided by three")
def sum_over_three(x):
    return x - x.sum(dim=1, keepdim=True) / 3


@wrong(ID, named="left transposed")
def not_transposed_back(x):
    return x.T - x.mean(dim=1)


@wrong(ID, named="both means")
def columns_as_well(x):
    return x - x.mean(0, keepdim=True) - x.mean(1, keepdim=True)


@wrong(ID, named="deviations without sign")
def absolute_deviations(x):
    return torch.abs(x - x.mean(1, keepdim=True))


@wrong(ID, named="one mean for all")
def mean_of_the_means(x):
    return x - x.mean(1).mean()


@wrong(ID, named="in place")
def rows_changed_in_place(x):
    for row in x:
        row -= row.mean()
    return x


@wrong(ID, named="the middle of the range")
def middle_between_the_extremes(x):
    return x - (x.amax(1, keepdim=True) + x.amin(1, keepdim=True)) / 2


@wrong(ID, named="means in another order")
def means_repeated_and_reshaped(x):
    return x - x.mean(1).repeat(x.shape[1]).reshape(x.shape)
