"""Lesson 03: analogies by arithmetic, and their score against a baseline."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _analogy(
    sign: tuple[int, int, int] = (-1, 1, 1),
    unit: bool = True,
    given: float | None = -math.inf,
    dim: int = 1,
    keepdim: bool = True,
    without: str = "abc",
) -> Callable:
    """Solve an analogy; the options are the ways to get it wrong."""

    def solve(E, a, b, c):
        table = E / E.norm(dim=dim, keepdim=keepdim) if unit else E
        target = sign[0] * table[a] + sign[1] * table[b] + sign[2] * table[c]
        scores = table @ target
        if given is not None:
            scores[[row for name, row in zip("abc", (a, b, c), strict=True) if name in without]] = given
        return scores.argmax().item()

    return solve


def _rows_deleted(E: Tensor, a: int, b: int, c: int) -> int:
    unit = E / E.norm(dim=1, keepdim=True)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    left = [row for row in range(len(E)) if row not in (a, b, c)]
    return scores[left].argmax().item()


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
    # As before, with a long target: every score of a candidate is below −1.
    opposite = torch.tensor([[-1.0, 0.1], [1.0, 0.1], [1.0, -0.1], [-1.0, 0.25], [-1.0, -0.4]])
    # b and c lie on both sides of a, so b − a + c points along a itself.
    between = torch.tensor([[0.0, 1.0], [2.0, 0.0], [1.0, 0.4], [0.0, -1.0], [1.0, -0.4]])
    generator = seeded(2)
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
    ]


ANALOGY = Exercise(
    id="03.analogy",
    title="Analogy by arithmetic",
    reference=_analogy(),
    cases=_analogy_tables,
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
    ],
)


def _accuracies(E: Tensor, questions: list) -> tuple[float, float]:
    unit = E / E.norm(dim=1, keepdim=True)
    arithmetic = nearest = 0
    for a, b, c, answers in questions:
        arithmetic += ANALOGY.reference(unit, a, b, c) in answers
        scores = unit @ unit[c]
        scores[[a, b, c]] = -math.inf
        nearest += scores.argmax().item() in answers
    return arithmetic / len(questions), nearest / len(questions)


def _scored(
    baseline: str = "c",
    without: str = "abc",
    counts: bool = False,
    swapped: bool = False,
    given: bool = False,
    scale: float = 1,
    first: bool = False,
) -> Callable:
    """Score a test; the options are the ways to get it wrong."""

    def score(E, questions):
        unit = E / E.norm(dim=1, keepdim=True)
        arithmetic = nearest = 0
        for a, b, c, answers in questions:
            answers = answers[:1] if first else answers
            rows = {"a": a, "b": b, "c": c}
            scores = unit @ (unit[b] - unit[a] + unit[c])
            if not given:
                scores[[a, b, c]] = -math.inf
            arithmetic += scores.argmax().item() in answers
            scores = unit @ unit[rows[baseline]]
            scores[[rows[name] for name in without]] = -math.inf
            nearest += scores.argmax().item() in answers
        n = 1 if counts else len(questions) / scale
        both = [arithmetic / n, nearest / n]
        return tuple(reversed(both) if swapped else both)

    return score


def _tests() -> list[tuple]:
    generator = seeded(5)
    exact, given = _analogy_tables()[0][0], _analogy_tables()[2][0]

    def random_test(n_words: int, d_model: int, n_questions: int) -> tuple:
        E = torch.randn(n_words, d_model, generator=generator) * (
            torch.rand(n_words, 1, generator=generator) * 3 + 0.2
        )
        questions = []
        for _ in range(n_questions):
            order = torch.randperm(n_words, generator=generator).tolist()
            questions.append((*order[:3], order[3 : 3 + n_words // 3]))
        return E, questions

    return [
        (exact, [(0, 1, 2, [3])]),
        (given, [(0, 1, 2, [3]), (2, 3, 0, [1]), (1, 0, 2, [4]), (0, 2, 1, [3, 4])]),
        random_test(9, 3, 40),
        random_test(14, 4, 60),
    ]


ACCURACIES = Exercise(
    id="03.accuracies",
    title="The score of an analogy test",
    reference=_accuracies,
    cases=_tests,
    properties=[
        has_shape("Does it return two numbers?"),
        matches_reference("One question that the arithmetic answers: is the accuracy 1.0?", cases=0),
        holds(
            "Are both accuracies between 0 and 1?",
            lambda both, *_: (
                all(0 <= float(one) <= 1 for one in both) or "an accuracy is not between 0 and 1."
            ),
        ),
        matches_reference(
            "Four questions, one of them with two right answers: are both accuracies right?", cases=1
        ),
        matches_reference(
            "Are both right for tests with many questions and several right answers?", cases=[2, 3]
        ),
    ],
    hints=[
        "What is counted for each question, and by what is the count divided?",
        "Arithmetic: is the row of exercise 5 among the right answers? Baseline: the same, with c alone as the target.",
        "For the baseline the scores are `unit @ unit[c]`, and the three given rows get −∞ there as well.",
    ],
    mistakes=[
        Mistake(
            "counts",
            _scored(counts=True),
            "You returned how many answers are right. Divide by the number of questions.",
        ),
        Mistake(
            "per cent",
            _scored(scale=100),
            "You returned per cent. Return shares from 0 to 1.",
        ),
        Mistake(
            "first answer only",
            _scored(first=True),
            "You compared with the first of the right answers only. Any row in the list counts: `row in answers`.",
        ),
        Mistake(
            "order",
            _scored(swapped=True),
            "You returned the baseline before the arithmetic. The arithmetic comes first.",
        ),
        Mistake(
            "only c excluded",
            _scored(without="c"),
            "Your baseline may answer a or b. Exclude all three given words in both, or the comparison is unfair.",
        ),
        Mistake(
            "nothing excluded",
            _scored(without=""),
            "Your baseline answers c itself, which is always nearest to c. Exclude the three given words.",
        ),
        Mistake(
            "nearest to b",
            _scored(baseline="b"),
            "Your baseline is the nearest neighbour of b. The question asks about c.",
        ),
        Mistake(
            "given words allowed",
            _scored(given=True),
            "Your arithmetic may answer a given word. Use your function of exercise 5, which excludes them.",
        ),
        Mistake(
            "compared with the list",
            lambda E, questions: (0.0, 0.0),
            "Every answer counts as wrong. A row number never equals a list: ask `row in answers`.",
        ),
    ],
)
