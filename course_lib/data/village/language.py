"""What can be known exactly of a language that a finite automaton writes: entropy, and every probability.

Tokens are words; the mark "." or "?" that closes a sentence is one of them and is the end token: after a
sentence's (a text's) last mark nothing more is drawn, so an extra <eos> would cost 0 nats.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from math import inf, log

import numpy as np

from course_lib.data.village.automaton import END, Arc, Automaton

MASK = "[MASK]"  # stands for a word that is not shown


@dataclass(frozen=True)
class Entropy:
    """The exact entropy of a language, in nats: the smallest loss that any model of it can have."""

    nats_per_token: float
    nats_per_sentence: float
    tokens_per_sentence: float


class Language:
    """All sentences that an automaton writes, each with its exact probability.

    Words may be given as a sequence or as one string with spaces. A word that is not in ``vocabulary`` is a
    ``ValueError``; a sentence of known words that the language does not have is none: its probability is 0.
    """

    def __init__(self, name: str, build: Callable[[], Automaton], vocabulary: tuple[str, ...]):
        """``build`` makes the automaton, with or without roles; it runs at the first use (some tenths of a second)."""
        self.name = name
        self.vocabulary = vocabulary
        self._ids = {word: number for number, word in enumerate(vocabulary)}
        self._build = build

    def __repr__(self) -> str:
        return f"Language({self.name!r}, {len(self.vocabulary)} words)"

    @cached_property
    def labelled(self) -> Automaton:
        """The automaton whose arcs carry roles."""
        return self._build()

    @cached_property
    def automaton(self) -> Automaton:
        """The deterministic automaton of the words: a beginning leads to one state, whose arcs are what may follow."""
        return self.labelled.deterministic()

    @cached_property
    def _ways(self) -> list[dict[str, Arc]]:
        """For each state: word → arc."""
        return [{arc.word: arc for arc in arcs} for arcs in self.automaton.arcs]

    @cached_property
    def _arcs(self) -> "_ArcArrays":
        return _ArcArrays(self.automaton, self._ids)

    # ------------------------------------------------------------------------------------------- whole
    # language
    @cached_property
    def _entropy(self) -> Entropy:
        visits = self.automaton.visits
        arcs = self._arcs
        nats = -np.sum(visits[arcs.source] * arcs.probability * np.log(arcs.probability))
        tokens = visits.sum() - visits[END]
        return Entropy(float(nats / tokens), float(nats), float(tokens))

    def entropy(self) -> Entropy:
        """Return the exact entropy; "sentence" stands for one unit of the language (for texts, a text).

        By the chain rule it is the sum over the automaton's states of how often a state is visited, times the entropy
        of the next word there. Nats per token is that sum divided by the expected number of tokens, which is what
        the mean loss over the tokens of many sentences approaches.
        """
        return self._entropy

    def word_frequencies(self) -> dict[str, float]:
        """Return each word's exact share of all tokens, most frequent first: the unigram baseline."""
        arcs = self._arcs
        expected = np.bincount(
            arcs.word, self.automaton.visits[arcs.source] * arcs.probability, len(self.vocabulary)
        )
        return self._as_dict(expected / expected.sum())

    # ----------------------------------------------------------------------------------------------- one
    # sentence
    def log_prob(self, words: str | Sequence[str]) -> float:
        """Return the exact natural logarithm of the sentence's probability; −inf if the language does not have it."""
        state, total = self.automaton.start, 0.0
        for word in self.split(words):
            arc = self._ways[state].get(word)
            if arc is None:
                return -inf
            state = arc.target
            total += log(arc.probability)
        return total if state == END else -inf

    def next_word_distribution(self, prefix: str | Sequence[str]) -> dict[str, float]:
        """Return P(next word | the words so far), most likely first; the values add up to 1.

        Raises ``ValueError`` for words that begin no sentence, and for a sentence that is already complete.
        """
        words = self.split(prefix)
        state = self.automaton.start
        for position, word in enumerate(words):
            if word not in self._ways[state]:
                possible = list(self._next(state))
                instead = ", ".join(possible[:5]) + (", …" if len(possible) > 5 else "") or "nothing more"
                raise ValueError(
                    f"No {self.name} begins with {' '.join(words[: position + 1])!r}; "
                    f"instead of {word!r} (word {position}) there may stand: {instead}."
                )
            state = self._ways[state][word].target
        if state == END:
            raise ValueError(f"{' '.join(words)!r} is a complete {self.name}; give only its beginning.")
        return self._next(state)

    def masked_distribution(self, words: str | Sequence[str], position: int) -> dict[str, float]:
        """Return P(word at ``position`` | all other words), exactly, most likely first.

        Other words may be "[MASK]" too; then it is the probability with those unknown as well. The word that
        stands at ``position`` itself is not looked at. Raises ``ValueError`` if the other words fit no
        sentence.
        """
        words = list(self.split(words, masked=True))
        if not -len(words) <= position < len(words):
            raise ValueError(
                f"position must be in [0, {len(words) - 1}] for {len(words)} words, not {position}."
            )
        words[position] = MASK
        return self._as_dict(self.posterior(self.evidence(words))[position])

    def evidence(self, words: str | Sequence[str]) -> np.ndarray:
        """(time, vocab_size) what the shown words say: 1 for the word that is seen, and everywhere under a [MASK]."""
        words = self.split(words, masked=True)
        evidence = np.zeros((len(words), len(self.vocabulary)))
        for position, word in enumerate(words):
            evidence[position, slice(None) if word == MASK else self._ids[word]] = 1.0
        return evidence

    def posterior(self, evidence: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
        """Return P(word at each position | evidence at all positions): (time, vocab_size), rows add up to 1.

        ``evidence[t, w]`` is the probability, up to a factor for each t, of what is seen at position t if the
        word there is w. ``own``, of the same shape, replaces the evidence of the position asked about (only
        there). Computed by the forward–backward algorithm (Rabiner 1989, "A tutorial on hidden Markov
        models", section III).
        """
        time, vocab_size = evidence.shape
        if vocab_size != len(self.vocabulary):
            raise ValueError(f"evidence must be (time, {len(self.vocabulary)}), not {tuple(evidence.shape)}.")
        arcs = self._arcs
        chosen = [arcs.writing(row) for row in evidence]  # only the arcs whose word is possible there
        forward = [np.zeros(arcs.n_states)]
        forward[0][self.automaton.start] = 1.0
        for t, used in enumerate(chosen):
            flow = forward[t][arcs.source[used]] * arcs.probability[used] * evidence[t, arcs.word[used]]
            forward.append(np.bincount(arcs.target[used], flow, arcs.n_states))
        if forward[time][END] == 0.0:
            raise ValueError(f"No {self.name} of {time} words fits what is shown.")
        own = evidence if own is None else own
        backward = np.zeros(arcs.n_states)
        backward[END] = 1.0
        posterior = np.empty((time, vocab_size))
        for t in reversed(range(time)):
            used = arcs.writing(own[t])
            flow = forward[t][arcs.source[used]] * arcs.probability[used] * backward[arcs.target[used]]
            row = np.bincount(arcs.word[used], flow, vocab_size) * own[t]
            posterior[t] = row / row.sum()
            used = chosen[t]
            flow = arcs.probability[used] * evidence[t, arcs.word[used]] * backward[arcs.target[used]]
            backward = np.bincount(arcs.source[used], flow, arcs.n_states)
        return posterior

    # ----------------------------------------------------------------------------------------------------
    # helpers
    def split(self, words: str | Sequence[str], masked: bool = False) -> tuple[str, ...]:
        """Return the words as a tuple; raises ``ValueError`` for one that the vocabulary does not have."""
        words = tuple(words.split()) if isinstance(words, str) else tuple(words)
        for word in words:
            if word not in self._ids and not (masked and word == MASK):
                close = get_close_matches(str(word), self.vocabulary, n=3)
                hint = f" Near it: {', '.join(close)}." if close else ""
                raise ValueError(f"{word!r} is not one of the village's {len(self.vocabulary)} words.{hint}")
        return words

    def _next(self, state: int) -> dict[str, float]:
        ways = sorted(self.automaton.arcs[state], key=lambda arc: (-arc.probability, arc.word))
        return {arc.word: arc.probability for arc in ways}

    def _as_dict(self, shares: np.ndarray) -> dict[str, float]:
        order = np.argsort(-shares, kind="stable")
        return {self.vocabulary[word]: float(shares[word]) for word in order if shares[word] > 0}


class _ArcArrays:
    """All arcs of an automaton as arrays (n_arcs,): source and target state, word id, probability."""

    def __init__(self, automaton: Automaton, ids: dict[str, int]):
        arcs = [(state, arc) for state, ways in enumerate(automaton.arcs) for arc in ways]
        self.n_states = len(automaton.arcs)
        self.source = np.array([state for state, _ in arcs])
        self.target = np.array([arc.target for _, arc in arcs])
        self.word = np.array([ids[arc.word] for _, arc in arcs])
        self.probability = np.array([arc.probability for _, arc in arcs])
        self._by_word = [np.flatnonzero(self.word == number) for number in range(len(ids))]

    def writing(self, evidence: np.ndarray) -> np.ndarray | slice:
        """The arcs that write a word with evidence: (vocab_size,) > 0. A superset is as good, and a slice is faster."""
        words = np.flatnonzero(evidence)
        return self._by_word[words[0]] if len(words) == 1 else slice(None)
