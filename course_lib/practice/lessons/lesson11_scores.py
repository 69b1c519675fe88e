"""Lesson 11: precision, recall and F1 of a rare class."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _scores(targets, predictions, positive=1):
    right = int(((predictions == positive) & (targets == positive)).sum())
    called, there = int((predictions == positive).sum()), int((targets == positive).sum())
    precision = right / called if called else 0.0
    recall = right / there if there else 0.0
    return precision, recall, 2 * right / (called + there) if called + there else 0.0


def _changed(change):
    """What the three become when somebody gets them wrong: change(precision, recall, f1, targets, predictions)."""
    return lambda targets, predictions: change(*_scores(targets, predictions), targets, predictions)


def _zero_by_zero(targets, predictions):
    right = ((predictions == 1) & (targets == 1)).sum()
    precision, recall = right / (predictions == 1).sum(), right / (targets == 1).sum()
    return precision.item(), recall.item(), (2 * precision * recall / (precision + recall)).item()


def _accuracy_for_precision(precision, recall, f1, targets, predictions):
    accuracy = (predictions == targets).double().mean().item()
    return accuracy, recall, 2 * accuracy * recall / (accuracy + recall) if accuracy + recall else 0.0


def _agreements(targets, predictions):
    right, called, there = (int(x.sum()) for x in (targets == predictions, predictions == 1, targets == 1))
    return right / max(called, 1), right / max(there, 1), 2 * right / max(called + there, 1)


def _specificity(targets, predictions):
    precision, recall = _scores(targets, predictions)[0], _scores(targets, predictions, positive=0)[1]
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _no_zero(targets, predictions):
    right = int(((predictions == 1) & (targets == 1)).sum())
    precision, recall = right / int((predictions == 1).sum()), right / int((targets == 1).sum())
    return precision, recall, 2 * precision * recall / (precision + recall)


def _both_classes(targets, predictions):
    spam, ham = (_scores(targets, predictions, positive=positive) for positive in (1, 0))
    return tuple((a + b) / 2 for a, b in zip(spam, ham, strict=True))


def _one_for_empty(precision, recall, f1, targets, predictions):
    called, there = bool((predictions == 1).any()), bool((targets == 1).any())
    return precision if called else 1.0, recall if there else 1.0, f1 if called or there else 1.0


def _answers() -> list[tuple]:
    generator = seeded(3)
    targets = (torch.rand(60, generator=generator) < 0.2).long()
    flip = (torch.rand(60, generator=generator) < 0.15).long()
    return [
        (torch.tensor([1, 1, 1, 0, 1, 1, 0, 0, 0, 0]), torch.tensor([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])),
        (targets, (targets + flip) % 2),
        (torch.tensor([1, 0, 0, 1, 0]), torch.zeros(5, dtype=torch.int64)),
        (torch.zeros(3, dtype=torch.int64), torch.tensor([1, 0, 1])),
        (torch.tensor([0, 1, 0]), torch.tensor([1, 0, 1])),
    ]


PRECISION_RECALL = Exercise(
    id="11.precision_recall_f1",
    title="Precision, recall, F1",
    points=1,
    reference=_scores,
    cases=_answers,
    parts=("precision", "recall", "F1"),
    properties=[
        has_shape("Are there three numbers: precision, recall, F1?"),
        holds(
            "Do all three lie between 0 and 1?",
            lambda result, *_: all(0 <= value <= 1 for value in result),
            cases=(0, 1),
        ),
        matches_reference(
            "Where three of four predicted messages are spam, and two more are, is it 3/4, 3/5 and 2/3?",
            cases=0,
        ),
        matches_reference("For sixty messages, are the three numbers right?", cases=1),
        matches_reference(
            "Where nothing is predicted to be spam, are all three 0, without an error?", cases=2
        ),
        matches_reference("Where no message is spam, are all three 0, without an error?", cases=3),
        matches_reference("Where all predicted spam is ham, are all three 0, without an error?", cases=4),
    ],
    hints=[
        "Which three counts do the three formulas need?",
        "Count the true positives, all predicted positives and all real positives. Precision divides the first by the "
        "second, recall by the third. Each division needs a case for a denominator of 0.",
        "`int(((predictions == 1) & (targets == 1)).sum())` counts the true positives. A conditional expression, "
        "`x / n if n else 0.0`, takes care of 0. With counts, F1 is 2 · true positives / (predicted + real).",
    ],
    mistakes=[
        Mistake(
            "exchanged",
            _changed(lambda p, r, f, *_: (r, p, f)),
            "You exchanged precision and recall, or targets and predictions: targets come first. Precision "
            "divides by the predicted positives, recall by the real ones.",
        ),
        Mistake(
            "plain mean",
            _changed(lambda p, r, f, *_: (p, r, (p + r) / 2)),
            "Your F1 is the arithmetic mean. F1 is the harmonic mean, 2pr / (p + r).",
        ),
        Mistake(
            "geometric mean",
            _changed(lambda p, r, f, *_: (p, r, (p * r) ** 0.5)),
            "Your F1 is the geometric mean, the root of p · r. F1 is the harmonic mean, 2pr / (p + r).",
        ),
        Mistake(
            "intersection over union",
            _changed(lambda p, r, f, *_: (p, r, f / (2 - f))),
            "You divide the true positives by all messages that are spam or called spam (the Jaccard index). F1 is "
            "2pr / (p + r).",
        ),
        Mistake(
            "two forgotten",
            _changed(lambda p, r, f, *_: (p, r, f / 2)),
            "Your F1 is half of what it should be: it is 2pr / (p + r).",
        ),
        Mistake(
            "accuracy for precision",
            _changed(_accuracy_for_precision),
            "Your precision is the accuracy: it counts correct ham, too. Divide by all predicted positives.",
        ),
        Mistake(
            "accuracy in precision's place",
            _changed(
                lambda p, r, f, targets, predictions: ((predictions == targets).double().mean().item(), r, f)
            ),
            "Your precision is the accuracy: it counts correct ham, too. Divide by all predicted positives.",
        ),
        Mistake(
            "division by 0",
            _no_zero,
            "You divide by 0. There are three denominators: predicted positives, real positives, and p + r in "
            "F1, which is 0 where both are. By convention the score is 0 in each case.",
        ),
        Mistake(
            "every agreement a true positive",
            _agreements,
            "You count correct ham as a true positive, too. Only spam that was predicted as spam is one.",
        ),
        Mistake(
            "specificity for recall",
            _specificity,
            "Your recall is that of ham, the specificity. Divide the true positives by all real spam.",
        ),
        Mistake(
            "the other class",
            lambda targets, predictions: _scores(targets, predictions, positive=0),
            "You scored class 0, ham; the positive class is 1, spam.",
        ),
        Mistake(
            "mean of both classes",
            _both_classes,
            "You average the scores of spam and of ham (the macro average). Score class 1 alone.",
        ),
        Mistake(
            "F1 first",
            _changed(lambda p, r, f, *_: (f, p, r)),
            "Your F1 comes first. Return precision, recall, F1, in this order.",
        ),
        Mistake(
            "1 where there is nothing",
            _changed(_one_for_empty),
            "Where a denominator is 0 you give 1. By the convention of this exercise the score is 0 then.",
        ),
        Mistake(
            "NaN in F1",
            _changed(lambda p, r, f, *_: (p, r, f if p + r else float("nan"))),
            "Where precision and recall are both 0, your F1 is 0 / 0, which is NaN. By convention it is 0 then.",
        ),
        Mistake(
            "0 divided by 0",
            _zero_by_zero,
            "Where nothing is predicted to be spam you divide 0 by 0, which is NaN. By convention the score is 0 then.",
        ),
    ],
)
