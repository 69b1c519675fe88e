"""Lesson 14, exercise 3: the T5 loss."""

import torch
import torch.nn.functional as F
from torch import nn

from answers import right, wrong

ID = "14.t5_loss"


def shifted(targets, pad_id):
    return F.pad(targets[:, :-1], (1, 0), value=pad_id)


@right(ID)
def transposed_logits(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad_id)


@right(ID)
def a_criterion(model, source, source_lengths, targets, pad_id):
    criterion = nn.CrossEntropyLoss(ignore_index=pad_id)
    logits = model(source, source_lengths, shifted(targets, pad_id))
    return criterion(logits.reshape(-1, logits.size(-1)), targets.reshape(-1))


@right(ID)
def only_real_positions(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    real = targets != pad_id
    return F.cross_entropy(logits[real], targets[real])


@right(ID)
def log_softmax_and_gather(model, source, source_lengths, targets, pad_id):
    log_p = model(source, source_lengths, shifted(targets, pad_id)).log_softmax(-1)
    nats = -log_p.gather(-1, targets[..., None]).squeeze(-1)
    real = targets.ne(pad_id)
    return (nats * real).sum() / real.sum()


@right(ID)
def minus_one_hundred(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    labels = targets.clone()
    labels[labels == pad_id] = -100
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


@right(ID)
def a_new_tensor_filled(model, source, source_lengths, targets, pad_id):
    read = targets.new_full(targets.shape, pad_id)
    read[:, 1:] = targets[:, :-1]
    logits = model(source, source_lengths, read)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad_id)


@right(ID)
def rolled_and_overwritten(model, source, source_lengths, targets, pad_id):
    read = targets.roll(1, dims=1)
    read[:, 0] = pad_id
    return F.cross_entropy(model(source, source_lengths, read).permute(0, 2, 1), targets, ignore_index=pad_id)


@right(ID)
def sum_over_number(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    total = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad_id, reduction="sum")
    return total / (targets != pad_id).sum()


@right(ID)
def negative_log_likelihood(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    return F.nll_loss(F.log_softmax(logits, -1).flatten(0, 1), targets.flatten(), ignore_index=pad_id)


@right(ID)
def row_by_row(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    total, n = 0.0, 0
    for row, target in zip(logits, targets, strict=True):
        length = int((target != pad_id).sum())
        total = total + F.cross_entropy(row[:length], target[:length], reduction="sum")
        n += length
    return total / n


@wrong(ID, named="not shifted")
def reads_what_it_predicts(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, targets)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad_id)


@wrong(ID, named="padding counts")
def padding_too(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    return F.cross_entropy(logits.transpose(1, 2), targets)


@wrong(ID, named="as a language model")
def first_symbol_given(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, targets[:, :-1])
    return F.cross_entropy(logits.transpose(1, 2), targets[:, 1:], ignore_index=pad_id)


@wrong(ID, named="rolled")
def rolled_alone(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, torch.roll(targets, 1, 1))
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad_id)


@wrong(ID, named="mean of the rows' means")
def a_mean_of_means(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, shifted(targets, pad_id))
    real = targets != pad_id
    rows = [F.cross_entropy(a[m], b[m]) for a, b, m in zip(logits, targets, real, strict=True)]
    return torch.stack(rows).mean()


@wrong(ID, named="softmax first")
def probabilities(model, source, source_lengths, targets, pad_id):
    p = F.softmax(model(source, source_lengths, shifted(targets, pad_id)), dim=-1)
    return F.cross_entropy(p.transpose(1, 2), targets, ignore_index=pad_id)


@wrong(ID, named="detached")
def a_plain_number(model, source, source_lengths, targets, pad_id):
    return transposed_logits(model, source, source_lengths, targets, pad_id).detach()
