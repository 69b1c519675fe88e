"""04.shift_target, answered from the prompt alone."""

from collections import deque
from itertools import chain

import numpy as np
import torch

from answers import right, wrong

ID = "04.shift_target"


@right(ID)
def built_with_insert_and_append(target, bos, eos):
    inputs, targets = list(target), list(target)
    inputs.insert(0, bos)
    targets.append(eos)
    return inputs, targets


@right(ID)
def two_ends_of_one_list(target, bos, eos):
    whole = [bos] + target + [eos]
    return [whole[:-1], whole[1:]]


@right(ID)
def numpy_concatenation(target, bos, eos):
    ids = np.array(target, dtype=int)
    return np.concatenate([[bos], ids]).tolist(), np.concatenate([ids, [eos]]).tolist()


@right(ID)
def tensors_concatenated(target, bos, eos):
    ids = torch.tensor(target, dtype=torch.long)
    inputs = torch.cat([torch.tensor([bos]), ids])
    targets = torch.cat([ids, torch.tensor([eos])])
    return inputs.tolist(), targets.tolist()


@right(ID)
def loop_over_the_steps(target, bos, eos):
    inputs, targets, newest = [], [], bos
    for symbol in target:
        inputs.append(newest)
        targets.append(symbol)
        newest = symbol
    return inputs + [newest], targets + [eos]


@right(ID)
def chained_iterators(target, bos, eos):
    return list(chain([bos], target)), list(chain(target, [eos]))


@right(ID)
def a_deque_rotated(target, bos, eos):
    inputs = deque(target)
    inputs.appendleft(bos)
    return list(inputs), list(inputs)[1:] + [eos]


@right(ID)
def pairs_of_neighbours_unzipped(target, bos, eos):
    whole = [bos, *target, eos]
    inputs, targets = zip(*zip(whole, whole[1:], strict=False), strict=True)
    return list(inputs), list(targets)


@right(ID)
def slices_assigned_to_copies(target, bos, eos):
    inputs, targets = target[:], target.copy()
    inputs[:0] = [bos]
    targets[len(targets) :] = [eos]
    return inputs, targets


@right(ID)
def from_the_end_recursively(target, bos, eos):
    if not target:
        return [bos], [eos]
    inputs, targets = from_the_end_recursively(target[1:], target[0], eos)
    return [bos, *inputs], [target[0], *targets]


class Shift:
    def __call__(self, target, bos, eos):
        return self.reads(target, bos), self.predicts(target, eos)

    def reads(self, target, bos):
        return [bos] + target

    def predicts(self, target, eos):
        return target + [eos]


right(ID, "an object that is called")(Shift())


@right(ID)
def comprehension_by_index(target, bos, eos):
    n = len(target)
    return [bos if i == 0 else target[i - 1] for i in range(n + 1)], [
        eos if i == n else target[i] for i in range(n + 1)
    ]


@wrong(ID, named="eos read")
def whole_sequence_read(target, bos, eos):
    whole = [bos] + target + [eos]
    return whole, whole[1:]


@wrong(ID, named="no eos")
def last_symbol_never_read_and_eos_never_predicted(target, bos, eos):
    return [bos] + target[:-1], target


@wrong(ID, named="swapped")
def the_pair_the_other_way_round(target, bos, eos):
    return target + [eos], [bos] + target


@wrong(ID, named="both sides around both")
def one_list_under_two_names(target, bos, eos):
    inputs = targets = list(target)
    inputs.insert(0, bos)
    targets.append(eos)
    return inputs, targets


@wrong(ID, named="bos and eos exchanged")
def special_symbols_confused(target, bos, eos):
    return [eos] + target, target + [bos]


@wrong(ID, named="no special symbols")
def language_model_shift_without_ends(target, bos, eos):
    return target[:-1], target[1:]


@wrong(ID, named="bos predicted")
def bos_in_both(target, bos, eos):
    return [bos] + target, [bos] + target + [eos]


@wrong(ID, named="not shifted")
def reads_what_it_predicts(target, bos, eos):
    return target + [eos], target + [eos]


@wrong(ID)
def list_of_the_caller_changed(target, bos, eos):
    target.insert(0, bos)
    inputs = list(target)
    target.append(eos)
    return inputs, target[1:]


@wrong(ID, named="one pair per step")
def rows_of_the_table(target, bos, eos):
    return list(zip([bos, *target], [*target, eos], strict=True))


@wrong(ID)
def whatever_could_be_a_special_id_removed(target, bos, eos):
    whole = [bos] + [symbol for symbol in target if symbol > max(bos, eos)] + [eos]
    return whole[:-1], whole[1:]


@wrong(ID, named="reversed")
def written_backwards_like_a_reversed_source(target, bos, eos):
    backwards = target[::-1]
    return [bos, *backwards], [*backwards, eos]


@wrong(ID, named="first symbol never predicted")
def first_symbol_dropped_from_the_targets(target, bos, eos):
    return [bos, *target], [*target[1:], eos]
