"""Lesson 03: analogies by arithmetic."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference


def _analogy(
    sign: tuple[int, int, int] = (-1, 1, 1),
    unit: bool = True,
    given: float | None = -math.inf,
    dim: int = 1,
    keepdim: bool = True,
    without: str = "abc",
    raw: str = "",
    choose: Callable = torch.argmax,
) -> Callable:
    """Solve an analogy; the options are the ways to get it wrong."""

    def solve(E, a, b, c):
        table = E / E.norm(dim=dim, keepdim=keepdim) if unit else E
        parts = E if raw == "target" else table
        target = sign[0] * parts[a] + sign[1] * parts[b] + sign[2] * parts[c]
        if raw == "distance":
            scores = -(E - (E[b] - E[a] + E[c])).norm(dim=1)
        else:
            scores = (E if raw == "rows" else table) @ target
        if given is not None:
            scores[[row for name, row in zip("abc", (a, b, c), strict=True) if name in without]] = given
        return choose(scores).item()

    return solve


def _unit(E: Tensor) -> Tensor:
    return E / E.norm(dim=1, keepdim=True)


def _rows_deleted(E: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(E)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    left = [row for row in range(len(E)) if row not in (a, b, c)]
    return scores[left].argmax().item()


def _by_products(E: Tensor, a: int, b: int, c: int) -> int:
    """3CosMul (Levy and Goldberg 2014): cosines, moved to 0 … 1, are multiplied and divided."""
    unit = _unit(E)
    near = (unit @ unit.T + 1) / 2
    scores = near[b] * near[c] / (near[a] + 1e-3)
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


def _parallel(E: Tensor, a: int, b: int, c: int) -> int:
    """The row whose difference from c has the direction of b − a, however far it lies."""
    unit = _unit(E)
    scores = F.cosine_similarity(unit - unit[c], (unit[b] - unit[a])[None], dim=1)
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


def _fourth(E: Tensor, a: int, b: int, c: int) -> int:
    unit = _unit(E)
    return (unit @ (unit[b] - unit[a] + unit[c])).topk(4).indices[3].item()


def analogy_tables() -> list[tuple]:
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
    # As before, with a long target: every score of a candidate is below −1.
    opposite = torch.tensor([[-1.0, 0.1], [1.0, 0.1], [1.0, -0.1], [-1.0, 0.25], [-1.0, -0.4]])
    # b and c lie on both sides of a, so b − a + c points along a itself.
    between = torch.tensor([[0.2, 1.0], [2.0, 0.0], [1.0, 0.4], [0.0, -1.0], [1.0, -0.4]])
    generator = seeded(2)

    def uneven() -> Tensor:
        """Many rows of different lengths, and columns of different sizes: each way not to scale the rows shows."""
        rows = torch.randn(80, 6, generator=generator) * (torch.rand(80, 1, generator=generator) * 2 + 0.3)
        return rows * torch.tensor([4.0, 2.0, 1.0, 1.0, 0.5, 0.3])

    return [
        (exact, 0, 1, 2),
        (exact * lengths, 0, 1, 2),
        (lazy, 0, 1, 2),
        (torch.randn(12, 4, generator=generator), 3, 7, 5),
        (torch.randn(12, 4, generator=generator) * torch.rand(12, 1, generator=generator) * 4, 0, 11, 6),
        (behind, 0, 1, 2),
        (torch.randn(9, 3, generator=generator) * torch.tensor([9.0, 1.0, 0.2]), 1, 2, 3),
        (opposite, 0, 1, 2),
        (between, 1, 2, 4),
        *((uneven(), *rows) for rows in ((2, 0, 8), (19, 4, 11), (5, 6, 7))),
    ]


ANALOGY = Exercise(
    id="03.analogy",
    title="Analogy by arithmetic",
    reference=_analogy(),
    cases=analogy_tables,
    properties=[
        holds(
            "Is the answer none of the three given words?",
            lambda answer, E, a, b, c: (
                answer not in (a, b, c)
                or f"you answered row {answer}, one of the three given. (Or did you count in a table without them?)"
            ),
        ),
        matches_reference("man : woman = king : …, does the arithmetic lead to queen, row 3?", cases=0),
        matches_reference("Is a long vector no nearer than a short one in the same direction?", cases=1),
        matches_reference("Is it right where every candidate has a negative score?", cases=[5, 7]),
        matches_reference("Is it right for random tables, with the given rows anywhere?"),
    ],
    hints=[
        "Which vector do you look for, and which rows may not be the answer?",
        "Give every row length 1. The target is b − a + c; a row's score is its dot product with the target.",
        "After `scores = unit @ target`, set the scores of the three given rows to −∞. Then argmax.",
    ],
    mistakes=[
        Mistake(
            "products of cosines",
            _by_products,
            "You multiplied and divided cosines, a rule of its own. Here the nearest row to b − a + c is the answer.",
        ),
        Mistake(
            "parallel step",
            _parallel,
            "You compared the direction of the step from c with that of b − a, and a step may be of any length. "
            "Compare the rows themselves with b − a + c.",
        ),
        Mistake(
            "absolute score",
            _analogy(choose=lambda scores: scores.masked_fill(scores == -math.inf, 0.0).abs().argmax()),
            "You took absolute values, so a row in the opposite direction can win. The nearest row has "
            "the largest score.",
        ),
        Mistake(
            "fourth best",
            _fourth,
            "You took the fourth best row, as if the given words were always the best three. They need not be: exclude "
            "them by their numbers.",
        ),
        Mistake(
            "means subtracted",
            lambda E, *rows: _analogy()(E - E.mean(dim=0), *rows),
            "You subtracted the mean of all rows first. Scale the rows as they are.",
        ),
        Mistake(
            "a + b − c",
            _analogy(sign=(1, 1, -1)),
            "Your target is a + b − c. The answer is to c as b is to a: b − a + c.",
        ),
        Mistake(
            "a − b + c",
            _analogy(sign=(1, -1, 1)),
            "You went the wrong way, a − b + c. The step from a to b is b − a.",
        ),
        Mistake(
            "given words allowed",
            _analogy(given=None),
            "You allowed the given words as answers. Set the scores of a, b and c to −∞.",
        ),
        Mistake(
            "only c excluded",
            _analogy(without="c"),
            "You excluded c only. Neither a nor b may be the answer.",
        ),
        Mistake(
            "a not excluded",
            _analogy(without="bc"),
            "You excluded b and c, but a may not be the answer either.",
        ),
        Mistake(
            "not normalised",
            _analogy(unit=False),
            "You did not scale the rows to length 1, so long vectors win whatever their direction.",
        ),
        Mistake(
            "columns scaled",
            _analogy(dim=0),
            "You scaled the columns. A word is a row: E.norm(dim=1, keepdim=True).",
        ),
        Mistake(
            "dimension lost",
            _analogy(keepdim=False),
            "E.norm(dim=1) has shape (n_words,), which does not fit the rows; keepdim=True makes it (n_words, 1).",
        ),
        Mistake(
            "given words at 0",
            _analogy(given=0.0),
            "You gave the three given words the score 0. Where all others are below 0, that wins. Use −∞.",
        ),
        Mistake(
            "a + b + c",
            _analogy(sign=(1, 1, 1)),
            "You added all three. Subtract a: b − a + c.",
        ),
        Mistake(
            "neighbour of c",
            _analogy(sign=(0, 0, 1)),
            "You answered with the nearest neighbour of c: b − a is missing. That is the next exercise's baseline.",
        ),
        Mistake(
            "rows deleted",
            _rows_deleted,
            "You removed the three given rows before the argmax, so every row behind them has a new number. Keep all "
            "rows, and set the scores of the three to −∞.",
        ),
        Mistake(
            "target not normalised",
            _analogy(raw="target"),
            "You added the vectors as they are, so the longest of the three decides the target's direction. Scale all "
            "rows to length 1 first, a, b and c among them.",
        ),
        Mistake(
            "rows not normalised",
            _analogy(raw="rows"),
            "You scaled a, b and c, but compare with rows of any length, so long vectors win. Scale all rows first.",
        ),
        Mistake(
            "distance between raw vectors",
            _analogy(raw="distance"),
            "You took the distance between vectors of any length. The nearest direction is asked for: scale the rows "
            "to length 1, and take the largest dot product.",
        ),
        Mistake(
            "b − a − c",
            _analogy(sign=(-1, 1, -1)),
            "You subtracted c. The step from a to b starts at c: b − a + c.",
        ),
        Mistake(
            "farthest",
            _analogy(given=math.inf, choose=torch.argmin),
            "You took the smallest dot product, the row farthest from the target. The largest is the nearest.",
        ),
        Mistake(
            "the score",
            _analogy(choose=torch.max),
            "You returned the best score. Return the number of its row: argmax instead of max.",
        ),
        Mistake(
            "the vector",
            lambda E, a, b, c: _unit(E)[_analogy()(E, a, b, c)],
            "You returned the row's vector. Return its number.",
        ),
    ],
)
