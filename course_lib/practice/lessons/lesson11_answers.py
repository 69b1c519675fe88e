"""Lesson 11: the best answer span, and the folds of a cross-validation."""

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _best_span(allowed):
    """The span with the largest sum of scores among those with allowed(start, end, max_len)."""

    def best_span(start_scores, end_scores, max_len):
        time = len(start_scores)
        spans = [(i, j) for i in range(time) for j in range(time) if allowed(i, j, max_len)]
        return max(spans, key=lambda span: float(start_scores[span[0]] + end_scores[span[1]]))

    return best_span


def _apart(start_scores, end_scores, max_len):
    return int(start_scores.argmax()), int(end_scores.argmax())


def _start_first(start_scores, end_scores, max_len):
    i = int(start_scores.argmax())
    return i, i + int(end_scores[i : i + max_len].argmax())


def _stop_after(start_scores, end_scores, max_len):
    i, j = _best_span(lambda i, j, n: i <= j < i + n)(start_scores, end_scores, max_len)
    return i, j + 1


def _from_zero(start_scores, end_scores, max_len):
    best, answer = 0.0, (0, 0)
    for i in range(len(start_scores)):
        for j in range(i, min(i + max_len, len(end_scores))):
            if start_scores[i] + end_scores[j] > best:
                best, answer = start_scores[i] + end_scores[j], (i, j)
    return answer


def _multiplied(start_scores, end_scores, max_len):
    spans = [(i, j) for i in range(len(start_scores)) for j in range(i, min(i + max_len, len(end_scores)))]
    return max(spans, key=lambda span: float(start_scores[span[0]] * end_scores[span[1]]))


def _span_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(2)
    easy = torch.tensor([0.0, 4.0, 1.0, 0.0]), torch.tensor([0.0, 1.0, 3.0, 0.0]), 3
    crossed = torch.tensor([0.0, 1.0, 0.0, 3.0, 0.0]), torch.tensor([0.0, 4.0, 0.0, 0.5, 1.0]), 3
    one_word = torch.tensor([0.0, 0.0, 5.0]), torch.tensor([0.0, 0.0, 5.0]), 2
    far = torch.tensor([4.0, 0.0, 0.0, 1.0, 0.0]), torch.tensor([0.0, 1.0, 0.0, 2.0, 3.0]), 2
    edge = torch.tensor([4.0, 0.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 2.0, 3.0]), 3
    random = [(*(2 * torch.randn(2, 9, generator=generator)), 4) for _ in range(3)]
    negative = torch.tensor([-4.0, -3.0, -1.0, -2.0]), torch.tensor([-3.0, -4.0, -2.0, -1.0]), 2
    return [easy, one_word, crossed, far, edge, *random, negative]


BEST_SPAN = Exercise(
    id="11.best_span",
    title="The best span",
    reference=_best_span(lambda i, j, n: i <= j < i + n),
    cases=_span_cases,
    properties=[
        has_shape("Are there two numbers, first and last token?"),
        matches_reference(
            "Where the best start stands before the best end: are these two the answer?", cases=0
        ),
        matches_reference("Can an answer be a single token, first and last at once?", cases=1),
        matches_reference(
            "Where the best end stands before the best start: the best that is in order?", cases=2
        ),
        matches_reference("Is an answer of more than max_len tokens never given?", cases=3),
        matches_reference("Is an answer of exactly max_len tokens allowed?", cases=4),
        matches_reference("And for random scores?", cases=(5, 6, 7)),
        matches_reference("And where all scores are negative?", cases=8),
    ],
    hints=[
        "The two choices are not independent: it is the sum of the pair's scores that must be largest.",
        "Go through all start ≤ end < start + max_len; keep the largest start_scores[i] + end_scores[j].",
        "max(((i, j) for i in range(time) for j in range(i, min(i + max_len, time))), "
        "key=lambda span: start_scores[span[0]] + end_scores[span[1]])",
    ],
    mistakes=[
        Mistake(
            "chosen apart",
            _apart,
            "You chose start and end apart: the end may stand before the start. The pair must be allowed as a pair.",
        ),
        Mistake(
            "start first",
            _start_first,
            "You took the best start and then the best end for it. A slightly worse start may have a far better end.",
        ),
        Mistake(
            "best begins at 0",
            _from_zero,
            "Your best sum begins at 0, and scores may all be negative: begin at -math.inf.",
        ),
        Mistake(
            "multiplied",
            _multiplied,
            "You multiplied the two scores. They are logits: they add (it is probabilities that multiply).",
        ),
        Mistake(
            "no longest length",
            _best_span(lambda i, j, n: i <= j),
            "Your answer may be longer than max_len tokens.",
        ),
        Mistake(
            "one too short",
            _best_span(lambda i, j, n: i <= j < max(i + 1, i + n - 1)),
            "Your longest answer has max_len − 1 tokens: from i to j there are j − i + 1.",
        ),
        Mistake(
            "one too long",
            _best_span(lambda i, j, n: i <= j <= i + n),
            "Your longest answer has max_len + 1 tokens: from i to j there are j − i + 1.",
        ),
        Mistake(
            "no single token",
            _best_span(lambda i, j, n: i < j < i + n),
            "You allow no answer of one token; first and last may be the same.",
        ),
        Mistake(
            "place after the end",
            _stop_after,
            "Your second number is the place after the answer; asked for is its last token.",
        ),
    ],
)


def _folds(held_out, learn=None):
    """k pairs (train, validation); held_out(n, k, i) are the examples of fold i, learn(n, k, i, held) the rest."""

    def folds(n, k):
        result = []
        for i in range(k):
            held = list(held_out(n, k, i))
            rest = [x for x in range(n) if x not in held] if learn is None else list(learn(n, k, i, held))
            result.append((rest, held))
        return result

    return folds


def _once_each(result, n, k) -> bool | str:
    counts = [sum(held.count(example) for _, held in result) for example in range(n)]
    wrong = next((example for example, count in enumerate(counts) if count != 1), None)
    return wrong is None or f"example {wrong} is held out {counts[wrong]} times, not once."


def _disjoint(result, n, k) -> bool | str:
    for i, (train, held) in enumerate(result):
        both = sorted(set(train) & set(held))
        if both:
            return f"in fold {i}, example {both[0]} is learned from and held out."
    return True


FOLDS = Exercise(
    id="11.folds",
    title="Folds",
    reference=_folds(lambda n, k, i: range(i, n, k)),
    cases=lambda: [(6, 3), (4, 4), (7, 3)],
    properties=[
        has_shape("Are there k pairs, of the right lengths?", cases=(0, 1)),
        holds("Is nothing learned from and held out in the same fold?", _disjoint, cases=0),
        holds("Is every example held out exactly once?", _once_each, cases=0),
        matches_reference("Six examples in three folds: is fold 0 ([1, 2, 4, 5], [0, 3])?", cases=0),
        matches_reference("As many folds as examples: is one held out in each?", cases=1),
        matches_reference("Seven examples in three folds: is none forgotten?", cases=2),
    ],
    hints=[
        "Fold i holds out every k-th example, beginning with example i; everything else is learned from.",
        "held = list(range(i, n, k)); train is the rest, in order.",
        "[([x for x in range(n) if x % k != i], list(range(i, n, k))) for i in range(k)]",
    ],
    mistakes=[
        Mistake(
            "learned from all",
            _folds(lambda n, k, i: range(i, n, k), lambda n, k, i, held: range(n)),
            "You learn from the held-out examples as well: such a validation measures memory.",
        ),
        Mistake(
            "exchanged",
            _folds(lambda n, k, i: [x for x in range(n) if x % k != i], lambda n, k, i, held: range(i, n, k)),
            "You exchanged the two: learn from the many, hold out the few.",
        ),
        Mistake(
            "blocks, rest forgotten",
            _folds(lambda n, k, i: range(i * (n // k), (i + 1) * (n // k))),
            "You cut blocks: data often comes in order (and with n // k the last examples are never held out). "
            "Fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "blocks",
            _folds(lambda n, k, i: range(i * n // k, (i + 1) * n // k)),
            "You cut blocks: data often comes in order, a block of one kind. Fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "numbered from 1",
            _folds(
                lambda n, k, i: range(i + 1, n + 1, k),
                lambda n, k, i, held: [x for x in range(1, n + 1) if x not in held],
            ),
            "You numbered the examples from 1; they are 0 to n − 1, as everywhere in Python.",
        ),
        Mistake(
            "fold after fold",
            _folds(
                lambda n, k, i: range(i, n, k),
                lambda n, k, i, held: [x for j in range(k) if j != i for x in range(j, n, k)],
            ),
            "Your train lists hold the right examples, but fold after fold; asked for is ascending order.",
        ),
        Mistake(
            "equal folds only",
            _folds(lambda n, k, i: range(i, n - n % k, k)),
            "You hold out as many in each fold and forget the rest: where k does not divide n, some have one more.",
        ),
        Mistake(
            "only what came before",
            _folds(lambda n, k, i: range(i, n, k), lambda n, k, i, held: [x for x in range(n) if x % k < i]),
            "You learn only from the folds before this one; learn from all the others.",
        ),
    ],
)
