"""Lesson 03: what is made of vectors: cosine, the negative-sampling loss of a pair, analogies."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _vector_pairs() -> list[tuple]:
    generator = torch.Generator().manual_seed(0)
    u, v = torch.randn(2, 5, generator=generator)
    return [
        (torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0])),
        (torch.tensor([2.0, 1.0]), torch.tensor([4.0, 2.0])),
        (torch.tensor([1.0, 2.0, 2.0]), torch.tensor([-2.0, -4.0, -4.0])),
        (u, v),
    ]


COSINE = Exercise(
    id="03.cosine",
    title="Cosine",
    reference=lambda u, v: (u @ v) / (u.norm() * v.norm()),
    cases=_vector_pairs,
    properties=[
        has_shape("Is the result one number, a tensor of shape ()?"),
        matches_reference("Vectors at a right angle: is it 0?", cases=0),
        matches_reference("The same direction, another length: is it 1?", cases=1),
        unchanged_when(
            "Does it stay the same when one vector is made three times as long?",
            lambda u, v: (3 * u, v),
            cases=[2, 3],
        ),
        matches_reference("Is it right for other vectors too?"),
    ],
    hints=[
        "The dot product grows with both lengths; divide both out.",
        "cos = u · v / (‖u‖ ‖v‖), where ‖u‖ is the root of the sum of squares.",
        "(u @ v) / (u.norm() * v.norm())",
    ],
    mistakes=[
        Mistake("dot product", lambda u, v: u @ v, "That is the dot product; divide it by both lengths."),
        Mistake(
            "squared lengths",
            lambda u, v: (u @ v) / (u.square().sum() * v.square().sum()),
            "You divided by the squared lengths; the length is the root of the sum of squares.",
        ),
        Mistake(
            "one length",
            lambda u, v: (u @ v) / u.norm(),
            "You divided by the length of u only; v's length counts as well.",
        ),
        Mistake(
            "other length",
            lambda u, v: (u @ v) / v.norm(),
            "You divided by the length of v only; u's length counts as well.",
        ),
        Mistake(
            "sum of the lengths",
            lambda u, v: (u @ v) / (u.norm() + v.norm()),
            "You divided by the sum of the lengths; divide by their product.",
        ),
        Mistake(
            "distance",
            lambda u, v: 1 - (u @ v) / (u.norm() * v.norm()),
            "That is the cosine distance, 1 − cos.",
        ),
        Mistake(
            "no sum",
            lambda u, v: (u * v) / (u.norm() * v.norm()),
            "u * v multiplies number by number; the dot product sums these, u @ v.",
        ),
    ],
)


def _pair_loss(w: Tensor, c: Tensor, noise: Tensor) -> Tensor:
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).sum()


def _pairs_with_noise() -> list[tuple]:
    generator = torch.Generator().manual_seed(1)

    def draw(d_model: int, k: int) -> tuple:
        w, c = torch.randn(2, d_model, generator=generator)
        return w, c, torch.randn(k, d_model, generator=generator)

    e = torch.eye(2)
    return [
        (e[0], e[1], e[1:]),
        (e[0], 2 * e[0], e[1:]),
        (e[0], e[1], torch.tensor([[3.0, 0.0]])),
        (e[0], 2 * e[0], torch.tensor([[-1.0, 5.0], [0.0, 1.0], [2.0, 0.0]])),
        draw(4, 5),
    ]


PAIR_LOSS = Exercise(
    id="03.pair_loss",
    title="Negative sampling, one pair",
    reference=_pair_loss,
    cases=_pairs_with_noise,
    properties=[
        has_shape("Is the loss one number, a tensor of shape ()?"),
        holds("Is the loss never negative?", lambda loss, *_: bool(loss >= 0)),
        matches_reference("All scores 0, one noise word: is the loss 2 ln 2?", cases=0),
        matches_reference("A true pair with score 2: is its part −ln σ(2)?", cases=1),
        matches_reference(
            "A noise word with score 3: is its part −ln σ(−3), so that a high score costs?", cases=2
        ),
        matches_reference("Three noise words: do their losses add up?", cases=3),
        matches_reference("And for other vectors?", cases=4),
    ],
    hints=[
        "Scores are dot products: w @ c for the true pair, noise @ w for all k noise words at once.",
        "loss = −ln σ(w·c) − Σ ln σ(−w·c̃). F.logsigmoid gives ln σ; mind the minus inside for noise.",
        "-F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).sum()",
    ],
    mistakes=[
        Mistake(
            "noise rewarded",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(noise @ w).sum(),
            "You forgot the minus inside the noise's sigmoid: you reward noise words for a high score.",
        ),
        Mistake(
            "mean over the noise",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).mean(),
            "You took the mean over the noise words; the loss sums over them.",
        ),
        Mistake(
            "no true pair",
            lambda w, c, noise: -F.logsigmoid(-(noise @ w)).sum(),
            "The true pair is missing: with noise alone, all vectors only flee from each other.",
        ),
        Mistake(
            "sum before the sigmoid",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w).sum()),
            "You added up the noise scores before the sigmoid: then one very low score pays for a high one.",
        ),
        Mistake(
            "sign of the loss",
            lambda w, c, noise: -_pair_loss(w, c, noise),
            "You returned the log-likelihood, which is to be raised; the loss is its negative.",
        ),
        Mistake(
            "no logarithm",
            lambda w, c, noise: -torch.sigmoid(w @ c) - torch.sigmoid(-(noise @ w)).sum(),
            "The logarithm is missing: F.logsigmoid, not torch.sigmoid.",
        ),
        Mistake(
            "noise against c",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ c)).sum(),
            "You scored the noise words with c; they are scored with w, the word that is looked at.",
        ),
    ],
)


def _analogy(
    sign: tuple[int, int, int] = (-1, 1, 1),
    unit: bool = True,
    given: float | None = -math.inf,
    dim: int = 1,
    keepdim: bool = True,
) -> Callable:
    """Solve an analogy; the options are the ways to get it wrong."""

    def solve(E, a, b, c):
        table = E / E.norm(dim=dim, keepdim=keepdim) if unit else E
        target = sign[0] * table[a] + sign[1] * table[b] + sign[2] * table[c]
        scores = table @ target
        if given is not None:
            scores[[a, b, c]] = given
        return scores.argmax().item()

    return solve


def _analogy_tables() -> list[tuple]:
    # Rows 0-3: man, woman, king, queen. Row 4 points where a − b + c would lead, row 5 is long and only half right.
    exact = torch.tensor(
        [
            [1.0, 0.0, 0.1],
            [0.0, 1.0, 0.1],
            [1.0, 0.0, 1.0],
            [0.0, 1.0, 1.0],
            [1.0, -1.0, 0.5],
            [0.3, 0.2, 0.2],
        ]
    )
    lengths = torch.tensor([[1.0], [1.0], [1.0], [0.5], [1.0], [9.0]])
    lazy = torch.tensor(
        [[1.0, 0.2, 0.0], [1.0, 0.3, 0.0], [0.0, 0.2, 1.0], [0.0, 0.6, 1.0], [-1.0, 0.0, 0.2]]
    )
    # Every row that may be the answer points away from the target, the nearest one (row 3) the least.
    behind = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-1.0, -0.2], [-0.5, -1.0]])
    generator = torch.Generator().manual_seed(2)
    return [
        (exact, 0, 1, 2),
        (exact * lengths, 0, 1, 2),
        (lazy, 0, 1, 2),
        (torch.randn(12, 4, generator=generator), 3, 7, 5),
        (torch.randn(12, 4, generator=generator) * torch.rand(12, 1, generator=generator) * 4, 0, 11, 6),
        (behind, 0, 1, 2),
        (torch.randn(9, 3, generator=generator) * torch.tensor([9.0, 1.0, 0.2]), 1, 2, 3),
    ]


ANALOGY = Exercise(
    id="03.analogy",
    title="Analogy by arithmetic",
    reference=_analogy(),
    cases=_analogy_tables,
    properties=[
        holds(
            "Is the answer none of the three given words?",
            lambda answer, E, a, b, c: answer not in (a, b, c) or f"you answered {answer}, which is given.",
        ),
        matches_reference("man : woman = king : …, does the arithmetic lead to queen, row 3?", cases=0),
        matches_reference("Is a long vector no nearer than a short one in the same direction?", cases=1),
        matches_reference("Is it right for other tables too?"),
    ],
    hints=[
        "First give every row length 1; then one vector is looked for, and one score for each row.",
        "The target is b − a + c. The scores are unit @ target; put −∞ at the three given rows, then take the argmax.",
        "unit = E / E.norm(dim=1, keepdim=True); scores = unit @ (unit[b] - unit[a] + unit[c]); "
        "scores[[a, b, c]] = -math.inf; return scores.argmax().item()",
    ],
    mistakes=[
        Mistake(
            "a − b + c",
            _analogy(sign=(1, -1, 1)),
            "You walked the wrong way, a − b + c; from a to b is b − a.",
        ),
        Mistake(
            "given words allowed",
            _analogy(given=None),
            "You allowed the given words as answers; the nearest is mostly one of them. Put −∞ at a, b and c.",
        ),
        Mistake(
            "not normalised",
            _analogy(unit=False),
            "You did not scale the rows to length 1: long vectors win, whatever their direction.",
        ),
        Mistake(
            "columns scaled",
            _analogy(dim=0),
            "You scaled the columns; a word is a row: E.norm(dim=1, keepdim=True).",
        ),
        Mistake(
            "dimension lost",
            _analogy(keepdim=False),
            "E.norm(dim=1) has shape (n_words,), which does not fit the rows; keepdim=True makes it (n_words, 1).",
        ),
        Mistake(
            "given words at 0",
            _analogy(given=0.0),
            "You gave the three given words the score 0; where all others are below 0, that wins. Use −∞.",
        ),
        Mistake(
            "a + b + c",
            _analogy(sign=(1, 1, 1)),
            "You added all three; a is to be taken away, b − a + c.",
        ),
        Mistake(
            "neighbour of c",
            _analogy(sign=(0, 0, 1)),
            "You answered with the nearest neighbour of c: b − a is missing. (It is the answer that costs nothing.)",
        ),
    ],
)
