"""Lesson 11: precision, recall and F1 of a rare class, and entities in a row of tags."""

import torch

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


def _no_zero(targets, predictions):
    right = int(((predictions == 1) & (targets == 1)).sum())
    precision, recall = right / int((predictions == 1).sum()), right / int((targets == 1).sum())
    return precision, recall, 2 * precision * recall / (precision + recall)


def _answers() -> list[tuple]:
    generator = torch.Generator().manual_seed(3)
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
    reference=_scores,
    cases=_answers,
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
            "the other class",
            lambda targets, predictions: _scores(targets, predictions, positive=0),
            "You scored class 0, ham; the positive class is 1, spam.",
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


def _entities(
    inclusive=False,
    keep_last=True,
    B_goes_on=False,
    any_kind=False,
    orphans=True,
    across_O=False,
    short_kind=False,
):
    """Entities of BIO tags; the options are the ways to get it wrong."""

    def entities(tags):
        found, current = [], None  # current: [kind, start, stop]
        for place, tag in enumerate([*tags, "O"]):
            head, _, kind = tag.partition("-")
            kind = kind.split("-")[0] if short_kind else kind
            if across_O and head == "O" and place < len(tags):
                continue
            begins = head == "B" and not (B_goes_on and current and current[0] == kind)
            goes_on = current is not None and not begins and head != "O" and (any_kind or current[0] == kind)
            if goes_on:
                current[2] = place + 1
                continue
            if current is not None and (keep_last or place < len(tags)):
                found.append((current[0], current[1], current[2] - inclusive))
            current = [kind, place, place + 1] if begins or (head == "I" and orphans) else None
        return found

    return entities


def _I_always_extends(tags):
    found = []
    for place, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], place, place + 1))
        elif tag.startswith("I-") and found:
            found[-1] = (found[-1][0], found[-1][1], place + 1)
    return found


def _closed_by_B_and_O(tags):
    found, current = [], None
    for place, tag in enumerate(tags):
        if tag.startswith("I-"):
            continue
        if current:
            found.append((*current, place))
        current = (tag[2:], place) if tag.startswith("B-") else None
    return found


def _cut_at_every_hyphen(tags):
    for tag in tags:
        if tag != "O":
            _, _ = tag.split("-")
    return _entities()(tags)


ENTITIES = Exercise(
    id="11.entities",
    title="Entities in a row of tags",
    reference=_entities(),
    cases=lambda: [
        (["O", "B-PER", "I-PER", "O"],),
        (["O", "B-LOC", "I-LOC"],),
        (["B-PER", "B-PER", "O", "B-LOC", "B-PER"],),
        (["B-PER", "I-LOC", "O", "I-PER", "I-PER"],),
        (["O", "O"],),
        (["B-PER", "O", "I-PER"],),
        (["O", "B-creative-work", "I-creative-work"],),
    ],
    properties=[
        matches_reference("For one name of two words, is it ('PER', 1, 3)?", cases=0),
        matches_reference("Is an entity found that ends with the sentence?", cases=1),
        matches_reference("Are two names in a row, B- and B-, two entities?", cases=2),
        matches_reference(
            "Does an I- that continues nothing, or a different type, begin an entity?", cases=3
        ),
        matches_reference("Is the list empty where there is no entity?", cases=4),
        matches_reference("Does an O end an entity, even if an I- of its type comes after it?", cases=5),
        matches_reference("Is a type with a hyphen kept whole?", cases=6),
    ],
    hints=[
        "Going from left to right, what must hold for a tag to continue the entity before it?",
        "An I- continues an entity if that has the same type and ends right here. Any other B- or I- begins a new one.",
        'Keep a list of (type, start, stop). `tag.partition("-")` splits a tag at its first hyphen. Where an I- '
        "continues, replace the list's last entry by one whose stop is one larger.",
    ],
    mistakes=[
        Mistake(
            "inclusive end",
            _entities(inclusive=True),
            "Your stop is the last word itself; it has to be the position after it, as in tags[start:stop].",
        ),
        Mistake(
            "last one lost",
            _entities(keep_last=False),
            "You lose an entity that ends with the sentence: no tag comes after it that would close it.",
        ),
        Mistake(
            "B goes on",
            _entities(B_goes_on=True),
            "Your B- continues the entity before it, so two names in a row become one. B- always begins a new one.",
        ),
        Mistake(
            "any type goes on",
            _entities(any_kind=True),
            "You let an I- continue a different type: B-PER I-LOC is a person, and then a place.",
        ),
        Mistake(
            "across an O",
            _entities(across_O=True),
            "You continue an entity across an O. An I- continues only an entity that ends right before it.",
        ),
        Mistake(
            "type cut",
            _entities(short_kind=True),
            'You cut the type at its own hyphen: tag.split("-", 1) or tag.partition("-") cut at the first one only.',
        ),
        Mistake(
            "too many parts",
            _cut_at_every_hyphen,
            'A type may have a hyphen of its own: tag.split("-", 1) or tag.partition("-") cut at the first one only.',
        ),
        Mistake(
            "I always goes on",
            _I_always_extends,
            "Every I- continues your last entity, whatever its type and wherever it ended. It continues one of its own "
            "type that ends right before it; otherwise it begins one.",
        ),
        Mistake(
            "closed by B and O only",
            _closed_by_B_and_O,
            "An entity is closed by the end of the sentence, too; and an I- may begin one.",
        ),
        Mistake(
            "orphans dropped",
            _entities(orphans=False),
            "You drop an I- that continues nothing. By the rule of the CoNLL shared tasks it begins an entity.",
        ),
    ],
)
