"""09.pair_input, answered from the prompt alone."""

from itertools import accumulate, chain, repeat

import numpy as np
import torch

from answers import right, wrong

ID = "09.pair_input"


@right(ID)
def lists_added(first, second, cls_id, sep_id):
    one, two = [cls_id] + first + [sep_id], second + [sep_id]
    return one + two, [0 for _ in one] + [1 for _ in two]


@right(ID)
def append_in_a_loop(first, second, cls_id, sep_id):
    ids, segments = [cls_id], [0]
    for segment, sentence in enumerate((first, second)):
        for number in sentence:
            ids.append(number)
            segments.append(segment)
        ids.append(sep_id)
        segments.append(segment)
    return ids, segments


@right(ID)
def chained_iterators(first, second, cls_id, sep_id):
    ids = list(chain([cls_id], first, [sep_id], second, [sep_id]))
    return ids, [*repeat(0, len(first) + 2), *repeat(1, len(second) + 1)]


@right(ID)
def numpy_inside(first, second, cls_id, sep_id):
    ids = np.concatenate([[cls_id], first, [sep_id], second, [sep_id]]).astype(int)
    return ids.tolist(), (np.arange(len(ids)) >= len(first) + 2).astype(int).tolist()


@right(ID)
def torch_inside(first, second, cls_id, sep_id):
    one, two = torch.tensor([cls_id, *first, sep_id]), torch.tensor([*second, sep_id])
    return torch.cat([one, two]).tolist(), torch.cat([torch.zeros_like(one), torch.ones_like(two)]).tolist()


@right(ID)
def segments_by_comparison(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [int(i > len(first) + 1) for i in range(len(ids))]


@right(ID)
def pairs_unzipped_into_lists(first, second, cls_id, sep_id):
    rows = [(number, 0) for number in [cls_id, *first, sep_id]] + [
        (number, 1) for number in [*second, sep_id]
    ]
    return [number for number, _ in rows], [segment for _, segment in rows]


@right(ID)
def a_list_of_two_lists(first, second, cls_id, sep_id):
    halves = [[cls_id, *first, sep_id], [*second, sep_id]]
    return [sum(halves, []), sum(([k] * len(half) for k, half in enumerate(halves)), [])]


@right(ID)
def copies_with_insert_and_extend(first, second, cls_id, sep_id):
    ids = first.copy()
    ids.insert(0, cls_id)
    ids.append(sep_id)
    segments = [0] * len(ids)
    ids.extend(second)
    ids.append(sep_id)
    return ids, segments + [1] * (len(ids) - len(segments))


@right(ID)
def a_running_count_of_ends(first, second, cls_id, sep_id):
    ends = [0] * (len(first) + 1) + [1] + [0] * (len(second) + 1)
    return [cls_id, *first, sep_id, *second, sep_id], [
        n - e for n, e in zip(accumulate(ends), ends, strict=True)
    ]


class PairInput:
    def __call__(self, first, second, cls_id, sep_id):
        before = [cls_id, *first, sep_id]
        return before + [*second, sep_id], [0] * len(before) + [1] * (1 + len(second))


right(ID, "an object that is called")(PairInput())


@wrong(ID, named="first [SEP] in the second segment")
def first_sep_in_the_second_segment(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second, sep_id], [0] * (len(first) + 1) + [1] * (len(second) + 2)


@wrong(ID, named="no last [SEP]")
def no_sep_at_the_end(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second], [0] * (len(first) + 2) + [1] * len(second)


@wrong(ID, named="no segments for special tokens")
def special_tokens_have_no_segment(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second, sep_id], [0] * len(first) + [1] * len(second)


@wrong(ID, named="last [SEP] in the first segment")
def last_sep_in_the_first_segment(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second, sep_id], [0] * (len(first) + 2) + [1] * len(second) + [0]


@wrong(ID, named="segments 1 and 2")
def segments_one_and_two(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second, sep_id], [1] * (len(first) + 2) + [2] * (len(second) + 1)


@wrong(ID, named="a second [CLS]")
def cls_before_each_sentence(first, second, cls_id, sep_id):
    one, two = [cls_id, *first, sep_id], [cls_id, *second, sep_id]
    return one + two, [0] * len(one) + [1] * len(two)


@right(ID)
def the_border_is_the_first_sep(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    border = ids.index(sep_id)
    return ids, [0 if i <= border else 1 for i in range(len(ids))]


@wrong(ID, named="lists inside the list")
def lists_nested_instead_of_joined(first, second, cls_id, sep_id):
    return [cls_id, first, sep_id, second, sep_id], [0, 0, 0, 1, 1]


@wrong(ID, named="in place")
def sentence_of_the_caller_changed(first, second, cls_id, sep_id):
    first.insert(0, cls_id)
    first.append(sep_id)
    second.append(sep_id)
    return first + second, [0] * len(first) + [1] * len(second)


@wrong(ID, named="segments first")
def segments_before_ids(first, second, cls_id, sep_id):
    ids, segments = lists_added(first, second, cls_id, sep_id)
    return segments, ids


@wrong(ID, named="[CLS] in a segment of its own")
def cls_in_a_segment_of_its_own(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second, sep_id], [0] + [1] * (len(first) + 1) + [2] * (len(second) + 1)


@wrong(ID, named="no [SEP] between")
def no_sep_between(first, second, cls_id, sep_id):
    return [cls_id, *first, *second, sep_id], [0] * (len(first) + 1) + [1] * (len(second) + 1)


@wrong(ID, named="segments all 0")
def segments_of_all_zeros(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [0] * len(ids)


@wrong(ID, named="two [SEP] between")
def two_seps_between_as_roberta(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, sep_id, *second, sep_id]
    return ids, [0] * (len(first) + 2) + [1] * (len(second) + 2)


@wrong(ID, named="fixed ids")
def the_ids_of_bert_base(first, second, cls_id, sep_id):
    return [101, *first, 102, *second, 102], [0] * (len(first) + 2) + [1] * (len(second) + 1)


@wrong(ID, named="zipped")
def one_list_of_pairs(first, second, cls_id, sep_id):
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return [(number, int(i > len(first) + 1)) for i, number in enumerate(ids)]


@wrong(ID, named="ids alone")
def segments_forgotten(first, second, cls_id, sep_id):
    return [cls_id, *first, sep_id, *second, sep_id]


@wrong(ID, named="second sentence first")
def sentences_exchanged(first, second, cls_id, sep_id):
    ids = [cls_id, *second, sep_id, *first, sep_id]
    return ids, [0] * (len(second) + 2) + [1] * (len(first) + 1)


@wrong(ID, named="ids of the table")
def ids_copied_from_the_printed_table(first, second, cls_id, sep_id):
    return [2, *first, 3, *second, 3], [0] * (len(first) + 2) + [1] * (len(second) + 1)
