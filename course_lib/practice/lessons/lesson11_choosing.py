"""Lesson 11: the folds of a cross-validation, and a comparison in which each rival has its best setting."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


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
    reference=_folds(lambda n, k, i: range(i, n, k)),
    cases=lambda: [(6, 3), (4, 4), (7, 3)],
    properties=[
        has_shape("Are there k pairs, of the right lengths?", cases=(0, 1)),
        holds("Is no example both in train and in held_out of the same fold?", _disjoint, cases=0),
        holds("Is every example held out exactly once?", _once_each, cases=0),
        matches_reference("For six examples in three folds, is fold 0 ([1, 2, 4, 5], [0, 3])?", cases=0),
        matches_reference("With as many folds as examples, is one held out in each?", cases=1),
        matches_reference("For seven examples in three folds, is none forgotten?", cases=2),
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
            "only what came before",
            _folds(lambda n, k, i: range(i, n, k), lambda n, k, i, held: [x for x in range(n) if x % k < i]),
            "You train only on the folds before this one; train on all the others.",
        ),
    ],
)


def _ratio(answer) -> bool | str:
    if answer > 1:
        return (
            "a gap grows by comparing fairly only if the first comparison favoured the random initialisation. Did you "
            "divide the wrong way round?"
        )
    return (
        answer >= 0
        or "a gap that changed its sign means that the random initialisation wins: check which is which."
    )


def _part_left(answer) -> bool | str:
    if answer > 0.6:
        return "most of the gap is still there. Did the random initialisation get its own best setting of the four?"
    return answer >= 0.02 or "nearly nothing is left. Did the pre-trained encoder get its best setting, too?"


GAP_LEFT = Exercise(
    id="11.gap_left",
    title="The gap after a fair comparison",
    reference=0.2,
    properties=[
        holds("Is it the new gap divided by the old one?", _ratio),
        holds("Has each encoder its own best setting, chosen on the validation sentences?", _part_left),
    ],
    hints=[
        "What did both encoders have in common in the first comparison, and who chose that?",
        "Take each encoder's best validation F1 over the four settings. The difference of the two is the new gap.",
        "Each encoder's best is `max(f1.values())` over its four settings. The old gap is that of the shared setting, "
        "60 steps at 1e-3.",
    ],
    mistakes=[
        Mistake(
            "nothing changes",
            1.0,
            "That is the old gap. Take the best of the four settings for each encoder.",
        ),
        Mistake(
            "divided the wrong way round",
            2.9,
            "You divided the old gap by the new one; divide the new gap by the old one.",
        ),
        Mistake("all gone", 0.0, "Something is left: compare the two best values with each other."),
    ],
)
