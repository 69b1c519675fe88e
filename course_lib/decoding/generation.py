"""Let a GPT go on writing, with the keys and values of what is written kept."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from course_lib.decoding.sampling import next_distribution
from course_lib.models.transformer import GPT


@torch.inference_mode()
def generate(
    model: GPT,
    prompt: Tensor,
    n_new: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
) -> Tensor:
    """Go on from `prompt`, one symbol at a time.

    Args:
        prompt: (batch, time) ids with at least one symbol.
        n_new: symbols to add; prompt and new ones must fit into the model's max_len.
        temperature, top_k, top_p: as in `next_distribution`; temperature 0 takes the likeliest.
        generator: random numbers, on the CPU, so that every device draws the same.
        use_cache: False reads the whole text again for every symbol: the same result, and slow.

    Returns:
        (batch, time + n_new) ids on the CPU, the prompt included.

    Raises:
        ValueError: an empty prompt, a text longer than the model can read, or an option out of its range.
    """
    if prompt.dim() != 2 or prompt.shape[1] == 0:
        raise ValueError(
            f"prompt has shape {tuple(prompt.shape)}; expected (batch, time) with at least one symbol to start from."
        )
    length = prompt.shape[1] + n_new
    if n_new < 0 or length > model.max_len:
        raise ValueError(
            f"n_new is {n_new} after a prompt of {prompt.shape[1]} symbols; expected at least 0, and together at most "
            f"max_len = {model.max_len}."
        )
    device, was_training = next(model.parameters()).device, model.training
    greedy = temperature == 0 and top_k is None and top_p is None
    ids = torch.empty(len(prompt), length, dtype=torch.long, device=device)
    ids[:, : prompt.shape[1]] = prompt
    caches = model.start_caches(length) if use_cache else None
    read = 0  # symbols that the caches hold
    model.eval()
    try:
        with _column_major(model, n_new if use_cache else 0):
            for end in range(prompt.shape[1], length):
                logits = model(ids[:, read:end], caches, last_only=True)[:, -1]  # (batch, vocab_size)
                if greedy:
                    ids[:, end] = logits.argmax(dim=-1)
                else:
                    probabilities = next_distribution(logits.float().cpu(), temperature, top_k, top_p)
                    ids[:, end] = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
                read = end if use_cache else 0
    finally:
        model.train(was_training)
    return ids.cpu()


@contextmanager
def _column_major(model: nn.Module, n_new: int) -> Iterator[None]:
    """Lay the matrices out column by column while single tokens are multiplied with them.

    The values stay the same. A product with one row walks through a matrix laid out by columns without jumping, and is
    up to twice as fast on a CPU; products with many rows, as in training, are not.
    """
    matrices = [p for p in model.parameters() if p.dim() == 2 and p.device.type == "cpu"] if n_new > 8 else []
    rows = [matrix.data for matrix in matrices]
    try:
        for matrix in matrices:
            matrix.data = matrix.data.T.contiguous().T
        yield
    finally:
        for matrix, data in zip(matrices, rows, strict=True):
            matrix.data = data
