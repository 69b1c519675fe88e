"""Lesson 03: what is made of counts: pointwise mutual information."""

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference, unchanged_when


def _pmi(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=1, keepdim=True) * joint.sum(dim=0, keepdim=True))).log()


def _swapped(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=0)[:, None] * joint.sum(dim=1))).log()


def _no_dimension_kept(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=1) * joint.sum(dim=0))).log()


def _one_side(counts: Tensor, dim: int) -> Tensor:
    joint = counts / counts.sum()
    p = joint.sum(dim=dim)
    return (joint / (p[:, None] * p)).log()


def _sums_added(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=1, keepdim=True) + joint.sum(dim=0, keepdim=True))).log()


def _difference(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return joint - joint.sum(dim=1, keepdim=True) * joint.sum(dim=0, keepdim=True)


def _count_tables() -> list[tuple]:
    generator = seeded(0)
    independent = torch.tensor([[1.0], [3.0]]) * torch.tensor([[2.0, 4.0, 6.0]])
    return [
        (independent,),
        (torch.tensor([[6.0, 2.0], [2.0, 6.0]]),),
        (torch.randint(1, 20, (3, 4), generator=generator).float(),),
        (torch.randint(1, 9, (4, 4), generator=generator).float(),),
        (torch.randint(1, 30, (5, 2), generator=generator).float(),),
    ]


PMI = Exercise(
    id="03.pmi",
    title="Pointwise mutual information",
    reference=_pmi,
    cases=_count_tables,
    properties=[
        has_shape("Is there one number for each word and context?"),
        matches_reference("Is the PMI 0 where words occur together as often as by chance?", cases=0),
        matches_reference(
            "Counts [[6, 2], [2, 6]]: is the PMI ln 1.5 on the diagonal, and ln 0.5 off it?", cases=1
        ),
        unchanged_when(
            "Does a text ten times as long, with ten times every count, have the same PMI?",
            lambda counts: (counts * 10,),
            cases=2,
        ),
        matches_reference(
            "Is it right for more contexts than words, and for more words than contexts?", cases=[2, 4]
        ),
        matches_reference("Is it right for a square table that is not symmetric?", cases=3),
    ],
    hints=[
        "Which three probabilities does the formula need, and how does each follow from the counts?",
        "Divide the counts by their total first: that is P(w, c). Its row sums are P(w), its column sums P(c).",
        "`joint.sum(dim=1, keepdim=True)` has shape (n_words, 1), which broadcasts over the contexts. What has shape "
        "(1, n_contexts)?",
    ],
    mistakes=[
        Mistake(
            "normalised PMI",
            lambda counts: _pmi(counts) / -(counts / counts.sum()).log(),
            "You divided by −ln P(w, c). That is the normalised PMI; leave the division out.",
        ),
        Mistake(
            "difference",
            _difference,
            "You subtracted P(w) P(c) from P(w, c). Divide by it, and take the logarithm of the ratio.",
        ),
        Mistake(
            "upside down",
            lambda counts: -_pmi(counts),
            "Your fraction is upside down. P(w, c) is the numerator, the product P(w) P(c) the denominator.",
        ),
        Mistake(
            "total forgotten",
            lambda counts: (
                counts / (counts.sum(dim=1, keepdim=True) * counts.sum(dim=0, keepdim=True))
            ).log(),
            "You divided counts by counts, so the total is missing. Turn them into probabilities first: divide by "
            "counts.sum().",
        ),
        Mistake(
            "only P(c | w)",
            lambda counts: (counts / counts.sum(dim=1, keepdim=True)).log(),
            "That is ln P(c | w); divide by P(c) as well, or frequent contexts win everywhere.",
        ),
        Mistake(
            "rows and columns swapped",
            _swapped,
            "You swapped the sums. A word is a row, so P(w) sums over dim=1; P(c) sums over dim=0.",
        ),
        Mistake(
            "dimensions lost",
            _no_dimension_kept,
            "Your sums have shapes (n_words,) and (n_contexts,). With keepdim=True they are a column and a row, and "
            "their product has a number for each pair.",
        ),
        Mistake(
            "sums added",
            _sums_added,
            "You added P(w) and P(c). Independent words have the product as their joint probability.",
        ),
        Mistake(
            "no logarithm",
            lambda counts: _pmi(counts).exp(),
            "That is the ratio itself; PMI is its natural logarithm, 0 for chance.",
        ),
        Mistake(
            "base two",
            lambda counts: _pmi(counts) / torch.log(torch.tensor(2.0)),
            "You took the logarithm to base 2. This course measures in nats: .log().",
        ),
        Mistake(
            "positive PMI",
            lambda counts: _pmi(counts).clamp(min=0),
            "That is positive PMI, which sets everything below 0 to 0. Here the negative values are wanted too.",
        ),
        Mistake(
            "base ten",
            lambda counts: _pmi(counts) / torch.log(torch.tensor(10.0)),
            "You took the logarithm to base 10. This course measures in nats: .log().",
        ),
        Mistake(
            "row sums only",
            lambda counts: _one_side(counts, dim=1),
            "You used the row sums twice. P(c) is the sum of a column: dim=0.",
        ),
        Mistake(
            "column sums only",
            lambda counts: _one_side(counts, dim=0),
            "You used the column sums twice. P(w) is the sum of a row: dim=1.",
        ),
        Mistake(
            "brackets missing",
            lambda counts: (_pmi(counts).exp() * (counts.sum(dim=0) / counts.sum()) ** 2).log(),
            "You divide by P(w) and multiply by P(c). Put brackets around the product P(w) P(c).",
        ),
        Mistake(
            "only P(w | c)",
            lambda counts: (counts / counts.sum(dim=0, keepdim=True)).log(),
            "That is ln P(w | c); divide by P(w) as well, or frequent words win everywhere.",
        ),
        Mistake(
            "weighted",
            lambda counts: _pmi(counts) * counts / counts.sum(),
            "You multiplied each PMI by P(w, c), as for the mean over all pairs. Return the PMI of each pair as it is.",
        ),
        Mistake(
            "mutual information",
            lambda counts: (_pmi(counts) * counts / counts.sum()).sum(),
            "That is the mutual information of the whole table. Pointwise means: one number for each pair.",
        ),
        Mistake(
            "one added",
            lambda counts: _pmi(counts + 1),
            "You added 1 to every count. All counts are positive here, so take them as they are.",
        ),
        Mistake(
            "rows scaled first",
            lambda counts: (
                counts / counts.sum(dim=1, keepdim=True)
                / (counts / counts.sum(dim=1, keepdim=True)).sum(dim=0, keepdim=True)
            ).log(),
            "You divided each row by its own sum, so that every word counts as equally frequent. Divide the whole "
            "table by its total, counts.sum().",
        ),
        Mistake(
            "ratio of logarithms",
            lambda counts: 1 / (1 - _pmi(counts) / (counts / counts.sum()).log()),
            "You divided one logarithm by the other. Divide the probabilities, and take the logarithm of the ratio.",
        ),
        Mistake(
            "means for sums",
            lambda counts: (
                counts / (counts.mean(dim=1, keepdim=True) * counts.mean(dim=0, keepdim=True))
            ).log(),
            "You took means of counts. A probability is a sum of counts divided by the total, counts.sum().",
        ),
    ],
)
