"""04.masked_loss, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "04.masked_loss"


@right(ID)
def flattened_with_ignore_index(logits, targets, pad_id):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=pad_id)


@right(ID)
def a_criterion_object(logits, targets, pad_id):
    criterion = torch.nn.CrossEntropyLoss(ignore_index=pad_id)
    return criterion(logits.permute(0, 2, 1), targets)


@right(ID)
def real_positions_first_then_the_loss(logits, targets, pad_id):
    real = targets != pad_id
    return F.cross_entropy(logits[real], targets[real])


@right(ID)
def gathered_log_probabilities(logits, targets, pad_id):
    log_probs = logits.log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1)
    real = (targets != pad_id).to(logits.dtype)
    return -(log_probs * real).sum() / real.sum()


@right(ID)
def logsumexp_minus_the_right_logit(logits, targets, pad_id):
    chosen = torch.take_along_dim(logits, targets.unsqueeze(2), dim=2)[:, :, 0]
    return torch.masked_select(logits.logsumexp(2) - chosen, targets.ne(pad_id)).mean()


@right(ID)
def one_hot_einsum(logits, targets, pad_id):
    wanted = F.one_hot(targets, logits.size(-1)).type_as(logits)
    wanted[targets == pad_id] = 0
    return -torch.einsum("btv,btv->", wanted, torch.log_softmax(logits, 2)) / wanted.sum()


@right(ID)
def loops_over_rows_and_steps(logits, targets, pad_id):
    total, count = 0.0, 0
    for row, ids in zip(logits, targets, strict=True):
        for scores, wanted in zip(row, ids, strict=True):
            if wanted.item() != pad_id:
                total = total + torch.logsumexp(scores, 0) - scores[wanted]
                count += 1
    return total / count


@right(ID)
def pad_with_weight_zero(logits, targets, pad_id):
    weight = torch.ones(logits.shape[-1])
    weight[pad_id] = 0
    return F.cross_entropy(logits.transpose(1, 2), targets, weight=weight.to(logits))


@right(ID)
def in_double_precision_inside(logits, targets, pad_id):
    losses = F.nll_loss(
        logits.double().log_softmax(-1).flatten(0, 1), targets.flatten(), ignore_index=pad_id, reduction="sum"
    )
    return (losses / torch.count_nonzero(targets - pad_id)).to(logits.dtype)


@right(ID)
def losses_joined_row_by_row(logits, targets, pad_id):
    rows = [
        F.cross_entropy(scores[ids != pad_id], ids[ids != pad_id], reduction="none")
        for scores, ids in zip(logits, targets, strict=True)
    ]
    return torch.cat(rows).mean()


@right(ID)
def padding_replaced_by_minus_100(logits, targets, pad_id):
    return F.cross_entropy(logits.movedim(-1, 1), targets.masked_fill(targets == pad_id, -100))


@right(ID)
def where_and_nansum(logits, targets, pad_id):
    losses = F.cross_entropy(logits.mT, targets, reduction="none")
    losses = torch.where(targets == pad_id, torch.nan, losses)
    return torch.nanmean(losses)


@wrong(ID, named="padding counted")
def padding_counted(logits, targets, pad_id):
    return F.cross_entropy(logits.transpose(1, 2), targets)


@wrong(ID, named="divided by all positions")
def divided_by_all_positions(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return (losses * (targets != pad_id)).mean()


@wrong(ID, named="mean of the rows' means")
def mean_of_the_rows_means(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    real = targets != pad_id
    return ((losses * real).sum(1) / real.sum(1)).mean()


@wrong(ID, named="mask inverted")
def mask_the_wrong_way_round(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return losses[targets == pad_id].mean()


@wrong(ID, named="softmax before the cross-entropy")
def softmax_before_the_loss(logits, targets, pad_id):
    probs = logits.softmax(-1)
    return F.cross_entropy(probs.transpose(1, 2), targets, ignore_index=pad_id)


@wrong(ID, named="always ignores 0")
def padding_always_0(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return losses[targets != 0].mean()


@wrong(ID, named="ids above padding's only")
def ids_above_pad_only(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return losses[targets > pad_id].mean()


@wrong(ID, named="sum")
def a_sum_not_a_mean(logits, targets, pad_id):
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad_id, reduction="sum")


@wrong(ID, named="reshaped, not transposed")
def viewed_instead_of_transposed(logits, targets, pad_id):
    batch, time, vocab = logits.shape
    return F.cross_entropy(logits.reshape(batch, vocab, time), targets, ignore_index=pad_id)


@wrong(ID, named="divided by the rows")
def summed_per_sentence(logits, targets, pad_id):
    total = F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad_id, reduction="sum")
    return total / len(targets)


@wrong(ID, named="mask from the prediction")
def positions_where_padding_is_predicted(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return losses[logits.argmax(-1) != pad_id].mean()


@wrong(ID, named="padding out of the softmax")
def padding_taken_out_of_the_softmax(logits, targets, pad_id):
    logits = logits.clone()
    logits[..., pad_id] = -math.inf
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return losses[targets != pad_id].mean()


@wrong(ID, named="gradient cut")
def a_float_without_a_gradient(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return torch.tensor(losses[targets != pad_id].mean().item())


@wrong(ID, named="in bits")
def in_bits(logits, targets, pad_id):
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad_id) / math.log(2)


@wrong(ID, named="a mean for each row")
def one_loss_per_row(logits, targets, pad_id):
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    real = targets != pad_id
    return (losses * real).sum(1) / real.sum(1)


@wrong(ID, named="shifted again")
def shifted_a_second_time(logits, targets, pad_id):
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), targets[:, 1:], ignore_index=pad_id)


@wrong(ID, named="sign forgotten")
def log_forgets_its_sign(logits, targets, pad_id):
    log_probs = logits.log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1)
    return log_probs[targets != pad_id].mean()


@wrong(ID, named="cut to the shortest row")
def cut_to_the_shortest_row(logits, targets, pad_id):
    shortest = (targets != pad_id).sum(dim=1).min()
    return F.cross_entropy(logits[:, :shortest].transpose(1, 2), targets[:, :shortest])


@wrong(ID, named="log of the mean probability")
def log_after_the_mean(logits, targets, pad_id):
    probabilities = logits.softmax(-1).gather(2, targets[..., None])[..., 0]  # (batch, target_len)
    return -probabilities[targets != pad_id].mean().log()


@wrong(ID, named="perplexity")
def exponential_of_the_loss(logits, targets, pad_id):
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad_id).exp()


@wrong(ID, named="logits of padding set to 0")
def logits_multiplied_by_the_mask(logits, targets, pad_id):
    mask = (targets != pad_id)[..., None]  # (batch, target_len, 1)
    return F.cross_entropy((logits * mask).transpose(1, 2), targets)
