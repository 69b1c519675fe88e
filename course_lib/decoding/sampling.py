"""Turning a model's distributions into text: temperature, top-k and top-p sampling."""

import math

import torch
from torch import Tensor, nn


def next_distribution(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """The probabilities to draw the next symbol from: softmax(logits / T), then cut off and renormalised.

    Args:
        logits: (..., vocab_size).
        temperature: T > 0 flattens (T > 1) or sharpens (T < 1); 0 puts everything on the likeliest symbol.
        top_k: keep the k likeliest symbols (Fan et al. 2018, section 5.4).
        top_p: keep the fewest likeliest symbols whose probabilities reach p (Holtzman et al. 2020, section 3.1).

    Returns:
        (..., vocab_size) probabilities; each row sums to 1.

    Raises:
        ValueError: an option out of its range, or logits that are NaN.
    """
    vocab_size = logits.shape[-1]
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature is {temperature}; it must be a number of at least 0.")
    if top_k is not None and not 1 <= top_k <= vocab_size:
        raise ValueError(f"top_k is {top_k}; it must be from 1 to vocab_size = {vocab_size}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; it must be above 0 and at most 1.")
    if torch.isnan(logits).any():
        raise ValueError("logits hold NaN; the model's weights have probably blown up in training.")
    if temperature == 0:
        return nn.functional.one_hot(logits.argmax(dim=-1), vocab_size).to(logits.dtype)
    probabilities = torch.softmax(logits / temperature, dim=-1)  # (..., vocab_size)
    if top_k is None and top_p is None:
        return probabilities
    descending, order = probabilities.sort(dim=-1, descending=True, stable=True)  # (..., vocab_size)
    keep = torch.ones_like(descending, dtype=torch.bool)
    if top_k is not None:
        keep[..., top_k:] = False
    if top_p is not None:
        # A symbol stays when the likelier ones before it have not reached p yet: the first one always stays.
        keep &= descending.cumsum(dim=-1) - descending < top_p
    kept = torch.zeros_like(probabilities).scatter(
        -1, order, descending * keep
    )  # back in the vocabulary's order
    return kept / kept.sum(dim=-1, keepdim=True)


@torch.inference_mode()
def sample(
    model: nn.Module,
    prompt: Tensor,
    n_new: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Let a recurrent language model go on from `prompt`, one symbol at a time.

    Args:
        model: model(ids, state) → (logits, state), as `RecurrentLM`.
        prompt: (batch, time) ids with at least one step.
        n_new: symbols to add.
        temperature, top_k, top_p: as in `next_distribution`.
        generator: random numbers, on the CPU, so that every device draws the same.

    Returns:
        (batch, time + n_new) ids, the prompt included.
    """
    if prompt.dim() != 2 or prompt.shape[1] == 0:
        raise ValueError(
            f"prompt has shape {tuple(prompt.shape)}; expected (batch, time) with at least one symbol to start from."
        )
    if n_new < 0:
        raise ValueError(f"n_new is {n_new}; it must be at least 0.")
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    try:
        ids, newest, state = [prompt.cpu()], prompt, None
        for _ in range(n_new):
            logits, state = model(newest.to(device), state)  # (batch, time, vocab_size)
            probabilities = next_distribution(logits[:, -1].float().cpu(), temperature, top_k, top_p)
            newest = torch.multinomial(probabilities, 1, generator=generator)  # (batch, 1)
            ids.append(newest)
    finally:
        model.train(was_training)
    return torch.cat(ids, dim=1)  # (batch, time + n_new)
