"""Overfitting on 150 labelled sentences of the village, and what may cure it: measured on several draws of them.

`python -m benchmarks cures` measures and stores all of it; lesson 11 shows the stored scores.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.data import village
from course_lib.metrics import accuracy
from course_lib.models.transformer import BertForClassification
from course_lib.recipes.village_tasks import batches, bert, classification_loss, labels_of, logits_of
from course_lib.training import fit

NAME = "cures"
N_LABELS, N_UNSEEN, N_FOLDS = 150, 400, 3
CONFIGURATION = {"steps": 320, "batch": 16, "lr": 5e-4, "warm_up": 6, "look_every": 10}
CURES = {
    "nothing": {},
    "dropout 0.1": {"dropout": 0.1},
    "weight decay 0.3": {"weight_decay": 0.3},
    "early stopping by loss": {"patience": 8},
    "early stopping by accuracy": {"patience": 8, "judge": "accuracy"},
    "one layer": {"layers": 1},
    "augmentation": {"augment": True},
    "one layer and augmentation": {"layers": 1, "augment": True},
    "random start": {"pre_trained": False},
    "random start and augmentation": {"pre_trained": False, "augment": True},
}

Labelled = tuple[list[str], bool]  # words, and whether they are for it
_ALIKE = (
    "anna maria lucy rose tom peter ben max",
    "soup cake pie",
    "soups cakes pies",
    "key book letter",
    "keys books letters",
    "girl woman boy man farmer baker",
    "girls women boys men",
)
ALIKE = {word: words.split() for words in _ALIKE for word in words.split()}


class Scores(NamedTuple):
    """Accuracies, each the mean over the folds: of the sentences learned from, those held out, those never seen."""

    known: float
    held_out: float
    unseen: float


def opinions(n: int, seed: int, without: Sequence[Labelled] = ()) -> list[Labelled]:
    """At most n sentences with an adjective that judges, none of them in `without`, and whether they are for it."""
    seen = {tuple(words) for words, _ in without}
    found = [
        (list(sentence.words), sentence.sentiment == "positive")
        for sentence in village.opinions(5 * n, seed)
        if village.JUDGING_WORDS.keys() & set(sentence.words) and sentence.words not in seen
    ]
    return found[:n]


def draw(number: int) -> tuple[list[Labelled], list[Labelled]]:
    """Labelled sentences, each of them once, and unseen ones, none of which has a label (some occur twice)."""
    once = {tuple(words): (words, label) for words, label in opinions(500, number)}
    labelled = list(once.values())[:N_LABELS]
    return labelled, opinions(N_UNSEEN, 1_000_000, without=labelled)


def augmented(words: Sequence[str], generator: torch.Generator) -> list[str]:
    """Names, people, dishes and things replaced by others of their kind; what judges stays."""
    return [
        ALIKE[word][int(torch.randint(len(ALIKE[word]), (), generator=generator))] if word in ALIKE else word
        for word in words
    ]


def learn(
    data: Sequence[Labelled],
    seed: int,
    *,
    dropout: float = 0.0,
    weight_decay: float = 0.0,
    layers: int = 2,
    augment: bool = False,
    patience: int | None = None,
    judge: str = "loss",
    pre_trained: bool = True,
    device="cpu",
) -> BertForClassification:
    """Fine-tune the BERT of the village on `data`, with one cure or several.

    Args:
        dropout: in every layer and on the pooled vector.
        layers: how many of its two layers are kept, from below.
        augment: `augmented` sentences, new ones each time.
        patience: hold back the first quarter of `data`; stop after so many looks at it without a better one, and go
            back to the best.
        judge: what is looked at: "loss" or "accuracy".
        pre_trained: False: the same shape, with nothing read.
    """
    c = CONFIGURATION
    model = BertForClassification(bert(seed, pre_trained), n_classes=2).to(device)
    model.bert.encoder.layers = model.bert.encoder.layers[:layers]
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = dropout
    early = {}
    if patience is not None:
        kept, data = data[: len(data) // 4], data[len(data) // 4 :]
        early = {
            "validate": lambda model: _badness(judge, logits_of(model, kept), labels_of(kept)),
            "validate_every": c["look_every"],
            "patience": patience,
        }
    fit(
        model,
        batches(data, c["batch"], seed, augmented if augment else None),
        classification_loss,
        steps=c["steps"],
        lr=c["lr"],
        warm_up=c["warm_up"],
        weight_decay=weight_decay,
        progress=False,
        **early,
    )
    return model


def _badness(judge: str, logits: torch.Tensor, labels: torch.Tensor) -> float:
    """What early stopping wants low: the loss, or the share of wrong answers."""
    if judge not in ("loss", "accuracy"):
        raise ValueError(f'judge is {judge!r}; expected "loss" or "accuracy".')
    return float(F.cross_entropy(logits, labels)) if judge == "loss" else 1 - accuracy(logits, labels)


def folds(n: int, k: int) -> list[tuple[list[int], list[int]]]:
    """k pairs (train, held out) of example numbers below n: each example is held out once."""
    return [([x for x in range(n) if x % k != i], list(range(i, n, k))) for i in range(k)]


def scores(labelled: Sequence[Labelled], unseen: Sequence[Labelled], device="cpu", **cure) -> Scores:
    """Cross-validation: learn from all folds but one, ask about that one and about `unseen`; `cure` is for `learn`."""

    def right(data: Sequence[Labelled]) -> float:
        return accuracy(logits_of(model, data), labels_of(data))

    found = []
    for seed, (train, held_out) in enumerate(folds(len(labelled), N_FOLDS)):
        train, held_out = ([labelled[i] for i in part] for part in (train, held_out))
        model = learn(train, seed, device=device, **cure)
        found.append((right(train), right(held_out), right(unseen)))
    return Scores(*(sum(column) / len(found) for column in zip(*found, strict=True)))
