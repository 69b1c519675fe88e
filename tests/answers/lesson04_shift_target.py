"""04.shift_target, answered from the prompt alone."""

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


@wrong(ID, named="eos read")
def whole_sequence_read(target, bos, eos):
    whole = [bos] + target + [eos]
    return whole, whole[1:]
