"""10.pretrain, answered from the prompt alone: more answers."""

from itertools import accumulate

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "10.pretrain"


def trained(model, batches, mask, lr, factor=1.0):
    """The losses of each batch, (steps, 2), from one step on a multiple of their sum."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    losses = []
    for ids, segments, lengths, not_next in batches:
        inputs, selected = mask(ids)
        words, pair = model(inputs, segments=segments, lengths=lengths)
        both = torch.stack([F.cross_entropy(words[selected], ids[selected]), F.cross_entropy(pair, not_next)])
        optimizer.zero_grad()
        (factor * both.sum()).backward()
        optimizer.step()
        losses.append(both.detach().numpy())
    return np.stack(losses)


@right(ID)
def a_column_of_an_array_for_each_task(model, batches, mask, lr):
    return [column.tolist() for column in trained(model, batches, mask, lr).T]


@wrong(ID, named="mean of the two losses")
def half_the_sum(model, batches, mask, lr):
    mlm_losses, nsp_losses = trained(model, batches, mask, lr, factor=0.5).T
    return list(mlm_losses), list(nsp_losses)


@wrong(ID, named="running means")
def the_mean_so_far(model, batches, mask, lr):
    columns = trained(model, batches, mask, lr).T.tolist()
    return [[total / n for n, total in enumerate(accumulate(column), 1)] for column in columns]
