"""Lesson 10: pre-training a BERT on both of its tasks with a loop of one's own."""

import functools
from typing import Any

import torch

from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.lessons.lesson10_loop import cases, loop, outcome

UNTRAINED = 1e-4  # tolerance for losses before any step
TRAINED = 2e-3  # after steps of AdamW, which divides by the gradient's size, rounding errors weigh more


@functools.lru_cache(maxsize=6)  # several properties ask about the same training, and it is what takes time
def _trained(attempt: Attempt, case: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the answer and the reference leave behind in a case."""
    arguments = cases()[case]
    return attempt(*arguments), attempt.expected(*arguments)


def _two_lists(attempt: Attempt) -> str | None:
    found, expected = _trained(attempt, 1)
    if not found["two"]:
        return "Your function returns something else, expected two lists: the losses of each task."
    n_batches = len(expected["mlm"])
    for name in ("mlm", "nsp"):
        if len(found[name]) != n_batches:
            return f"For {n_batches} batches a list has {len(found[name])} losses, expected one per batch."
    return None


def _about(part: str, question: str, case: int, sentence: str, first=False) -> Property:
    """The losses equal the reference's in one case, or those of its first batch; else this sentence."""

    def test(attempt: Attempt) -> str | None:
        actual, expected = (found[part][: 1 if first else None] for found in _trained(attempt, case))
        found = difference(actual, expected, TRAINED if part in ("after", "lists") else UNTRAINED)
        return None if found is None else f"{sentence} {faults.join('', found.sentence())}"

    return Property(question, test)


def _called_once(attempt: Attempt) -> str | None:
    calls = _trained(attempt, 1)[0]["calls"]
    return None if calls == 3 else f"For 3 batches mask was called {calls} times, expected once per batch."


def _decays(attempt: Attempt) -> str | None:
    found, expected = (result["unread"] for result in _trained(attempt, 1))
    if abs(found / expected - 1) < 1e-5:
        return None
    return (
        "The vector of a position that no pair reaches gets no gradient. Three steps of AdamW at lr = 0.01 shrink its "
        f"length from {expected / (1 - 1e-4) ** 3:.5f} to {expected:.5f}; yours is {found:.5f}."
    )


def _on_the_sum(attempt: Attempt) -> str | None:
    found, expected = (result["pull"] for result in _trained(attempt, 0))
    if abs(found / expected - 1) < 1e-3:
        return None
    return (
        f"The gradient at the next-sentence logits is {found / expected:.3g} times that of the sum. AdamW's step hides "
        "such a factor; gradients that are clipped or accumulated show it."
    )


def _plain_numbers(attempt: Attempt) -> str | None:
    if not _trained(attempt, 1)[0]["graph"]:
        return None
    return "They still require gradients, which keeps every step's graph in memory: append .item()."


def _in_training_mode(attempt: Attempt) -> str | None:
    if _trained(attempt, 1)[0]["trains"]:
        return None
    return "It was called in evaluation mode, in which dropout is off."


def _learns(attempt: Attempt) -> str | None:
    actual, best = _trained(attempt, 2)
    for part, name in (("mlm", "masked-language-model"), ("nsp", "next-sentence")):
        last, reached = (sum(found[part][-10:]) / 10 for found in (actual, best))
        if last > reached + 0.05:
            return (
                f"Over the last 10 of 20 batches the {name} loss is {last:.3g}; {reached:.3g} can be reached."
            )
    return None


PRETRAIN = Exercise(
    id="10.pretrain",
    title="Pre-train on both tasks",
    points=4,
    reference=loop(),
    cases=cases,
    outcome=outcome,
    properties=[
        Property("Are there two lists with one loss per batch each?", _two_lists),
        Property("Is each batch corrupted once?", _called_once),
        _about(
            "mlm",
            "With one pair, is the masked-language-model loss that of the selected tokens?",
            0,
            "For one pair of sentences the untrained model's masked-language-model loss differs:",
        ),
        _about(
            "nsp",
            "With one pair, is the next-sentence loss the cross-entropy at [CLS]?",
            0,
            "For one pair of sentences the untrained model's next-sentence loss differs:",
        ),
        _about(
            "mlm",
            "In a padded batch, is padding hidden from the model?",
            1,
            "With padding, the masked-language-model loss of the untrained model differs:",
            first=True,
        ),
        _about(
            "nsp",
            "In a batch with both answers, are follows (0) and does not follow (1) both counted?",
            1,
            "With both answers in a batch, the next-sentence loss of the untrained model differs:",
            first=True,
        ),
        _about(
            "after",
            "After one batch, has the model made one step on the sum of both losses?",
            0,
            "After one step the two losses of your model differ:",
        ),
        _about(
            "after",
            "After three batches, has every step started from gradients of zero?",
            1,
            "One step is right; after three, the two losses of your model differ:",
        ),
        _about(
            "lists",
            "Are the losses those of each batch by itself?",
            1,
            "The losses in your lists differ:",
        ),
        Property("Is it the sum of both losses, not a multiple of it?", _on_the_sum),
        Property("Are weights without a gradient decayed, as by AdamW?", _decays),
        Property("Are the losses plain numbers, without a graph behind them?", _plain_numbers),
        Property("Is the model in training mode while it learns?", _in_training_mode),
        Property("Does the model learn both tasks?", _learns),
    ],
    hints=[
        "For one batch: what does the model read, what are its two targets, and which number do you differentiate?",
        "Call mask(ids) once; read inputs, with segments and lengths; mlm_loss at the selected tokens against ids; "
        "F.cross_entropy(nsp_logits, not_next); one step on the sum.",
        "`mlm_logits, nsp_logits = model(inputs, segments=segments, lengths=lengths)`. Then zero_grad, backward on "
        "mlm + nsp, step, and append both with .item().",
    ],
    mistakes=[
        Mistake(
            "reads the answers",
            loop(reads="ids"),
            "Your model reads ids, in which nothing is masked: it can copy the answer. Give it inputs.",
        ),
        Mistake(
            "learns the corruption",
            loop(targets="inputs"),
            "Your targets are the corrupted inputs, so the model learns to predict [MASK]. The targets are ids.",
        ),
        Mistake(
            "loss on all tokens",
            loop(tokens="all"),
            "Your masked-language-model loss covers all tokens. Most are visible and easy to copy: use selected only.",
        ),
        Mistake(
            "loss on [MASK] only",
            loop(tokens="masked"),
            "Your loss covers the places that show [MASK]. Selected tokens that show a word belong to it too.",
        ),
        Mistake(
            "loss on all but padding",
            loop(tokens="not padding"),
            "Your masked-language-model loss leaves out only padding. Visible tokens are easy to copy: use selected.",
        ),
        Mistake(
            "no segments",
            loop(segments_given=False),
            "You did not pass segments, so the model reads both sentences as one.",
        ),
        Mistake(
            "no lengths",
            loop(lengths_given=False),
            "You did not pass lengths, so the model attends to padding.",
        ),
        Mistake(
            "corrupted twice",
            loop(calls=2),
            "You called mask twice for a batch. Each call selects other tokens: take inputs and selected from one.",
        ),
        Mistake(
            "next-sentence labels inverted",
            loop(nsp="inverted"),
            "Your next-sentence labels are inverted: not_next is the class itself, 0 follows, 1 does not.",
        ),
        Mistake(
            "class 0 ignored",
            loop(nsp="ignored"),
            "Your next-sentence loss ignores class 0, which is a real answer here (ignore_index=0 is for padding).",
        ),
        Mistake(
            "one logit of two",
            loop(nsp="binary"),
            "Your next-sentence loss uses one of the two logits. F.cross_entropy(nsp_logits, not_next) takes both.",
        ),
        Mistake(
            "a step for each loss",
            loop(two_steps=True),
            "You made two steps for a batch, one for each loss. Make one step, on the sum of both.",
        ),
        Mistake(
            "next sentence not trained",
            loop(total="mlm"),
            "Your step uses the masked-language-model loss alone; the next-sentence loss never reaches the weights.",
        ),
        Mistake(
            "masked tokens not trained",
            loop(total="nsp"),
            "Your step uses the next-sentence loss alone; the masked-language-model loss never reaches the weights.",
        ),
        Mistake(
            "mean of the two losses",
            loop(total="mean"),
            "Your step uses the mean of the two losses; asked for is their sum. AdamW hides the factor, SGD would not.",
        ),
        Mistake(
            "gradients accumulate",
            loop(zero=False),
            "You never reset the gradients: every step repeats all earlier ones. Call optimizer.zero_grad().",
        ),
        Mistake(
            "no step",
            loop(step=False),
            "The weights never change: optimizer.step() is missing, or it comes between zero_grad() and backward().",
        ),
        Mistake(
            "one step at the end",
            loop(zero=False, step_last=True),
            "Your weights change once, after all batches: optimizer.step() belongs inside the loop, once per batch.",
        ),
        Mistake(
            "a new optimiser for each batch",
            loop(new_optimizer=True),
            "You make a new optimiser for each batch, which forgets AdamW's running means. Make one before the loop.",
        ),
        Mistake(
            "plain gradient descent",
            loop(optimizer=torch.optim.SGD),
            "You took SGD's steps; the optimiser asked for is torch.optim.AdamW.",
        ),
        Mistake(
            "Adam",
            loop(optimizer=torch.optim.Adam),
            "You used Adam, which has no weight decay by default; AdamW shrinks each weight a little at each step.",
        ),
        Mistake(
            "default learning rate",
            loop(optimizer=lambda parameters, lr: torch.optim.AdamW(parameters)),
            "Your optimiser has its default learning rate, 0.001: pass lr=lr.",
        ),
        Mistake(
            "evaluation mode",
            loop(evaluates=True),
            "You called model.eval(), which switches dropout off. A model is trained after model.train().",
        ),
        Mistake(
            "gradients clipped",
            loop(clipped=True),
            "You clipped the gradients to length 1, which this loop does not ask for. Leave that out.",
        ),
        Mistake(
            "recorded after the step",
            loop(record="after"),
            "You computed the losses again after the step. Record those that the step was made from.",
        ),
        Mistake(
            "total recorded",
            loop(record="total"),
            "You recorded the sum of both losses in each list. Train on the sum, but record each loss by itself.",
        ),
        Mistake(
            "means returned",
            loop(means=True),
            "You returned the mean of each task's losses; asked for are the lists, with one loss per batch.",
        ),
        Mistake(
            "running means",
            loop(running=True),
            "You returned running means. Each entry is the loss of one batch by itself.",
        ),
        Mistake(
            "graphs kept",
            loop(keep=True),
            "You stored the loss tensors, and with them the graph of every step: memory grows until it is full.",
        ),
        Mistake(
            "one batch",
            loop(one=True),
            "Your loop ends after its first batch: is `return` indented too far?",
        ),
        Mistake(
            "on a copy",
            loop(copied=True),
            "You trained a copy of the model. Train the model that was passed in; its caller goes on using it.",
        ),
        Mistake(
            "lists exchanged",
            loop(swapped=True),
            "You returned the next-sentence losses first; the masked-language-model losses come first.",
        ),
    ],
    time_limit=40.0,
)
