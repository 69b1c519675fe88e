"""Lesson 03: training skip-gram with negative sampling."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.lessons.lesson03_training_mistakes import MISTAKES
from course_lib.practice.properties import holds


def _tables(
    vocab_size: int, d_model: int, generator: torch.Generator, scale: float = 0.5
) -> tuple[Tensor, Tensor]:
    W, C = (scale * torch.randn(2, vocab_size, d_model, generator=generator)).unbind(0)
    return W.clone().requires_grad_(), C.clone().requires_grad_()


def _random_case(
    vocab_size: int, d_model: int, n_batches: int, batch: int, k: int, lr: float, scale=0.5
) -> tuple:
    generator = seeded(vocab_size)
    batches = [
        tuple(
            torch.randint(vocab_size, size, generator=generator) for size in ((batch,), (batch,), (batch, k))
        )
        for _ in range(n_batches)
    ]
    return *_tables(vocab_size, d_model, generator, scale), batches, lr


class Batches:
    """An iterator without a length: each batch is written over the last one, as loaders with one buffer do."""

    def __init__(self, batches: list[tuple]):
        self._batches = batches
        self._buffer = tuple(torch.empty_like(part) for part in batches[0])
        self._place = 0

    def __iter__(self) -> "Batches":
        return self

    def __next__(self) -> tuple:
        if self._place == len(self._batches):
            raise StopIteration
        for held, part in zip(self._buffer, self._batches[self._place], strict=True):
            held.copy_(part)
        self._place += 1
        return self._buffer


def _streamed() -> tuple:
    W, C, batches, lr = _random_case(10, 4, 3, 5, 2, 0.1)
    return W, C, Batches(batches), lr


def _two_groups() -> tuple:
    """Even words occur with even words, odd ones with odd ones: 60 batches are enough to see it."""
    generator = seeded(1)
    batches = []
    for _ in range(60):
        words = torch.randint(8, (32,), generator=generator)
        neighbours = (words + 2 * torch.randint(4, (32,), generator=generator)) % 8
        batches.append((words, neighbours, torch.randint(8, (32, 3), generator=generator)))
    return *_tables(8, 4, generator), batches, 0.05


def _cases() -> list[tuple]:
    return [
        _random_case(6, 3, 1, 4, 1, 0.1),  # one step, one noise word
        _random_case(9, 4, 1, 5, 3, 0.05),  # one step, three noise words
        _random_case(7, 5, 3, 6, 2, 0.2, scale=2.0),  # three steps, with gradients longer than 1
        _two_groups(),
        _random_case(8, 3, 1, 6, 2, 0.1, scale=30.0),  # scores of thousands
        _streamed(),
    ]


def _train(W: Tensor, C: Tensor, batches: Any, lr: float) -> list[float]:
    optimizer, losses = torch.optim.Adam([W, C], lr=lr), []
    for words, neighbours, noise in batches:
        w = W[words]  # (batch, d_model)
        true_scores = (w * C[neighbours]).sum(dim=1)  # (batch,)
        noise_scores = (C[noise] * w[:, None]).sum(dim=2)  # (batch, k)
        loss = -(F.logsigmoid(true_scores) + F.logsigmoid(-noise_scores).sum(dim=1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _outcome(losses: Any, W: Tensor, C: Tensor, *_: Any) -> dict[str, Any]:
    """What the training leaves behind."""
    keeps_graph = isinstance(losses, list) and any(isinstance(x, Tensor) and x.requires_grad for x in losses)
    if isinstance(losses, list):
        losses = [x.detach().item() if isinstance(x, Tensor) and x.numel() == 1 else x for x in losses]
    return {"losses": losses, "W": W.detach().clone(), "C": C.detach().clone(), "keeps_graph": keeps_graph}


def _about(parts: str, question: str, case: int, sentence: str) -> Property:
    """Parts of the outcome equal the reference's in one case; else this sentence."""

    def test(attempt: Attempt) -> str | None:
        arguments = attempt.cases()[case]
        got, expected = attempt(*arguments), attempt.expected(*arguments)
        for part in parts.split():
            found = difference(got[part], expected[part], 1e-3)
            if found is not None:
                return f"{sentence} {faults.join('', found.sentence())}" if part == "losses" else sentence
        return None

    return Property(question, test)


def _as_many_losses(attempt: Attempt) -> str | None:
    arguments = attempt.cases()[2]
    n_losses = len(attempt(*arguments)["losses"])
    return None if n_losses == 3 else f"For 3 batches you return {n_losses} losses, expected 3."


def _learns(attempt: Attempt) -> str | None:
    arguments = attempt.cases()[3]
    last = sum(attempt(*arguments)["losses"][-10:]) / 10
    best = sum(attempt.expected(*arguments)["losses"][-10:]) / 10
    if last <= best + 0.02:
        return None
    return f"Over the last 10 of 60 steps the mean loss is {last:.3g}; {best:.3g} can be reached."


_ONE_STEP = (
    "After one batch the vectors are not where one step of torch.optim.Adam with the given lr puts them."
)

TRAIN = Exercise(
    id="03.train",
    title="Train skip-gram",
    points=4,
    reference=_train,
    cases=_cases,
    outcome=_outcome,
    properties=[
        Property("Is there one loss per batch?", _as_many_losses),
        _about(
            "losses",
            "One noise word per pair: is the loss the mean of the pairs' losses?",
            0,
            "With one noise word per pair, the loss of the given vectors is not the mean over the pairs.",
        ),
        _about(
            "losses",
            "Three noise words per pair: does each pair add up the losses of its own noise words?",
            1,
            "With one noise word per pair the loss is right, with three it is not.",
        ),
        _about(
            "losses",
            "Are the losses right for scores of hundreds and thousands, too?",
            4,
            "For scores this large, whose sigmoid rounds to 0 or 1, the loss is not that of exercise 3.",
        ),
        _about("W", "After one step of Adam, are the word vectors W where they should be?", 1, _ONE_STEP),
        _about(
            "C",
            "Are the context vectors C trained as well?",
            1,
            "After one batch W is right, but C is not where one step of torch.optim.Adam puts it.",
        ),
        _about(
            "W C",
            "Are the vectors right after three steps, each from gradients of zero, with one optimiser for all?",
            2,
            "One step is right, but after three batches the vectors are not where three steps of Adam put them.",
        ),
        _about(
            "losses",
            "Is each number the loss of its own batch, before the step?",
            2,
            "After three batches the vectors are right, but the losses are not those of the three batches.",
        ),
        holds(
            "Are the losses plain numbers, without a graph behind them?",
            lambda outcome, *_: (
                not outcome["keeps_graph"]
                or "they still require gradients, which keeps every step's graph in memory: append loss.item()."
            ),
            cases=2,
        ),
        _about(
            "losses W C",
            "Does each batch of a generator get its step before the next is asked for?",
            5,
            "For batches from a generator, the losses or vectors are not what one step after each batch gives.",
        ),
        Property("Do the vectors learn which words occur together?", _learns),
    ],
    hints=[
        "Which rows of which table does a batch need, and what shapes do the true scores and the noise scores have?",
        "w = W[words] has shape (batch, d_model); C[noise] has shape (batch, k, d_model). Each pair's loss adds up its "
        "own k noise words; the batch's loss is the mean over the pairs.",
        "`(C[noise] * w[:, None]).sum(dim=2)` are the noise scores. Make the optimiser once, before the loop: "
        "`torch.optim.Adam([W, C], lr=lr)`.",
    ],
    mistakes=MISTAKES,
    time_limit=20.0,
)
