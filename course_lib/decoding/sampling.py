"""Turning a model's distributions into text: temperature, top-k and top-p, and a draw that every device makes alike."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.modes import evaluating


def next_distribution(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """The probabilities to draw the next symbol from: softmax(logits / T), cut off and renormalised.

    With both cut-offs, top-p looks at the distribution that top-k has left, as in Hugging Face's `generate`.

    Args:
        logits: (..., vocab_size); −∞ is a symbol that cannot come.
        temperature: T > 0 flattens (T > 1) or sharpens (T < 1); 0 puts everything on the likeliest symbol, the first
            of several.
        top_k: keep the k likeliest symbols (Fan et al. 2018, section 5.4), and those as likely as the k-th.
        top_p: keep the fewest likeliest symbols whose probabilities reach p (Holtzman et al. 2020, section 3.1); 1
            keeps every symbol.

    Returns:
        (..., vocab_size) probabilities in at least single precision; each row sums to 1.

    Raises:
        ValueError: an option out of its range; logits that are NaN or +∞, or a row of −∞ only.
    """
    _check_options(temperature, top_k, top_p)
    _check_top_k(top_k, logits.shape[-1])
    _check_finite(logits.amax(dim=-1))
    return _distribution(logits, temperature, top_k, top_p)


def _distribution(logits: Tensor, temperature: float, top_k: int | None, top_p: float | None) -> Tensor:
    """`next_distribution` without its checks, for which the CPU would have to wait for the device."""
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
    if top_k is not None:
        least = logits.topk(top_k, dim=-1).values[..., -1:]  # (..., 1)
        logits = logits.masked_fill(logits < least, -math.inf)
    if temperature != 1:
        # The largest is 0 before the division: however small T is, it stays 0, and the others become at worst −∞.
        logits = logits - logits.amax(dim=-1, keepdim=True)
        logits = logits / max(temperature, torch.finfo(logits.dtype).tiny)
    probabilities = logits.softmax(dim=-1)
    if top_p is None or top_p == 1:  # rounded, the sum may reach 1 before the last symbol
        return probabilities
    descending, order = probabilities.sort(dim=-1, descending=True, stable=True)  # (..., vocab_size)
    # A symbol goes when the likelier ones before it reach p without it: the first one always stays.
    reached = descending.cumsum(dim=-1)[..., :-1] >= top_p  # (..., vocab_size − 1)
    descending = descending.masked_fill(F.pad(reached, (1, 0)), 0.0)
    kept = torch.zeros_like(probabilities).scatter(-1, order, descending)  # back in the vocabulary's order
    return kept / kept.sum(dim=-1, keepdim=True)


def draw(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """Draw a symbol from each row by inverting its cumulative distribution.

    The symbol is the first whose cumulative probability exceeds the row's uniform number: the same one on every
    device, up to rounding. A symbol of probability 0 is never drawn.

    Shapes:
        probabilities (batch, vocab_size), not necessarily normalised; uniform (batch,) from `uniform_numbers`
        → ids (batch,)

    Source: inverse transform sampling; Devroye 1986, "Non-Uniform Random Variate Generation", section III.2.
    """
    cumulative = probabilities.cumsum(dim=-1)  # (batch, vocab_size)
    if probabilities.device.type == "cpu":
        return _invert_sorted(cumulative, uniform)
    return _invert_parallel(cumulative, probabilities, uniform)


def _invert_sorted(cumulative: Tensor, uniform: Tensor) -> Tensor:
    """The first of each row's sums above uniform · total, where the CPU added one after the other: they only grow."""
    threshold = uniform[:, None] * cumulative[:, -1:]  # (batch, 1)
    # Only where they are NaN does none exceed it; `Chooser.check` will say so.
    return torch.searchsorted(cumulative, threshold, right=True)[:, 0].clamp(max=cumulative.shape[1] - 1)


def _invert_parallel(cumulative: Tensor, probabilities: Tensor, uniform: Tensor) -> Tensor:
    """The same for sums computed in parallel.

    They need not grow: where 0 is added, the last digit may change. So sums at symbols of probability 0 are set to 0,
    which exceeds no threshold, and the largest sum counts as the total, which always exceeds it.
    """
    cumulative = cumulative.masked_fill(probabilities == 0, 0.0)
    threshold = uniform[:, None] * cumulative.amax(dim=-1, keepdim=True)  # (batch, 1)
    return (cumulative > threshold).byte().argmax(dim=-1)  # the first of the largest


def uniform_numbers(n_steps: int, batch: int, generator: torch.Generator | None = None) -> Tensor:
    """(n_steps, batch) uniform numbers from 0 to just below 1, on the generator's device (without one, the CPU)."""
    device = "cpu" if generator is None else generator.device
    numbers = torch.rand(n_steps, batch, dtype=torch.float32, generator=generator, device=device)
    # So far below 1 that the product with a sum stays below the sum, however it is rounded.
    return numbers.clamp_(max=1 - torch.finfo(torch.float32).eps)


class Chooser:
    """Chooses the next symbol of every row, call after call, without the CPU having to wait for the device.

    All uniform numbers are drawn at the start, and errors are looked for at the end. What changes from call to call
    is held in tensors, so that a call can be captured in a CUDA graph.

    Args:
        n_steps: how often it will be called at most.
        batch, device: rows of the logits, and where they are.
        temperature, top_k, top_p: as in `next_distribution`.
        generator: on the CPU, so that every device draws the same.
    """

    def __init__(
        self,
        n_steps: int,
        batch: int,
        device: torch.device,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        generator: torch.Generator | None = None,
    ):
        _check_options(temperature, top_k, top_p)
        self.temperature, self.top_k, self.top_p = temperature, top_k, top_p
        self._step = torch.zeros(1, dtype=torch.long, device=device)
        # A sum of each row's largest logits: not finite as soon as one of them is not.
        self._largest = torch.zeros(batch, device=device)
        if temperature > 0:
            self._uniform = uniform_numbers(n_steps, batch, generator).to(device)

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits (batch, vocab_size) → ids (batch,)."""
        _check_top_k(self.top_k, logits.shape[-1])
        self._largest += logits.amax(dim=-1)
        if self.temperature == 0:
            return logits.argmax(dim=-1)
        uniform = self._uniform.index_select(0, self._step)[0]  # (batch,)
        self._step += 1
        return draw(_distribution(logits, self.temperature, self.top_k, self.top_p), uniform)

    def check(self) -> None:
        """Raise ValueError if any of the logits could not be chosen from."""
        _check_finite(self._largest)


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
        (batch, time + n_new) ids on the CPU, the prompt included.

    Raises:
        ValueError: an empty prompt, an option out of its range, or logits that are NaN.
    """
    check_prompt(prompt)
    if n_new < 0:
        raise ValueError(f"n_new is {n_new}; it must be at least 0.")
    device = next(model.parameters()).device
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "generator": generator}
    choose = Chooser(n_new, len(prompt), device, **options)
    with evaluating(model):
        newest, state = prompt.to(device), None
        ids = [newest]
        for _ in range(n_new):
            logits, state = model(newest, state)  # (batch, time, vocab_size)
            newest = choose(logits[:, -1])[:, None]  # (batch, 1)
            ids.append(newest)
        choose.check()
    return torch.cat(ids, dim=1).cpu()  # (batch, time + n_new)


def check_prompt(prompt: Tensor) -> None:
    """Raise ValueError unless prompt is (batch, time) with at least one symbol."""
    if prompt.dim() != 2 or prompt.shape[1] == 0:
        raise ValueError(
            f"prompt has shape {tuple(prompt.shape)}; expected (batch, time) with at least one symbol to start from."
        )


def _check_options(temperature: float, top_k: int | None, top_p: float | None) -> None:
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature is {temperature}; it must be a number of at least 0.")
    if top_k is not None and (not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1):
        raise ValueError(f"top_k is {top_k!r}; it must be a whole number of at least 1.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p is {top_p}; it must be above 0 and at most 1.")


def _check_top_k(top_k: int | None, vocab_size: int) -> None:
    if top_k is not None and top_k > vocab_size:
        raise ValueError(f"top_k is {top_k}; it must be at most vocab_size = {vocab_size}.")


def _check_finite(largest: Tensor) -> None:
    """Each row's largest logit, or a sum of such, must be a finite number."""
    if torch.isnan(largest).any():
        raise ValueError("logits hold NaN; the model's weights have probably blown up in training.")
    if (largest == math.inf).any():
        raise ValueError("logits hold +∞; expected finite numbers, or −∞ for symbols that cannot come.")
    if (largest == -math.inf).any():
        raise ValueError("logits hold a row of −∞ only: no symbol can come; at least one must be finite.")
