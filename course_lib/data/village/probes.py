"""Minimal pairs: a sentence of the village beside the same sentence with one word that the grammar forbids there.

The idea is Linzen, Dupoux and Goldberg's (2016, "Assessing the ability of LSTMs to learn syntax-sensitive
dependencies"): who gives the right word the higher probability has found the noun that it depends on. Here
"forbidden" is exact: the wrong sentence has probability 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import torch

from course_lib.data.village.language import Language
from course_lib.data.village.next_sentence import STRANGERS
from course_lib.data.village.sentences import MARKS, Sentence, Text
from course_lib.data.village.world import SENTENCES, TEXTS, draw, forms, generator_from

KINDS = ("agreement", "reflexive", "pronoun")
_OTHER_NUMBER = {
    **forms("be sg", "be pl"),
    **forms("was sg", "was pl"),
    **forms("does sg", "does pl"),
    **forms("lives sg", "lives pl"),
}
_OTHER_NUMBER |= {plural: singular for singular, plural in _OTHER_NUMBER.items()}
_SUBJECT, _OBJECT = ("she", "he", "it", "they"), ("her", "him", "it", "them")
_REFLEXIVE = ("herself", "himself", "itself", "themselves")
_PLURAL = {"they", "them", "themselves"}


@dataclass(frozen=True)
class MinimalPair:
    """``good`` and ``bad`` differ at ``position`` only; ``bad`` has probability 0 in the language."""

    good: tuple[str, ...]
    bad: tuple[str, ...]
    position: int
    antecedents: tuple[int, ...]  # the noun(s) that decide which word is right
    distractors: tuple[int, ...]  # nouns in between that would mislead
    misleading: bool  # the nearest of these has the other number
    boundary: int | None  # where the second sentence begins, in a text


def minimal_pairs(
    kind: str,
    n: int,
    seed: int | torch.Generator = 0,
    language: Language | None = None,
    misleading: bool | None = None,
) -> list[MinimalPair]:
    """Return n minimal pairs of one kind: "agreement", "reflexive" or "pronoun".

    They come from SENTENCES (agreement, reflexive) or TEXTS (pronoun, whose antecedent is in the sentence
    before), or from whichever of the two ``language`` is. The position holds, in the order of the kinds, a
    verb, "herself" and its like, "she" or "her" and their like. ``misleading`` True asks for pairs where the
    nearest noun has the other number (who goes by the nearest noun gets all of them wrong), False for the
    rest, None for both.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}.")
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ValueError(f"n is the number of pairs, an integer of at least 0, not {n!r}.")
    language = language or (TEXTS if kind == "pronoun" else SENTENCES)
    if language is not SENTENCES and language is not TEXTS:
        raise ValueError(f"language must be SENTENCES or TEXTS, not {language!r}.")
    generator = generator_from(seed)
    pairs: list[MinimalPair] = []
    while len(pairs) < n:
        for sentence in draw(language, n + 20, generator, Text if language is TEXTS else Sentence):
            found = _pairs(kind, sentence, language, generator)
            pairs += [pair for pair in found if misleading is None or pair.misleading == misleading]
            if len(pairs) >= n:
                break
    return pairs[:n]


def acceptability(
    n: int,
    seed: int | torch.Generator = 0,
    kinds: tuple[str, ...] = ("agreement", "reflexive"),
    language: Language | None = None,
) -> list[tuple[tuple[str, ...], bool]]:
    """Return n (words, acceptable): of each minimal pair one side, by a fair coin.

    Good and bad ones are made of the same sentences, so that nothing but the grammar tells them apart.
    """
    if not kinds:
        raise ValueError(f"kinds must name at least one of {', '.join(KINDS)}.")
    generator = generator_from(seed)
    by_kind = [minimal_pairs(kind, n, generator, language) for kind in kinds]
    which = torch.randint(len(kinds), (n,), generator=generator).tolist()
    right = (torch.rand(n, generator=generator) < 0.5).tolist()
    chosen = [by_kind[kind][i] for i, kind in enumerate(which)]
    return [(pair.good if good else pair.bad, good) for pair, good in zip(chosen, right, strict=True)]


def _pairs(
    kind: str, sentence: Sentence, language: Language, generator: torch.Generator
) -> Iterator[MinimalPair]:
    """Yield a minimal pair for each place in the sentence where one word of this kind can be made wrong."""
    if kind == "agreement":
        agreement = sentence.agreement
        places = [] if agreement is None else [(agreement.verb, agreement.heads, agreement.number)]
    else:
        places = [
            (place.position, place.antecedents, "pl" if sentence.words[place.position] in _PLURAL else "sg")
            for place in sentence.references
            if place.kind == kind
        ]
    for position, antecedents, number in places:
        word = _wrong_word(sentence.words, position, kind, language, generator)
        if word is not None:
            distractors = tuple(d for d in sentence.positions("distractor") if d < position)
            yield MinimalPair(
                sentence.words,
                _replaced(sentence.words, position, word),
                position,
                antecedents,
                distractors,
                bool(distractors) and number not in sentence.roles[distractors[-1]],
                sentence.boundary if isinstance(sentence, Text) else None,
            )


def _wrong_word(
    words: tuple[str, ...], position: int, kind: str, language: Language, generator: torch.Generator
) -> str | None:
    """Return a word that makes the sentence impossible, or None if none of the candidates does.

    A wrong pronoun is taken only if its sentence is a good second sentence elsewhere: then nothing but the
    antecedent is against it ("they was" would be wrong in any text).
    """
    if kind == "agreement":
        candidates = [_OTHER_NUMBER[words[position]]]
    else:
        begins = words[position - 1] in (*MARKS, "yes", "no", "because")  # there "it" is a subject
        row = _REFLEXIVE if kind == "reflexive" else _SUBJECT if begins else _OBJECT
        others = [word for word in row if word != words[position]]
        candidates = [others[i] for i in torch.randperm(len(others), generator=generator).tolist()]
    for word in candidates:
        changed = _replaced(words, position, word)
        if language.log_prob(changed) > -inf:
            continue
        if kind != "pronoun":
            return word
        in_second = language is TEXTS and any(mark in words[:position] for mark in MARKS)
        same_number = (word in _PLURAL) == (words[position] in _PLURAL)
        if STRANGERS.log_prob(changed) > -inf if in_second else same_number:
            return word
    return None


def _replaced(words: tuple[str, ...], position: int, word: str) -> tuple[str, ...]:
    return (*words[:position], word, *words[position + 1 :])
