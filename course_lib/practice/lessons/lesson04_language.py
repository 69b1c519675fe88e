"""Lesson 04: small languages to search in, as exact tables or drawn at random."""

import math
import random

import torch

PENALTIES = [number / 10 for number in range(11)]


class Language:
    """A step for beam search: step(symbol, state) → (log-probabilities, state); its state is what was written so far.

    Args:
        table: sentence so far → {next symbol: probability}; what it does not hold is drawn at random.
        vocab_size: number of symbols; eos: the one that ends.
        seed: of what is drawn.
        endless: eos is impossible.
    """

    def __init__(self, table, vocab_size, eos, seed=0, endless=False):
        self.table, self.vocab_size, self.eos, self.seed, self.endless = table, vocab_size, eos, seed, endless

    def __call__(self, symbol, state):
        if isinstance(symbol, torch.Tensor) or not isinstance(symbol, int):
            raise TypeError(f"step takes a symbol as an int, not {symbol!r}")
        # () is the state before <bos> was read; afterwards it begins with None in place of <bos>.
        read = (*state, symbol) if state else (None,)
        sentence = read[1:]
        if sentence in self.table:
            probabilities = [self.table[sentence].get(number, 0.0) for number in range(self.vocab_size)]
        else:
            generator = random.Random(f"{self.seed} {symbol} {read}")
            weights = [0.01 + generator.random() ** 3 for _ in range(self.vocab_size)]
            if self.endless:
                weights[self.eos] = 0.0
            probabilities = [weight / sum(weights) for weight in weights]
        return [math.log(p) if p > 0 else -math.inf for p in probabilities], read


# Greedy search begins with 2, the more likely symbol; the sentence 3 is more likely as a whole.
TWO_WAYS = Language(
    {(): {2: 0.6, 3: 0.4}, (2,): {1: 0.4, 3: 0.3, 4: 0.3}, (3,): {1: 0.9, 2: 0.05, 4: 0.05}},
    vocab_size=5,
    eos=1,
)
# 1 ends; the empty sentence is there at once, 2 3 is more likely.
ENDS_EARLY = Language(
    {(): {1: 0.3, 2: 0.7}, (2,): {1: 0.1, 3: 0.9}, (2, 3): {1: 0.8, 2: 0.02, 4: 0.18}}, vocab_size=5, eos=1
)
# 3 4 is less likely than the empty sentence, but not by much: a length penalty turns it round.
SHORT_OR_LONG = Language(
    {(): {1: 0.45, 3: 0.55}, (3,): {1: 0.1, 4: 0.9}, (3, 4): {1: 0.8, 2: 0.02, 3: 0.18}}, vocab_size=5, eos=1
)
ENDLESS = Language({}, vocab_size=4, eos=3, endless=True)
# After 2 the sentence may end; what goes on needs both places of a beam of 2, and wins by its length.
BOTH_PLACES = Language(
    {
        (): {2: 1.0},
        (2,): {1: 0.4, 3: 0.6},
        (2, 3): {4: 0.51, 5: 0.49},
        (2, 3, 4): {1: 0.2, 2: 0.2, 3: 0.2, 4: 0.2, 5: 0.2},
        (2, 3, 5): {4: 1.0},
        (2, 3, 5, 4): {1: 1.0},
        **{(2, *[1] * n): {1: 1.0} for n in range(1, 8)},
    },
    vocab_size=6,
    eos=1,
)
# The empty sentence is more likely than every prefix; 2 4 still wins by its length, at an α of 2.
LONGER_WINS = Language(
    {(): {1: 0.5, 2: 0.3, 3: 0.2}, (2,): {4: 1.0}, (2, 4): {1: 1.0}, (3,): {4: 1.0}, (3, 4): {1: 1.0}},
    vocab_size=5,
    eos=1,
)
# After 2 the ending and 3 fill a beam of 2; had 4 been kept as well, it would have won by its length.
FULL_BEAM = Language(
    {
        (): {2: 1.0},
        (2,): {1: 0.36, 3: 0.34, 4: 0.30},
        (2, 3): {0: 0.25, 1: 0.25, 3: 0.25, 4: 0.25},
        (2, 4): {3: 1.0},
        (2, 4, 3): {1: 0.95, 0: 0.05},
    },
    vocab_size=5,
    eos=1,
)
