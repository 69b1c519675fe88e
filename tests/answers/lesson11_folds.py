"""11.folds, answered from the prompt alone."""

import random

import numpy as np
import torch

from answers import right, wrong

ID = "11.folds"


@right(ID)
def slices_of_one_list(n, k):
    numbers = list(range(n))
    pairs = []
    for i in range(k):
        held_out = numbers[i::k]
        train = [x for x in numbers if x not in held_out]
        pairs.append((train, held_out))
    return pairs


@right(ID)
def a_slice_deleted(n, k):
    pairs = []
    for i in range(k):
        train = list(range(n))
        del train[i::k]
        pairs.append((train, list(range(i, n, k))))
    return pairs


@right(ID)
def sets_and_sorted(n, k):
    everything = set(range(n))
    held = [set(range(i, n, k)) for i in range(k)]
    return [(sorted(everything - fold), sorted(fold)) for fold in held]


@right(ID)
def numpy_masks(n, k):
    numbers = np.arange(n)
    return [(numbers[numbers % k != i].tolist(), numbers[numbers % k == i].tolist()) for i in range(k)]


@right(ID)
def numpy_integers_in_the_lists(n, k):
    numbers = np.arange(n)
    return [(list(np.delete(numbers, np.s_[i::k])), list(numbers[i::k])) for i in range(k)]


@right(ID)
def torch_masks(n, k):
    fold = torch.arange(n) % k
    return [
        ((fold != i).nonzero().flatten().tolist(), (fold == i).nonzero().flatten().tolist()) for i in range(k)
    ]


@right(ID)
def examples_dealt_like_cards(n, k):
    piles = [[] for _ in range(k)]
    for x in range(n):
        piles[x % k].append(x)
    return [(sorted(sum(piles[:i] + piles[i + 1 :], [])), piles[i]) for i in range(k)]


@right(ID)
def pairs_that_are_lists(n, k):
    return [
        [[x for x in range(n) if (x - i) % k], [x for x in range(n) if (x - i) % k == 0]] for i in range(k)
    ]


@right(ID)
def a_generator_inside(n, k):
    def pairs():
        for i in range(k):
            train, held_out = [], []
            for x in range(n):
                (held_out if x % k == i else train).append(x)
            yield train, held_out

    return list(pairs())


@right(ID)
def a_while_loop(n, k):
    pairs, i = [], 0
    while i < k:
        held_out, x = [], i
        while x < n:
            held_out += [x]
            x += k
        pairs += [(list(filter(lambda x, held=tuple(held_out): x not in held, range(n))), held_out)]
        i += 1
    return pairs


@wrong(ID, named="blocks, rounded")
def contiguous_blocks(n, k):
    edges = [round(i * n / k) for i in range(k + 1)]
    pairs = []
    for a, b in zip(edges, edges[1:], strict=False):
        pairs.append(([x for x in range(n) if not a <= x < b], list(range(a, b))))
    return pairs


@wrong(ID, named="exchanged")
def held_out_first(n, k):
    return [(list(range(i, n, k)), [x for x in range(n) if x % k != i]) for i in range(k)]


@wrong(ID, named="learned from all")
def everything_trains(n, k):
    return [(list(range(n)), list(range(i, n, k))) for i in range(k)]


@wrong(ID, named="numbered from 1, by remainder")
def numbered_from_one(n, k):
    numbers = range(1, n + 1)
    return [([x for x in numbers if x % k != i], [x for x in numbers if x % k == i]) for i in range(k)]


@wrong(ID, named="equal folds only, the rest lost")
def the_remainder_is_dropped(n, k):
    whole = n // k * k
    return [([x for x in range(whole) if x % k != i], list(range(i, whole, k))) for i in range(k)]


@wrong(ID)
def shuffled_first(n, k):
    order = random.Random(0).sample(range(n), n)
    return [([x for j, x in enumerate(order) if j % k != i], order[i::k]) for i in range(k)]


@wrong(ID, named="k examples in each")
def folds_of_k_examples(n, k):
    held = [list(range(i, min(i + k, n))) for i in range(0, n, k)]
    return [([x for x in range(n) if x not in fold], fold) for fold in held]


@wrong(ID, named="three written in")
def a_fold_count_fixed_at_three(n, k):
    return [([x for x in range(n) if x % 3 != i], list(range(i, n, 3))) for i in range(k)]


@wrong(ID, named="fold after fold")
def train_in_the_order_of_the_folds(n, k):
    folds = [list(range(i, n, k)) for i in range(k)]
    return [(sum((folds[j] for j in range(k) if j != i), []), folds[i]) for i in range(k)]


@wrong(ID, named="only what came before")
def only_earlier_folds_train(n, k):
    return [([x for x in range(n) if x % k < i], list(range(i, n, k))) for i in range(k)]


@wrong(ID, named="the last of a fold missed")
def the_last_of_each_fold_is_missed(n, k):
    pairs = []
    for i in range(k):
        held = [i + j * k for j in range((n - i) // k)]
        pairs.append(([x for x in range(n) if x not in held], held))
    return pairs


@wrong(ID, named="a fold's size for the step")
def a_step_of_n_over_k(n, k):
    pairs = []
    for i in range(k):
        held = list(range(i, n, max(1, n // k)))
        pairs.append(([x for x in range(n) if x not in held], held))
    return pairs


@wrong(ID, named="fold 0 only")
def a_single_pair(n, k):
    return [([x for x in range(n) if x % k], list(range(0, n, k)))]
