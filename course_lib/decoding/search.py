"""Greedy and beam search: the likeliest sequence that a model of sequence pairs can be brought to write.

They work for every model with three methods, here `Seq2Seq`:

    start(source, lengths) → state
    step(ids, state) → (logits (batch, vocab_size), state), where ids (batch,) are the newest symbols
    select(state, rows) → the state of those rows of the batch, in that order; a row may come several times
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_lib.models.modes import evaluating


class Hypothesis(NamedTuple):
    """One written sequence.

    ids       what was written, without <bos> and <eos>
    log_prob  natural logarithm of its probability, <eos> included where it was written
    score     log_prob divided by the length penalty: what beam search sorts by
    finished  False where max_len was reached before <eos>
    """

    ids: list[int]
    log_prob: float
    score: float
    finished: bool


def length_penalty(length: int, alpha: float) -> float:
    """By what a log-probability is divided: ((5 + length) / 6)^alpha; 1 for alpha = 0.

    Every further symbol makes a sequence less probable, so short ones win without it. `length` counts <eos>.

    Source: Wu et al. 2016, "Google's Neural Machine Translation System", equation 14, without its coverage term.
    """
    return ((5 + length) / 6) ** alpha


def greedy(
    model: nn.Module,
    source: Tensor,
    lengths: Tensor,
    *,
    bos_id: int,
    eos_id: int,
    max_len: int,
    forbidden: Sequence[int] = (),
) -> list[Hypothesis]:
    """Write the likeliest symbol at every step, until <eos>.

    Args:
        model: see above; its device is used, and it is in eval mode meanwhile.
        source: (batch, source_len) ids, padded; lengths (batch,).
        bos_id, eos_id: the symbols that begin and end a sequence.
        max_len: at most this many symbols, <eos> included.
        forbidden: ids never written, such as <pad>, <bos> and <unk>.

    Returns:
        A hypothesis for each row, with score = log_prob.

    Raises:
        ValueError: an option out of its range, or logits that are NaN.
    """
    _check(source, max_len, eos_id, forbidden)
    with _reading(model) as device:
        state = model.start(source.to(device), lengths.to(device))
        newest = torch.full((len(source),), bos_id, device=device)
        ended = torch.zeros(len(source), dtype=torch.bool, device=device)
        total = torch.zeros(len(source), device=device)
        written = []
        for _ in range(max_len):
            logits, state = model.step(newest, state)
            best, newest = _log_probs(logits, forbidden).max(dim=-1)  # (batch,), (batch,)
            total = total + torch.where(ended, 0.0, best)
            newest = torch.where(ended, eos_id, newest)  # after <eos> nothing else
            ended = ended | (newest == eos_id)
            written.append(newest)
            if ended.all():
                break
        rows = torch.stack(written, dim=1).tolist()  # (batch, steps)
    return [
        Hypothesis(ids[: ids.index(eos_id)] if end else ids, log_prob, log_prob, end)
        for ids, log_prob, end in zip(rows, total.tolist(), ended.tolist(), strict=True)
    ]


def beam_search(
    model: nn.Module,
    source: Tensor,
    lengths: Tensor,
    *,
    bos_id: int,
    eos_id: int,
    max_len: int,
    beam: int = 5,
    alpha: float = 0.0,
    forbidden: Sequence[int] = (),
) -> list[list[Hypothesis]]:
    """Keep the `beam` likeliest beginnings at every step, and the best endings among them.

    With beam = 1 and alpha = 0 it is greedy search; with a beam as wide as there are sequences, it is exhaustive. A
    row of the batch is done when no beginning it still has could end among its `beam` best.

    Args:
        model, source, lengths, bos_id, eos_id, max_len, forbidden: as in `greedy`.
        beam: how many beginnings are kept.
        alpha: strength of the length penalty; 0 sorts by probability, Wu et al. 2016 use 0.2 to 0.8.

    Returns:
        For each row at most `beam` hypotheses, the best first: finished ones by score, then, if there are too few,
        those that max_len cut off.

    Raises:
        ValueError: an option out of its range, or logits that are NaN.
    """
    _check(source, max_len, eos_id, forbidden)
    if not isinstance(beam, int) or isinstance(beam, bool) or beam < 1:
        raise ValueError(f"beam is {beam!r}; it must be a whole number of at least 1.")
    if not 0 <= alpha < float("inf"):
        raise ValueError(f"alpha is {alpha}; it must be a number of at least 0.")
    endings: list[list[Hypothesis]] = [[] for _ in range(len(source))]
    with _reading(model) as device:
        state = model.start(source.to(device), lengths.to(device))
        active = list(range(len(source)))  # rows of the source that are not done
        newest = torch.full((len(source),), bos_id, device=device)
        totals = torch.zeros(
            len(source), 1, device=device
        )  # (active, width): log-probability of each beginning
        prefixes = torch.empty(len(source), 1, 0, dtype=torch.long, device=device)  # (active, width, length)
        for length in range(1, max_len + 1):
            logits, state = model.step(newest, state)
            vocab_size, width = logits.shape[-1], totals.shape[1]
            candidates = totals[..., None] + _log_probs(logits, forbidden).view(-1, width, vocab_size)
            # At most `width` of the best 2 · beam end with <eos>: enough others remain to go on with.
            best, place = candidates.flatten(1).topk(min(2 * beam, width * vocab_size))  # (active, 2 * beam)
            parent, symbol = place // vocab_size, place % vocab_size
            ends = symbol == eos_id
            for i, k in ends[:, :beam].nonzero().tolist():
                ids = prefixes[i, parent[i, k]].tolist()
                _keep(endings[active[i]], ids, best[i, k].item(), alpha, beam)
            # The first `beam` candidates that go on, in their order: a stable sort puts endings last.
            chosen = ends.int().sort(dim=1, stable=True).indices[:, : min(beam, width * (vocab_size - 1))]
            totals, parent, symbol = (part.gather(1, chosen) for part in (best, parent, symbol))
            prefixes = torch.cat(
                [prefixes.gather(1, parent[..., None].expand(-1, -1, length - 1)), symbol[..., None]], dim=2
            )  # (active, width, length)
            # Log-probabilities only fall and the penalty only grows: no ending of a beginning can be better than this.
            hopes = (totals[:, 0] / length_penalty(max_len, alpha)).tolist()
            go_on = [
                i
                for i, row in enumerate(active)
                if len(endings[row]) < beam or hopes[i] > endings[row][-1].score
            ]
            if length == max_len or not go_on:
                break
            offset = torch.arange(len(active), device=device)[:, None] * width
            rows = (parent + offset)[go_on]  # (active, width): rows of the state to go on from
            active = [active[i] for i in go_on]
            totals, prefixes, newest = totals[go_on], prefixes[go_on], symbol[go_on].flatten()
            state = model.select(state, rows.flatten())
        for i, row in enumerate(active):
            for ids, log_prob in zip(prefixes[i].tolist(), totals[i].tolist(), strict=True):
                if len(endings[row]) < beam and log_prob > -float("inf"):
                    score = log_prob / length_penalty(len(ids), alpha)
                    endings[row].append(Hypothesis(ids, log_prob, score, False))
    return endings


def _keep(endings: list[Hypothesis], ids: list[int], log_prob: float, alpha: float, beam: int) -> None:
    """Put what has just been ended into the list of the best `beam`, unless it is impossible."""
    if log_prob > -float("inf"):
        endings.append(Hypothesis(ids, log_prob, log_prob / length_penalty(len(ids) + 1, alpha), True))
        endings.sort(key=lambda hypothesis: -hypothesis.score)
        del endings[beam:]


def free_running_logits(
    model: nn.Module, source: Tensor, lengths: Tensor, *, bos_id: int, steps: int
) -> Tensor:
    """The model's logits when it reads its own likeliest symbols instead of the true ones.

    Beside the logits of teacher forcing they show how far errors carry: the loss a model is trained with is not the
    one it writes with.

    Returns:
        (batch, steps, vocab_size), on the model's device, without gradient.

    Source: exposure bias; Ranzato et al. 2016, "Sequence Level Training with Recurrent Neural Networks", section 2.
    """
    _check(source, steps, 0, ())
    with _reading(model) as device:
        state = model.start(source.to(device), lengths.to(device))
        newest = torch.full((len(source),), bos_id, device=device)
        written = []
        for _ in range(steps):
            logits, state = model.step(newest, state)
            newest = logits.argmax(dim=-1)  # (batch,)
            written.append(logits)
    return torch.stack(written, dim=1)  # (batch, steps, vocab_size)


def _check(source: Tensor, max_len: int, eos_id: int, forbidden: Sequence[int]) -> None:
    if source.dim() != 2 or source.numel() == 0:
        raise ValueError(f"source has shape {tuple(source.shape)}; expected (batch, source_len), not empty.")
    if not isinstance(max_len, int) or isinstance(max_len, bool) or max_len < 1:
        raise ValueError(f"The length is {max_len!r}; it must be a whole number of at least 1.")
    if eos_id in forbidden:
        raise ValueError(f"forbidden holds eos_id = {eos_id}: no sequence could ever end.")


def _log_probs(logits: Tensor, forbidden: Sequence[int]) -> Tensor:
    if torch.isnan(logits).any():
        raise ValueError(
            "The logits contain NaN: training has diverged; lower the learning rate or clip gradients."
        )
    if len(forbidden):
        logits = logits.index_fill(-1, torch.tensor(list(forbidden), device=logits.device), -float("inf"))
    # At least single precision: half a hundred log-probabilities are added up.
    return logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(dim=-1)


@contextmanager
def _reading(model: nn.Module) -> Iterator[torch.device]:
    """Eval mode without gradients meanwhile; gives the model's device."""
    with evaluating(model), torch.inference_mode():
        yield next(model.parameters()).device
