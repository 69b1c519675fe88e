"""Lesson 11: a tagger, from an encoder to the F1 of whole entities."""

from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.metrics import entity_f1
from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.lessons.lesson11_tagger_mistakes import MISTAKES
from course_lib.practice.lessons.lesson11_tagging import tagger_with, tagging_cases


def _outcome(result: Any, encoder: nn.Module, head: nn.Module, *_: Any) -> Any:
    """The three results with the losses as numbers, and the weights that the training leaves behind."""
    if not isinstance(result, tuple | list) or len(result) != 3:
        return {"odd": result}
    losses, predicted, f1 = result
    if not isinstance(losses, tuple | list) and getattr(losses, "ndim", 0) != 1:
        return {"odd": result}
    keeps_graph = any(isinstance(x, Tensor) and x.requires_grad for x in losses)
    losses = [float(x.detach()) if isinstance(x, Tensor) and x.numel() == 1 else x for x in losses]
    weights = [torch.cat([p.detach().flatten() for p in part.parameters()]) for part in (encoder, head)]
    f1 = float(f1) if isinstance(f1, Real | Tensor) else f1
    return {
        "losses": losses,
        "predicted": predicted,
        "f1": f1,
        "keeps_graph": keeps_graph,
        "weights": weights,
    }


def _property(question: str, case: int, test: Callable[..., str | None]) -> Property:
    """test(outcome, expected, *arguments) → None or a sentence."""

    def judge(attempt: Attempt) -> str | None:
        arguments = attempt.cases()[case]
        outcome = attempt(*arguments)
        if "odd" in outcome:
            return (
                "You return something else, expected three: losses, predicted tags of each test sentence, F1."
            )
        return test(outcome, attempt.expected(*arguments), *arguments)

    return Property(question, judge)


def _sizes(found, expected, encoder, head, train, test, *_) -> str | None:
    if len(found["losses"]) != len(train):
        return f"For {len(train)} training batches you return {len(found['losses'])} losses."
    lengths = [len(row) for row in expected["predicted"]]
    own = [len(row) for row in found["predicted"]]
    pieces = [len(row) for _, _, words, _ in test for row in words]
    if own == pieces:
        return f"The test sentences have {lengths} words; you return {own} tags, one for each piece."
    return None if own == lengths else f"The test sentences have {lengths} words; you return {own} tags."


def _losses(sentence: str, first_only: bool = True) -> Callable:
    def test(found, expected, *_):
        own, right = (
            outcome["losses"][:1] if first_only else outcome["losses"] for outcome in (found, expected)
        )
        for number, (one, wanted) in enumerate(zip(own, right, strict=True)):
            gap = difference(one, wanted, 1e-3)
            if gap is not None:
                return f"{sentence} For training batch {number} {gap.sentence()}"
        return None

    return test


def _tags(sentence: str) -> Callable:
    def test(found, expected, *_):
        for number, (own, right) in enumerate(zip(found["predicted"], expected["predicted"], strict=True)):
            if list(own) != list(right):
                own = " ".join(map(str, own))
                return f"{sentence} In test sentence {number} you have {own}, expected {' '.join(right)}."
        return None

    return test


def _f1(found, expected, encoder, head, train, test, tags, lr) -> str | None:
    gold = [[tags[tag] for tag in its] for *_, tag_ids in test for its in tag_ids]
    right = entity_f1(gold, found["predicted"]).f1
    if difference(found["f1"], right, 1e-4) is None:
        return None
    return f"Your own tags have an F1 of {right:.3f} over all entities; you return {found['f1']:.3f}."


def _plain(found, *_) -> str | None:
    if not found["keeps_graph"]:
        return None
    return (
        "Your losses still require gradients, which keeps every step's graph in memory: append loss.item()."
    )


def _learns(found, expected, *_) -> str | None:
    last, best = (sum(outcome["losses"][-10:]) / 10 for outcome in (found, expected))
    if last > best + 0.1:
        return f"Over the last 10 of 30 steps the mean loss is {last:.3g}; {best:.3g} can be reached."
    if found["f1"] < expected["f1"] - 0.1:
        return f"After 30 steps F1 on the test sentences is {found['f1']:.2f}; {expected['f1']:.2f} can be reached."
    return None


TAGGER = Exercise(
    id="11.tagger",
    title="A tagger, from encoder to entity F1",
    points=4,
    reference=tagger_with(),
    cases=tagging_cases,
    outcome=_outcome,
    parts=("losses", "predicted", "f1"),
    properties=[
        _property(
            "Is there one loss per training batch, and one tag per word of each test sentence?", 2, _sizes
        ),
        _property(
            "Is the first loss the untrained tagger's mean cross-entropy over the words, without [CLS] and [SEP]?",
            0,
            _losses("For one sentence without further pieces or padding, it differs."),
        ),
        _property(
            "Are padding and the further pieces of a word left out, of the encoder's sentence and of the loss?",
            1,
            _losses("With words of up to three pieces and padding, the first loss differs."),
        ),
        _property(
            "Do encoder and head both take one AdamW step per batch, from gradients of zero?",
            2,
            _losses("The losses of four batches differ.", first_only=False),
        ),
        _property(
            "Is it AdamW, weight decay included?",
            7,
            _losses("After one step with a rate of 1 the loss differs.", first_only=False),
        ),
        _property(
            "Is dropout on while the tagger trains?",
            3,
            _losses("The encoder comes in evaluation mode, and its dropout has to be on in training."),
        ),
        _property(
            "Does each word get the tag that was predicted at its first piece?",
            1,
            _tags("Words have up to three pieces here."),
        ),
        _property(
            "Is dropout off while it predicts?",
            3,
            _tags("In training mode the encoder predicts differently."),
        ),
        _property(
            "Does a word that was cut off, and has no piece, get O?",
            4,
            _tags("A word without a piece needs a tag, too."),
        ),
        _property("Is F1 that of whole entities, counted over all test sentences together?", 5, _f1),
        _property("Are the losses plain numbers, without a graph behind them?", 2, _plain),
        _property("Does the tagger learn?", 6, _learns),
    ],
    hints=[
        "Which positions of a row of logits have a target at all, and which function of yours knows that?",
        "Training: `piece_labels` for each sentence, padded with −100; `head(encoder(inputs, lengths=lengths))`; "
        "cross-entropy over all positions; a step. Then `encoder.eval()`, and the best tag at each first piece.",
        "`pad(rows, -100)` returns the labels as a tensor and their lengths. `F.cross_entropy` wants logits "
        "`.flatten(0, 1)` and labels `.flatten()`. For the answer, `piece_labels(words, range(n_words))` says which "
        "word each piece is the first of.",
    ],
    mistakes=MISTAKES,
    time_limit=60.0,
)
