"""03.pmi, answered from the prompt alone."""

import math

import numpy as np
import torch

from answers import right, wrong

ID = "03.pmi"


@right(ID)
def differences_of_logarithms(counts):
    rows, columns = counts.sum(1, keepdim=True), counts.sum(0, keepdim=True)
    return counts.log() + counts.sum().log() - rows.log() - columns.log()


@right(ID)
def observed_over_expected(counts):
    expected = torch.outer(counts.sum(dim=1), counts.sum(dim=0)) / counts.sum()
    return torch.log(counts / expected)


@right(ID)
def two_loops(counts):
    total = counts.sum()
    result = torch.zeros_like(counts)
    for i in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            p_word, p_context = counts[i].sum() / total, counts[:, j].sum() / total
            result[i, j] = torch.log(counts[i, j] / total / (p_word * p_context))
    return result


@right(ID)
def numpy_inside(counts):
    joint = counts.numpy() / counts.numpy().sum()
    expected = joint.sum(axis=1)[:, None] * joint.sum(axis=0)[None]
    return torch.from_numpy(np.log(joint / expected)).to(counts.dtype)


@right(ID)
def bits_turned_into_nats(counts):
    joint = counts / counts.sum()
    bits = torch.log2(joint / (joint.sum(dim=1)[:, None] * joint.sum(dim=0)))
    return bits * math.log(2)


@right(ID)
def conditional_over_marginal(counts):
    given_word = counts / counts.sum(dim=1, keepdim=True)
    return (given_word / (counts.sum(dim=0) / counts.sum())).log()


@right(ID)
def the_other_conditional(counts):
    given_context = counts / counts.sum(dim=0, keepdim=True)
    return (given_context.T / (counts.sum(dim=1) / counts.sum())).log().T


@right(ID)
def logsumexp_for_the_sums(counts):
    x = counts.log()
    rows, columns = x.logsumexp(1, keepdim=True), x.logsumexp(0, keepdim=True)
    return x - rows - columns + x.logsumexp((0, 1))


@right(ID)
def sums_as_matrix_products(counts):
    rows = counts @ counts.new_ones(counts.shape[1], 1)
    columns = counts.new_ones(1, counts.shape[0]) @ counts
    return torch.log(counts * counts.sum() / (rows @ columns))


@right(ID)
def einsum_for_what_chance_expects(counts):
    joint = counts.div(counts.sum())
    chance = torch.einsum("wc,vd->wd", joint, joint)
    return joint.log().sub(chance.log())


@right(ID)
def double_precision_inside(counts):
    x = counts.double()
    return ((x * x.sum()) / (x.sum(1).unsqueeze(1) * x.sum(0).unsqueeze(0))).log().to(counts.dtype)


@right(ID)
def nested_lists(counts):
    rows = counts.tolist()
    total, by_context = sum(map(sum, rows)), [sum(column) for column in zip(*rows, strict=True)]
    return torch.tensor(
        [
            [math.log(n * total / (sum(row) * by_context[j])) for j, n in enumerate(row)]
            for row in rows
        ]
    )


@wrong(ID, named="no logarithm")
def ratio_without_logarithm(counts):
    joint = counts / counts.sum()
    return joint / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True))


@wrong(ID, named="base two")
def in_bits(counts):
    joint = counts / counts.sum()
    return torch.log2(joint / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)))


@wrong(ID, named="base ten")
def base_ten(counts):
    joint = counts / counts.sum()
    return torch.log10(joint / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)))


@wrong(ID, named="total forgotten")
def counts_never_made_probabilities(counts):
    return torch.log(counts / (counts.sum(1, keepdim=True) * counts.sum(0, keepdim=True)))


@wrong(ID, named="positive PMI")
def negative_values_cut_off(counts):
    joint = counts / counts.sum()
    return (joint / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True))).log().clamp(min=0)


@wrong(ID, named="row sums only")
def row_sums_for_the_contexts_too(counts):
    joint = counts / counts.sum()
    p = joint.sum(dim=1)
    return torch.log(joint / (p[:, None] * p[None]))


@wrong(ID, named="column sums only")
def column_sums_for_the_words_too(counts):
    joint = counts / counts.sum()
    p = joint.sum(dim=0)
    return torch.log(joint / (p[:, None] * p[None]))


@wrong(ID, named="rows and columns swapped")
def rows_and_columns_exchanged(counts):
    joint = counts / counts.sum()
    return torch.log(joint / (joint.sum(dim=0)[:, None] * joint.sum(dim=1)))


@wrong(ID, named="brackets missing")
def brackets_forgotten(counts):
    joint = counts / counts.sum()
    return torch.log(joint / joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True))


@wrong(ID, named="dimensions lost")
def row_sums_without_keepdim(counts):
    joint = counts / counts.sum()
    return torch.log(joint / (joint.sum(1) * joint.sum(0)))


@wrong(ID, named="only P(w | c)")
def words_left_out_of_chance(counts):
    joint = counts / counts.sum()
    return torch.log(joint / joint.sum(0, keepdim=True))


@wrong(ID, named="only P(c | w)")
def contexts_left_out_of_chance(counts):
    joint = counts / counts.sum()
    return torch.log(joint / joint.sum(1, keepdim=True))


@wrong(ID, named="weighted")
def weighted_by_the_joint_probability(counts):
    joint = counts / counts.sum()
    return joint * torch.log(joint / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)))


@wrong(ID, named="mutual information")
def one_number_for_the_table(counts):
    joint = counts / counts.sum()
    return (joint * torch.log(joint / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)))).sum()


@wrong(ID, named="one added")
def one_added_to_every_count(counts):
    counts = counts + 1
    joint = counts / counts.sum()
    return torch.log(joint / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)))


@wrong(ID, named="means for sums")
def means_for_probabilities(counts):
    return torch.log(counts / (counts.mean(1, keepdim=True) * counts.mean(0, keepdim=True)))


@wrong(ID)
def counts_divided_in_place(counts):
    counts /= counts.sum()
    return torch.log(counts / (counts.sum(1, keepdim=True) * counts.sum(0, keepdim=True)))


@wrong(ID, named="normalised PMI")
def divided_by_the_surprise_of_the_pair(counts):
    joint = counts / counts.sum()
    expected = torch.outer(joint.sum(1), joint.sum(0))
    return torch.log(joint / expected) / torch.log(1 / joint)


@wrong(ID, named="difference")
def chance_subtracted(counts):
    joint = counts / counts.sum()
    return joint - torch.outer(joint.sum(1), joint.sum(0))


@wrong(ID, named="rows scaled first")
def rows_scaled_to_one_first(counts):
    joint = counts / counts.sum(dim=1, keepdim=True)
    return (joint / (joint.sum(dim=1, keepdim=True) * joint.sum(dim=0, keepdim=True))).log()


@wrong(ID, named="ratio of logarithms")
def logarithm_divided_by_logarithm(counts):
    joint = counts / counts.sum()
    return joint.log() / (joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)).log()
