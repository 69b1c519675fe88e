"""11.gap_left, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "11.gap_left"


@right(ID)
def two_loops(validation_f1, settings, shared):
    best = {}
    for pre_trained in (True, False):
        best[pre_trained] = (None, -1.0)
        for setting in settings:
            f1 = validation_f1(pre_trained, setting)
            if f1 > best[pre_trained][1]:
                best[pre_trained] = (setting, f1)
    old = validation_f1(True, shared) - validation_f1(False, shared)
    return best[True][0], best[False][0], (best[True][1] - best[False][1]) / old


@right(ID)
def a_table_of_dictionaries(validation_f1, settings, shared):
    table = {pre: {s: validation_f1(pre, s) for s in settings} for pre in (True, False)}
    first, second = (max(table[pre], key=table[pre].get) for pre in (True, False))
    new = table[True][first] - table[False][second]
    return first, second, new / (table[True][shared] - table[False][shared])


@right(ID)
def a_numpy_grid(validation_f1, settings, shared):
    grid = np.array([[validation_f1(pre, s) for s in settings] for pre in (True, False)])
    gap = grid.max(axis=1) @ np.array([1, -1])
    best = grid.argmax(axis=1)
    return settings[best[0]], settings[best[1]], gap / (grid[0] - grid[1])[settings.index(shared)]


@right(ID)
def a_tensor_of_scores(validation_f1, settings, shared):
    scores = torch.tensor(
        [[validation_f1(pre, s) for s in settings] for pre in (True, False)], dtype=torch.float64
    )
    top, where = scores.max(dim=1)
    start = scores[:, settings.index(shared)]
    return [settings[where[0]], settings[where[1]], (top[0] - top[1]) / (start[0] - start[1])]


@right(ID)
def sorted_by_score(validation_f1, settings, shared):
    def ranked(pre_trained):
        return sorted(settings, key=lambda setting: -validation_f1(pre_trained, setting))[0]

    def gap(one, other):
        return validation_f1(True, one) - validation_f1(False, other)

    return ranked(True), ranked(False), gap(ranked(True), ranked(False)) / gap(shared, shared)


@right(ID)
def pairs_of_score_and_setting(validation_f1, settings, shared):
    (top, one), (second, other) = (max((validation_f1(p, s), s) for s in settings) for p in (True, False))
    return one, other, (top - second) / (validation_f1(True, shared) - validation_f1(False, shared))


@right(ID)
def each_model_trained_once(validation_f1, settings, shared):
    known = {}

    def f1(*what):
        if what not in known:
            known[what] = validation_f1(*what)
        return known[what]

    best = [max(settings, key=lambda s, pre=pre: f1(pre, s)) for pre in (True, False)]
    return (*best, (f1(True, best[0]) - f1(False, best[1])) / (f1(True, shared) - f1(False, shared)))


@right(ID)
def keywords_and_lists(validation_f1, settings, shared):
    pre = [validation_f1(pre_trained=True, setting=list(setting)) for setting in settings]
    fresh = [validation_f1(pre_trained=False, setting=list(setting)) for setting in settings]
    where = settings.index(shared)
    left = (max(pre) - max(fresh)) / (pre[where] - fresh[where])
    return list(settings[pre.index(max(pre))]), list(settings[fresh.index(max(fresh))]), left


@right(ID)
def a_class_for_each_rival(validation_f1, settings, shared):
    class Rival:
        def __init__(self, pre_trained):
            self.f1 = {setting: validation_f1(pre_trained, setting) for setting in settings}
            self.best = max(self.f1, key=lambda setting: self.f1[setting])

    one, other = Rival(True), Rival(False)
    return (
        one.best,
        other.best,
        (one.f1[one.best] - other.f1[other.best]) / (one.f1[shared] - other.f1[shared]),
    )


@right(ID)
def a_recursive_tournament(validation_f1, settings, shared):
    def winner(pre_trained, rest):
        if len(rest) == 1:
            return rest[0]
        last = winner(pre_trained, rest[1:])
        return rest[0] if validation_f1(pre_trained, rest[0]) >= validation_f1(pre_trained, last) else last

    one, other = winner(True, settings), winner(False, settings)
    new = validation_f1(True, one) - validation_f1(False, other)
    return one, other, new / (validation_f1(True, shared) - validation_f1(False, shared))


def best_of(validation_f1, settings, pre_trained):
    return max(settings, key=lambda setting: validation_f1(pre_trained, setting))


def gap_of(validation_f1, one, other):
    return validation_f1(True, one) - validation_f1(False, other)


@wrong(ID, named="pre-trained not tuned")
def only_the_rival_tuned(validation_f1, settings, shared):
    other = best_of(validation_f1, settings, False)
    return shared, other, gap_of(validation_f1, shared, other) / gap_of(validation_f1, shared, shared)


@wrong(ID, named="one setting for both, the pre-trained encoder's")
def the_rival_at_its_opponents_best(validation_f1, settings, shared):
    one = best_of(validation_f1, settings, True)
    return one, one, gap_of(validation_f1, one, one) / gap_of(validation_f1, shared, shared)


@wrong(ID, named="one setting for both, the smallest gap")
def the_setting_with_the_smallest_gap(validation_f1, settings, shared):
    one = min(settings, key=lambda setting: gap_of(validation_f1, setting, setting))
    return one, one, gap_of(validation_f1, one, one) / gap_of(validation_f1, shared, shared)


@wrong(ID, named="old gap at the first setting")
def the_first_setting_taken_for_the_shared_one(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    first = settings[0]
    return one, other, gap_of(validation_f1, one, other) / gap_of(validation_f1, first, first)


@wrong(ID, named="divided the wrong way round")
def old_by_new(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    return one, other, gap_of(validation_f1, shared, shared) / gap_of(validation_f1, one, other)


@wrong(ID, named="new gap, not divided")
def a_difference_of_two_best(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    return one, other, gap_of(validation_f1, one, other)


@wrong(ID, named="the part that is gone")
def how_much_the_gap_shrank(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    old = gap_of(validation_f1, shared, shared)
    return one, other, (old - gap_of(validation_f1, one, other)) / old


@wrong(ID, named="without its sign")
def an_absolute_gap(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    return one, other, abs(gap_of(validation_f1, one, other)) / abs(gap_of(validation_f1, shared, shared))


@wrong(ID, named="scores for settings")
def the_best_scores(validation_f1, settings, shared):
    one, other = (max(validation_f1(pre, s) for s in settings) for pre in (True, False))
    return one, other, (one - other) / gap_of(validation_f1, shared, shared)


@wrong(ID, named="only the quotient")
def the_number_alone(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    return gap_of(validation_f1, one, other) / gap_of(validation_f1, shared, shared)


@wrong(ID, named="the largest gap")
def each_model_at_the_largest_gap(validation_f1, settings, shared):
    one, other = max(((a, b) for a in settings for b in settings), key=lambda pair: gap_of(validation_f1, *pair))
    return one, other, gap_of(validation_f1, one, other) / gap_of(validation_f1, shared, shared)


@wrong(ID, named="shared left out")
def the_shared_setting_left_out(validation_f1, settings, shared):
    rest = [setting for setting in settings if setting != shared]
    one, other = (best_of(validation_f1, rest, pre) for pre in (True, False))
    return one, other, gap_of(validation_f1, one, other) / gap_of(validation_f1, shared, shared)


@wrong(ID, named="divided by an F1")
def the_new_gap_as_a_part_of_the_best_f1(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    return one, other, gap_of(validation_f1, one, other) / validation_f1(True, one)


@wrong(ID, named="the mean gap")
def the_mean_gap_of_all_settings(validation_f1, settings, shared):
    one, other = (best_of(validation_f1, settings, pre) for pre in (True, False))
    mean = sum(gap_of(validation_f1, setting, setting) for setting in settings) / len(settings)
    return one, other, mean / gap_of(validation_f1, shared, shared)
