"""Lesson 03: what is made of counts: pointwise mutual information, and the noise of negative sampling."""

import torch
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _pmi(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=1, keepdim=True) * joint.sum(dim=0, keepdim=True))).log()


def _swapped(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=0)[:, None] * joint.sum(dim=1))).log()


def _no_dimension_kept(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=1) * joint.sum(dim=0))).log()


def _sums_added(counts: Tensor) -> Tensor:
    joint = counts / counts.sum()
    return (joint / (joint.sum(dim=1, keepdim=True) + joint.sum(dim=0, keepdim=True))).log()


def _count_tables() -> list[tuple]:
    generator = torch.Generator().manual_seed(0)
    independent = torch.tensor([[1.0], [3.0]]) * torch.tensor([[2.0, 4.0, 6.0]])
    return [
        (independent,),
        (torch.tensor([[6.0, 2.0], [2.0, 6.0]]),),
        (torch.randint(1, 20, (3, 4), generator=generator).float(),),
        (torch.randint(1, 9, (4, 4), generator=generator).float(),),
    ]


PMI = Exercise(
    id="03.pmi",
    title="Pointwise mutual information",
    reference=_pmi,
    cases=_count_tables,
    properties=[
        has_shape("Is there one number for each word and context?"),
        matches_reference("Words that meet as often as chance says: is their PMI 0?", cases=0),
        matches_reference(
            "Counts [[6, 2], [2, 6]]: is the PMI ln 1.5 on the diagonal, and ln 0.5 beside it?", cases=1
        ),
        unchanged_when(
            "Does a text ten times as long, with ten times every count, have the same PMI?",
            lambda counts: (counts * 10,),
            cases=2,
        ),
        matches_reference("And for other tables, also with more contexts than words?"),
    ],
    hints=[
        "Turn the counts into shares first: of each pair, of each word (a row), of each context (a column).",
        "PMI = ln( P(w, c) / (P(w) P(c)) ). P(w) is the sum of row w of the shares, P(c) the sum of column c.",
        "joint = counts / counts.sum(); then joint.sum(dim=1, keepdim=True) is (n_words, 1), "
        "joint.sum(dim=0, keepdim=True) is (1, n_contexts); divide, and .log().",
    ],
    mistakes=[
        Mistake(
            "upside down",
            lambda counts: -_pmi(counts),
            "Your fraction is upside down: what was seen, P(w, c), stands above what chance would give, P(w) P(c).",
        ),
        Mistake(
            "total forgotten",
            lambda counts: (
                counts / (counts.sum(dim=1, keepdim=True) * counts.sum(dim=0, keepdim=True))
            ).log(),
            "You divided counts by counts: the total is missing. Turn them into shares first, counts / counts.sum().",
        ),
        Mistake(
            "only P(c | w)",
            lambda counts: (counts / counts.sum(dim=1, keepdim=True)).log(),
            "That is ln P(c | w); divide by P(c) as well, or frequent contexts win everywhere.",
        ),
        Mistake(
            "rows and columns swapped",
            _swapped,
            "You swapped the sums: a word is a row, so P(w) sums over dim=1; P(c) sums over dim=0.",
        ),
        Mistake(
            "dimensions lost",
            _no_dimension_kept,
            "Your sums have shapes (n_words,) and (n_contexts,): keepdim=True makes a column and a row of them, whose "
            "product has a number for each pair.",
        ),
        Mistake(
            "sums added",
            _sums_added,
            "You added P(w) and P(c); what chance gives is their product.",
        ),
        Mistake(
            "no logarithm",
            lambda counts: _pmi(counts).exp(),
            "That is the ratio itself; PMI is its natural logarithm, 0 for chance.",
        ),
        Mistake(
            "base two",
            lambda counts: _pmi(counts) / torch.log(torch.tensor(2.0)),
            "You took the logarithm to base 2; this course counts in nats: .log().",
        ),
    ],
)


def _noise(counts: Tensor) -> Tensor:
    weights = counts**0.75
    return weights / weights.sum()


NOISE = Exercise(
    id="03.noise",
    title="The noise distribution",
    reference=_noise,
    cases=lambda: [
        (torch.tensor([5.0, 5.0, 5.0, 5.0]),),
        (torch.tensor([16.0, 1.0]),),
        (torch.tensor([100.0, 10.0, 3.0, 1.0, 0.0]),),
    ],
    properties=[
        has_shape("Is there one probability for each word?"),
        holds(
            "Do the probabilities sum to 1?",
            lambda noise, _: (
                abs(float(noise.sum()) - 1) < 1e-4 or f"they sum to {float(noise.sum()):.3f}, expected 1."
            ),
        ),
        matches_reference("Words equally frequent: are they equally likely?", cases=0),
        matches_reference("Counts 16 and 1: are the odds 8 : 1?", cases=1),
        matches_reference("And for other counts, 0 among them?", cases=2),
    ],
    hints=[
        "Two steps: flatten the counts, then make them sum to 1.",
        "P(c) = count(c)^0.75 / Σ count^0.75: the power comes before the division.",
        "weights = counts ** 0.75; return weights / weights.sum()",
    ],
    mistakes=[
        Mistake(
            "no power",
            lambda counts: counts / counts.sum(),
            "You left out the power 3/4: these are the plain shares of the text.",
        ),
        Mistake(
            "not normalised",
            lambda counts: counts**0.75,
            "You did not divide by the sum: probabilities sum to 1.",
        ),
        Mistake(
            "normalised before the power",
            lambda counts: (counts / counts.sum()) ** 0.75,
            "You made shares first and raised them to the power then; after that they no longer sum to 1.",
        ),
        Mistake(
            "the power turned over",
            lambda counts: counts ** (4 / 3) / (counts ** (4 / 3)).sum(),
            "You raised to 4/3, which makes frequent words still more frequent; 3/4 flattens.",
        ),
        Mistake(
            "uniform",
            lambda counts: torch.full_like(counts, 1 / len(counts)),
            "You made all words equally likely: then rare words are noise far too often.",
        ),
        Mistake(
            "softmax",
            lambda counts: torch.softmax(counts, dim=0),
            "A softmax of counts gives nearly all to the most frequent word; raise to 3/4 and divide by the sum.",
        ),
    ],
)
