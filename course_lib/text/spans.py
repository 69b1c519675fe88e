"""Span corruption: T5's pre-training task, in which a sentinel stands for every span of tokens that was taken out."""

from collections.abc import Sequence
from typing import NamedTuple

import torch


class Corrupted(NamedTuple):
    """A text with holes, and what was in them.

    source  the text, each span of noise replaced by a sentinel of its own
    target  each sentinel, in the same order, followed by its span; then one sentinel more, which ends the last span
    """

    source: list[int]
    target: list[int]


def noise_spans(
    length: int,
    *,
    noise: float = 0.15,
    mean_span: float = 3.0,
    anywhere: bool = True,
    generator: torch.Generator | None = None,
) -> list[tuple[int, int]]:
    """Where the spans of noise lie in a text of so many tokens, as (start, stop).

    How many tokens are noise, and how many spans they make, is fixed by the length; what is random is how long each
    span is, and each part between them. At least one token stays between two spans.

    Args:
        length: tokens of the text, at least 2: one that stays and one that goes.
        noise: the share of tokens that is taken out (rounded, at least 1 and at most length − 1).
        mean_span: the mean length of a span; the number of spans is the number of noise tokens divided by it, rounded.
        anywhere: False, as in T5's code, lets every text begin with a part that stays and end with a span. Among 512
            tokens that hardly matters; in a sentence with one span, nothing but its end would ever be asked for.
        generator: on the CPU.

    Raises:
        ValueError: a text that is too short, or an option out of its range.

    Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
    section 3.1.4, and `random_spans_noise_mask` in its code.
    """
    if not isinstance(length, int) or length < 2:
        raise ValueError(f"length is {length!r}; a text needs at least 2 tokens, one that stays and one that goes.")
    if not 0 < noise < 1 or not mean_span >= 1:
        raise ValueError(
            f"noise = {noise}, mean_span = {mean_span}; expected a share between 0 and 1, and a mean of at least 1."
        )
    n_noise = min(max(round(length * noise), 1), length - 1)
    # Each span needs a token of noise, and one that stays between it and the one before.
    n_kept = length - n_noise
    n_spans = min(max(round(n_noise / mean_span), 1), n_noise, n_kept)
    if anywhere:  # one part more, behind the last span; the first and the last may be empty
        first, *others, last = _random_parts(n_kept + 2, n_spans + 1, generator)
        kept = [first - 1, *others, last - 1][:n_spans]
    else:
        kept = _random_parts(n_kept, n_spans, generator)
    taken = _random_parts(n_noise, n_spans, generator)
    spans, at = [], 0
    for stays, goes in zip(kept, taken, strict=True):
        spans.append((at + stays, at + stays + goes))
        at += stays + goes
    return spans


def corrupt_spans(
    ids: Sequence[int],
    sentinels: Sequence[int],
    **options,
) -> Corrupted:
    """Take random spans out of a text: what T5 reads, and what it is to write.

        thank you for inviting me to your party last week
        source  thank you <0> me to your party <1> week
        target  <0> for inviting <1> last <2>

    Args:
        ids: the text, at least 2 tokens, without sentinels.
        sentinels: the ids that stand for spans, the first for the first; one more is needed than there are spans.
        options: of `noise_spans`.

    Raises:
        ValueError: as `noise_spans`; too few sentinels; a sentinel that stands in the text, or twice in the list.

    Source: Raffel et al. 2020, section 3.1.4 and figure 2.
    """
    ids, sentinels = list(ids), list(sentinels)
    if both := set(ids) & set(sentinels):
        raise ValueError(f"{sorted(both)} are sentinels and stand in the text; nobody could tell which is which.")
    if len(set(sentinels)) < len(sentinels):
        raise ValueError("A sentinel stands twice in the list; each span needs one of its own.")
    spans = noise_spans(len(ids), **options)
    if len(sentinels) <= len(spans):
        raise ValueError(
            f"{len(spans)} spans need {len(spans) + 1} sentinels, one more for the end; there are {len(sentinels)}."
        )
    source, target, at = [], [], 0
    for sentinel, (start, stop) in zip(sentinels, spans, strict=False):
        source += [*ids[at:start], sentinel]
        target += [sentinel, *ids[start:stop]]
        at = stop
    return Corrupted(source + ids[at:], [*target, sentinels[len(spans)]])


def fill_spans(source: Sequence[int], target: Sequence[int], sentinels: Sequence[int]) -> list[int]:
    """The text that source and target say together: `corrupt_spans` backwards, also for a target that a model wrote.

    Args:
        source, target: as in `Corrupted`; a sentinel that the target does not have leaves nothing in its place.
        sentinels: as in `corrupt_spans`.
    """
    known, fillings = set(sentinels), {}
    span: list[int] = []  # what comes before the first sentinel belongs nowhere
    for symbol in target:
        if symbol in known:
            span = fillings.setdefault(symbol, [])
        else:
            span.append(symbol)
    return [word for symbol in source for word in (fillings.get(symbol, []) if symbol in known else [symbol])]


def infill_spans(ids: Sequence[int], mask_id: int, **options) -> Corrupted:
    """BART's text infilling: one and the same mask for every span, and the whole text as the target.

    Its spans are drawn as T5's are here, so that the two objectives differ in what is written alone. (BART draws their
    lengths from a Poisson distribution of mean 3, 0 included.)

    Args:
        options: of `noise_spans`.

    Source: Lewis et al. 2020, "BART: Denoising Sequence-to-Sequence Pre-training", section 2.2.
    """
    source, at = [], 0
    for start, stop in noise_spans(len(ids), **options):
        source += [*ids[at:start], mask_id]
        at = stop
    return Corrupted(source + list(ids[at:]), list(ids))


def _random_parts(n: int, n_parts: int, generator: torch.Generator | None) -> list[int]:
    """n as a sum of n_parts numbers of at least 1, every way equally likely: n_parts − 1 of n − 1 places are cuts."""
    cuts = torch.randperm(n - 1, generator=generator)[: n_parts - 1].sort().values.tolist()
    ends = [*(cut + 1 for cut in cuts), n]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]
