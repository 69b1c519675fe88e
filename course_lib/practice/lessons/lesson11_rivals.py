"""Lesson 11: a comparison in which each rival has its best setting."""

from collections.abc import Callable

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference

SETTINGS = [(60, 5e-4), (60, 3e-3), (200, 5e-4), (200, 3e-3)]


def _table(pre_trained: list[float], random_init: list[float]) -> Callable:
    """validation_f1 for SETTINGS, without any training: it looks the scores up."""
    scores = {True: pre_trained, False: random_init}

    def validation_f1(pre_trained, setting):
        if tuple(setting) not in SETTINGS:
            raise ValueError(f"{setting} is none of the settings, which are pairs (steps, lr)")
        return scores[bool(pre_trained)][SETTINGS.index(tuple(setting))]

    return validation_f1


def _cases() -> list[tuple]:
    even = _table([0.96, 0.97, 0.95, 0.93], [0.78, 0.92, 0.94, 0.90])
    late = _table([0.90, 0.94, 0.98, 0.86], [0.61, 0.93, 0.75, 0.88])
    wins = _table([0.95, 0.93, 0.92, 0.90], [0.75, 0.96, 0.99, 0.91])
    return [
        (even, SETTINGS[:], SETTINGS[0]),
        (late, SETTINGS[:], SETTINGS[2]),
        (wins, SETTINGS[:], SETTINGS[0]),
        (late, SETTINGS[2:], SETTINGS[2]),
    ]


def _rivals(
    tuned=(True, True),
    together: Callable | None = None,
    old_at: Callable | None = None,
    last: Callable | None = None,
    returned: Callable | None = None,
    picks: tuple[Callable, Callable] = (max, max),
    leaves_out_shared: bool = False,
) -> Callable:
    """The comparison; the options are the ways to get it wrong.

    tuned: whether the pre-trained encoder and the random initialisation get their best setting, or the shared one.
    together: together(f1, settings) is one setting for both. old_at: where the old gap is measured.
    last: last(new gap, old gap) in place of the quotient. returned: returned(own, other, left, f1) → the result.
    """

    def gap_left(validation_f1, settings, shared):
        both = []
        among = [setting for setting in settings if setting != shared or not leaves_out_shared]
        for pre_trained, is_tuned, pick in zip((True, False), tuned, picks, strict=True):
            best = pick(among, key=lambda setting, p=pre_trained: validation_f1(p, setting))
            both.append(best if is_tuned else shared)
        if together:
            both = [together(validation_f1, settings)] * 2
        start = old_at(settings) if old_at else shared
        new = validation_f1(True, both[0]) - validation_f1(False, both[1])
        old = validation_f1(True, start) - validation_f1(False, start)
        left = last(new, old) if last else new / old
        return returned(*both, left, validation_f1) if returned else (*both, left)

    return gap_left


def _mean_gap(validation_f1, settings, shared):
    """The best settings, but the mean gap of all settings for the gap between them."""
    own, other, _ = _rivals()(validation_f1, settings, shared)
    gaps = {setting: validation_f1(True, setting) - validation_f1(False, setting) for setting in settings}
    return own, other, sum(gaps.values()) / len(gaps) / gaps[shared]


GAP_LEFT = Exercise(
    id="11.gap_left",
    title="A fair comparison",
    reference=_rivals(),
    cases=_cases,
    parts=("best_pre_trained", "best_random", "left"),
    properties=[
        has_shape("Do you return three: two settings and a number?", cases=0),
        matches_reference(
            "Has each encoder its own best setting, and is the new gap divided by the old one?", cases=0
        ),
        matches_reference("Is the old gap that of the shared setting, wherever it is in the list?", cases=1),
        matches_reference("If the random initialisation wins, is what is left negative?", cases=2),
        matches_reference("With two settings only, are no others asked for?", cases=3),
    ],
    hints=[
        "What did both encoders have in common in the first comparison, and who chose that?",
        "Find each encoder's own best setting. The new gap is the difference of the two best F1. The old gap is the "
        "difference at the shared setting.",
        "`max(settings, key=lambda setting: validation_f1(True, setting))` is the pre-trained encoder's best setting. "
        "The other encoder's has False in place of True.",
    ],
    mistakes=[
        Mistake(
            "rival not tuned",
            _rivals(tuned=(True, False)),
            "The random initialisation is still at the shared setting: it needs its own best one, too.",
        ),
        Mistake(
            "pre-trained not tuned",
            _rivals(tuned=(False, True)),
            "Only the random initialisation was tuned: now the pre-trained encoder is the one at a disadvantage.",
        ),
        Mistake(
            "one setting for both, the pre-trained encoder's",
            _rivals(together=lambda f1, settings: max(settings, key=lambda s: f1(True, s))),
            "Both get the pre-trained encoder's best setting, which is what was unfair. Find one for each.",
        ),
        Mistake(
            "one setting for both, the rival's",
            _rivals(together=lambda f1, settings: max(settings, key=lambda s: f1(False, s))),
            "Both get the random initialisation's best setting. Find one for each.",
        ),
        Mistake(
            "one setting for both, the best sum",
            _rivals(together=lambda f1, settings: max(settings, key=lambda s: f1(True, s) + f1(False, s))),
            "Both get the setting that is best on average. Find one for each.",
        ),
        Mistake(
            "one setting for both, the smallest gap",
            _rivals(together=lambda f1, settings: min(settings, key=lambda s: f1(True, s) - f1(False, s))),
            "You look for the setting with the smallest gap. Each encoder has its own best setting.",
        ),
        Mistake(
            "old gap at the first setting",
            _rivals(old_at=lambda settings: settings[0]),
            "You take the old gap at settings[0]. It is the one at `shared`, which may be anywhere in the list.",
        ),
        Mistake(
            "divided the wrong way round",
            _rivals(last=lambda new, old: old / new),
            "You divided the old gap by the new one; divide the new gap by the old one.",
        ),
        Mistake(
            "new gap, not divided",
            _rivals(last=lambda new, old: new),
            "That is the new gap itself. Divide it by the old one.",
        ),
        Mistake(
            "divided by an F1",
            _rivals(
                returned=lambda one, other, left, f1: (one, other, 1 - f1(False, other) / f1(True, one))
            ),
            "You divide the new gap by the pre-trained encoder's best F1. Divide it by the old gap.",
        ),
        Mistake(
            "the mean gap",
            _mean_gap,
            "Your new gap is the mean over all settings. Take the gap between the two best F1.",
        ),
        Mistake(
            "the part that is gone",
            _rivals(last=lambda new, old: 1 - new / old),
            "That is the part of the gap that is gone, 1 − new / old. Return the part that is left.",
        ),
        Mistake(
            "in percent",
            _rivals(last=lambda new, old: 100 * new / old),
            "You return percent; return the quotient itself.",
        ),
        Mistake(
            "without its sign",
            _rivals(last=lambda new, old: abs(new / old)),
            "You drop the sign. If the random initialisation wins, what is left is negative.",
        ),
        Mistake(
            "scores for settings",
            _rivals(returned=lambda one, other, left, f1: (f1(True, one), f1(False, other), left)),
            "Your first two results are the best F1 themselves. Return the settings that reached them.",
        ),
        Mistake(
            "exchanged",
            _rivals(returned=lambda one, other, left, f1: (other, one, left)),
            "You exchanged the two settings: the pre-trained encoder's comes first.",
        ),
        Mistake(
            "only the quotient",
            _rivals(returned=lambda one, other, left, f1: left),
            "Return both settings as well: best_pre_trained, best_random, left.",
        ),
        Mistake(
            "the worst setting",
            _rivals(picks=(min, min)),
            "You take each encoder's lowest F1. Take the highest.",
        ),
        Mistake(
            "the largest gap",
            _rivals(picks=(max, min)),
            "You look for the largest gap, with random init at its worst. Each encoder gets its own best setting.",
        ),
        Mistake(
            "shared left out",
            _rivals(leaves_out_shared=True),
            "You leave the shared setting out of the search. It is one of the settings, and may be the best.",
        ),
    ],
)
