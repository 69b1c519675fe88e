"""A finite automaton with probabilities: what a grammar without recursion is, once all its sentences are laid out.

A state is "what may still come", an arc writes one word and leads to the next state, and a sentence is a path
from the start to the end. As no state can be reached twice on one path, sums over all sentences become sums
over states: that is what makes the entropy and every probability in :mod:`course_lib.data.village.language`
exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from course_lib.data.village.notation import GrammarError, Rules

END = 0  # the state after the last word, in every automaton


@dataclass(frozen=True)
class Arc:
    """Write ``word`` with the given probability and go on in state ``target``."""

    word: str
    target: int
    probability: float
    roles: frozenset[str] = frozenset()


class Automaton:
    """States 0 (the end) to n − 1; ``arcs[state]`` are the ways on, and every arc leads to a smaller state number."""

    def __init__(self, arcs: list[tuple[Arc, ...]], start: int):
        self.arcs = arcs
        self.start = start

    @cached_property
    def visits(self) -> np.ndarray:
        """(n_states,) the probability that a sentence passes through each state."""
        visits = np.zeros(len(self.arcs))
        visits[self.start] = 1.0
        for state in range(self.start, END, -1):
            for arc in self.arcs[state]:
                visits[arc.target] += visits[state] * arc.probability
        return visits

    def sample(self, n: int, generator: torch.Generator) -> Iterator[list[Arc]]:
        """Yield n paths, drawn independently; all of them walk through the automaton at the same time."""
        arcs = [arc for ways in self.arcs for arc in ways]
        source = np.repeat(np.arange(len(self.arcs)), [len(ways) for ways in self.arcs])  # (n_arcs,)
        target = np.array([arc.target for arc in arcs])
        share = np.cumsum([arc.probability for arc in arcs])
        first = np.searchsorted(source, source)  # (n_arcs,) the first arc of the same state
        share = share - np.concatenate([[0.0], share])[first]  # each state's arcs fill the interval (0, 1]
        last = np.searchsorted(source, np.arange(len(self.arcs)), side="right") - 1
        state = np.full(n, self.start)
        steps = []
        while (state != END).any():
            draws = torch.rand(n, dtype=torch.float64, generator=generator).numpy()
            # One search in "state + share" finds the state's arcs and the choice among them.
            arc = np.minimum(np.searchsorted(source + share, state + draws, side="right"), last[state])
            steps.append(np.where(state == END, -1, arc))
            state = np.where(state == END, END, target[arc])
        if steps:
            for path in np.stack(steps, axis=1).tolist():  # (n, longest), -1 after the end
                yield [arcs[arc] for arc in path if arc >= 0]

    def deterministic(self) -> "Automaton":
        """Return the automaton of the words alone, in which a state has at most one arc for each word.

        Its states are beliefs: after some words, how probable is each state of this automaton? Two beginnings that
        leave the same belief may go on in the same ways with the same probabilities, so they are one state
        (the weighted subset construction: Mohri 1997, "Finite-state transducers in language and speech
        processing", section 3). Raises :class:`GrammarError` if a sentence is the beginning of another one.
        """
        states = States()
        known: dict[tuple[tuple[int, float], ...], int] = {((END, 1.0),): END}

        def state_of(belief: dict[int, float]) -> int:
            total = sum(belief.values())
            belief = {state: weight / total for state, weight in belief.items()}
            key = tuple(sorted((state, round(weight, 12)) for state, weight in belief.items()))
            if key not in known:
                if END in belief:
                    raise GrammarError("A sentence is the beginning of another: give each its closing mark.")
                after: dict[str, dict[int, float]] = {}
                for state, weight in belief.items():
                    for arc in self.arcs[state]:
                        reached = after.setdefault(arc.word, {})
                        reached[arc.target] = reached.get(arc.target, 0.0) + weight * arc.probability
                known[key] = states.add(
                    [Arc(word, state_of(reached), sum(reached.values())) for word, reached in after.items()]
                )
            return known[key]

        return states.automaton(state_of({self.start: 1.0}))

    def ambiguous_words(self) -> tuple[str, ...] | None:
        """Return a word sequence that two different paths write, or None if there is none: a proof, not a sample.

        Two walkers go through the automaton at the same time and write the same words. If they can ever stand
        in different states, or take different arcs, and still both reach the end, that sentence has two
        derivations (the product construction, e.g. Sakarovitch, Elements of Automata Theory, 2009, section
        III.2).
        """
        seen: dict[tuple[int, int], tuple[tuple[int, int], str] | None] = {(self.start, self.start): None}
        parted: set[tuple[int, int]] = set()  # pairs that two different paths lead to
        queue = [(self.start, self.start)]
        for pair in queue:
            for one in self.arcs[pair[0]]:
                for other in self.arcs[pair[1]]:
                    if one.word != other.word:
                        continue
                    reached = (one.target, other.target)
                    if reached == (END, END) and (pair in parted or one != other):
                        return (*self._trace(seen, pair), one.word)
                    if (one != other or pair in parted) and reached not in parted:
                        parted.add(reached)
                        seen[reached] = (pair, one.word)
                        queue.append(reached)
                    elif reached not in seen:
                        seen[reached] = (pair, one.word)
                        queue.append(reached)
        return None

    @staticmethod
    def _trace(seen, pair) -> tuple[str, ...]:
        words = []
        while seen[pair] is not None:
            pair, word = seen[pair]
            words.append(word)
        return tuple(reversed(words))


class States:
    """Collects states from the end backwards; two states with the same ways on are one."""

    def __init__(self):
        self._arcs: list[tuple[Arc, ...]] = [()]
        self._numbers: dict[tuple[Arc, ...], int] = {(): END}

    def arcs(self, state: int) -> tuple[Arc, ...]:
        """The ways on from a state."""
        return self._arcs[state]

    def add(self, arcs: list[Arc]) -> int:
        """Return the number of the state with these ways on; arcs that differ only by probability are added up."""
        merged: dict[tuple[str, int, tuple[str, ...]], float] = {}
        for arc in arcs:
            label = (arc.word, arc.target, tuple(sorted(arc.roles)))
            merged[label] = merged.get(label, 0.0) + arc.probability
        # Sorted and rounded, so that the same state found in another order is the same key.
        key = tuple(
            Arc(word, target, round(probability, 14), frozenset(roles))
            for (word, target, roles), probability in sorted(merged.items())
        )
        if key not in self._numbers:
            self._numbers[key] = len(self._arcs)
            self._arcs.append(key)
        return self._numbers[key]

    def automaton(self, start: int) -> Automaton:
        """Return the automaton of the states that can be reached from the start, renumbered without gaps."""
        reached, stack = {END, start}, [start]
        while stack:
            for arc in self._arcs[stack.pop()]:
                if arc.target not in reached:
                    reached.add(arc.target)
                    stack.append(arc.target)
        number = {old: new for new, old in enumerate(sorted(reached))}
        arcs = [
            tuple(Arc(a.word, number[a.target], a.probability, a.roles) for a in self._arcs[old])
            for old in sorted(reached)
        ]
        return Automaton(arcs, number[start])


def compile_rules(rules: Rules, start: str) -> Automaton:
    """Lay out every sentence of the rule ``start``; a rule is written out anew for each state that may follow it.

    Raises :class:`GrammarError` for a rule that contains itself: its sentences would have no greatest length.
    """
    states = States()
    known: dict[tuple[str, frozenset[str], int], int] = {}
    active: list[str] = []

    def rule_state(name: str, roles: frozenset[str], target: int) -> int:
        """Return the state before the rule, when ``target`` is the state after it."""
        key = (name, roles, target)
        if key in known:
            return known[key]
        if name in active:
            raise GrammarError(f"The rule {name!r} contains itself ({' > '.join([*active, name])}).")
        active.append(name)
        arcs = []
        for probability, items in rules[name]:
            state = target
            for item in reversed(items):
                both = roles | item.roles
                if item.is_rule:
                    state = rule_state(item.name, both, state)
                else:
                    state = states.add([Arc(item.name, state, 1.0, both)])
            arcs += [
                Arc(arc.word, arc.target, probability * arc.probability, arc.roles)
                for arc in states.arcs(state)
            ]
        active.pop()
        known[key] = states.add(arcs)
        return known[key]

    if start not in rules:
        raise GrammarError(f"There is no rule {start!r} to start with.")
    return states.automaton(rule_state(start, frozenset(), END))
