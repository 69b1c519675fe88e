"""The best that any model can do on masked words, computed from the grammar: the floor of a masked language model."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch

from course_lib.data.village.language import Language
from course_lib.data.village.next_sentence import PAIRS, next_sentence_pairs
from course_lib.data.village.sentences import MARKS
from course_lib.data.village.world import SENTENCES, TEXTS, generator_from, sample, texts


@dataclass(frozen=True)
class MaskedFloor:
    """The smallest loss (nats a predicted word) and the greatest accuracy, with their standard errors.

    Each draw's best prediction is exact; the mean over draws has the standard error given.
    """

    loss: float
    accuracy: float
    loss_error: float
    accuracy_error: float
    n_predicted: int


def masked_floor(
    n: int,
    seed: int | torch.Generator = 0,
    language: Language = TEXTS,
    probability: float = 0.15,
    replacement: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> MaskedFloor:
    """Return the floor of masked language modelling on n samples of SENTENCES, TEXTS or PAIRS.

    Each word is chosen with ``probability``; a chosen word is replaced by [MASK], by a random word of the
    vocabulary, or kept, with the three shares of ``replacement`` (Devlin et al. 2019: 0.8, 0.1, 0.1). The
    best model reads the damaged words, knows how they were damaged and where the first sentence ends (a [SEP]
    shows it), and is scored on the chosen words only. It cannot see which of the shown words are chosen, so
    it trusts each of them a little less.
    """
    mask, swap, keep = replacement
    if not 0 < probability < 1 or min(replacement) < 0 or abs(sum(replacement) - 1) > 1e-9:
        raise ValueError(
            "probability must be in (0, 1) and replacement three shares that add up to 1, "
            f"not {probability} and {replacement}."
        )
    generator = generator_from(seed)
    vocab_size = len(language.vocabulary)
    ids = {word: number for number, word in enumerate(language.vocabulary)}
    is_mark = np.isin(language.vocabulary, MARKS)
    losses, hits = [], []
    for words, boundary in _samples(language, n, generator):
        true = np.array([ids[word] for word in words])
        chosen = (torch.rand(len(words), generator=generator) < probability).numpy()
        fate = torch.rand(len(words), generator=generator).numpy()
        other = torch.randint(vocab_size, (len(words),), generator=generator).numpy()
        shown = np.where(chosen & (fate >= mask) & (fate < mask + swap), other, true)
        hidden = chosen & (fate < mask)
        if not chosen.any():
            continue
        same = np.eye(vocab_size)[shown]  # (time, vocab_size)
        # P(what is shown | word) for a reader who does not know, and for one who knows, that the word was
        # chosen.
        as_chosen = np.where(hidden[:, None], 1.0, swap / vocab_size + keep * same)
        unknown = np.where(hidden[:, None], 1.0, (1 - probability) * same + probability * as_chosen)
        if boundary is not None:  # marks stand at the end of the two sentences and nowhere else
            closes = np.isin(np.arange(len(words)), [boundary - 1, len(words) - 1])
            fits = np.where(closes[:, None], is_mark, ~is_mark)
            as_chosen, unknown = as_chosen * fits, unknown * fits
        best = language.posterior(
            unknown, own=np.where(chosen[:, None], as_chosen, unknown)
        )  # (time, vocab_size)
        losses += (-np.log(best[chosen, true[chosen]])).tolist()
        hits += (best[chosen].argmax(-1) == true[chosen]).tolist()
    if len(losses) < 2:
        raise ValueError(f"{n} samples had {len(losses)} chosen words; raise n.")
    error = sqrt(len(losses))
    return MaskedFloor(
        float(np.mean(losses)),
        float(np.mean(hits)),
        float(np.std(losses, ddof=1) / error),
        float(np.std(hits, ddof=1) / error),
        len(losses),
    )


def _samples(
    language: Language, n: int, generator: torch.Generator
) -> list[tuple[tuple[str, ...], int | None]]:
    """Return (words, boundary) for n samples; boundary is None for single sentences."""
    if language is SENTENCES:
        return [(sentence.words, None) for sentence in sample(n, generator)]
    if language is TEXTS:
        return [(text.words, text.boundary) for text in texts(n, generator)]
    if language is PAIRS:
        return [(pair.first + pair.second, len(pair.first)) for pair in next_sentence_pairs(n, generator)]
    raise ValueError(f"language must be SENTENCES, TEXTS or PAIRS, not {language!r}.")
