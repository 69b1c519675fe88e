"""07.smooth_targets, answered from the prompt alone."""

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "07.smooth_targets"


@right(ID)
def full_and_one_index_for_each_row(targets, vocab_size, epsilon):
    p = torch.full((len(targets), vocab_size), epsilon / vocab_size)
    p[torch.arange(len(targets)), targets] += 1 - epsilon
    return p


@right(ID)
def scattered(targets, vocab_size, epsilon):
    p = torch.zeros(targets.shape[0], vocab_size)
    p.scatter_(1, targets.unsqueeze(1), 1 - epsilon)
    return p + epsilon / vocab_size


@right(ID)
def rows_of_the_identity(targets, vocab_size, epsilon):
    return torch.eye(vocab_size)[targets].mul(1 - epsilon).add(epsilon / vocab_size)


@right(ID)
def nested_lists(targets, vocab_size, epsilon):
    share = epsilon / vocab_size
    return torch.tensor(
        [[1 - epsilon + share if w == t else share for w in range(vocab_size)] for t in targets.tolist()]
    )


@right(ID)
def where_the_ids_agree(targets, vocab_size, epsilon):
    true = targets[:, None] == torch.arange(vocab_size)
    return torch.where(true, 1 - epsilon + epsilon / vocab_size, epsilon / vocab_size)


@right(ID)
def mixture_of_two_distributions(targets, vocab_size, epsilon):
    true = F.one_hot(targets, vocab_size).float()
    return torch.lerp(true, torch.full_like(true, 1 / vocab_size), epsilon)


@right(ID)
def numpy_and_back(targets, vocab_size, epsilon):
    p = np.full((len(targets), vocab_size), epsilon / vocab_size)
    p[np.arange(len(targets)), targets.numpy()] += 1 - epsilon
    return torch.from_numpy(p).float()


@right(ID)
def in_double_precision_and_back(targets, vocab_size, epsilon):
    return ((1 - epsilon) * F.one_hot(targets, vocab_size).double() + epsilon / vocab_size).float()


@right(ID)
def loop_over_the_rows(targets, vocab_size, epsilon):
    rows = torch.empty(len(targets), vocab_size).fill_(epsilon / vocab_size)
    for row, true in zip(rows, targets, strict=True):
        row[true] = 1 - sum(epsilon / vocab_size for _ in range(vocab_size - 1))
    return rows


@right(ID)
def one_table_for_all_rows(targets, vocab_size, epsilon):
    table = (1 - epsilon) * torch.eye(vocab_size) + epsilon * torch.ones(vocab_size, vocab_size) / vocab_size
    return F.embedding(targets, table)


@right(ID)
def index_put_with_accumulate(targets, vocab_size, epsilon):
    p = torch.ones(len(targets), vocab_size) * epsilon / vocab_size
    return p.index_put((torch.arange(len(targets)), targets), torch.tensor(1 - epsilon), accumulate=True)


@right(ID)
def gradient_of_the_smoothed_loss(targets, vocab_size, epsilon):
    logits = torch.zeros(len(targets), vocab_size, requires_grad=True)
    with torch.enable_grad():
        loss = F.cross_entropy(logits, targets, label_smoothing=epsilon, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, logits)
    return 1 / vocab_size - gradient


@wrong(ID, named="shared among the others")
def share_of_the_others_only(targets, vocab_size, epsilon):
    p = torch.full((len(targets), vocab_size), epsilon / (vocab_size - 1))
    p[torch.arange(len(targets)), targets] = 1 - epsilon
    return p


@wrong(ID, named="the true symbol's part forgotten")
def true_word_left_at_one_minus_epsilon(targets, vocab_size, epsilon):
    p = torch.full((len(targets), vocab_size), epsilon / vocab_size)
    p[torch.arange(len(targets)), targets] = 1 - epsilon
    return p


@wrong(ID, named="not taken away")
def one_hot_not_scaled(targets, vocab_size, epsilon):
    return F.one_hot(targets, vocab_size) + epsilon / vocab_size


@wrong(ID, named="epsilon for every symbol")
def epsilon_for_every_word(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon


@wrong(ID, named="not smoothed")
def not_smoothed(targets, vocab_size, epsilon):
    return F.one_hot(targets, vocab_size).float()


@wrong(ID, named="nothing for the others")
def nothing_for_the_others(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size)


@wrong(ID, named="exchanged")
def epsilon_and_its_rest_exchanged(targets, vocab_size, epsilon):
    return epsilon * F.one_hot(targets, vocab_size) + (1 - epsilon) / vocab_size


@wrong(ID, named="spread over the batch")
def spread_over_the_batch(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / len(targets)


@wrong(ID, named="epsilon added, then normalised")
def one_hot_plus_epsilon_normalised(targets, vocab_size, epsilon):
    p = F.one_hot(targets, vocab_size) + epsilon
    return p / p.sum(dim=-1, keepdim=True)


@wrong(ID, named="ε/V added, then normalised")
def one_hot_plus_share_normalised(targets, vocab_size, epsilon):
    p = F.one_hot(targets, vocab_size) + epsilon / vocab_size
    return p / p.sum(dim=-1, keepdim=True)


@wrong(ID, named="softmax")
def softmax_of_the_one_hot_rows(targets, vocab_size, epsilon):
    return ((1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size).softmax(dim=-1)


@wrong(ID, named="epsilon of 0.1")
def epsilon_always_a_tenth(targets, vocab_size, epsilon):
    return 0.9 * F.one_hot(targets, vocab_size) + 0.1 / vocab_size


@wrong(ID, named="size from the targets")
def size_taken_from_the_targets(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets) + epsilon / vocab_size


@wrong(ID, named="transposed")
def one_row_for_each_word(targets, vocab_size, epsilon):
    return ((1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size).T


@wrong(ID, named="logarithms")
def logarithms(targets, vocab_size, epsilon):
    return ((1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size).log()


@wrong(ID, named="taken from the true symbol only")
def share_taken_from_the_true_word_only(targets, vocab_size, epsilon):
    return F.one_hot(targets, vocab_size) * (1 - epsilon / vocab_size) + epsilon / vocab_size


@wrong(ID, named="one symbol too far")
def one_id_too_far(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot((targets + 1) % vocab_size, vocab_size) + epsilon / vocab_size


@wrong(ID, named="spread as in the batch")
def spread_over_the_words_of_the_batch(targets, vocab_size, epsilon):
    one_hot = F.one_hot(targets, vocab_size).float()
    return (1 - epsilon) * one_hot + epsilon * one_hot.mean(dim=0)


@wrong(ID, named="double precision")
def in_double_precision(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size).double() + epsilon / vocab_size


@wrong(ID)
def all_targets_in_one_row(targets, vocab_size, epsilon):
    row = torch.full((vocab_size,), epsilon / vocab_size)
    row[targets] += 1 - epsilon
    return row
