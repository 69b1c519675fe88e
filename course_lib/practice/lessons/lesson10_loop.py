"""Lesson 10: a tiny task for a loop that pre-trains a BERT, the loop with its mistakes, and what it leaves behind."""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.transformer import Bert, BertForPreTraining
from course_lib.practice.cases import generator as seeded

CLS, SEP, MASK, N_WORDS = 2, 3, 4, 8


class _Mask:
    """Corrupts a batch differently at every call; the same calls give the same again."""

    def __init__(self):
        self.calls = 0

    def __call__(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        self.calls += 1
        generator = seeded(self.calls)
        draw, fate = torch.rand(2, *ids.shape, generator=generator)
        selected = (draw < 0.4) & (ids > MASK)
        selected[:, 1] = True  # a word of the first sentence in each row
        others = torch.randint(MASK + 1, MASK + 1 + N_WORDS, ids.shape, generator=generator)
        inputs = torch.where(selected & (fate < 0.6), MASK, ids)
        return torch.where(selected & (fate >= 0.6) & (fate < 0.8), others, inputs), selected


def _note_mode(model: nn.Module, _) -> None:
    model.modes.append(model.training)


def _note_pull(model: nn.Module, _, logits: tuple[Tensor, Tensor]) -> None:
    if logits[1].requires_grad:
        logits[1].register_hook(lambda gradient: model.pulls.append(gradient.norm().item()))


def _model() -> nn.Module:
    """A tiny BERT that notes in `modes` whether it was in training mode, call by call, and in `pulls` the length of
    each gradient at its next-sentence logits: AdamW's step hides by which number the loss was multiplied."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        sizes = {"d_model": 16, "n_heads": 2, "num_layers": 1, "d_ff": 16, "max_len": 12}
        start = {"norm_first": True, "init_std": 0.2, "embedding_std": 0.3}
        model = BertForPreTraining(Bert(MASK + 1 + N_WORDS, **sizes, **start))
    model.modes, model.pulls = [], []
    model.register_forward_pre_hook(_note_mode)
    model.register_forward_hook(_note_pull)
    return model


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


def cases() -> list[tuple]:
    generator = seeded(10)
    one = [_batch(1, [(4, 3)], generator)]
    padded = [_batch(rows, [(4, 3), (2, 2), (3, 4)], generator) for rows in (4, 6, 5)]
    many = [_batch(8, [(3, 3), (2, 3)], generator) for _ in range(20)]
    return [
        (_model(), one, _Mask(), 0.01),
        (_model(), padded, _Mask(), 0.01),
        (_model(), many, _Mask(), 0.02),
    ]


_TOTALS = {
    "sum": lambda mlm, nsp: mlm + nsp,
    "mean": lambda mlm, nsp: (mlm + nsp) / 2,
    "mlm": lambda mlm, nsp: mlm,
    "nsp": lambda mlm, nsp: nsp,
}


def loop(
    *, reads="inputs", targets="ids", tokens="selected", segments_given=True, lengths_given=True, calls=1,
    nsp="right", total="sum", zero=True, step=True, keep=False, one=False, copied=False, swapped=False,
    optimizer=None, new_optimizer=False, step_last=False, evaluates=False, record="both", means=False,
    running=False, clipped=False, two_steps=False,
) -> Callable:  # fmt: skip
    """The loop; the options are the ways to get it wrong."""

    def pretrain(model, batches, mask, lr):
        model = copy.deepcopy(model) if copied else model
        make = optimizer or torch.optim.AdamW
        steps = make(model.parameters(), lr=lr)
        if evaluates:
            model.eval()
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
            asked = {"selected": selected, "all": ids >= 0, "not padding": ids > 0, "masked": inputs == MASK}[
                tokens
            ]
            mlm = F.cross_entropy(mlm_logits[asked], (ids if targets == "ids" else inputs)[asked])
            not_next = 1 - not_next if nsp == "inverted" else not_next
            if two_steps:
                steps.zero_grad()
                mlm.backward()
                steps.step()
                _, nsp_logits = model(inputs, segments=segments, lengths=lengths)
            nsp_loss = F.cross_entropy(nsp_logits, not_next, ignore_index=0 if nsp == "ignored" else -100)
            if nsp == "binary":
                nsp_loss = F.binary_cross_entropy_with_logits(nsp_logits[:, 1], not_next.float())
            loss = nsp_loss if two_steps else _TOTALS[total](mlm, nsp_loss)
            if new_optimizer:
                steps = make(model.parameters(), lr=lr)
            if zero:
                steps.zero_grad()
            loss.backward()
            if clipped:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            if step and not step_last:
                steps.step()
            if record == "after":
                mlm_logits, nsp_logits = model(inputs, segments=segments, lengths=lengths)
                mlm, nsp_loss = (
                    F.cross_entropy(mlm_logits[asked], ids[asked]),
                    F.cross_entropy(nsp_logits, not_next),
                )
            recorded = (loss, loss) if record == "total" else (mlm, nsp_loss)
            mlm_losses.append(recorded[0] if keep else recorded[0].item())
            nsp_losses.append(recorded[1] if keep else recorded[1].item())
            if one:
                break
        if step_last:
            steps.step()
        if running:
            mlm_losses, nsp_losses = (
                [sum(part[:n]) / n for n in range(1, len(part) + 1)] for part in (mlm_losses, nsp_losses)
            )
        if means:
            return sum(mlm_losses) / len(mlm_losses), sum(nsp_losses) / len(nsp_losses)
        return (nsp_losses, mlm_losses) if swapped else (mlm_losses, nsp_losses)

    return pretrain


def outcome(result: Any, model: nn.Module, batches: list, mask: _Mask, lr: float) -> dict[str, Any]:
    """What a training loop leaves behind: its two lists, both losses of the trained model on new pairs, its modes, the
    length of its first gradient at the next-sentence logits, and that of a vector that no gradient has reached (of a
    position that no pair is long enough for)."""
    modes, pulls = list(model.modes), list(model.pulls)
    ids, segments, lengths, not_next = _batch(6, [(4, 3), (2, 2)], seeded(5))
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
    unread = model.bert.position_embedding.weight[-1].detach().double().norm().item()
    found |= {"trains": all(modes), "unread": unread, "pull": pulls[0] if pulls else 0.0}
    return {**found, "lists": mlm + nsp, "two": None not in parts, "graph": graph, "calls": mask.calls}
