"""11.mean_pool, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong
from course_lib.models.attention import padding_mask

ID = "11.mean_pool"


@right(ID)
def a_loop_over_slices(hidden, lengths):
    rows = []
    for row, n in zip(hidden, lengths.tolist(), strict=True):
        rows.append(row[:n].mean(dim=0))
    return torch.stack(rows)


@right(ID)
def an_einsum_over_time(hidden, lengths):
    real = (torch.arange(hidden.size(1), device=hidden.device)[None] < lengths[:, None]).to(hidden.dtype)
    return torch.einsum("btd,bt->bd", hidden, real / lengths[:, None])


@right(ID)
def numpy_inside(hidden, lengths):
    values, counts = hidden.detach().numpy(), lengths.numpy()
    real = np.arange(values.shape[1])[None, :, None] < counts[:, None, None]
    return torch.from_numpy((values * real).sum(axis=1) / counts[:, None]).to(hidden.dtype)


@right(ID)
def masked_fill_with_zero(hidden, lengths):
    padding = torch.arange(hidden.shape[1], device=hidden.device) >= lengths.unsqueeze(1)
    return hidden.masked_fill(padding.unsqueeze(-1), 0).sum(1) / lengths.unsqueeze(1)


@right(ID)
def the_librarys_padding_mask(hidden, lengths):
    real = padding_mask(lengths, hidden.shape[1]).unsqueeze(-1).float()
    return (hidden * real).sum(dim=1) / real.sum(dim=1)


@right(ID)
def running_sums_read_at_the_end(hidden, lengths):
    last = (lengths - 1)[:, None, None].expand(-1, 1, hidden.shape[2])
    return hidden.cumsum(dim=1).gather(1, last).squeeze(1) / lengths[:, None]


@right(ID)
def a_batched_matrix_product(hidden, lengths):
    weights = torch.zeros(hidden.shape[0], 1, hidden.shape[1])
    for row, n in enumerate(lengths):
        weights[row, 0, : int(n)] = 1 / int(n)
    return torch.bmm(weights.to(hidden), hidden)[:, 0]


@right(ID)
def nanmean_of_a_where(hidden, lengths):
    time = torch.arange(hidden.shape[1])[None, :, None]
    return torch.where(time < lengths[:, None, None], hidden, torch.nan).nanmean(dim=1)


@right(ID)
def the_real_rows_added_by_index(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    row_of = real.nonzero()[:, 0]
    sums = torch.zeros(hidden.shape[0], hidden.shape[2]).index_add(0, row_of, hidden[real])
    return sums / lengths[:, None].float()


@right(ID)
def time_first_and_in_double(hidden, lengths):
    by_time = hidden.double().transpose(0, 1)
    total = torch.zeros_like(by_time[0])
    for t, vectors in enumerate(by_time):
        total = total + vectors * (t < lengths).double()[:, None]
    return (total / lengths.double()[:, None]).float()


@wrong(ID, named="padding counted")
def padding_added_and_counted(hidden, lengths):
    return hidden.mean(dim=1)


@wrong(ID, named="divided by time")
def divided_by_the_padded_length(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return (hidden * real[:, :, None]).mean(dim=1)


@wrong(ID, named="mask inverted")
def the_mask_turned_round(hidden, lengths):
    padding = torch.arange(hidden.shape[1]) >= lengths[:, None]
    return (hidden * padding[:, :, None]).sum(dim=1) / lengths[:, None]


@wrong(ID, named="one too many")
def one_position_too_many(hidden, lengths):
    real = torch.arange(hidden.shape[1]) <= lengths[:, None]
    return (hidden * real[:, :, None]).sum(dim=1) / lengths[:, None]


@wrong(ID, named="[CLS] left out")
def cls_left_out_as_no_real_token(hidden, lengths):
    return torch.stack([row[1:n].mean(dim=0) for row, n in zip(hidden, lengths.tolist(), strict=True)])


@wrong(ID, named="padding added")
def padding_summed_then_divided_by_length(hidden, lengths):
    return hidden.sum(dim=1) / lengths[:, None]


@wrong(ID, named="padding recognised by its zeros")
def padding_known_by_its_zeros(hidden, lengths):
    real = hidden.abs().sum(dim=-1) > 0
    return (hidden * real[:, :, None]).sum(dim=1) / real.sum(dim=1, keepdim=True)


@wrong(ID, named="largest")
def the_maximum_of_the_real_tokens(hidden, lengths):
    return torch.stack([row[:n].max(dim=0).values for row, n in zip(hidden, lengths.tolist(), strict=True)])


@wrong(ID, named="cut to the longest")
def cut_to_the_longest_sentence(hidden, lengths):
    return hidden[:, : int(lengths.max())].mean(dim=1)


@wrong(ID, named="divided by all tokens")
def divided_by_all_the_real_tokens_of_the_batch(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return (hidden * real[:, :, None]).sum(dim=1) / lengths.sum()


@wrong(ID, named="one vector for the batch")
def one_vector_for_the_whole_batch(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return hidden[real].mean(dim=0)


@wrong(ID, named="the first sentence's length")
def the_first_length_for_all(hidden, lengths):
    return hidden[:, : lengths[0]].mean(dim=1)
