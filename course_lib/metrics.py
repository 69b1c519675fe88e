"""How good is a model? Numbers that mean the same for every model."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
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


def accuracy(logits_or_predictions: Tensor, targets: Tensor) -> float:
    """The share of answers that are right, between 0 and 1.

    ``targets`` holds ids, of any shape, for example (batch,) or (batch, time). The first argument is either
    predicted ids of the same shape, or logits with one more, last dimension (…, vocab_size), whose largest
    entry is the prediction. Raises ValueError for other shapes, for empty tensors and for logits that are
    NaN.
    """
    if targets.is_floating_point():
        raise ValueError(f"targets has type {targets.dtype}; accuracy compares ids, which are whole numbers.")
    if targets.numel() == 0:
        raise ValueError(f"targets has shape {tuple(targets.shape)}: there is nothing to be right about.")
    if logits_or_predictions.shape[:-1] == targets.shape and logits_or_predictions.ndim == targets.ndim + 1:
        if torch.isnan(logits_or_predictions).any():
            raise ValueError(
                "The logits contain NaN: training has diverged; lower the learning rate or clip gradients."
            )
        predictions = logits_or_predictions.argmax(dim=-1)  # (…, vocab_size) -> (…)
    elif logits_or_predictions.shape == targets.shape:
        predictions = logits_or_predictions
    else:
        raise ValueError(
            f"Shapes do not fit: {tuple(logits_or_predictions.shape)} and targets {tuple(targets.shape)}; "
            f"pass predicted ids of the targets' shape, or logits of that shape + (vocab_size,)."
        )
    return (predictions == targets).double().mean().item()


class Bleu(NamedTuple):
    """score from 0 to 100, and sacrebleu's signature: references, case, tokens, version."""

    score: float
    signature: str


def bleu(hypotheses: Sequence[str], references: Sequence[str]) -> Bleu:
    """BLEU of a whole test set: how many runs of one to four words of the translations stand in the references too.

    Computed by sacrebleu on the sentences as people write them (capitals, no tokens cut apart), because BLEU of
    otherwise prepared text cannot be compared: K. Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine
    Translation", 2002; M. Post, "A Call for Clarity in Reporting BLEU Scores", 2018.

    Args:
        hypotheses: the translations, one str for each sentence.
        references: a person's translation of each.

    Raises:
        ValueError: lists of different lengths, or nothing in them.
        TypeError: something that is not a list of str.
    """
    for name, sentences in (("hypotheses", hypotheses), ("references", references)):
        if isinstance(sentences, str) or not all(isinstance(sentence, str) for sentence in sentences):
            raise TypeError(f"{name} must be a list of sentences, each one str (not cut into tokens).")
    if len(hypotheses) != len(references) or not hypotheses:
        raise ValueError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references; expected as many, at least one."
        )
    from sacrebleu.metrics import BLEU  # here, because it takes a while to import

    scorer = BLEU()
    return Bleu(scorer.corpus_score(list(hypotheses), [list(references)]).score, str(scorer.get_signature()))


def _check_nats(nats: float | Tensor) -> None:
    # Written so that NaN, for which every comparison is false, fails too.
    fine = bool((nats >= 0).all()) if isinstance(nats, Tensor) else nats >= 0
    if not fine:
        raise ValueError(
            f"A cross-entropy of {nats} nats is impossible, it is at least 0: pass the mean of -log p."
        )
