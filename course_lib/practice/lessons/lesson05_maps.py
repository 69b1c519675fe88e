"""Lesson 05: how often a map's largest weight lies on the true alignment, and a control for an intervention."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference


def _share(weights, gold):
    has_gold = gold.any(dim=1)
    found = gold[torch.arange(len(gold)), weights.argmax(dim=1)]
    return found[has_gold].double().mean().item()


def _share_of_all(weights, gold):
    return gold[torch.arange(len(gold)), weights.argmax(dim=1)].double().mean().item()


def _mass(weights, gold):
    return (weights * gold).sum(dim=1)[gold.any(dim=1)].mean().item()


def _over_columns(weights, gold):
    has_gold = gold.any(dim=0)
    return gold[weights.argmax(dim=0), torch.arange(gold.shape[1])][has_gold].double().mean().item()


def _first_gold_only(weights, gold):
    rows = gold.any(dim=1)
    return (weights.argmax(dim=1) == gold.int().argmax(dim=1))[rows].double().mean().item()


def _mean_of_rows(gold, found):
    return found[gold.any(dim=1)].double().mean().item()


def _more_than_half(weights, gold):
    return _mean_of_rows(gold, (weights * gold).sum(dim=1) > 0.5)


def _count(weights, gold):
    return gold[torch.arange(len(gold)), weights.argmax(dim=1)][gold.any(dim=1)].sum().item()


def _only_single(weights, gold):
    return gold[torch.arange(len(gold)), weights.argmax(dim=1)][gold.sum(dim=1) == 1].double().mean().item()


def _top_k(weights, gold):
    order, rows = weights.argsort(dim=1, descending=True), gold.any(dim=1).nonzero().flatten().tolist()
    found = [bool(gold[t, order[t, : int(gold[t].sum())]].any()) for t in rows]
    return sum(found) / len(found)


def _gold_cases() -> list[tuple]:
    generator = seeded(3)

    def case(scores: list[list[float]], gold: list[list[int]]) -> tuple:
        noise = 0.01 * torch.rand(len(scores), len(scores[0]), generator=generator)
        return torch.softmax(torch.tensor(scores) + noise, dim=1), torch.tensor(gold, dtype=torch.bool)

    def random_case(target_len: int, source_len: int, share: float) -> tuple:
        scores = 2 * torch.randn(target_len, source_len, generator=generator)
        gold = torch.rand(target_len, source_len, generator=generator) < share
        gold[0] = False  # at least one query without a true key, and one with several
        gold[1, :2] = True
        gold[2] = torch.arange(source_len) == scores[2].argmax()
        return torch.softmax(scores, dim=1), gold

    return [
        case([[2.0, 0.0, 1.0], [0.0, 3.0, 2.5]], [[1, 0, 0], [0, 0, 1]]),
        case([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0], [0.0, 4.0, 1.0]], [[1, 0, 0], [0, 0, 0], [0, 0, 1]]),
        case(
            [[0.0, 1.0, 0.9, 0.3], [0.0, 0.2, 3.0, 0.1], [0.0, 0.0, 0.0, 0.1]],
            [[0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]],
        ),
        random_case(9, 5, 0.3),
        random_case(6, 11, 0.2),
        random_case(40, 7, 0.4),
    ]


SHARE_ON_GOLD = Exercise(
    id="05.share_on_gold",
    title="Arg-max on the true alignment",
    reference=_share,
    cases=_gold_cases,
    properties=[
        matches_reference(
            "Two queries, one of which has its largest weight on its true key: is it 0.5?", cases=0
        ),
        matches_reference("Is a query without any true key left out, neither right nor wrong?", cases=1),
        matches_reference(
            "Where a query has two true keys: does its largest weight count on either of them?", cases=2
        ),
        matches_reference(
            "Is it right on larger maps, with none, one or several true keys in a row?", cases=(3, 4, 5)
        ),
    ],
    hints=[
        "In which column is a row's largest weight, and is gold True there? Which rows count at all?",
        "`weights.argmax(dim=1)` gives one column for each row. A row counts if `gold.any(dim=1)`. The answer is a "
        "mean over the rows that count.",
        "`gold[rows, columns]` with `rows = torch.arange(len(gold))` reads one cell of each row. Keep the rows that "
        "count, and take the mean of the booleans as numbers.",
    ],
    mistakes=[
        Mistake(
            "rows without gold counted as wrong",
            _share_of_all,
            "You counted queries that have no true key: nobody could be right there. Take the mean over the rows where "
            "gold.any(dim=1).",
        ),
        Mistake(
            "mass",
            _mass,
            "That is how much weight lies on the true keys, on average: a good measure too, but a different one. Here "
            "a query is right or wrong: where is its largest weight?",
        ),
        Mistake(
            "over the keys",
            _over_columns,
            "You asked which query gives each key the most weight; ask for each query, along dim=1.",
        ),
        Mistake(
            "first true key only",
            _first_gold_only,
            "Where several keys are true, you accepted only the first of them.",
        ),
        Mistake(
            "more than half",
            _more_than_half,
            "You asked for more than half of the weight; the largest weight may be smaller than that.",
        ),
        Mistake(
            "a count",
            _count,
            "That is how many; divide by the number of queries that have a true key.",
        ),
        Mistake(
            "first true key only, among all rows",
            lambda weights, gold: (weights.argmax(dim=1) == gold.int().argmax(dim=1)).double().mean().item(),
            "Two things: where several keys are true you accepted only the first, and you counted queries that have "
            "none (there gold.int().argmax is 0, which is no answer).",
        ),
        Mistake(
            "divided by the true cells",
            lambda weights, gold: _count(weights, gold) / gold.sum().item(),
            "You divided by the number of true cells; a query may have several. Divide by the number of queries that "
            "have any.",
        ),
        Mistake(
            "only rows with one true key",
            _only_single,
            "You kept only queries with exactly one true key. A query with several counts too: gold.any(dim=1).",
        ),
        Mistake(
            "any of the largest few",
            _top_k,
            "You accepted as many of the largest weights as the row has true keys. Only the largest one counts.",
        ),
        Mistake(
            "per cent",
            lambda weights, gold: 100 * _share(weights, gold),
            "That is per cent; a share lies between 0 and 1.",
        ),
        Mistake(
            "rows without gold counted as right",
            lambda weights, gold: (
                (gold[torch.arange(len(gold)), weights.argmax(dim=1)] | ~gold.any(dim=1))
                .double()
                .mean()
                .item()
            ),
            "You counted queries that have no true key as right. Leave them out of the mean altogether.",
        ),
        Mistake(
            "the share of misses",
            lambda weights, gold: 1 - _share(weights, gold),
            "That is the share of queries whose largest weight is *not* on a true key.",
        ),
        Mistake(
            "the best of the true keys",
            lambda weights, gold: (
                gold[torch.arange(len(gold)), (weights * gold).argmax(dim=1)][gold.any(dim=1)]
                .double()
                .mean()
                .item()
            ),
            "You looked for the largest weight among the true keys only, so every query is right. Look for it among "
            "all keys.",
        ),
        Mistake(
            "every row with every column",
            lambda weights, gold: gold[:, weights.argmax(dim=1)][gold.any(dim=1)].double().mean().item(),
            "gold[:, columns] pairs every row with every column. Pair row t with column t alone: gold[rows, columns].",
        ),
        Mistake(
            "one answer for each row",
            lambda weights, gold: gold[torch.arange(len(gold)), weights.argmax(dim=1)].double(),
            "You have one answer for each query. Keep those that have a true key, and take the mean.",
        ),
        Mistake(
            "last true key only",
            lambda weights, gold: _first_gold_only(weights.flip(1), gold.flip(1)),
            "Where several keys are true, you accepted only the last of them.",
        ),
        Mistake(
            "more than an even share",
            lambda weights, gold: _mean_of_rows(gold, ((weights > 1 / weights.shape[1]) & gold).any(dim=1)),
            "You asked for a true key with more than an even share of the weight. Another key may have more still: "
            "where is the largest weight?",
        ),
        Mistake(
            "rounded",
            lambda weights, gold: round(_share(weights, gold), 2),
            "You rounded to two decimals. Return the share as it is.",
        ),
        Mistake(
            "the last row left out",
            lambda weights, gold: _share(weights[:-1], gold[:-1]),
            "You left out the last row. Only rows without a true key are left out, wherever they are.",
        ),
    ],
)

WRONG_ZEROS = Exercise(
    id="05.wrong_zeros",
    title="A control for the leading zero",
    reference=1.0,
    properties=[
        holds(
            "Is it a share, between 0 and 1?",
            lambda share: 0 <= share <= 1 or "a share lies between 0 and 1.",
        ),
        holds(
            "Is it the share of days from 10 to 31 for which uniform weights write a 0 as the first digit?",
            lambda share: (
                share >= 0.85
                or "that is too small: read position 8 of what `write_with` writes under uniform weights."
            ),
        ),
    ],
    hints=[
        "If the model always wrote a 0 there, without knowing anything of the source, what would the 0 of 05 prove?",
        "Compare on the days whose first digit is *not* 0. How often does the model still write a 0 for them?",
        "The rows are `two_digits`. `(blind[two_digits, 8] == zero)` says for each whether a 0 was written; its mean "
        "is the answer.",
    ],
    mistakes=[
        Mistake(
            "none at all",
            0.0,
            "Three ways lead to 0: the model's own weights (take `blind`, not `own`), a different position (take 8), "
            "and counting the symbols that are right instead of those that are 0.",
        ),
        Mistake(
            "the share of such days",
            0.696,
            "That is how many days go from 10 to 31. Among them, what share gets a 0?",
        ),
        Mistake(
            "the share of the others",
            0.304,
            "That is how many days begin with 0. Look at the others, and at what is written for them.",
        ),
        Mistake("a count", 696, "That is how many. Divide by the number of days from 10 to 31."),
        Mistake("per cent", 100.0, "That is per cent; a share lies between 0 and 1."),
    ],
)
