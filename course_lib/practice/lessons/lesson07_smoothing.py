"""Lesson 07: the targets of label smoothing."""

import torch
import torch.nn.functional as F

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _smooth(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size


def _filled(true, others):
    """Targets with one probability for the true symbol and one for every other."""

    def smooth(targets, vocab_size, epsilon):
        result = torch.full((len(targets), vocab_size), float(others(vocab_size, epsilon)))
        result[torch.arange(len(targets)), targets] = float(true(vocab_size, epsilon))
        return result

    return smooth


def _spread_over_the_batch(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / len(targets)


def _rows_sum_to_one(result, *_) -> bool | str:
    sums = result.sum(dim=-1)
    t = int((sums - 1).abs().argmax())
    return bool((sums - 1).abs().max() < 1e-4) or f"your row {t} sums to {sums[t]:.3f}, not to 1."


SMOOTH_TARGETS = Exercise(
    id="07.smooth_targets",
    title="Smoothed targets",
    points=1,
    reference=_smooth,
    cases=lambda: [
        (torch.tensor([1]), 4, 0.0),
        (torch.tensor([1]), 4, 0.2),
        (torch.tensor([0, 2, 2]), 3, 0.3),
        (torch.tensor([5, 0, 9]), 10, 0.1),
    ],
    properties=[
        has_shape("Is there a row for each target, a column for each symbol: (n, vocab_size)?"),
        matches_reference("With epsilon 0, is it 1 at the true symbol and 0 elsewhere?", cases=0),
        holds("Does every row sum to 1?", _rows_sum_to_one),
        matches_reference("With epsilon 0.2 and four symbols, does each get its part?", cases=1),
        matches_reference("With several targets, does each row have its own true symbol?", cases=(2, 3)),
    ],
    hints=[
        "If epsilon is spread evenly over *all* symbols, how much does the true one end up with?",
        "Every symbol gets epsilon / vocab_size, and the true one 1 − epsilon on top of that.",
        "`F.one_hot(targets, vocab_size)` is 1 at the true symbols and 0 elsewhere: scale it, then add the rest.",
    ],
    mistakes=[
        Mistake(
            "shared among the others",
            _filled(lambda V, e: 1 - e, lambda V, e: e / (V - 1)),
            "You spread epsilon over the V − 1 *other* symbols. The formula, and F.cross_entropy, spread "
            "it over all V: the true symbol keeps 1 − ε + ε/V.",
        ),
        Mistake(
            "the true symbol's part forgotten",
            _filled(lambda V, e: 1 - e, lambda V, e: e / V),
            "Your rows sum to less than 1: the true symbol gets ε/V as well, on top of 1 − ε.",
        ),
        Mistake(
            "not taken away",
            _filled(lambda V, e: 1 + e / V, lambda V, e: e / V),
            "You added ε/V everywhere without taking ε from the true symbol: rows sum to 1 + ε.",
        ),
        Mistake(
            "not smoothed",
            _filled(lambda V, e: 1, lambda V, e: 0),
            "That is one-hot, whatever epsilon is.",
        ),
        Mistake(
            "epsilon for each",
            _filled(lambda V, e: 1 - e, lambda V, e: e),
            "You gave epsilon to each of the other symbols; all together get it: divide by vocab_size.",
        ),
        Mistake(
            "exchanged",
            _filled(lambda V, e: e + (1 - e) / V, lambda V, e: (1 - e) / V),
            "You exchanged ε and 1 − ε: the true symbol keeps most of the probability.",
        ),
        Mistake(
            "epsilon for every symbol",
            _filled(lambda V, e: 1, lambda V, e: e),
            "You added epsilon to every symbol. All together get epsilon: each gets ε/V.",
        ),
        Mistake(
            "nothing for the others",
            _filled(lambda V, e: 1 - e, lambda V, e: 0),
            "You took ε from the true symbol and gave it to none. Every symbol gets ε/V.",
        ),
        Mistake(
            "taken from the true symbol only",
            _filled(lambda V, e: 1, lambda V, e: e / V),
            "Your true symbol keeps probability 1 although the others get ε/V each, so rows sum to more than 1. "
            "It keeps 1 − ε + ε/V.",
        ),
        Mistake(
            "spread over the batch",
            _spread_over_the_batch,
            "You divided epsilon by the number of targets. It is spread over the symbols: ε / vocab_size.",
        ),
        Mistake(
            "epsilon added, then normalised",
            _filled(lambda V, e: (1 + e) / (1 + V * e), lambda V, e: e / (1 + V * e)),
            "You added epsilon to every symbol and divided by the row's sum. The formula mixes instead: (1 − ε) "
            "one-hot + ε/V.",
        ),
        Mistake(
            "ε/V added, then normalised",
            _filled(lambda V, e: (1 + e / V) / (1 + e), lambda V, e: e / V / (1 + e)),
            "You added ε/V to every symbol and divided by the row's sum. The formula mixes instead: (1 − ε) one- "
            "hot + ε/V.",
        ),
        Mistake(
            "softmax",
            lambda *arguments: _smooth(*arguments).softmax(dim=-1),
            "You took a softmax. (1 − ε) one-hot + ε/V is a distribution already.",
        ),
        Mistake(
            "epsilon of 0.1",
            lambda targets, vocab_size, epsilon: _smooth(targets, vocab_size, 0.1),
            "You wrote 0.1 in place of the argument epsilon.",
        ),
        Mistake(
            "size from the targets",
            lambda targets, vocab_size, epsilon: (1 - epsilon) * F.one_hot(targets) + epsilon / vocab_size,
            "F.one_hot(targets) guesses the number of columns from the largest id. Pass it vocab_size.",
        ),
        Mistake(
            "transposed",
            lambda *arguments: _smooth(*arguments).T,
            "You return a column for each target. Each target is a row: (n, vocab_size).",
        ),
        Mistake(
            "logarithms",
            lambda *arguments: _smooth(*arguments).log(),
            "You return logarithms; the probabilities themselves are asked for.",
        ),
        Mistake(
            "one symbol too far",
            lambda targets, V, epsilon: _smooth((targets + 1) % V, V, epsilon),
            "Your peak is one symbol past the true one: ids count from 0.",
        ),
        Mistake(
            "spread as in the batch",
            lambda targets, V, epsilon: (
                _smooth(targets, V, 0.0) * (1 - epsilon) + epsilon * _smooth(targets, V, 0.0).mean(0)
            ),
            "You spread epsilon over the symbols of this batch; every symbol of the vocabulary gets an equal part.",
        ),
        Mistake(
            "double precision",
            lambda targets, V, epsilon: _smooth(targets, V, epsilon).double(),
            "The numbers are right, but in float64; the prompt asks for float32.",
        ),
    ],
)
