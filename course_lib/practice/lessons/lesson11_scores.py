"""Lesson 11: precision, recall and F1 of a rare class, and entities in a row of tags."""

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _scores(predictions, targets, positive=1):
    right = int(((predictions == positive) & (targets == positive)).sum())
    called, there = int((predictions == positive).sum()), int((targets == positive).sum())
    precision = right / called if called else 0.0
    recall = right / there if there else 0.0
    return precision, recall, 2 * right / (called + there) if called + there else 0.0


def _changed(change):
    """What the three become when somebody gets them wrong: change(precision, recall, f1, predictions, targets)."""
    return lambda predictions, targets: change(*_scores(predictions, targets), predictions, targets)


def _zero_by_zero(predictions, targets):
    right = ((predictions == 1) & (targets == 1)).sum()
    precision, recall = right / (predictions == 1).sum(), right / (targets == 1).sum()
    return precision.item(), recall.item(), (2 * precision * recall / (precision + recall)).item()


def _accuracy_for_precision(precision, recall, f1, predictions, targets):
    accuracy = (predictions == targets).double().mean().item()
    return accuracy, recall, 2 * accuracy * recall / (accuracy + recall) if accuracy + recall else 0.0


def _no_zero(predictions, targets):
    right = int(((predictions == 1) & (targets == 1)).sum())
    precision, recall = right / int((predictions == 1).sum()), right / int((targets == 1).sum())
    return precision, recall, 2 * precision * recall / (precision + recall)


def _answers() -> list[tuple]:
    generator = torch.Generator().manual_seed(3)
    targets = (torch.rand(60, generator=generator) < 0.2).long()
    flip = (torch.rand(60, generator=generator) < 0.15).long()
    return [
        (torch.tensor([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]), torch.tensor([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])),
        ((targets + flip) % 2, targets),
        (torch.zeros(5, dtype=torch.int64), torch.tensor([1, 0, 0, 1, 0])),
        (torch.tensor([1, 0, 1]), torch.zeros(3, dtype=torch.int64)),
        (torch.tensor([1, 0, 1]), torch.tensor([0, 1, 0])),
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
            "Four were called spam, three of them are; two more are spam: is it 3/4, 3/5 and 2/3?", cases=0
        ),
        matches_reference("And for sixty messages?", cases=1),
        matches_reference("Where nothing is called spam: are all three 0, without an error?", cases=2),
        matches_reference("And where there is no spam at all?", cases=3),
        matches_reference("And where some was called spam, and all of it wrongly?", cases=4),
    ],
    hints=[
        "Count three things: spam that was called so (right), what was called spam, what is spam.",
        "precision = right / called, recall = right / there, F1 = 2 · right / (called + there).",
        "right = int(((predictions == 1) & (targets == 1)).sum()); called = int((predictions == 1).sum()); likewise "
        "there; write x / called if called else 0.0.",
    ],
    mistakes=[
        Mistake(
            "exchanged",
            _changed(lambda p, r, f, *_: (r, p, f)),
            "You exchanged precision and recall: precision divides by what was called spam, recall by what is.",
        ),
        Mistake(
            "plain mean",
            _changed(lambda p, r, f, *_: (p, r, (p + r) / 2)),
            "Your F1 is the plain mean of the two; it is the harmonic one, 2pr / (p + r); the worse one rules it.",
        ),
        Mistake(
            "two forgotten",
            _changed(lambda p, r, f, *_: (p, r, f / 2)),
            "Your F1 is half of what it should be: pr / (p + r) wants a 2 in front.",
        ),
        Mistake(
            "accuracy for precision",
            _changed(_accuracy_for_precision),
            "Your precision is the accuracy: it counts right ham, too. Divide right spam by what was called spam.",
        ),
        Mistake(
            "accuracy in precision's place",
            _changed(
                lambda p, r, f, predictions, targets: ((predictions == targets).double().mean().item(), r, f)
            ),
            "Your precision is the accuracy: it counts right ham, too. Divide right spam by what was called spam.",
        ),
        Mistake(
            "division by 0",
            _no_zero,
            "Where nothing is called spam, or nothing is spam, you divide by 0; by custom the score is 0 then.",
        ),
        Mistake(
            "the other class",
            lambda predictions, targets: _scores(predictions, targets, positive=0),
            "You scored class 0, ham; the one that is looked for is class 1.",
        ),
        Mistake(
            "0 divided by 0",
            _zero_by_zero,
            "Where nothing is called spam you divide 0 by 0, which is NaN; by custom the score is 0 then.",
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
        matches_reference("One name of two words: is it ('PER', 1, 3)?", cases=0),
        matches_reference("Is the entity found with which the sentence ends?", cases=1),
        matches_reference("Two names side by side, B- and B-: are they two?", cases=2),
        matches_reference(
            "Does an I- that goes on with nothing, or with another type, begin an entity?", cases=3
        ),
        matches_reference("Is the list empty where there is no entity?", cases=4),
        matches_reference("Does an O end an entity, even if an I- of its type comes after it?", cases=5),
        matches_reference("Is a type with a hyphen of its own kept whole?", cases=6),
    ],
    hints=[
        "Walk from left to right and ask of each tag: does it go on with the entity before it?",
        "An entity goes on only at an I- of its own type, right after its last word; else a B- or I- begins one.",
        "Keep found as a list; at an I- with found and found[-1][0] == kind and found[-1][2] == place, replace "
        "found[-1] by one with stop place + 1; at any other tag but O append (kind, place, place + 1).",
    ],
    mistakes=[
        Mistake(
            "inclusive end",
            _entities(inclusive=True),
            "Your end is the last word itself; asked for is the place after it, as in tags[start:stop].",
        ),
        Mistake(
            "last one lost",
            _entities(keep_last=False),
            "You lose an entity that lasts to the sentence's end: nothing comes after it that would close it.",
        ),
        Mistake(
            "B goes on",
            _entities(B_goes_on=True),
            "You let a B- go on with the entity before it: two names side by side become one. B- always begins.",
        ),
        Mistake(
            "any type goes on",
            _entities(any_kind=True),
            "You let an I- of another type go on: B-PER I-LOC is a person, and then a place.",
        ),
        Mistake(
            "across an O",
            _entities(across_O=True),
            "You let an entity go on after an O: an I- goes on only with the word right before it.",
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
            "You let every I- go on with the last entity, whatever its type and wherever it ended; it goes on with "
            "one of its own type that ends right before it, else it begins one.",
        ),
        Mistake(
            "closed by B and O only",
            _closed_by_B_and_O,
            "An entity is closed by the end of the sentence, too; and an I- may begin one.",
        ),
        Mistake(
            "orphans dropped",
            _entities(orphans=False),
            "You drop an I- that goes on with nothing. By the shared tasks' rule it begins an entity.",
        ),
    ],
)
