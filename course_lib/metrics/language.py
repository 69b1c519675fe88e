"""How well a language model guesses."""

import math

from torch import Tensor


def perplexity(nats: float | Tensor) -> float | Tensor:
    """Perplexity of a mean cross-entropy: e^nats.

    The number of equally likely symbols among which the model might as well have been choosing: vocab_size
    for a uniform guess, 1 for certainty. Compare it only between models with the same symbols.
    F. Jelinek, R. L. Mercer, L. R. Bahl and J. K. Baker, "Perplexity: a measure of the difficulty of speech
    recognition tasks", Journal of the Acoustical Society of America 62, 1977.

    ``nats`` is a float or a tensor of any shape (same shape comes back). Raises ValueError if it is negative
    or NaN.
    """
    _check_nats(nats)
    if isinstance(nats, Tensor):
        return nats.exp()
    try:
        return math.exp(nats)
    except OverflowError:  # as the tensor form has it
        return math.inf


def bits_per_character(nats: float | Tensor) -> float | Tensor:
    """A mean cross-entropy per character in bits instead of nats: nats / ln 2.

    How many yes-or-no answers a character still costs once the model has spoken; printed English costs a
    person about 1. C. E. Shannon, "Prediction and Entropy of Printed English", Bell System Technical Journal
    30, 1951.

    ``nats`` is a float or a tensor of any shape (same shape comes back). Raises ValueError if it is negative
    or NaN.
    """
    _check_nats(nats)
    return nats / math.log(2)


def _check_nats(nats: float | Tensor) -> None:
    # Written so that NaN, for which every comparison is false, fails too.
    fine = bool((nats >= 0).all()) if isinstance(nats, Tensor) else nats >= 0
    if not fine:
        raise ValueError(
            f"A cross-entropy of {nats} nats is impossible, it is at least 0: pass the mean of -log p."
        )
