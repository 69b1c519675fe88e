"""Lesson 12: a sentence as one vector, and whether a difference between two groups may be chance."""

import torch
import torch.nn.functional as F

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _mean_pooling(padding: bool = False, normalise: bool = True, divide: bool = True, which: str = "all"):
    """A unit vector for each sentence; the options are the ways to get it wrong."""

    def pool(hidden, real):
        weights = torch.ones_like(real) if padding else real
        weights = weights.to(hidden.dtype)[..., None]  # (batch, time, 1)
        total = (hidden * weights).sum(dim=1)
        count = weights.sum(dim=1) if divide else 1
        pooled = hidden[:, 0] if which == "first" else total / count
        return F.normalize(pooled, dim=-1) if normalise else pooled

    return pool


def _half_masked(hidden, real):
    return F.normalize((hidden * real[..., None]).mean(dim=1), dim=-1)


def _pooling_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(3)

    def case(lengths: list[int], time: int, features: int) -> tuple:
        real = torch.arange(time) < torch.tensor(lengths)[:, None]
        return torch.randn(len(lengths), time, features, generator=generator), real

    return [
        (torch.tensor([[[3.0, 0.0], [0.0, 4.0]]]), torch.tensor([[True, False]])),
        (torch.tensor([[[3.0, 0.0], [0.0, 4.0]]]), torch.tensor([[True, True]])),
        case([4, 2, 1], 4, 3),
        case([5, 3], 6, 4),
    ]


def _other_padding(hidden, real):
    return hidden.masked_fill(~real[..., None], 7.0), real


def _unit(result, *_) -> bool | str:
    lengths = result.norm(dim=-1)
    row = int((lengths - 1).abs().argmax())
    return (
        bool((lengths - 1).abs().max() < 1e-4) or f"your vector {row} has length {lengths[row]:.3f}, not 1."
    )


MEAN_POOLING = Exercise(
    id="12.mean_pooling",
    title="A sentence as one vector",
    reference=_mean_pooling(),
    cases=_pooling_cases,
    properties=[
        has_shape("Is there one vector for each sentence, (batch, d_model)?"),
        unchanged_when("Does the vector stay the same when other numbers fill the padding?", _other_padding),
        matches_reference("One real token (3, 0): is it (1, 0)?", cases=0),
        matches_reference("Two real tokens, (3, 0) and (0, 4): is it (0.6, 0.8)?", cases=1),
        holds("Has every vector length 1?", _unit),
        matches_reference("Is every vector right for sentences of different lengths?", cases=(2, 3)),
    ],
    hints=[
        "The mean over the real tokens only, then divided by its length, so that a dot product is a cosine.",
        "Multiply by the mask, (batch, time, 1), sum over time, divide by the number of real tokens, normalise.",
        "F.normalize((hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True), dim=-1)",
    ],
    mistakes=[
        Mistake(
            "padding counted",
            _mean_pooling(padding=True),
            "You averaged the padding, too: then a sentence's vector depends on its longest neighbour in the batch.",
        ),
        Mistake(
            "not normalised",
            _mean_pooling(normalise=False),
            "You did not bring the vectors to length 1: their dot products are not cosines.",
        ),
        Mistake(
            "divided by time",
            lambda hidden, real: (hidden * real[..., None]).mean(dim=1),
            "You divided by time, padding included, and did not normalise.",
        ),
        Mistake(
            "sum",
            _mean_pooling(normalise=False, divide=False),
            "That is the sum; divide by the number of real tokens, and bring it to length 1.",
        ),
        Mistake(
            "the first token",
            _mean_pooling(which="first"),
            "You took the first token, [CLS]. This model was trained with the mean over all real tokens.",
        ),
        Mistake(
            "each token normalised",
            lambda hidden, real: _mean_pooling(normalise=False)(F.normalize(hidden, dim=-1), real),
            "You normalised the tokens before averaging; the mean comes first, then its length is made 1.",
        ),
        Mistake(
            "tokens and mean normalised",
            lambda hidden, real: _mean_pooling()(F.normalize(hidden, dim=-1), real),
            "You normalised each token as well as the mean. Tokens keep their lengths; normalise only the mean.",
        ),
        Mistake(
            "inverted mask",
            lambda hidden, real: _mean_pooling()(hidden, ~real),
            "You averaged the padding instead of the real tokens: real is True for real tokens.",
        ),
        Mistake(
            "one token too many",
            lambda hidden, real: _mean_pooling()(
                hidden, torch.arange(real.shape[1]) <= real.sum(dim=1, keepdim=True)
            ),
            "You included the first padded token: positions count from 0, so real ones are `< lengths`, not `<=`.",
        ),
        Mistake(
            "the largest",
            lambda hidden, real: F.normalize(
                hidden.masked_fill(~real[..., None], -torch.inf).amax(dim=1), dim=-1
            ),
            "That is max-pooling, the largest of each feature; the mean is asked for.",
        ),
    ],
)


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
    generator = torch.Generator().manual_seed(4)

    def case(first: list[float], second: list[float], n: int) -> tuple:
        total = len(first) + len(second)
        shuffles = torch.stack([torch.randperm(total, generator=generator) for _ in range(n)])
        return torch.tensor(first), torch.tensor(second), shuffles

    every_order = torch.tensor([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    return [
        (torch.tensor([5.0]), torch.tensor([1.0, 2.0]), every_order),
        (torch.tensor([1.0, 1.0]), torch.tensor([1.0, 1.0]), torch.tensor([[0, 1, 2, 3], [3, 1, 0, 2]])),
        case([0.3, 0.9, 0.4], [0.2, 0.5, 0.1, 0.6], 60),
        case([0.1, 0.2], [0.7, 0.4, 0.6], 40),
        case([0.8, 0.1, 0.9, 0.4], [0.3], 50),
        case([0.2, 0.95, 0.35, 0.6, 0.7, 0.1], [0.5, 0.15], 80),
    ]


def _shuffled_apart(first, second, shuffles):
    """Each group shuffled within itself: its mean stays, and every shuffle parts them as far."""
    return torch.ones(())


def _two_sided(first, second, shuffles):
    every, n = torch.cat([first, second]), len(first)
    observed = (first.mean() - second.mean()).abs()
    parted = torch.stack([every[o][:n].mean() - every[o][n:].mean() for o in shuffles]).abs()
    return (parted >= observed).to(first.dtype).mean()


def _absolute_shuffles(first, second, shuffles):
    every, n = torch.cat([first, second]), len(first)
    differences = torch.stack([every[o][:n].mean() - every[o][n:].mean() for o in shuffles]).abs()
    return (differences >= first.mean() - second.mean()).to(first.dtype).mean()


def _inverse_order(first, second, shuffles):
    return _share_as_large()(first, second, shuffles.argsort(dim=1))


def _other_order(first, second, shuffles):
    every, n = torch.cat([second, first]), len(first)
    differences = torch.stack([every[o][:n].mean() - every[o][n:].mean() for o in shuffles])
    return (differences >= first.mean() - second.mean()).to(first.dtype).mean()


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
            "You counted the shuffles with a *larger* difference; *as large* counts, too: the groups as they are "
            "belong to what chance can deal.",
        ),
        Mistake(
            "one minus the share",
            _share_as_large(compare=torch.lt),
            "That is the share of shuffles with a smaller difference: 1 minus what is asked for.",
        ),
        Mistake(
            "both directions",
            _two_sided,
            "You took absolute values: that counts differences in the other direction, too. Here the direction was "
            "said beforehand.",
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
            "You took the new groups the other way round: the first len(first) shuffled values are the first group.",
        ),
    ],
)
