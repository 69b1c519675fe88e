"""08.targets, answered from the prompt alone."""

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "08.targets"


@right(ID)
def narrow_twice(ids):
    n = ids.size(1) - 1
    return ids.narrow(1, 0, n), ids.narrow(1, 1, n)


@right(ID)
def rolled_then_cut(ids):
    return ids[:, :-1], ids.roll(-1, dims=1)[:, :-1]


@right(ID)
def numpy_delete(ids):
    array = ids.numpy()
    return torch.from_numpy(np.delete(array, -1, axis=1)), torch.from_numpy(np.delete(array, 0, axis=1))


@right(ID)
def loop_over_rows(ids):
    inputs, targets = [], []
    for row in ids:
        inputs.append(row[:-1])
        targets.append(row[1:])
    return torch.stack(inputs), torch.stack(targets)


@right(ID)
def python_lists(ids):
    rows = ids.tolist()
    inputs = torch.tensor([row[:-1] for row in rows], dtype=ids.dtype)
    return inputs, torch.tensor([row[1:] for row in rows], dtype=ids.dtype)


@right(ID)
def windows_of_two(ids):
    pairs = ids.unfold(1, 2, 1)  # (batch, time, 2)
    return tuple(pairs.unbind(dim=-1))


@right(ID)
def index_select(ids):
    places = torch.arange(ids.shape[1] - 1)
    return ids.index_select(1, places), ids.index_select(1, places + 1)


@right(ID)
def columns_stacked_in_a_list(ids):
    columns = list(ids.unbind(1))
    return [torch.stack(columns[:-1], dim=1), torch.stack(columns[1:], dim=1)]


@right(ID)
def transposed_contiguous_copies(ids):
    by_time = ids.T
    return by_time[:-1].T.contiguous(), by_time[1:].T.contiguous()


@right(ID)
def split_off_an_end(ids):
    time = ids.shape[1] - 1
    inputs, _ = ids.split([time, 1], dim=1)
    _, targets = ids.split([1, time], dim=1)
    return inputs, targets


@right(ID)
def filled_element_by_element(ids):
    batch, time = ids.shape[0], ids.shape[1] - 1
    inputs, targets = ids.new_zeros(batch, time), ids.new_zeros(batch, time)
    for t in range(time):
        inputs[:, t] = ids[:, t]
        targets[:, t] = ids[:, t + 1]
    return inputs, targets


class Shift:
    def __init__(self, by=1):
        self.by = by

    def __call__(self, ids):
        return ids[:, : -self.by], ids[:, self.by :]


right(ID, "an object that is called")(Shift())


@wrong(ID, named="last token read")
def everything_read(ids):
    return ids, ids[:, 1:]


@wrong(ID, named="previous token")
def swapped(ids):
    return ids[:, 1:], ids[:, :-1]


@wrong(ID, named="first tokens exchanged for the batch")
def sliced_along_the_batch(ids):
    return ids[:-1], ids[1:]


@wrong(ID, named="not shifted")
def not_shifted_at_all(ids):
    return ids[:, :-1], ids[:, :-1]


wrong(ID, "shifted by two", named="two ahead")(Shift(by=2))


@wrong(ID, named="shifted twice")
def shifted_again_and_padded(ids):
    inputs, targets = ids[:, :-1], ids[:, 1:].clone()
    targets[:, :-1] = targets[:, 1:].clone()
    return inputs, targets


@wrong(ID, named="rolled round")
def rolled_and_never_cut(ids):
    return ids, ids.roll(-1, dims=1)


@wrong(ID, named="inputs rolled round")
def rolled_so_that_the_last_predicts_the_first(ids):
    inputs = ids[:, :-1]
    return inputs, inputs.roll(-1, dims=1)


@wrong(ID, named="last target only, without time")
def only_the_last_token_is_a_target(ids):
    return ids[:, :-1], ids[:, -1]


@wrong(ID, named="last target only")
def only_the_last_token_with_its_dimension(ids):
    return ids[:, :-1], ids[:, -1:]


@wrong(ID, named="inputs shifted too")
def predicts_what_it_reads(ids):
    return ids[:, 1:], ids[:, 1:]


@wrong(ID, named="first token left out")
def first_token_dropped_from_inputs_too(ids):
    return ids[:, 1:-1], ids[:, 2:]


@wrong(ID, named="flat targets")
def targets_flattened_for_the_loss(ids):
    return ids[:, :-1], ids[:, 1:].flatten()


@wrong(ID)
def one_hot_targets(ids):
    return ids[:, :-1], F.one_hot(ids[:, 1:])


@wrong(ID, named="beginning put in front")
def a_beginning_put_in_front(ids):
    return F.pad(ids, (1, -1)), ids
