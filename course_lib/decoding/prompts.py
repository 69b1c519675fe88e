"""Reading a batch of prompts: a beginning that all of them share is read once, and its keys and values are copied."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.decoding.static_step import runs_unobserved
from course_lib.models.attention import KeyValueCache
from course_lib.models.modes import evaluating
from course_lib.models.transformer import DecoderOnly
from course_lib.text.padding import pad

WORTH_SHARING = 8  # symbols; for a shorter beginning a second call costs more than it saves


def read_prompts(
    model: DecoderOnly, ids: Tensor, room: int, lengths: Tensor | None = None
) -> tuple[Tensor, list[KeyValueCache]]:
    """Read prompts into caches with room for `room` symbols a row.

    Args:
        ids: (batch, time) on the model's device, padded on the right.
        lengths: (batch,) on the same device, how many symbols of each row are real; None: all.

    Returns:
        The logits of each row's next symbol, (batch, vocab_size), and the caches, one a layer.
    """
    return _read_ends(model, _read_start(model, ids, room, lengths), ids, lengths)


@torch.no_grad()
def next_log_probs(model: DecoderOnly, prompts: Sequence[Sequence[int]], *, batch_size: int = 8) -> Tensor:
    """The log-probabilities of every symbol after each prompt, (n, vocab_size), on the CPU.

    Args:
        prompts: the ids of each, of any lengths. A beginning that all share, such as the examples of few-shot
            learning, is read only once.
        batch_size: prompts at a time; each holds keys and values of its own.

    Raises:
        ValueError: no prompt, an empty one, or one longer than the model can read.
    """
    if len(prompts) == 0 or not all(len(prompt) for prompt in prompts):
        raise ValueError(
            f"prompts has {len(prompts)} texts, of {[len(prompt) for prompt in prompts][:9]} symbols; "
            "expected at least one prompt, and none that is empty."
        )
    device = next(model.parameters()).device
    ids, lengths = pad(prompts)  # (n, time), (n,)
    result = torch.empty(len(ids), model.vocab_size)
    with evaluating(model):
        start = _read_start(model, ids.to(device), ids.shape[1], lengths.to(device))
        for rows in lengths.argsort().split(batch_size):  # similar lengths together: less padding
            some, width = lengths[rows], int(lengths[rows].max())
            logits, _ = _read_ends(model, start, ids[rows, :width].to(device), some.to(device))
            result[rows] = logits.log_softmax(dim=-1).float().cpu()
    return result


def _read_start(model: DecoderOnly, ids: Tensor, room: int, lengths: Tensor | None) -> list[KeyValueCache]:
    """Caches of one row with what all rows begin with; empty ones, where that is not worth it."""
    caches = model.start_caches(room)
    shortest = ids.shape[1] if lengths is None else int(lengths.min())
    same = (ids == ids[:1]).all(dim=0)[: shortest - 1]  # each row keeps a symbol of its own to read
    n_shared = int(same.cumprod(dim=0).sum())
    # Who listens to the model hears whole prompts.
    if len(ids) > 1 and n_shared >= WORTH_SHARING and runs_unobserved(model):
        model(ids[:1, :n_shared], caches, last_only=True)
    return caches


def _read_ends(
    model: DecoderOnly, start: Sequence[KeyValueCache], ids: Tensor, lengths: Tensor | None
) -> tuple[Tensor, list[KeyValueCache]]:
    """What the prompts have behind the start: logits (batch, vocab_size), and caches that hold all of each row."""
    row = torch.zeros(len(ids), dtype=torch.long, device=ids.device)
    caches = [cache.select(row) for cache in start]  # one copy a row
    real = None if lengths is None else torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
    return model(ids[:, start[0].length :], caches, mask=real, last_only=True)[:, -1], caches
