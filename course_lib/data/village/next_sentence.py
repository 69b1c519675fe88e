"""Next-sentence prediction (Devlin et al. 2019, section 3.1): does this sentence follow, or was it drawn apart?

In half of the pairs the second sentence is that of another text. As both probabilities are known, so is the
best possible answer, and its accuracy is the most that any model can reach: a stranger fits by chance quite
often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import torch

from course_lib.data.village.automaton import END, Arc, Automaton, States
from course_lib.data.village.language import Language
from course_lib.data.village.sentences import MARKS
from course_lib.data.village.world import TEXTS, VOCABULARY, generator_from, texts


@dataclass(frozen=True)
class SentencePair:
    """Two sentences, and whether the second follows the first in a text of the village."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    is_next: bool


def next_sentence_pairs(n: int, seed: int | torch.Generator = 0) -> list[SentencePair]:
    """Return n pairs; for each, a fair coin decides whether the second sentence is its own or another text's."""
    generator = generator_from(seed)
    own, strangers = texts(n, generator), texts(n, generator)
    follows = (torch.rand(n, generator=generator) < 0.5).tolist()
    return [
        SentencePair(text.first, text.second if is_next else stranger.second, is_next)
        for text, stranger, is_next in zip(own, strangers, follows, strict=True)
    ]


def next_sentence_probability(first: str | Sequence[str], second: str | Sequence[str]) -> float:
    """Return P(is_next | both sentences), exactly: P(text) / (P(text) + P(first) · P(second)).

    Raises ``ValueError`` for sentences that neither a text nor a pair of strangers can have.
    """
    words = TEXTS.split(first) + TEXTS.split(second)
    together = exp(TEXTS.log_prob(words))
    apart = exp(STRANGERS.log_prob(words))
    if together + apart == 0.0:
        raise ValueError(f"No text of the village has the sentences {' '.join(words)!r}.")
    return together / (together + apart)


STRANGERS = Language("pair of strangers", lambda: _with_strangers(TEXTS.automaton, 1.0), VOCABULARY)
"""A first sentence and the second sentence of another text."""

PAIRS = Language("pair of sentences", lambda: _with_strangers(TEXTS.automaton, 0.5), VOCABULARY)
"""The words of :func:`next_sentence_pairs`, half of them texts, half strangers: what a BERT with both tasks sees."""


def _with_strangers(texts_automaton: Automaton, share: float) -> Automaton:
    """Return the automaton that writes a text, or, with probability ``share``, the halves of two different texts."""
    visits, states = texts_automaton.visits, States()
    # States after a first sentence; together they are visited once.
    starts = {a.target for ways in texts_automaton.arcs for a in ways if a.word in MARKS and a.target != END}
    same = [END] * len(texts_automaton.arcs)
    for state in range(END + 1, len(same)):
        same[state] = states.add(
            [Arc(a.word, same[a.target], a.probability) for a in texts_automaton.arcs[state]]
        )
    any_second = states.add(
        [
            Arc(arc.word, arc.target, visits[start] * arc.probability)
            for start in sorted(starts)
            for arc in states.arcs(same[start])
        ]
    )
    moved = list(same)
    for state in range(END + 1, len(moved)):
        if state in starts:
            moved[state] = any_second
        else:
            ways = texts_automaton.arcs[state]
            moved[state] = states.add([Arc(a.word, moved[a.target], a.probability) for a in ways])
    begin = [
        Arc(arc.word, arc.target, weight * arc.probability)
        for start, weight in ((same[texts_automaton.start], 1 - share), (moved[texts_automaton.start], share))
        if weight > 0
        for arc in states.arcs(start)
    ]
    return states.automaton(states.add(begin))
