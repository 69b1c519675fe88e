"""10.pair_accuracy, answered from the prompt alone."""

from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "10.pair_accuracy"


@right(ID)
def gathered(logits, good, bad):
    return (logits.gather(1, good[:, None]) > logits.gather(1, bad[:, None])).float().mean()


@right(ID)
def loop_with_a_counter(logits, good, bad):
    wins = 0
    for row in range(len(good)):
        if logits[row, good[row]] > logits[row, bad[row]]:
            wins += 1
    return wins / len(good)


@right(ID)
def generator_over_zip(logits, good, bad):
    return sum(bool(row[g] > row[b]) for row, g, b in zip(logits, good, bad, strict=True)) / logits.shape[0]


@right(ID)
def numpy_inside(logits, good, bad):
    scores, rows = logits.numpy(), np.arange(len(logits))
    return np.mean(scores[rows, good.numpy()] > scores[rows, bad.numpy()])


@right(ID)
def sign_of_the_difference(logits, good, bad):
    rows = torch.arange(logits.size(0))
    return (torch.sign(logits[rows, good] - logits[rows, bad]) == 1).double().mean().item()


@right(ID)
def stacked_pair_of_columns(logits, good, bad):
    two = torch.take_along_dim(logits, torch.stack([bad, good], dim=1), dim=1)  # (n, 2)
    return (two.diff(dim=1) > 0).sum().item() / len(two)


@right(ID)
def one_hot_and_einsum(logits, good, bad):
    scores = logits.double()
    g, b = (torch.einsum("nv,nv->n", scores, F.one_hot(ids, logits.shape[1]).double()) for ids in (good, bad))
    return torch.gt(g, b).double().mean()


@right(ID)
def diagonals_of_all_pairs(logits, good, bad):
    return torch.count_nonzero(logits[:, good].diagonal() > logits[:, bad].diagonal()).item() / good.numel()


@right(ID)
def python_lists(logits, good, bad):
    rows = zip(logits.tolist(), good.tolist(), bad.tolist(), strict=True)
    won = [int(row[g] > row[b]) for row, g, b in rows]
    return Fraction(sum(won), len(won)).__float__()


@right(ID)
def one_minus_losses_and_ties(logits, good, bad):
    flat, width = logits.reshape(-1), logits.shape[1]
    start = torch.arange(len(logits)) * width
    return 1.0 - (flat[start + good] <= flat[start + bad]).float().mean().item()


@right(ID)
def index_select_row_by_row(logits, good, bad):
    wins = torch.stack([row.index_select(0, g.view(1)) > row.index_select(0, b.view(1))
                        for row, g, b in zip(logits.unbind(), good, bad, strict=True)])  # fmt: skip
    return wins.to(torch.float64).mean()


@wrong(ID, named="ties count")
def ties_count(logits, good, bad):
    rows = torch.arange(len(logits))
    return (logits[rows, good] >= logits[rows, bad]).double().mean().item()


@wrong(ID, named="likeliest of all")
def the_good_word_must_be_the_likeliest(logits, good, bad):
    return (logits.argmax(dim=-1) == good).double().mean().item()


@wrong(ID, named="every row with every word")
def whole_columns_compared(logits, good, bad):
    return (logits[:, good] > logits[:, bad]).double().mean().item()


@wrong(ID, named="inverted")
def bad_word_wins(logits, good, bad):
    rows = torch.arange(len(logits))
    return (logits[rows, good] < logits[rows, bad]).double().mean().item()


@wrong(ID, named="rows counted")
def number_of_rows_won(logits, good, bad):
    rows = torch.arange(len(logits))
    return (logits[rows, good] > logits[rows, bad]).sum().item()


@wrong(ID, named="probability of the good word")
def mean_probability_of_the_good_word(logits, good, bad):
    rows = torch.arange(len(logits))
    return logits.softmax(dim=-1)[rows, good].mean().item()


@wrong(ID, named="probability among the two")
def mean_probability_among_the_two(logits, good, bad):
    rows = torch.arange(len(logits))
    return torch.sigmoid(logits[rows, good] - logits[rows, bad]).mean().item()


@wrong(ID, named="above zero")
def good_word_has_a_positive_logit(logits, good, bad):
    rows = torch.arange(len(logits))
    return (logits[rows, good] > 0).double().mean().item()


@wrong(ID, named="ties count half")
def a_tie_is_half_a_success(logits, good, bad):
    rows = torch.arange(len(logits))
    g, b = logits[rows, good], logits[rows, bad]
    return ((g > b).double() + 0.5 * (g == b).double()).mean().item()


@wrong(ID, named="ids compared")
def ids_compared(logits, good, bad):
    return (good > bad).double().mean().item()


@wrong(ID, named="means compared")
def means_compared(logits, good, bad):
    rows = torch.arange(len(logits))
    return float(logits[rows, good].mean() > logits[rows, bad].mean())


@wrong(ID, named="softmax over the rows")
def probabilities_over_dim_0(logits, good, bad):
    rows, probabilities = torch.arange(len(logits)), torch.softmax(logits, 0)
    return (probabilities[rows, good] > probabilities[rows, bad]).double().mean().item()


@wrong(ID, named="rows crossed")
def a_column_against_a_row(logits, good, bad):
    good_logits = logits.gather(1, good[:, None])  # (n, 1)
    bad_logits = logits[torch.arange(len(logits)), bad]  # (n,)
    return (good_logits > bad_logits).double().mean().item()


@wrong(ID, named="ties left out")
def only_rows_that_are_decided(logits, good, bad):
    won = [float(row[g] > row[b]) for row, g, b in zip(logits, good, bad, strict=True) if row[g] != row[b]]
    return sum(won) / len(won)


@wrong(ID, named="order for ranks")
def argsort_taken_for_ranks(logits, good, bad):
    rows, ranks = torch.arange(len(good)), logits.argsort(dim=-1)
    return (ranks[rows, good] > ranks[rows, bad]).float().mean().item()


@wrong(ID, named="sizes compared")
def sizes_without_the_sign(logits, good, bad):
    rows = torch.arange(len(good))
    return (logits[rows, good].abs() > logits[rows, bad].abs()).float().mean().item()
