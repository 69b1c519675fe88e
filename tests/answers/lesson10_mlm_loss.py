"""10.mlm_loss, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from answers import right, wrong

ID = "10.mlm_loss"


@right(ID)
def labels_of_minus_100(logits, ids, selected):
    labels = ids.masked_fill(~selected, -100)
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


@right(ID)
def criterion_object_with_classes_in_the_middle(logits, ids, selected):
    criterion = nn.CrossEntropyLoss(ignore_index=-1)
    return criterion(logits.transpose(1, 2), torch.where(selected, ids, -1))


@right(ID)
def gathered_log_probabilities(logits, ids, selected):
    log_p = logits.log_softmax(dim=-1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
    return -(log_p * selected).sum() / selected.sum()


@right(ID)
def logsumexp_minus_the_true_logit(logits, ids, selected):
    true = torch.take_along_dim(logits, ids[..., None], dim=-1)[..., 0]
    return (logits.logsumexp(dim=-1) - true)[selected].mean()


@right(ID)
def one_hot_and_einsum(logits, ids, selected):
    targets = F.one_hot(ids, logits.shape[-1]).to(logits.dtype)
    losses = -torch.einsum("btv,btv->bt", targets, F.log_softmax(logits, dim=-1))
    weights = selected.to(logits.dtype)
    return torch.einsum("bt,bt->", losses, weights) / weights.sum()


@right(ID)
def loop_over_the_selected(logits, ids, selected):
    losses = []
    for row in range(ids.shape[0]):
        for place in range(ids.shape[1]):
            if selected[row, place]:
                losses.append(-F.log_softmax(logits[row, place], dim=0)[ids[row, place]])
    return torch.stack(losses).mean()


@right(ID)
def indices_from_nonzero(logits, ids, selected):
    rows, places = selected.nonzero(as_tuple=True)
    return F.nll_loss(logits[rows, places].log_softmax(dim=1), ids[rows, places])


@right(ID)
def losses_of_all_then_weighted(logits, ids, selected):
    batch, time, vocab_size = logits.shape
    losses = F.cross_entropy(logits.reshape(-1, vocab_size), ids.reshape(-1), reduction="none").view(
        batch, time
    )
    return (losses * selected.float()).sum() / selected.sum()


@right(ID)
def double_precision_inside(logits, ids, selected):
    return F.cross_entropy(logits[selected].double(), ids[selected]).to(logits.dtype)


@right(ID)
def rows_summed_and_counted(logits, ids, selected):
    total, count = torch.zeros(()), 0
    for row_logits, row_ids, row_selected in zip(logits, ids, selected, strict=True):
        if row_selected.any():
            total = total + F.cross_entropy(row_logits[row_selected], row_ids[row_selected], reduction="sum")
            count += int(row_selected.sum())
    return total / count


@right(ID)
def masked_select(logits, ids, selected):
    kept = torch.masked_select(logits, selected[..., None]).view(-1, logits.shape[-1])
    return F.cross_entropy(kept, torch.masked_select(ids, selected))


@wrong(ID, named="all tokens")
def every_position_counts(logits, ids, selected):
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten())


@wrong(ID, named="divided by all")
def divided_by_all_positions(logits, ids, selected):
    losses = F.cross_entropy(logits.transpose(1, 2), ids, reduction="none")
    return (losses * selected).mean()


@wrong(ID, named="sum")
def summed(logits, ids, selected):
    return F.cross_entropy(logits[selected], ids[selected], reduction="sum")


@wrong(ID, named="mean of the rows' means")
def mean_of_the_rows_means(logits, ids, selected):
    rows = [F.cross_entropy(a[s], b[s]) for a, b, s in zip(logits, ids, selected, strict=True) if s.any()]
    return torch.stack(rows).mean()


@wrong(ID, named="softmax before")
def softmax_before_cross_entropy(logits, ids, selected):
    return F.cross_entropy(logits[selected].softmax(dim=-1), ids[selected])


@wrong(ID, named="the others")
def the_positions_that_are_not_selected(logits, ids, selected):
    return F.cross_entropy(logits[~selected], ids[~selected])


@wrong(ID, named="target 0 where nothing is asked")
def unselected_targets_set_to_0(logits, ids, selected):
    return F.cross_entropy(logits.flatten(0, 1), (ids * selected).flatten())


@wrong(ID, named="0 ignored")
def zero_is_ignored(logits, ids, selected):
    return F.cross_entropy(logits.flatten(0, 1), (ids * selected).flatten(), ignore_index=0)


@wrong(ID, named="shifted")
def targets_one_to_the_right(logits, ids, selected):
    return F.cross_entropy(logits[:, :-1][selected[:, 1:]], ids[:, 1:][selected[:, 1:]])


@wrong(ID, named="in bits")
def in_bits(logits, ids, selected):
    return F.cross_entropy(logits[selected], ids[selected]) / math.log(2)


@wrong(ID, named="no minus")
def without_the_minus(logits, ids, selected):
    log_p = logits.log_softmax(dim=-1).gather(-1, ids[..., None])[..., 0]
    return log_p[selected].mean()


@wrong(ID, named="detached")
def a_number_without_gradient(logits, ids, selected):
    return torch.tensor(F.cross_entropy(logits[selected], ids[selected]).item())


@wrong(ID, named="mean before the logarithm")
def mean_probability_before_the_log(logits, ids, selected):
    p = logits.softmax(dim=-1).gather(-1, ids[..., None])[..., 0]
    return -p[selected].mean().log()


@wrong(ID, named="in place")
def writes_minus_100_into_ids(logits, ids, selected):
    ids[~selected] = -100
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten())


@wrong(ID, named="divided by the rows")
def sum_over_tokens_mean_over_the_batch(logits, ids, selected):
    losses = F.cross_entropy(logits.transpose(1, 2), ids, reduction="none")
    return (losses * selected).sum(dim=1).mean()


@wrong(ID, named="logits as log probabilities")
def logits_gathered_without_softmax(logits, ids, selected):
    return -logits.gather(2, ids[..., None])[..., 0][selected].mean()


@wrong(ID, named="perplexity")
def exponential_of_the_mean(logits, ids, selected):
    return F.cross_entropy(logits[selected], ids[selected]).exp()


@wrong(ID, named="softmax over the positions")
def positions_compete(logits, ids, selected):
    log_p = logits.log_softmax(1).gather(2, ids.unsqueeze(2)).squeeze(2)
    return -log_p[selected].mean()


@wrong(ID, named="other logits set to 0")
def logits_multiplied_by_the_mask(logits, ids, selected):
    kept = logits * selected.unsqueeze(-1)
    return F.cross_entropy(kept.reshape(-1, kept.shape[-1]), ids.reshape(-1))


@wrong(ID, named="labels smoothed")
def smoothed_labels(logits, ids, selected):
    return F.cross_entropy(logits[selected], ids[selected], label_smoothing=0.1)
