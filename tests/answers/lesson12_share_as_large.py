"""12.share_as_large, answered from the prompt alone."""

from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "12.share_as_large"


@right(ID)
def loop_that_counts(first, second, shuffles):
    pooled, n, count = torch.cat((first, second)), first.shape[0], 0
    observed = first.mean() - second.mean()
    for order in shuffles:
        new = pooled[order]
        if new[:n].mean() - new[n:].mean() >= observed:
            count += 1
    return count / shuffles.shape[0]


@right(ID)
def python_lists(first, second, shuffles):
    pooled, n, m = first.tolist() + second.tolist(), len(first), len(second)

    def difference(values):
        return sum(values[:n]) / n - sum(values[n:]) / m

    observed = difference(pooled)
    return sum(difference([pooled[i] for i in o]) >= observed - 1e-12 for o in shuffles.tolist()) / len(
        shuffles
    )


@right(ID)
def numpy_inside(first, second, shuffles):
    pooled, n = np.concatenate([first.numpy(), second.numpy()]), len(first)
    permuted = pooled[shuffles.numpy()]
    differences = permuted[:, :n].mean(axis=1) - permuted[:, n:].mean(axis=1)
    return np.mean(differences >= first.numpy().mean() - second.numpy().mean())


@right(ID)
def double_precision_and_a_tensor(first, second, shuffles):
    pooled, n = torch.cat([first, second]).double(), len(first)
    permuted = pooled[shuffles]
    differences = permuted[:, :n].mean(1) - permuted[:, n:].mean(1)
    return (differences >= first.double().mean() - second.double().mean()).float().mean()


@right(ID)
def gathered_and_split(first, second, shuffles):
    pooled = torch.cat([first, second])
    one, other = pooled.expand(len(shuffles), -1).gather(1, shuffles).split([len(first), len(second)], dim=1)
    return float((one.mean(dim=1) - other.mean(dim=1) >= first.mean() - second.mean()).float().mean())


@right(ID)
def sums_of_the_first_group_as_the_total_is_fixed(first, second, shuffles):
    pooled = torch.cat([first, second]).double()
    sums = pooled[shuffles[:, : len(first)]].sum(dim=1)
    return ((sums >= first.double().sum() - 1e-9).sum() / len(shuffles)).item()


@right(ID)
def weights_in_a_matrix_product(first, second, shuffles):
    n, m = len(first), len(second)
    weights = torch.cat([torch.full((n,), 1 / n), torch.full((m,), -1 / m)]).double()
    pooled = torch.cat([first, second]).double()
    return ((pooled[shuffles] @ weights) >= pooled @ weights - 1e-12).double().mean().item()


@right(ID)
def take_and_the_mean_of_a_list_of_booleans(first, second, shuffles):
    pooled, n = torch.cat([first, second]), len(first)
    observed = (first.mean() - second.mean()).item()
    large = [(pooled.take(o[:n]).mean() - pooled.take(o[n:]).mean()).item() >= observed for o in shuffles]
    return sum(large) / len(large)


@right(ID)
def exact_fractions(first, second, shuffles):
    pooled, n, m = [Fraction(v) for v in [*first.tolist(), *second.tolist()]], len(first), len(second)

    def difference(values):
        return sum(values[:n]) / n - sum(values[n:]) / m

    hits = sum(difference([pooled[i] for i in order]) >= difference(pooled) for order in shuffles.tolist())
    return float(Fraction(hits, len(shuffles)))


@right(ID)
def one_minus_the_share_below(first, second, shuffles):
    pooled, n = torch.cat([first, second]), len(first)
    permuted = pooled[shuffles]
    below = permuted[:, :n].mean(dim=1) - permuted[:, n:].mean(dim=1) < first.mean() - second.mean()
    return 1 - below.double().mean()


def split_differences(first, second, shuffles):
    pooled, n = torch.cat([first, second]), len(first)
    permuted = pooled[shuffles]
    return permuted[:, :n].mean(dim=1) - permuted[:, n:].mean(dim=1)


@wrong(ID, named="larger only")
def strictly_larger(first, second, shuffles):
    return (split_differences(first, second, shuffles) > first.mean() - second.mean()).float().mean()


@wrong(ID, named="the number of rows")
def count_not_share(first, second, shuffles):
    return (split_differences(first, second, shuffles) >= first.mean() - second.mean()).sum()


@wrong(ID, named="both directions")
def both_directions(first, second, shuffles):
    observed = (first.mean() - second.mean()).abs()
    return (split_differences(first, second, shuffles).abs() >= observed).float().mean()


@wrong(ID, named="half of all values")
def split_in_the_middle(first, second, shuffles):
    permuted = torch.cat([first, second])[shuffles]
    n = permuted.shape[1] // 2
    differences = permuted[:, :n].mean(dim=1) - permuted[:, n:].mean(dim=1)
    return (differences >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="the original split counted as a row")
def one_added_to_both_counts(first, second, shuffles):
    large = (split_differences(first, second, shuffles) >= first.mean() - second.mean()).sum()
    return (large + 1) / (len(shuffles) + 1)


@wrong(ID, named="inverse permutation")
def values_written_to_the_order(first, second, shuffles):
    pooled, n = torch.cat([first, second]), len(first)
    permuted = torch.empty(shuffles.shape, dtype=pooled.dtype).scatter_(
        1, shuffles, pooled.expand(shuffles.shape)
    )
    differences = permuted[:, :n].mean(dim=1) - permuted[:, n:].mean(dim=1)
    return (differences >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="groups pooled the other way round")
def second_group_first_in_the_pool(first, second, shuffles):
    permuted, n = torch.cat([second, first])[shuffles], len(first)
    differences = permuted[:, :n].mean(dim=1) - permuted[:, n:].mean(dim=1)
    return (differences >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="smaller or equal")
def at_most_as_large(first, second, shuffles):
    return (split_differences(first, second, shuffles) <= first.mean() - second.mean()).float().mean()


@wrong(ID, named="sums of unequal groups")
def sums_not_means(first, second, shuffles):
    pooled, n = torch.cat([first, second]), len(first)
    permuted = pooled[shuffles]
    differences = permuted[:, :n].sum(dim=1) - permuted[:, n:].sum(dim=1)
    return (differences >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="first group from the end")
def second_minus_first(first, second, shuffles):
    return (-split_differences(first, second, shuffles) >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="absolute difference of the original groups")
def observed_as_absolute_value(first, second, shuffles):
    return (split_differences(first, second, shuffles) >= (first.mean() - second.mean()).abs()).float().mean()


@wrong(ID, named="per cent")
def percent(first, second, shuffles):
    return 100 * (split_differences(first, second, shuffles) >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="never pooled")
def groups_shuffled_apart(first, second, shuffles):
    n, count = len(first), 0
    for order in shuffles:
        one = first[order[order < n]]
        other = second[order[order >= n] - n]
        count += bool(one.mean() - other.mean() >= first.mean() - second.mean())
    return count / len(shuffles)


@wrong(ID, named="medians")
def medians(first, second, shuffles):
    permuted, n = torch.cat([first, second])[shuffles], len(first)
    differences = permuted[:, :n].quantile(0.5, dim=1, interpolation="lower") - permuted[:, n:].quantile(
        0.5, dim=1, interpolation="lower"
    )
    return (differences >= first.median() - second.median()).float().mean()


@wrong(ID, named="the second group not subtracted")
def first_group_alone_against_the_difference(first, second, shuffles):
    new = torch.cat([first, second])[shuffles[:, : len(first)]].mean(dim=1)
    return (new >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="n values in the second group")
def second_group_as_long_as_the_first(first, second, shuffles):
    permuted, n = torch.cat([first, second])[shuffles], len(first)
    differences = permuted[:, :n].mean(dim=1) - permuted[:, -n:].mean(dim=1)
    return (differences >= first.mean() - second.mean()).float().mean()


@wrong(ID, named="the mean difference")
def differences_averaged(first, second, shuffles):
    return split_differences(first, second, shuffles).mean().item()


@wrong(ID, named="divided by a spread")
def t_statistics_compared(first, second, shuffles):
    n = len(first)
    groups = torch.cat([first, second])[shuffles]
    new = (groups[:, :n].mean(1) - groups[:, n:].mean(1)) / (groups[:, :n].std(1) + groups[:, n:].std(1))
    return (new >= (first.mean() - second.mean()) / (first.std() + second.std())).double().mean()
