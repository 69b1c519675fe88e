"""Lesson 03: training skip-gram with negative sampling."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import holds


def _tables(vocab_size: int, d_model: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    W, C = (0.5 * torch.randn(2, vocab_size, d_model, generator=generator)).unbind(0)
    return W.clone().requires_grad_(), C.clone().requires_grad_()


def _random_case(vocab_size: int, d_model: int, n_batches: int, batch: int, k: int, lr: float) -> tuple:
    generator = seeded(vocab_size)
    batches = [
        tuple(
            torch.randint(vocab_size, size, generator=generator) for size in ((batch,), (batch,), (batch, k))
        )
        for _ in range(n_batches)
    ]
    return *_tables(vocab_size, d_model, generator), batches, lr


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
        _random_case(7, 5, 3, 6, 2, 0.2),  # three steps
        _two_groups(),
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


def _loop(
    *,
    true_loss: Callable = lambda W, C, words, neighbours: F.logsigmoid((W[words] * C[neighbours]).sum(dim=1)),
    noise_loss: Callable = lambda scores: F.logsigmoid(-scores).sum(dim=1),
    noise_with: str = "words",
    noise_table: str = "C",
    tables: str = "WC",
    reduce: Callable = torch.mean,
    zero: bool = True,
    one_optimizer: bool = True,
    sgd: bool = False,
    copy: bool = False,
    keep: bool = False,
    one: bool = False,
) -> Callable:
    """The training with one thing done wrong."""

    def train(W, C, batches, lr):
        if copy:
            W, C = (table.detach().clone().requires_grad_() for table in (W, C))
        learning = [table for name, table in (("W", W), ("C", C)) if name in tables]
        make = torch.optim.SGD if sgd else torch.optim.Adam
        W.grad = C.grad = None
        optimizer, losses = make(learning, lr=lr), []
        for words, neighbours, noise in batches:
            w = W[words] if noise_with == "words" else C[neighbours]
            noise_scores = ((C if noise_table == "C" else W)[noise] * w[:, None]).sum(dim=2)
            loss = -reduce(true_loss(W, C, words, neighbours) + noise_loss(noise_scores))
            optimizer = optimizer if one_optimizer else make(learning, lr=lr)
            if zero:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss if keep else loss.item())
            if one:
                break
        return losses

    return train


_ONE_STEP = (
    "After one batch the vectors are not where one step of torch.optim.Adam with the given lr puts them."
)

TRAIN = Exercise(
    id="03.train",
    title="Train skip-gram",
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
        _about("W", "After one step of Adam, are the word vectors W where they should be?", 1, _ONE_STEP),
        _about(
            "C",
            "Are the context vectors C trained as well?",
            1,
            "After one batch W is right, but C is not where one step of torch.optim.Adam puts it.",
        ),
        _about(
            "W C losses",
            "Are the vectors right after three steps, each from gradients of zero, with one optimiser for all?",
            2,
            "One step is right, but after three batches the vectors are not where three steps of Adam put them.",
        ),
        holds(
            "Are the losses plain numbers, without a graph behind them?",
            lambda outcome, *_: (
                not outcome["keeps_graph"]
                or "they still require gradients, which keeps every step's graph in memory: append loss.item()."
            ),
            cases=2,
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
    mistakes=[
        Mistake(
            "noise rewarded",
            _loop(noise_loss=lambda scores: F.logsigmoid(scores).sum(dim=1)),
            "The minus inside the noise words' sigmoid is missing, so training pulls noise closer.",
        ),
        Mistake(
            "mean over the noise",
            _loop(noise_loss=lambda scores: F.logsigmoid(-scores).mean(dim=1)),
            "You averaged over a pair's noise words. Sum over these, and average over the pairs only.",
        ),
        Mistake(
            "sum before the sigmoid",
            _loop(noise_loss=lambda scores: F.logsigmoid(-scores.sum(dim=1))),
            "You added up a pair's noise scores before the sigmoid, so one very low score makes up for a high one.",
        ),
        Mistake(
            "every word with every neighbour",
            _loop(true_loss=lambda W, C, words, neighbours: F.logsigmoid(W[words] @ C[neighbours].T)),
            "Your true scores have shape (batch, batch): every word with every neighbour of the batch. Row n belongs "
            "to row n only: multiply element by element and sum over d_model.",
        ),
        Mistake(
            "noise scored with the neighbour",
            _loop(noise_with="neighbours"),
            "You scored the noise words with the neighbour's vector. They are scored with w = W[words].",
        ),
        Mistake(
            "noise from W",
            _loop(noise_table="W"),
            "You took the noise words' vectors from W. A noise word plays the part of a context: C[noise].",
        ),
        Mistake(
            "neighbours from W",
            _loop(
                true_loss=lambda W, C, words, neighbours: F.logsigmoid((W[words] * W[neighbours]).sum(dim=1))
            ),
            "You took the neighbours' vectors from W. A neighbour is a context: C[neighbours].",
        ),
        Mistake(
            "sum over the batch",
            _loop(reduce=torch.sum),
            "You summed over the pairs of the batch. Take the mean, so that the loss does not depend on its size.",
        ),
        Mistake(
            "C left out",
            _loop(tables="W"),
            "Your optimiser has W only, so the context vectors never change. Hand it both tables.",
        ),
        Mistake(
            "gradients accumulate",
            _loop(zero=False),
            "You never reset the gradients. `backward` adds to `.grad`: call `optimizer.zero_grad()` before it.",
        ),
        Mistake(
            "a new optimiser in every step",
            _loop(one_optimizer=False),
            "You make the optimiser inside the loop, so Adam forgets its running means at every step. Make it once.",
        ),
        Mistake(
            "plain gradient descent",
            _loop(sgd=True),
            "Your loss is right, but the step is that of plain gradient descent. Use torch.optim.Adam.",
        ),
        Mistake(
            "on a copy",
            _loop(copy=True),
            "You trained copies. Change W and C themselves; the caller goes on using them.",
        ),
        Mistake(
            "graphs kept",
            _loop(keep=True),
            "You stored the loss tensors, and with them the graph of every step. Append loss.item().",
        ),
        Mistake(
            "one step",
            _loop(one=True),
            "Your loop returns after its first step: is `return` indented too far?",
        ),
    ],
    time_limit=20.0,
)
