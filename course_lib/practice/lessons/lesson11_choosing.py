"""Lesson 11: the folds of a cross-validation."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds


def _folds(held_out, learn=None):
    """k pairs (train, validation); held_out(n, k, i) are the examples of fold i, learn(n, k, i, held) the rest."""

    def folds(n, k):
        result = []
        for i in range(k):
            held = list(held_out(n, k, i))
            rest = [x for x in range(n) if x not in held] if learn is None else list(learn(n, k, i, held))
            result.append((rest, held))
        return result

    return folds


def _array_split(n, k, i):
    """Fold i of k blocks of which the first are one longer, as numpy.array_split cuts them."""
    start = i * (n // k) + min(i, n % k)
    return range(start, start + n // k + (i < n % k))


def _every_kth(result, n, k) -> bool | str:
    for i, (train, held) in enumerate(result):
        right = list(range(i, n, k))
        for name, own, wanted in (
            ("held_out", held, right),
            ("train", train, [x for x in range(n) if x not in right]),
        ):
            if list(own) != wanted:
                return f"fold {i} has {name} = {list(map(int, own))}, expected {wanted}."
    return True


def _once_each(result, n, k) -> bool | str:
    counts = [sum(held.count(example) for _, held in result) for example in range(n)]
    wrong = next((example for example, count in enumerate(counts) if count != 1), None)
    return wrong is None or f"example {wrong} is held out {counts[wrong]} times, not once."


def _disjoint(result, n, k) -> bool | str:
    for i, (train, held) in enumerate(result):
        both = sorted(set(train) & set(held))
        if both:
            return f"in fold {i}, example {both[0]} is in train and in held_out."
    return True


FOLDS = Exercise(
    id="11.folds",
    title="Folds",
    points=1,
    reference=_folds(lambda n, k, i: range(i, n, k)),
    cases=lambda: [(6, 3), (4, 4), (7, 3)],
    properties=[
        has_shape("Are there k pairs, of the right lengths?", cases=(0, 1)),
        holds("Is no example both in train and in held_out of the same fold?", _disjoint, cases=0),
        holds("Is every example held out exactly once?", _once_each, cases=0),
        holds("For six examples in three folds, is fold 0 ([1, 2, 4, 5], [0, 3])?", _every_kth, cases=0),
        holds("With as many folds as examples, is one held out in each?", _every_kth, cases=1),
        holds("For seven examples in three folds, is none forgotten?", _every_kth, cases=2),
    ],
    hints=[
        "Which examples does fold 1 of 3 hold out, if example 1 is among them and every third one is?",
        "Fold i holds out every k-th example, beginning with example i; train is everything else, in order.",
        "`range(i, n, k)` steps by k. A comprehension over range(n) with `x % k != i` gives the rest in order.",
    ],
    mistakes=[
        Mistake(
            "learned from all",
            _folds(lambda n, k, i: range(i, n, k), lambda n, k, i, held: range(n)),
            "Your train lists contain the held-out examples: such a validation measures memory.",
        ),
        Mistake(
            "exchanged",
            _folds(lambda n, k, i: [x for x in range(n) if x % k != i], lambda n, k, i, held: range(i, n, k)),
            "You exchanged the two: train on the many, hold out the few.",
        ),
        Mistake(
            "blocks, rest forgotten",
            _folds(lambda n, k, i: range(i * (n // k), (i + 1) * (n // k))),
            "You cut blocks: data often comes in order (and with n // k the last examples are never held out). "
            "Fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "blocks",
            _folds(lambda n, k, i: range(i * n // k, (i + 1) * n // k)),
            "You cut blocks: data often comes in order, a block of one kind. Fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "blocks, the first larger",
            _folds(_array_split),
            "You cut blocks: data often comes in order, a block of one kind. Fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "blocks, rounded",
            _folds(lambda n, k, i: range(round(i * n / k), round((i + 1) * n / k))),
            "You cut blocks: data often comes in order, a block of one kind. Fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "k examples in each",
            lambda n, k: [
                ([x for x in range(n) if not start <= x < start + k], list(range(start, min(start + k, n))))
                for start in range(0, n, k)
            ],
            "You cut folds of k examples each. k is the number of folds: fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "a fold's size for the step",
            _folds(lambda n, k, i: range(i, n, max(1, n // k))),
            "You step by n // k, the size of a fold. The step is k: fold i holds out i, i + k, i + 2k, …",
        ),
        Mistake(
            "fold 0 only",
            lambda n, k: [([x for x in range(n) if x % k], list(range(0, n, k)))],
            "You return one pair. Every fold is held out once, so return a list of k pairs.",
        ),
        Mistake(
            "three written in",
            _folds(lambda n, k, i: range(i, n, 3), lambda n, k, i, held: [x for x in range(n) if x % 3 != i]),
            "You count in threes whatever k is: write k in place of the 3.",
        ),
        Mistake(
            "numbered from 1, by remainder",
            _folds(
                lambda n, k, i: [x for x in range(1, n + 1) if x % k == i],
                lambda n, k, i, held: [x for x in range(1, n + 1) if x % k != i],
            ),
            "You numbered the examples from 1; they are 0 to n − 1, as everywhere in Python.",
        ),
        Mistake(
            "numbered from 1",
            _folds(
                lambda n, k, i: range(i + 1, n + 1, k),
                lambda n, k, i, held: [x for x in range(1, n + 1) if x not in held],
            ),
            "You numbered the examples from 1; they are 0 to n − 1, as everywhere in Python.",
        ),
        Mistake(
            "fold after fold",
            _folds(
                lambda n, k, i: range(i, n, k),
                lambda n, k, i, held: [x for j in range(k) if j != i for x in range(j, n, k)],
            ),
            "Your train lists hold the right examples, but fold after fold; the exercise asks for ascending order.",
        ),
        Mistake(
            "equal folds only",
            _folds(lambda n, k, i: range(i, n - n % k, k)),
            "You hold out as many in each fold and forget the rest: where k does not divide n, some have one more.",
        ),
        Mistake(
            "equal folds only, the rest lost",
            _folds(
                lambda n, k, i: range(i, n - n % k, k),
                lambda n, k, i, held: [x for x in range(n - n % k) if x % k != i],
            ),
            "You leave out the last n % k examples altogether: where k does not divide n, some folds have one more.",
        ),
        Mistake(
            "the last of a fold missed",
            _folds(lambda n, k, i: range(i, n - k + 1, k)),
            "You stop too early: a fold goes on as long as its numbers are below n, so some folds have one more.",
        ),
        Mistake(
            "only what came before",
            _folds(lambda n, k, i: range(i, n, k), lambda n, k, i, held: [x for x in range(n) if x % k < i]),
            "You train only on the folds before this one; train on all the others.",
        ),
    ],
)
