"""01.next_state, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "01.next_state"


@right(ID)
def where_with_a_mask(state, is_start):
    return torch.where(is_start[None, :, None], torch.zeros_like(state), state.detach())


@right(ID)
def masked_fill(state, is_start):
    return state.detach().masked_fill(is_start.view(1, -1, 1), 0.0)


@right(ID)
def a_copy_with_rows_set_to_zero(state, is_start):
    new = state.detach().clone()
    new[:, is_start] = 0
    return new


@right(ID)
def a_copy_without_gradient_in_a_loop(state, is_start):
    with torch.no_grad():
        new = state.clone()
        for row, starts in enumerate(is_start.tolist()):
            if starts:
                new[:, row].zero_()
    return new


@right(ID)
def einsum_with_a_weight_for_each_row(state, is_start):
    return torch.einsum("lbh,b->lbh", state.detach(), 1.0 - is_start.to(state.dtype))


@right(ID)
def data_times_a_column(state, is_start):
    return state.data * (~is_start).unsqueeze(-1)


@right(ID)
def index_fill(state, is_start):
    return state.detach().index_fill(1, is_start.nonzero().flatten(), 0)


@right(ID)
def numpy_inside(state, is_start):
    new = np.array(state.detach())
    new[:, np.array(is_start)] = 0.0
    return torch.from_numpy(new)


@right(ID)
def kept_rows_written_into_zeros(state, is_start):
    new = torch.zeros(state.shape)
    new[:, ~is_start] = state.detach()[:, ~is_start]
    return new


@right(ID)
def layer_by_layer_with_stack(state, is_start):
    return torch.stack([(layer * is_start.logical_not()[:, None]).detach() for layer in state])


@right(ID)
def row_by_row_with_stack(state, is_start):
    rows = [
        torch.zeros_like(row) if starts else row
        for row, starts in zip(state.unbind(1), is_start, strict=True)
    ]
    return torch.stack(rows, dim=1).detach()


@right(ID)
def batch_first_and_back(state, is_start):
    rows = state.transpose(0, 1).detach().clone()
    rows[is_start] = 0.0
    return rows.transpose(0, 1)


@wrong(ID, named="no detach")
def not_detached(state, is_start):
    return state * (~is_start)[None, :, None]


@wrong(ID, named="no detach")
def cloned_and_not_detached(state, is_start):
    new = state.clone()
    new[:, is_start] = 0.0
    return new


@wrong(ID, named="inverted mask")
def mask_the_wrong_way_round(state, is_start):
    return state.detach() * is_start[None, :, None]


@wrong(ID, named="through shared memory")
def rows_of_the_callers_state_set_to_zero(state, is_start):
    new = state.detach()
    new[:, is_start] = 0.0
    return new


@wrong(ID, named="layers for rows")
def layers_in_place_of_rows(state, is_start):
    new = state.detach().clone()
    for i, starts in enumerate(is_start.tolist()):
        if starts and i < len(new):
            new[i] = 0.0
    return new


@wrong(ID, named="all or nothing")
def all_rows_when_any_starts(state, is_start):
    return torch.zeros_like(state) if is_start.any() else state.detach()


@wrong(ID, named="only if all start")
def all_rows_only_when_all_start(state, is_start):
    return torch.zeros_like(state) if is_start.all() else state.detach()


@wrong(ID, named="rows left out")
def rows_dropped(state, is_start):
    return state.detach()[:, ~is_start]


@wrong(ID, named="carried across texts")
def never_reset(state, is_start):
    return state.detach()


@wrong(ID, named="always reset")
def always_zeros(state, is_start):
    return torch.zeros_like(state)


@wrong(ID, named="first layer only")
def first_layer_only(state, is_start):
    new = state.detach().clone()
    new[0, is_start] = 0.0
    return new


@wrong(ID, named="last layer only")
def last_layer_only(state, is_start):
    new = state.detach().clone()
    new[-1][is_start] = 0.0
    return new


@wrong(ID, named="no detach")
def only_new_rows_detached(state, is_start):
    return torch.where(is_start[None, :, None], torch.zeros_like(state).detach(), state)


@wrong(ID, named="mask along the units")
def mask_without_new_dimensions(state, is_start):
    return state.detach() * ~is_start


@wrong(ID, named="an if on the mask")
def an_if_on_the_whole_mask(state, is_start):
    if is_start:
        return torch.zeros_like(state)
    return state.detach()


@wrong(ID, named="ones")
def ones_for_a_new_text(state, is_start):
    return torch.where(is_start[None, :, None], torch.ones_like(state), state.detach())


@wrong(ID, named="through shared memory")
def product_in_place(state, is_start):
    new = state.detach()
    new *= (~is_start)[None, :, None]
    return new


@wrong(ID)
def mask_repeated_along_the_wrong_dimension(state, is_start):
    return state.detach() * (~is_start).repeat(state.shape[0] * state.shape[2]).view(state.shape)


@wrong(ID, named="mean of the batch")
def mean_of_the_batch_for_a_new_text(state, is_start):
    state = state.detach()
    return torch.where(is_start[None, :, None], state.mean(dim=1, keepdim=True), state)


@wrong(ID, named="batch first")
def batch_before_layers(state, is_start):
    return state.detach().transpose(0, 1) * (~is_start)[:, None, None]
