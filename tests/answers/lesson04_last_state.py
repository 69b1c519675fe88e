"""04.last_state, answered from the prompt alone."""

import torch

from answers import right, wrong

ID = "04.last_state"


@right(ID)
def gathered(states, lengths):
    index = (lengths - 1).view(-1, 1, 1).expand(-1, 1, states.size(2))
    return states.gather(1, index).squeeze(1)


@right(ID)
def loop_and_stack(states, lengths):
    return torch.stack([row[int(n) - 1] for row, n in zip(states, lengths, strict=True)])


@right(ID)
def one_hot_einsum(states, lengths):
    last = torch.nn.functional.one_hot(lengths - 1, states.shape[1]).to(states.dtype)
    return torch.einsum("bth,bt->bh", states, last)


@right(ID)
def boolean_mask(states, lengths):
    return states[torch.arange(states.shape[1]) == lengths[:, None] - 1]


@right(ID)
def taken_along_time(states, lengths):
    return torch.take_along_dim(states, lengths[:, None, None] - 1, dim=1)[:, 0]


@right(ID)
def flattened_index(states, lengths):
    batch, time, width = states.shape
    return states.reshape(-1, width).index_select(0, torch.arange(batch) * time + lengths - 1)


@right(ID)
def time_first(states, lengths):
    return states.transpose(0, 1)[lengths - 1, torch.arange(len(lengths))]


@right(ID)
def diagonal_of_all_pairs(states, lengths):
    return states[:, lengths - 1].diagonal(dim1=0, dim2=1).T


@right(ID)
def filled_row_by_row(states, lengths):
    out = torch.empty_like(states[:, 0])
    for i in range(out.shape[0]):
        out[i] = states[i, lengths[i] - 1]
    return out


@right(ID)
def indices_as_lists(states, lengths):
    return states[list(range(len(states))), [n - 1 for n in lengths.tolist()]]


@right(ID)
def cut_first_then_the_last(states, lengths):
    return torch.cat([states[i, :n][-1:] for i, n in enumerate(lengths.tolist())])


@right(ID)
def overwritten_while_real(states, lengths):
    last = states[:, 0]
    for t in range(1, states.shape[1]):
        last = torch.where((t < lengths)[:, None], states[:, t], last)
    return last


@wrong(ID, named="the padded end")
def at_the_padded_end(states, lengths):
    return states[:, -1]


@wrong(ID, named="one step too far, cut off")
def one_step_too_late(states, lengths):
    return states[torch.arange(len(states)), lengths.clamp(max=states.shape[1] - 1)]


@wrong(ID, named="one step too far")
def lengths_as_they_are(states, lengths):
    return states[torch.arange(len(states)), lengths]


@wrong(ID, named="every end of every row")
def every_row_at_every_length(states, lengths):
    return states[:, lengths - 1]


@wrong(ID, named="off by one")
def one_step_too_early(states, lengths):
    return states[torch.arange(len(states)), (lengths - 2).clamp(min=0)]


@wrong(ID, named="the longest row's end")
def longest_length_for_all(states, lengths):
    return states[:, lengths.max() - 1]


@wrong(ID, named="the first row's end")
def first_rows_length_for_all(states, lengths):
    return states[:, lengths[0] - 1]


@wrong(ID, named="mean of the real states")
def mean_of_the_real_states(states, lengths):
    real = (torch.arange(states.shape[1]) < lengths[:, None])[..., None]
    return (states * real).sum(1) / lengths[:, None]


@wrong(ID, named="time axis kept")
def time_axis_kept(states, lengths):
    index = (lengths - 1).view(-1, 1, 1).expand(-1, 1, states.size(2))
    return states.gather(1, index)


@wrong(ID, named="every axis of length 1 squeezed")
def every_axis_of_size_1_squeezed(states, lengths):
    index = (lengths - 1).view(-1, 1, 1).expand(-1, 1, states.size(2))
    return states.gather(1, index).squeeze()


@wrong(ID, named="padding recognised by zeros")
def padding_recognised_by_zeros(states, lengths):
    real = states.abs().sum(-1) != 0
    return states[torch.arange(len(states)), real.sum(1) - 1]


@wrong(ID, named="counted from the end")
def counted_from_the_end(states, lengths):
    return states[torch.arange(len(states)), -lengths]


@wrong(ID, named="gradient cut")
def detached(states, lengths):
    return states[torch.arange(len(states)), lengths - 1].detach()


@wrong(ID, named="largest over time")
def largest_over_time(states, lengths):
    return states.max(dim=1).values


@wrong(ID, named="batch and time exchanged")
def batch_and_time_exchanged(states, lengths):
    return states[lengths - 1, torch.arange(len(states))]


@wrong(ID, named="one unit only")
def gathered_in_one_unit_only(states, lengths):
    return states.gather(1, (lengths - 1).view(-1, 1, 1)).squeeze(1)


@wrong(ID, named="rows sorted by length")
def sorted_as_for_packing(states, lengths):
    order = lengths.argsort(descending=True)
    return states[order, lengths[order] - 1]


@wrong(ID, named="the first state")
def first_step_as_a_backward_layer_has_it(states, lengths):
    return states[:, 0]


@wrong(ID, named="sum of the real states")
def real_states_added_up(states, lengths):
    real = torch.arange(states.shape[1])[None] < lengths[:, None]  # (batch, time)
    return (states * real[..., None]).sum(1)
