"""Lesson 03: the score of an analogy test, against its baseline."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson03_analogies import ANALOGY, analogy_tables
from course_lib.practice.properties import has_shape, holds, matches_reference


def _accuracies(E: Tensor, questions: list) -> tuple[float, float]:
    unit = E / E.norm(dim=1, keepdim=True)
    arithmetic = nearest = 0
    for a, b, c, answers in questions:
        arithmetic += ANALOGY.reference(unit, a, b, c) in answers
        scores = unit @ unit[c]
        scores[[a, b, c]] = -math.inf
        nearest += scores.argmax().item() in answers
    return arithmetic / len(questions), nearest / len(questions)


def _hit(scores: Tensor, answers: list, n_guesses: int) -> bool:
    return any(row in answers for row in scores.topk(n_guesses).indices.tolist())


def _scored(
    baseline: str = "c",
    without: str = "abc",
    given: bool = False,
    first: bool = False,
    unit: bool = True,
    sign: int = 1,
    raw_baseline: bool = False,
    guesses: Callable = lambda answers: 1,
    share: Callable = lambda right, questions: sum(right) / len(questions),
    told: Callable = lambda arithmetic, nearest: (arithmetic, nearest),
    unanswered: bool = False,
) -> Callable:
    """Score a test; the options are the ways to get it wrong."""

    def score(E, questions):
        table = E / E.norm(dim=1, keepdim=True) if unit else E
        arithmetic, nearest = [], []
        for a, b, c, answers in questions:
            answers = answers[:1] if first else answers
            rows = {"a": a, "b": b, "c": c}
            scores = table @ (sign * (table[b] - table[a]) + table[c])
            if not given:
                scores[[a, b, c]] = -math.inf
            arithmetic.append(_hit(scores, answers, guesses(answers)))
            others = E if raw_baseline else table
            sums = {"b − a": others[b] - others[a], "b + c": others[b] + others[c]}
            scores = others @ (sums[baseline] if baseline in sums else others[rows[baseline]])
            scores[[rows[name] for name in without]] = -math.inf
            nearest.append(_hit(scores, answers, guesses(answers)))
        if unanswered:
            left = [one for one, other in zip(arithmetic, nearest, strict=True) if not other]
            return sum(left) / max(len(left), 1), share(nearest, questions)
        return told(share(arithmetic, questions), share(nearest, questions))

    return score


def _tests() -> list[tuple]:
    generator = seeded(5)
    exact, given = analogy_tables()[0][0], analogy_tables()[2][0]

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
        "What is counted for each question, and what do you divide the count by?",
        "Arithmetic: is the row of exercise 5 among the right answers? Baseline: the same, with c alone as the target.",
        "For the baseline the scores are `unit @ unit[c]`, and the three given rows get −∞ there as well.",
    ],
    mistakes=[
        Mistake(
            "counts",
            _scored(share=lambda right, questions: sum(right)),
            "You returned how many answers are right. Divide by the number of questions.",
        ),
        Mistake(
            "per cent",
            _scored(share=lambda right, questions: 100 * sum(right) / len(questions)),
            "You returned per cent. Return shares from 0 to 1.",
        ),
        Mistake(
            "first answer only",
            _scored(first=True),
            "You compared with the first of the right answers only. Any row in the list counts: `row in answers`.",
        ),
        Mistake(
            "order",
            _scored(told=lambda arithmetic, nearest: (nearest, arithmetic)),
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
        Mistake(
            "nothing excluded in either",
            _scored(given=True, without=""),
            "Both may answer with a given word, and mostly do. Exclude a, b and c in both.",
        ),
        Mistake(
            "b not excluded",
            _scored(without="ac"),
            "Your baseline may answer b. Exclude all three given words in both, or the comparison is unfair.",
        ),
        Mistake(
            "not normalised",
            _scored(unit=False),
            "You did not scale the rows to length 1, so long vectors win whatever their direction.",
        ),
        Mistake(
            "baseline not normalised",
            _scored(raw_baseline=True),
            "Your baseline takes dot products of raw rows, where long vectors win. Scale the rows there, too.",
        ),
        Mistake(
            "several guesses",
            _scored(guesses=len),
            "You gave as many answers as count as right. A question gets one: the best row that is not given.",
        ),
        Mistake(
            "a − b + c",
            _scored(sign=-1),
            "Your arithmetic goes the wrong way, a − b + c. The step from a to b is b − a.",
        ),
        Mistake(
            "baseline of b − a",
            _scored(baseline="b − a"),
            "Your baseline is the row nearest to b − a. Leave b − a out, and keep c.",
        ),
        Mistake(
            "baseline of b + c",
            _scored(baseline="b + c"),
            "Your baseline leaves out a alone. Leave b out of its target as well: the row nearest to c.",
        ),
        Mistake(
            "first five",
            _scored(guesses=lambda answers: 5),
            "You looked for a right answer among the five best rows. A question gets one: the best row.",
        ),
        Mistake(
            "divided by the right answers",
            _scored(share=lambda right, questions: sum(right) / sum(len(one[3]) for one in questions)),
            "You divided by the number of right answers. Each question counts once, however many answers are right.",
        ),
        Mistake(
            "rounded down",
            _scored(share=lambda right, questions: sum(right) // len(questions)),
            "// rounds down, so every accuracy below 1 becomes 0. Divide with /.",
        ),
        Mistake(
            "what is gained",
            _scored(told=lambda arithmetic, nearest: (arithmetic, arithmetic - nearest)),
            "Your second number is the difference. Return the accuracy of the baseline itself.",
        ),
        Mistake(
            "the difference",
            _scored(told=lambda arithmetic, nearest: arithmetic - nearest),
            "You returned the difference. Return both accuracies, the arithmetic's first.",
        ),
        Mistake(
            "the arithmetic alone",
            _scored(told=lambda arithmetic, nearest: arithmetic),
            "You returned the accuracy of the arithmetic. It says little without that of the baseline: return both.",
        ),
        Mistake(
            "only what the baseline misses",
            _scored(unanswered=True),
            "You scored the arithmetic only on questions that the baseline gets wrong. Score both on all questions.",
        ),
    ],
)
