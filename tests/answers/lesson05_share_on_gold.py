"""05.share_on_gold, answered from the prompt alone."""

import numpy as np
import torch
from torch import nn

from answers import right, wrong

ID = "05.share_on_gold"


@right(ID)
def gathered(weights, gold):
    found = gold.gather(1, weights.argmax(dim=1, keepdim=True)).squeeze(1)
    return found[gold.any(dim=1)].float().mean().item()


@right(ID)
def counted_in_a_loop(weights, gold):
    right_rows = rows = 0
    for row, truth in zip(weights, gold, strict=True):
        if truth.any():
            rows += 1
            right_rows += bool(truth[row.argmax()])
    return right_rows / rows


@right(ID)
def one_hot_of_the_largest(weights, gold):
    largest = nn.functional.one_hot(weights.argmax(-1), weights.shape[1]).bool()
    return ((largest & gold).any(1).sum() / gold.any(1).sum()).item()


@right(ID)
def numpy_inside(weights, gold):
    w, g = weights.numpy(), gold.numpy()
    rows = g.any(axis=1)
    return float(g[rows, w[rows].argmax(axis=1)].mean())


@right(ID)
def rows_with_gold_first(weights, gold):
    kept = gold.sum(dim=1) > 0
    weights, gold = weights[kept], gold[kept]
    return gold[torch.arange(len(gold)), weights.max(dim=1).indices].double().mean().item()


@right(ID)
def largest_on_gold_against_largest_elsewhere(weights, gold):
    kept = gold.any(1)
    on = weights.masked_fill(~gold, -1).amax(1)
    off = weights.masked_fill(gold, -1).amax(1)
    return (on > off)[kept].sum().item() / kept.sum().item()


@right(ID)
def python_lists_only(weights, gold):
    hits = []
    for row, truth in zip(weights.tolist(), gold.tolist(), strict=True):
        if True in truth:
            hits.append(truth[row.index(max(row))])
    return sum(hits) / len(hits)


@right(ID)
def comprehension_over_rows(weights, gold):
    rows = [t for t in range(len(gold)) if gold[t].any()]
    return sum(gold[t, weights[t].argmax()].item() for t in rows) / len(rows)


@right(ID)
def sorted_columns(weights, gold):
    best = weights.argsort(dim=1, descending=True)[:, :1]
    found = torch.take_along_dim(gold, best, dim=1).flatten()
    return found[gold.any(dim=1)].to(torch.float64).mean().item()


@right(ID)
def tensor_with_one_number(weights, gold):
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return found.sum() / gold.any(1).sum()


@right(ID)
def a_number_of_numpy(weights, gold):
    best = weights.argmax(1).tolist()
    return np.mean([gold[t, i].item() for t, i in enumerate(best) if gold[t].sum() != 0])


@right(ID)
def sets_of_positions(weights, gold):
    truth = {}
    for t, i in gold.nonzero().tolist():
        truth.setdefault(t, set()).add(i)
    best = weights.topk(1, dim=1).indices[:, 0].tolist()
    return sum(best[t] in places for t, places in truth.items()) / len(truth)


@wrong(ID, named="rows without gold counted as wrong")
def rows_without_gold_count(weights, gold):
    return gold[torch.arange(len(gold)), weights.argmax(1)].double().mean().item()


@wrong(ID, named="mass")
def weight_on_gold_instead_of_arg_max(weights, gold):
    return (weights * gold).sum(1)[gold.any(1)].mean().item()


@wrong(ID, named="only rows with one true key")
def rows_with_one_gold_only(weights, gold):
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return found[gold.sum(1) == 1].double().mean().item()


@wrong(ID, named="first true key only")
def first_gold_position_only(weights, gold):
    kept = gold.any(1)
    return (weights.argmax(1) == gold.double().argmax(1))[kept].double().mean().item()


@wrong(ID, named="over the keys")
def arg_max_over_the_queries(weights, gold):
    found = gold[weights.argmax(0), torch.arange(gold.shape[1])]
    return found[gold.any(0)].double().mean().item()


@wrong(ID, named="more than half")
def more_than_half_on_gold(weights, gold):
    return ((weights * gold).sum(1) > 0.5)[gold.any(1)].double().mean().item()


@wrong(ID, named="any of the largest few")
def one_of_the_k_largest(weights, gold):
    hits = [
        gold[t, weights[t].topk(int(gold[t].sum())).indices].any().item()
        for t in range(len(gold))
        if gold[t].any()
    ]
    return sum(hits) / len(hits)


@wrong(ID, named="divided by the true cells")
def hits_per_gold_cell(weights, gold):
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return (found.sum() / gold.sum()).item()


@wrong(ID, named="a count")
def count_instead_of_share(weights, gold):
    return float(gold[torch.arange(len(gold)), weights.argmax(1)].sum())


@wrong(ID, named="per cent")
def in_per_cent(weights, gold):
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return 100 * found[gold.any(1)].double().mean().item()


@wrong(ID, named="one answer for each row")
def one_answer_for_each_row(weights, gold):
    return gold[torch.arange(len(gold)), weights.argmax(1)].double()


@wrong(ID, named="rows without gold counted as right")
def rows_without_gold_count_as_right(weights, gold):
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return (found | ~gold.any(1)).double().mean().item()


@wrong(ID, named="the share of misses")
def share_of_misses(weights, gold):
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return 1 - found[gold.any(1)].double().mean().item()


@wrong(ID, named="the best of the true keys")
def best_cell_within_gold(weights, gold):
    best = (weights * gold).argmax(1)
    return gold[torch.arange(len(gold)), best][gold.any(1)].double().mean().item()


@wrong(ID, named="every row with every column")
def columns_of_every_row_at_once(weights, gold):
    return gold[:, weights.argmax(1)][gold.any(1)].double().mean().item()


@wrong(ID, named="the last row left out")
def last_row_left_out_as_eos(weights, gold):
    weights, gold = weights[:-1], gold[:-1]
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return found[gold.any(1)].double().mean().item()


@wrong(ID, named="last true key only")
def last_gold_position_only(weights, gold):
    rows = gold.any(1)
    last = gold.shape[1] - 1 - gold.flip(1).int().argmax(1)
    return (weights.argmax(1) == last)[rows].double().mean().item()


@wrong(ID, named="more than an even share")
def any_gold_position_above_uniform(weights, gold):
    found = ((weights > 1 / weights.shape[1]) & gold).any(1)
    return found[gold.any(1)].double().mean().item()


@wrong(ID, named="rounded")
def rounded_to_two_decimals(weights, gold):
    found = gold[torch.arange(len(gold)), weights.argmax(1)]
    return round(found[gold.any(1)].double().mean().item(), 2)
