"""Lesson 10: accuracy by what the model was shown; how often the right word is likelier than the wrong one."""

from collections.abc import Callable

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _mean_of_rows(right, group) -> float:
    means = [hit[asked].double().mean() for hit, asked in zip(right, group, strict=True) if asked.any()]
    return (sum(means) / len(means)).item()


def _by_input(
    *, visible=False, swapped=(0, 1, 2), of_all=False, copies=False, replaced_is="the rest", joint=False,
    by_prediction=False, result="accuracies",
) -> Callable:  # fmt: skip
    """Three accuracies; the options are the ways to get them wrong."""

    def accuracy_by_input(predicted, ids, inputs, selected, mask_id):
        right = predicted == (inputs if copies else ids)
        if visible:
            selected = torch.ones_like(selected)
        masked = selected & (inputs == mask_id)
        kept = selected & (inputs == (predicted if by_prediction else ids))
        replaced = selected & ~masked & ~kept
        if replaced_is == "all not masked":
            replaced = selected & ~masked
        elif replaced_is == "all changed":
            replaced = selected & ~kept
        elif replaced_is == "all neither":
            replaced = ~masked & ~kept
        groups = [masked, replaced, kept]
        if result == "sizes":
            return tuple((group.sum() / selected.sum()).item() for group in groups)
        if result == "errors":
            return tuple((~right)[group].double().mean().item() for group in groups)
        if result == "per cent":
            return tuple(100 * right[group].double().mean().item() for group in groups)
        if result == "hits":
            return tuple((right & group).sum().item() for group in groups)
        if result == "of the right ones":
            return tuple(((right & group).sum() / (right & selected).sum()).item() for group in groups)
        if result == "mean of rows":
            return tuple(_mean_of_rows(right, group) for group in groups)
        if of_all:
            return tuple((right & group).double().mean().item() for group in groups)
        if joint:
            return tuple((right & group).sum().item() / selected.sum().item() for group in groups)
        shares = [right[group].double().mean().item() for group in groups]
        return tuple(shares[i] for i in swapped)

    return accuracy_by_input


def _by_input_cases() -> list[tuple]:
    generator = seeded(11)

    def case(batch: int, time: int, mask_id: int) -> tuple:
        ids = torch.randint(10, 30, (batch, time), generator=generator)
        selected = torch.rand(batch, time, generator=generator) < 0.6
        fate = torch.rand(batch, time, generator=generator)
        inputs = torch.where(selected & (fate < 0.5), mask_id, ids)
        inputs = torch.where(selected & (fate >= 0.5) & (fate < 0.75), ids % 20 + 31, inputs)
        guess = torch.rand(batch, time, generator=generator)
        predicted = torch.where(guess < 0.5, ids, torch.where(guess < 0.8, inputs, 99))
        return predicted, ids, inputs, selected, mask_id

    hand = (
        torch.tensor([[11, 12, 13, 99, 15, 99, 17]]),
        torch.tensor([[11, 12, 13, 14, 15, 16, 17]]),
        torch.tensor([[4, 21, 13, 4, 22, 16, 17]]),
        torch.tensor([[True, True, True, True, True, True, False]]),
        4,
    )
    return [hand, case(4, 15, 4), case(7, 11, 6)]


ACCURACY_BY_INPUT = Exercise(
    id="10.accuracy_by_input",
    title="Accuracy by what the model was shown",
    reference=_by_input(),
    cases=_by_input_cases,
    properties=[
        has_shape("Are there three numbers?"),
        holds("Do all lie between 0 and 1?", lambda shares, *_: all(0 <= share <= 1 for share in shares)),
        matches_reference("Of seven tokens by hand: 1/2 masked, 2/2 replaced, 1/2 unchanged?", cases=0),
        matches_reference("In a batch of four, does each group count its own tokens only?", cases=1),
        matches_reference("With a different mask_id and batch, are they still right?", cases=2),
    ],
    hints=[
        "How can you see from inputs and ids alone what happened to a selected token?",
        "Three boolean tensors: selected and shown as [MASK]; selected and shown as itself; the rest of the selected "
        "ones.",
        "The mean of `(predicted == ids)[group]` over one group is its accuracy: `.double().mean().item()`.",
    ],
    mistakes=[
        Mistake(
            "all tokens",
            _by_input(visible=True),
            "You counted tokens that were not selected. The model is never trained to predict those.",
        ),
        Mistake(
            "copies",
            _by_input(copies=True),
            "You compared the predictions with the inputs; the true tokens are in ids.",
        ),
        Mistake(
            "divided by all tokens",
            _by_input(of_all=True),
            "You divided by the number of all tokens; divide by the size of each group.",
        ),
        Mistake(
            "divided by all selected",
            _by_input(joint=True),
            "You divided by the number of all selected tokens; divide by the size of each group.",
        ),
        Mistake(
            "other order",
            _by_input(swapped=(0, 2, 1)),
            "You exchanged the groups: the order is masked, replaced, unchanged.",
        ),
        Mistake(
            "replaced includes unchanged",
            _by_input(replaced_is="all not masked"),
            "Your replaced tokens include those shown unchanged: leave out where inputs equals ids.",
        ),
        Mistake(
            "replaced includes masked",
            _by_input(replaced_is="all changed"),
            "Your replaced tokens include the masked ones, which differ from ids as well: leave out where inputs is "
            "mask_id.",
        ),
        Mistake(
            "replaced includes unselected",
            _by_input(replaced_is="all neither"),
            "Your replaced tokens include those that were not selected: all three groups are parts of selected.",
        ),
        Mistake(
            "divided by the right ones",
            _by_input(result="of the right ones"),
            "You divided by the number of right predictions; divide by the size of each group.",
        ),
        Mistake(
            "groups by the prediction",
            _by_input(by_prediction=True),
            "You compared inputs with predicted to find what was left unchanged; compare it with ids.",
        ),
        Mistake(
            "sizes of the groups",
            _by_input(result="sizes"),
            "You returned how large each group is. Asked for is how often the prediction is right in it.",
        ),
        Mistake(
            "hits counted",
            _by_input(result="hits"),
            "You counted the right predictions; divide by the size of each group.",
        ),
        Mistake(
            "errors",
            _by_input(result="errors"),
            "You returned the fraction of wrong predictions; accuracy is the fraction of right ones.",
        ),
        Mistake(
            "in per cent",
            _by_input(result="per cent"),
            "You returned per cent; an accuracy here is a number from 0 to 1.",
        ),
        Mistake(
            "mean of the rows",
            _by_input(result="mean of rows"),
            "You averaged each row and then the rows, so a token in a row with few of its group counts more.",
        ),
    ],
)


def _pairs(compare: Callable) -> Callable:
    def pair_accuracy(logits, good, bad):
        rows = torch.arange(len(logits))
        return compare(logits, rows, good, bad).double().mean().item()

    return pair_accuracy


def _ties_left_out(logits, good, bad):
    gap = logits.gather(1, good[:, None]) - logits.gather(1, bad[:, None])
    return (gap[gap != 0] > 0).double().mean().item()


def _pair_cases() -> list[tuple]:
    generator = seeded(10)
    by_hand = (
        torch.tensor(
            [[0.0, 3.0, 1.0, 9.0], [5.0, 2.0, 1.0, 0.0], [1.0, 0.0, 4.0, 2.0], [-2.0, -5.0, -9.0, 8.0]]
        ),
        torch.tensor([1, 0, 1, 0]),
        torch.tensor([2, 3, 2, 1]),
    )
    n = 60
    good, offset = torch.randint(9, (2, n), generator=generator)
    bad = (good + 1 + offset % 8) % 10
    # Words differ in how likely they are in all rows, as in a text; the first row is decided by a hair.
    logits = torch.randn(n, 10, generator=generator) + 2 * torch.randn(10, generator=generator)
    logits[0, good[0]] = logits[0, bad[0]] + 1e-4
    many = (logits, good, bad)
    tied = (torch.zeros(5, 5), torch.tensor([1, 2, 3, 0, 4]), torch.tensor([0, 4, 2, 3, 1]))
    tied[0][[0, 3, 4], [1, 3, 1]] = 1.0  # one pair of five is right, two tie, two are wrong
    return [by_hand, many, tied]


PAIR_ACCURACY = Exercise(
    id="10.pair_accuracy",
    title="Accuracy on minimal pairs",
    points=1,
    reference=_pairs(lambda logits, rows, good, bad: logits[rows, good] > logits[rows, bad]),
    cases=_pair_cases,
    properties=[
        has_shape("Is it a number?"),
        holds("Does it lie between 0 and 1?", lambda share, *_: 0 <= share <= 1),
        matches_reference("Of four pairs by hand, are three right?", cases=0),
        matches_reference("Of sixty random pairs, is every row compared with its own words?", cases=1),
        matches_reference("Is a pair with two equal logits counted as wrong?", cases=2),
    ],
    hints=[
        "Each row asks one question: is the logit of its good word larger than that of its bad word?",
        "`logits[torch.arange(n), good]` takes one logit from each row.",
        "Compare `logits[rows, good]` with `logits[rows, bad]` and take the mean of the booleans as numbers.",
    ],
    mistakes=[
        Mistake(
            "likeliest of all",
            _pairs(lambda logits, rows, good, bad: logits.argmax(dim=1) == good),
            "You asked whether the right word is the likeliest of all. It only has to beat the wrong one: many words "
            "may fit.",
        ),
        Mistake(
            "inverted",
            _pairs(lambda logits, rows, good, bad: logits[rows, good] < logits[rows, bad]),
            "You counted the rows in which the wrong word wins.",
        ),
        Mistake(
            "ties count",
            _pairs(lambda logits, rows, good, bad: logits[rows, good] >= logits[rows, bad]),
            "You counted ties as right (by >=, or by an arg-max that takes the good word when both are equal). A "
            "model with equal logits everywhere would score 1.0 that way.",
        ),
        Mistake(
            "every row with every word",
            _pairs(lambda logits, rows, good, bad: logits[:, good] > logits[:, bad]),
            "`logits[:, good]` is (n, n): every row with every row's word. Take one from each: "
            "`logits[torch.arange(n), good]`.",
        ),
        Mistake(
            "rows crossed",
            _pairs(lambda logits, rows, good, bad: logits[rows, good][:, None] > logits[rows, bad]),
            "You compared shapes (n, 1) and (n,), which broadcast to (n, n): each good word met the bad words of all "
            "rows. Give both the same shape.",
        ),
        Mistake(
            "softmax over the rows",
            _pairs(
                lambda logits, rows, good, bad: logits.softmax(0)[rows, good] > logits.softmax(0)[rows, bad]
            ),
            "Your softmax runs over the rows (dim=0). Words compete within a row: dim=1, or compare the logits.",
        ),
        Mistake(
            "in per cent",
            _pairs(lambda logits, rows, good, bad: 100.0 * (logits[rows, good] > logits[rows, bad])),
            "You returned per cent; asked for is the fraction, from 0 to 1.",
        ),
        Mistake(
            "above zero",
            _pairs(lambda logits, rows, good, bad: logits[rows, good] > 0),
            "A logit above 0 means nothing by itself; compare it with the wrong word's.",
        ),
        Mistake(
            "rows counted",
            lambda logits, good, bad: int(
                (logits.gather(1, good[:, None]) > logits.gather(1, bad[:, None])).sum()
            ),
            "You counted the rows won; divide by their number.",
        ),
        Mistake(
            "probability of the good word",
            _pairs(lambda logits, rows, good, bad: logits.softmax(dim=1)[rows, good]),
            "You averaged the good word's probability. Each row counts 1 or 0: is the good word ahead of the bad one?",
        ),
        Mistake(
            "probability among the two",
            _pairs(lambda logits, rows, good, bad: torch.sigmoid(logits[rows, good] - logits[rows, bad])),
            "You averaged how sure the model is. Each row counts 1 or 0, however close it is.",
        ),
        Mistake(
            "ties count half",
            _pairs(lambda logits, rows, good, bad: (1 + (logits[rows, good] - logits[rows, bad]).sign()) / 2),
            "You counted a tie as half a success. Here it is none.",
        ),
        Mistake(
            "ties left out",
            _ties_left_out,
            "You left the ties out. They count as wrong: divide by the number of all rows.",
        ),
        Mistake(
            "order for ranks",
            lambda logits, good, bad: PAIR_ACCURACY.reference(logits.argsort(dim=1), good, bad),
            "argsort gives the words in order, not each word's rank. Compare the two logits themselves.",
        ),
        Mistake(
            "sizes compared",
            _pairs(lambda logits, rows, good, bad: logits[rows, good].abs() > logits[rows, bad].abs()),
            "You compared sizes without the sign. A logit of -5 is less than one of -2.",
        ),
        Mistake(
            "means compared",
            _pairs(lambda logits, rows, good, bad: logits[rows, good].mean() > logits[rows, bad].mean()),
            "You compared the two mean logits. Compare within each row first, then take the mean.",
        ),
        Mistake(
            "ids compared",
            _pairs(lambda logits, rows, good, bad: good > bad),
            "You compared ids, which only number the words; compare the logits at these ids.",
        ),
    ],
)
