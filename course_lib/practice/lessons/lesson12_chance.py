"""Lesson 12: a permutation test: might a difference between two groups be chance?"""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _share_as_large(split=lambda shuffled, n: (shuffled[:n], shuffled[n:]), compare=torch.ge):
    """The share of shuffles that part two groups as far; the options are the ways to get it wrong."""

    def share(first, second, shuffles):
        every, n = torch.cat([first, second]), len(first)
        observed = first.mean() - second.mean()
        parted = []
        for order in shuffles:
            left, right = split(every[order], n)
            parted.append(left.mean() - right.mean())
        return compare(torch.stack(parted), observed).double().mean().item()

    return share


def _share_cases() -> list[tuple]:
    generator = seeded(4)

    def case(first: list[int], second: list[int], n: int) -> tuple:
        """Values in sixteenths: their sums are exact, so that a tie is one, in whatever order they are added."""
        total = len(first) + len(second)
        shuffles = torch.stack([torch.randperm(total, generator=generator) for _ in range(n)])
        return torch.tensor(first) / 16, torch.tensor(second) / 16, shuffles

    every_order = torch.tensor([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    return [
        (torch.tensor([5.0]), torch.tensor([1.0, 2.0]), every_order),
        (torch.tensor([1.0, 1.0]), torch.tensor([1.0, 1.0]), torch.tensor([[0, 1, 2, 3], [3, 1, 0, 2]])),
        case([5, 14, 6], [3, 8, 2, 10], 60),
        case([2, 3], [11, 6, 10], 40),
        case([13, 2, 14, 6], [5], 50),
        case([3, 15, 6, 10, 11, 2], [8, 1], 80),
    ]


def _shuffled_apart(first, second, shuffles):
    """Each group shuffled within itself: its mean stays, and every shuffle parts them as far."""
    return 1.0


def _two_sided(first, second, shuffles):
    every, n = torch.cat([first, second]), len(first)
    observed = (first.mean() - second.mean()).abs()
    parted = torch.stack([every[o][:n].mean() - every[o][n:].mean() for o in shuffles]).abs()
    return (parted >= observed).double().mean().item()


def _absolute_shuffles(first, second, shuffles):
    every, n = torch.cat([first, second]), len(first)
    differences = torch.stack([every[o][:n].mean() - every[o][n:].mean() for o in shuffles]).abs()
    return (differences >= first.mean() - second.mean()).double().mean().item()


def _sums(first, second, shuffles):
    every, n = torch.cat([first, second]), len(first)
    differences = torch.stack([every[o][:n].sum() - every[o][n:].sum() for o in shuffles])
    return (differences >= first.mean() - second.mean()).double().mean().item()


def _medians(first, second, shuffles):
    every, n = torch.cat([first, second])[shuffles], len(first)
    differences = every[:, :n].median(dim=1).values - every[:, n:].median(dim=1).values
    return (differences >= first.median() - second.median()).double().mean().item()


def _in_spreads(first, second, shuffles):
    """Differences divided by the sum of the groups' standard deviations."""

    def difference(left, right):
        return (left.mean(dim=-1) - right.mean(dim=-1)) / (left.std(dim=-1) + right.std(dim=-1))

    every, n = torch.cat([first, second])[shuffles], len(first)
    return (difference(every[:, :n], every[:, n:]) >= difference(first, second)).double().mean().item()


def _mean_difference(first, second, shuffles):
    every, n = torch.cat([first, second])[shuffles], len(first)
    return (every[:, :n].mean(dim=1) - every[:, n:].mean(dim=1)).mean().item()


def _absolute_original(first, second, shuffles):
    every, n = torch.cat([first, second]), len(first)
    differences = torch.stack([every[o][:n].mean() - every[o][n:].mean() for o in shuffles])
    return (differences >= (first.mean() - second.mean()).abs()).double().mean().item()


def _inverse_order(first, second, shuffles):
    return _share_as_large()(first, second, shuffles.argsort(dim=1))


def _other_order(first, second, shuffles):
    every, n = torch.cat([second, first]), len(first)
    differences = torch.stack([every[o][:n].mean() - every[o][n:].mean() for o in shuffles])
    return (differences >= first.mean() - second.mean()).double().mean().item()


SHARE_AS_LARGE = Exercise(
    id="12.share_as_large",
    title="A permutation test",
    reference=_share_as_large(),
    cases=_share_cases,
    properties=[
        has_shape("Is it one number?"),
        matches_reference(
            "For first 5 and second 1 and 2, do only the two orders that put 5 first count?", cases=0
        ),
        matches_reference(
            "If all values are equal, does every order count, since its difference is as large?", cases=1
        ),
        matches_reference("In 60 orders of three and four values, is it the right fraction?", cases=2),
        matches_reference("Is it right where the first group's mean is the smaller one?", cases=3),
        matches_reference(
            "Has the new first group four values where the first group has four, and the second one?", cases=4
        ),
        matches_reference("Is it right for six values and two?", cases=5),
    ],
    hints=[
        "Pool both groups and split the pooled values in the order of a shuffle. How far apart are the new groups' "
        "means?",
        "every = torch.cat([first, second]); the first len(first) of every[order] are the new first group.",
        "For each order: every[order][:n].mean() - every[order][n:].mean() >= observed; the mean of these booleans.",
    ],
    mistakes=[
        Mistake(
            "larger only",
            _share_as_large(compare=torch.gt),
            "You counted only the shuffles with a *larger* difference. An equal one counts, too: the original split is "
            "one of those that chance can give.",
        ),
        Mistake(
            "one minus the share",
            _share_as_large(compare=torch.lt),
            "That is the share of shuffles with a smaller difference: 1 minus what is asked for.",
        ),
        Mistake(
            "both directions",
            _two_sided,
            "You took absolute values, which counts differences in the other direction, too. The test is one-sided, "
            "because the direction was fixed beforehand.",
        ),
        Mistake(
            "half of all values",
            _share_as_large(split=lambda pooled, n: (pooled[: len(pooled) // 2], pooled[len(pooled) // 2 :])),
            "You cut the values in half. The new first group has as many values as `first`.",
        ),
        Mistake(
            "absolute difference of the shuffles",
            _absolute_shuffles,
            "You took the absolute value of the shuffled differences: the test is one-sided, because the direction "
            "was fixed beforehand.",
        ),
        Mistake(
            "inverse permutation",
            _inverse_order,
            "You used the inverse permutation: an order lists which value comes first, second, …: every[order].",
        ),
        Mistake(
            "groups pooled the other way round",
            _other_order,
            "You pooled second before first. The orders number the values of `first` before those of `second`.",
        ),
        Mistake(
            "never pooled",
            _shuffled_apart,
            "Your share is always 1, because each group was shuffled within itself. Pool both groups first.",
        ),
        Mistake(
            "smaller or equal",
            _share_as_large(compare=torch.le),
            "You counted the differences that are as small or smaller; ≥ is asked for.",
        ),
        Mistake(
            "first group from the end",
            _share_as_large(split=lambda shuffled, n: (shuffled[n:], shuffled[:n])),
            "Your difference is the other way round: the first len(first) shuffled values are the new first group, and "
            "its mean comes first in the subtraction.",
        ),
        Mistake(
            "the number of rows",
            lambda first, second, shuffles: _share_as_large()(first, second, shuffles) * len(shuffles),
            "That is how many rows have so large a difference; divide by the number of rows.",
        ),
        Mistake(
            "per cent",
            lambda first, second, shuffles: _share_as_large()(first, second, shuffles) * 100,
            "That is a percentage; the share is a number between 0 and 1.",
        ),
        Mistake(
            "the original split counted as a row",
            lambda first, second, shuffles: (
                (_share_as_large()(first, second, shuffles) * len(shuffles) + 1) / (len(shuffles) + 1)
            ),
            "You counted the original split as one more row, (count + 1) / (rows + 1). That is a good estimate of the "
            "probability; here the share of the given rows is asked for.",
        ),
        Mistake(
            "divided by a spread",
            _in_spreads,
            "You divided the differences by a standard deviation, as a t-test does. Compare the differences of means.",
        ),
        Mistake(
            "medians",
            _medians,
            "You compared medians; means are asked for.",
        ),
        Mistake(
            "the second group not subtracted",
            lambda first, second, shuffles: (
                (
                    torch.cat([first, second])[shuffles][:, : len(first)].mean(dim=1)
                    >= first.mean() - second.mean()
                )
                .double()
                .mean()
                .item()
            ),
            "You compared the new first group's mean with a difference. Subtract the new second group's mean.",
        ),
        Mistake(
            "n values in the second group",
            _share_as_large(split=lambda shuffled, n: (shuffled[:n], shuffled[-n:])),
            "Your new second group has as many values as the first. It is all the rest, from n on.",
        ),
        Mistake(
            "the mean difference",
            _mean_difference,
            "That is the mean of the shuffled differences. Count those that are at least as large as the original.",
        ),
        Mistake(
            "sums of unequal groups",
            _sums,
            "You compared a difference of sums with a difference of means. Take the means of the new groups, too.",
        ),
        Mistake(
            "absolute difference of the original groups",
            _absolute_original,
            "You took the absolute value of the original difference. It may be negative: then most rows are as large.",
        ),
    ],
)
