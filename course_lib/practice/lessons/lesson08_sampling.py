"""Lesson 08: the nucleus of a distribution."""

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _nucleus(keep=None, renormalise=True, descending=True, back=True, in_order=False):
    """Top-p filtering; the options are the ways to get it wrong."""
    keep = keep or (lambda sorted_p, p: sorted_p.cumsum(0) - sorted_p < p)

    def top_p(probabilities, p):
        sorted_p, order = probabilities.sort(descending=descending, stable=True)
        if in_order:
            sorted_p, order = probabilities, torch.arange(len(probabilities))
        kept = sorted_p * keep(sorted_p, p)
        if back:
            kept = torch.zeros_like(probabilities).scatter(0, order, kept)
        return kept / kept.sum() if renormalise else kept  # nothing kept: NaN, as a learner's would be

    return top_p


def _cases() -> list[tuple]:
    random = torch.rand(12, generator=torch.Generator().manual_seed(8)) ** 3
    return [
        (torch.tensor([0.5, 0.25, 0.25]), 1.0),
        (torch.tensor([0.6, 0.3, 0.1]), 0.5),
        (torch.tensor([0.5, 0.3, 0.15, 0.05]), 0.7),
        (torch.tensor([0.05, 0.45, 0.2, 0.3]), 0.7),
        (random / random.sum(), 0.85),
        (torch.tensor([0.5, 0.25, 0.25]), 0.5),
    ]


TOP_P = Exercise(
    id="08.top_p",
    title="The nucleus",
    reference=_nucleus(),
    cases=_cases,
    properties=[
        has_shape("Is there still one probability for each symbol, (vocab_size,)?"),
        matches_reference("With p = 1, does everything stay as it is?", cases=0),
        matches_reference("Where the likeliest alone reaches p, does it stay, and alone?", cases=1),
        holds(
            "Does the result sum to 1?",
            lambda kept, *_: bool((kept.sum() - 1).abs() < 1e-6) or f"it sums to {kept.sum():.3f}.",
        ),
        matches_reference("Does the symbol with which the sum reaches p stay?", cases=2),
        matches_reference("Where the symbols are not sorted: is each probability in its own place?", cases=3),
        matches_reference("And among twelve symbols?", cases=4),
        matches_reference("Where the sum reaches p exactly: does nothing more stay?", cases=5),
    ],
    hints=[
        "Sort, keep the first few, put them back where they came from, divide by their sum. The question is how many.",
        "A symbol stays when the likelier ones before it have not reached p yet: cumsum − its own probability < p.",
        "sorted_p, order = probabilities.sort(descending=True); keep = sorted_p.cumsum(0) - sorted_p < p; "
        "kept = torch.zeros_like(probabilities).scatter(0, order, sorted_p * keep); then divide.",
    ],
    mistakes=[
        Mistake(
            "one too few",
            _nucleus(keep=lambda sorted_p, p: sorted_p.cumsum(0) <= p),
            "You dropped the symbol with which the sum passes p, so what is left falls short of p, and may be nothing "
            "at all. Look at the sum before each symbol, not after it.",
        ),
        Mistake(
            "not renormalised",
            _nucleus(renormalise=False),
            "You did not divide what is left by its sum: it is no distribution any more.",
        ),
        Mistake(
            "threshold for each symbol",
            _nucleus(keep=lambda sorted_p, p: sorted_p >= 1 - p),
            "You kept every symbol whose own probability passes a threshold (that idea exists, under other names); "
            "top-p looks at the sum of the likeliest.",
        ),
        Mistake(
            "left in sorted order",
            _nucleus(back=False),
            "You returned the probabilities in sorted order: symbol 0 now has the likeliest one's. Put them back with "
            "scatter and the order that sort gave.",
        ),
        Mistake(
            "one too many",
            _nucleus(keep=lambda sorted_p, p: sorted_p.cumsum(0) - sorted_p <= p),
            "Where the likelier ones reach p exactly, you kept one symbol more: < p, not ≤ p.",
        ),
        Mistake(
            "not sorted",
            _nucleus(in_order=True),
            "You summed in the vocabulary's order. Sort first: the nucleus is made of the likeliest symbols.",
        ),
        Mistake(
            "the unlikeliest",
            _nucleus(descending=False),
            "You sorted upwards, and kept the least likely symbols.",
        ),
    ],
)
