"""Lesson 10: pre-training a BERT on both of its tasks with a loop of one's own."""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.transformer import Bert, BertForPreTraining
from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import holds

CLS, SEP, MASK, N_WORDS = 2, 3, 4, 8


class _Mask:
    """Corrupts a batch differently at every call; the same calls give the same again."""

    def __init__(self):
        self.calls = 0

    def __call__(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        generator = torch.Generator().manual_seed(self.calls)
        draw, fate = torch.rand(2, *ids.shape, generator=generator)
        selected = (draw < 0.4) & (ids > MASK)
        selected[:, 1] = True  # a word of the first sentence in each row
        others = torch.randint(MASK + 1, MASK + 1 + N_WORDS, ids.shape, generator=generator)
        inputs = torch.where(selected & (fate < 0.6), MASK, ids)
        return torch.where(selected & (fate >= 0.6) & (fate < 0.8), others, inputs), selected


def _model() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        sizes = {"d_model": 16, "n_heads": 2, "num_layers": 1, "d_ff": 16, "max_len": 12}
        start = {"norm_first": True, "init_std": 0.2, "embedding_std": 0.3}
        return BertForPreTraining(Bert(MASK + 1 + N_WORDS, **sizes, **start))


def _batch(rows: int, lengths: list[tuple[int, int]], generator: torch.Generator) -> tuple[Tensor, ...]:
    """Pairs of sentences that repeat one word; the second follows where it repeats the first one's."""
    time = max(sum(pair) for pair in lengths) + 3
    ids, segments = torch.zeros(2, rows, time, dtype=torch.long)
    totals, not_next = torch.zeros(2, rows, dtype=torch.long)
    for row in range(rows):
        n, m = lengths[row % len(lengths)]
        word, other = (torch.randperm(N_WORDS, generator=generator)[:2] + MASK + 1).tolist()
        stranger = int(torch.randint(2, (), generator=generator)) if rows > 1 else 0
        line = [CLS, *[word] * n, SEP, *[other if stranger else word] * m, SEP]
        ids[row, : len(line)] = torch.tensor(line)
        segments[row, n + 2 : len(line)] = 1
        totals[row], not_next[row] = len(line), stranger
    return ids, segments, totals, not_next


def _cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(10)
    one = [_batch(1, [(4, 3)], generator)]
    padded = [_batch(rows, [(4, 3), (2, 2), (3, 4)], generator) for rows in (4, 6, 5)]
    many = [_batch(8, [(3, 3), (2, 3)], generator) for _ in range(20)]
    return [
        (_model(), one, _Mask(), 0.01),
        (_model(), padded, _Mask(), 0.01),
        (_model(), many, _Mask(), 0.02),
    ]


def _pretrain(
    *, reads="inputs", targets="ids", tokens="selected", segments_given=True, lengths_given=True, calls=1,
    nsp="right", total="sum", zero=True, step=True, keep=False, one=False, copied=False, swapped=False,
) -> Callable:  # fmt: skip
    """The loop; the options are the ways to get it wrong."""

    def pretrain(model, batches, mask, lr):
        model = copy.deepcopy(model) if copied else model
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        mlm_losses, nsp_losses = [], []
        for ids, segments, lengths, not_next in batches:
            inputs, selected = mask(ids)
            if calls == 2:
                selected = mask(ids)[1]
            mlm_logits, nsp_logits = model(
                inputs if reads == "inputs" else ids,
                segments=segments if segments_given else None,
                lengths=lengths if lengths_given else None,
            )
            asked = {"selected": selected, "all": ids >= 0, "masked": inputs == MASK}[tokens]
            mlm = F.cross_entropy(mlm_logits[asked], (ids if targets == "ids" else inputs)[asked])
            not_next = 1 - not_next if nsp == "inverted" else not_next
            if nsp == "ignored" and bool((not_next == 0).all()):
                nsp_loss = 0.0 * nsp_logits.sum()
            else:
                nsp_loss = F.cross_entropy(nsp_logits, not_next, ignore_index=0 if nsp == "ignored" else -100)
            loss = {"sum": mlm + nsp_loss, "mlm": mlm, "nsp": nsp_loss}[total]
            if zero:
                optimizer.zero_grad()
            loss.backward()
            if step:
                optimizer.step()
            mlm_losses.append(mlm if keep else mlm.item())
            nsp_losses.append(nsp_loss if keep else nsp_loss.item())
            if one:
                break
        return (nsp_losses, mlm_losses) if swapped else (mlm_losses, nsp_losses)

    return pretrain


def _outcome(result: Any, model: nn.Module, batches: list, mask: _Mask, lr: float) -> dict[str, Any]:
    """What a training loop leaves behind: its two lists, and both losses of the trained model on new pairs."""
    ids, segments, lengths, not_next = _batch(6, [(4, 3), (2, 2)], torch.Generator().manual_seed(5))
    inputs, selected = _Mask()(ids)
    with torch.no_grad():
        mlm_logits, nsp_logits = model(inputs, segments=segments, lengths=lengths)
    after = [
        F.cross_entropy(mlm_logits[selected], ids[selected]).item(),
        F.cross_entropy(nsp_logits, not_next).item(),
    ]
    lists = list(result) if isinstance(result, list | tuple) and len(result) == 2 else [None, None]
    parts = [list(part) if isinstance(part, list | tuple) else None for part in lists]
    graph = any(isinstance(x, Tensor) and x.requires_grad for part in parts for x in part or [])
    mlm, nsp = (
        [x.detach().item() if isinstance(x, Tensor) and x.numel() == 1 else x for x in part or []]
        for part in parts
    )
    found = {"mlm": mlm, "nsp": nsp, "after": after}
    return {**found, "two": None not in parts, "graph": graph, "calls": mask.calls}


def _two_lists(attempt: Attempt) -> str | None:
    arguments = attempt.cases()[1]
    found = attempt(*arguments)
    if not found["two"]:
        return "Your function returns something else, expected two lists: the losses of each task."
    n_batches = len(arguments[1])
    for name in ("mlm", "nsp"):
        if len(found[name]) != n_batches:
            return f"For {n_batches} batches a list has {len(found[name])} losses, expected one per batch."
    return None


def _about(part: str, question: str, case: int, sentence: str, upto: int | None = None) -> Property:
    """The losses equal the reference's in one case, as far as batch `upto`; else this sentence."""

    def test(attempt: Attempt) -> str | None:
        arguments = attempt.cases()[case]
        actual, expected = attempt(*arguments)[part][:upto], attempt.expected(*arguments)[part][:upto]
        found = difference(actual, expected, 2e-3)
        return None if found is None else f"{sentence} {faults.join('', found.sentence())}"

    return Property(question, test)


def _called_once(attempt: Attempt) -> str | None:
    arguments = attempt.cases()[1]
    calls = attempt(*arguments)["calls"]
    return None if calls == 3 else f"For 3 batches mask was called {calls} times, expected once per batch."


def _learns(attempt: Attempt) -> str | None:
    arguments = attempt.cases()[2]
    actual, best = attempt(*arguments), attempt.expected(*arguments)
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
    reference=_pretrain(),
    cases=_cases,
    outcome=_outcome,
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
            upto=1,
        ),
        _about(
            "nsp",
            "In a batch with both answers, are follows (0) and does not follow (1) both counted?",
            1,
            "With both answers in a batch, the next-sentence loss of the untrained model differs:",
            upto=1,
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
        holds(
            "Are the losses plain numbers, without a graph behind them?",
            lambda outcome, *_: (
                not outcome["graph"]
                or "they still require gradients, which keeps every step's graph in memory: append .item()."
            ),
            cases=1,
        ),
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
            _pretrain(reads="ids"),
            "Your model reads ids, in which nothing is masked: it can copy the answer. Give it inputs.",
        ),
        Mistake(
            "learns the corruption",
            _pretrain(targets="inputs"),
            "Your targets are the corrupted inputs, so the model learns to predict [MASK]. The targets are ids.",
        ),
        Mistake(
            "loss on all tokens",
            _pretrain(tokens="all"),
            "Your masked-language-model loss covers all tokens. Most are visible and easy to copy: use selected only.",
        ),
        Mistake(
            "loss on [MASK] only",
            _pretrain(tokens="masked"),
            "Your loss covers the places that show [MASK]. Selected tokens that show a word belong to it too.",
        ),
        Mistake(
            "no segments",
            _pretrain(segments_given=False),
            "You did not pass segments, so the model reads both sentences as one.",
        ),
        Mistake(
            "no lengths",
            _pretrain(lengths_given=False),
            "You did not pass lengths, so the model attends to padding.",
        ),
        Mistake(
            "corrupted twice",
            _pretrain(calls=2),
            "You called mask twice for a batch. Each call selects other tokens: take inputs and selected from one.",
        ),
        Mistake(
            "next-sentence labels inverted",
            _pretrain(nsp="inverted"),
            "Your next-sentence labels are inverted: not_next is the class itself, 0 follows, 1 does not.",
        ),
        Mistake(
            "class 0 ignored",
            _pretrain(nsp="ignored"),
            "Your next-sentence loss ignores class 0, which is a real answer here (ignore_index=0 is for padding).",
        ),
        Mistake(
            "next sentence not trained",
            _pretrain(total="mlm"),
            "Your step uses the masked-language-model loss alone; the next-sentence loss never reaches the weights.",
        ),
        Mistake(
            "masked tokens not trained",
            _pretrain(total="nsp"),
            "Your step uses the next-sentence loss alone; the masked-language-model loss never reaches the weights.",
        ),
        Mistake(
            "gradients accumulate",
            _pretrain(zero=False),
            "You never reset the gradients: every step repeats all earlier ones. Call optimizer.zero_grad().",
        ),
        Mistake("no step", _pretrain(step=False), "The weights never change: optimizer.step() is missing."),
        Mistake(
            "graphs kept",
            _pretrain(keep=True),
            "You stored the loss tensors, and with them the graph of every step: memory grows until it is full.",
        ),
        Mistake(
            "one batch",
            _pretrain(one=True),
            "Your loop ends after its first batch: is `return` indented too far?",
        ),
        Mistake(
            "on a copy",
            _pretrain(copied=True),
            "You trained a copy of the model. Train the model that was passed in; its caller goes on using it.",
        ),
        Mistake(
            "lists exchanged",
            _pretrain(swapped=True),
            "You returned the next-sentence losses first; the masked-language-model losses come first.",
        ),
    ],
    time_limit=40.0,
)
