"""11.entities, answered from the prompt alone."""

import re
from itertools import groupby

from answers import right, wrong

ID = "11.entities"


@right(ID)
def start_and_kind_kept(tags):
    found, start, kind = [], None, None
    for i, tag in enumerate([*tags, "O"]):
        continues = tag.startswith("I-") and tag[2:] == kind
        if kind is not None and not continues:
            found.append((kind, start, i))
            kind = None
        if tag != "O" and not continues:
            start, kind = i, tag[2:]
    return found


@right(ID)
def a_while_loop_that_looks_ahead(tags):
    found, i = [], 0
    while i < len(tags):
        if tags[i] == "O":
            i += 1
            continue
        kind, stop = tags[i][2:], i + 1
        while stop < len(tags) and tags[stop] == f"I-{kind}":
            stop += 1
        found.append((kind, i, stop))
        i = stop
    return found


@right(ID)
def starts_first_then_stops(tags):
    def begins(i):
        if tags[i] == "O":
            return False
        if tags[i][0] == "B":
            return True
        return i == 0 or tags[i - 1] == "O" or tags[i - 1][2:] != tags[i][2:]

    found = []
    for i in range(len(tags)):
        if begins(i):
            kind = tags[i].split("-", 1)[1]
            stop = next((j for j in range(i + 1, len(tags)) if tags[j] != "I-" + kind), len(tags))
            found.append((kind, i, stop))
    return found


@right(ID)
def from_the_right(tags):
    found, stop = [], len(tags)
    for i in reversed(range(len(tags))):
        tag, before = tags[i], tags[i - 1] if i else "O"
        if tag == "O":
            stop = i
        elif tag[0] == "B" or before[2:] != tag[2:]:
            found.append((tag[2:], i, stop))
            stop = i
    return found[::-1]


@right(ID)
def runs_of_one_number(tags):
    number, numbers, before = 0, [], ""
    for tag in tags:
        if not (tag[0] == "I" and tag[2:] == before):
            number += 1
        before = tag[2:]
        numbers.append(number)
    found = []
    for _, run in groupby(range(len(tags)), key=lambda i: numbers[i]):
        run = list(run)
        if tags[run[0]] != "O":
            found.append((tags[run[0]][2:], run[0], run[-1] + 1))
    return found


@right(ID)
def a_regular_expression(tags):
    text, starts = "", {}
    for i, tag in enumerate(tags):
        starts[len(text)] = i
        text += tag + " "
    starts[len(text)] = len(tags)
    found = []
    for match in re.finditer(r"(?<!\S)[BI]-(\S+) (?:I-\1 )*", text):
        found.append((match[1], starts[match.start()], starts[match.end()]))
    return found


@right(ID)
def a_function_that_calls_itself(tags):
    def rest(i):
        if i >= len(tags):
            return []
        if tags[i] == "O":
            return rest(i + 1)
        stop = i + 1
        while stop < len(tags) and tags[stop] == "I-" + tags[i][2:]:
            stop += 1
        return [(tags[i][2:], i, stop), *rest(stop)]

    return rest(0)


@right(ID)
def a_class_with_a_state(tags):
    class Reader:
        def __init__(self):
            self.found, self.open = [], []

        def close(self, i):
            if self.open:
                kind, start = self.open.pop()
                self.found.append((kind, start, i))

        def read(self, i, tag):
            if tag == "O":
                self.close(i)
            elif tag[:1] == "B" or not self.open or self.open[0][0] != tag[2:]:
                self.close(i)
                self.open.append((tag[2:], i))

    reader = Reader()
    for i, tag in enumerate(tags):
        reader.read(i, tag)
    reader.close(len(tags))
    return reader.found


@right(ID)
def stray_i_turned_into_b_first(tags):
    clean = []
    for tag in tags:
        stray = tag.startswith("I-") and (not clean or clean[-1][1:] != tag[1:])
        clean.append("B" + tag[1:] if stray else tag)
    starts = [i for i, tag in enumerate(clean) if tag.startswith("B")]
    ends = [
        i + 1
        for i in range(len(clean))
        if clean[i] != "O" and not "".join(clean[i + 1 : i + 2]).startswith("I")
    ]
    return [(clean[a][2:], a, b) for a, b in zip(starts, ends, strict=True)]


@right(ID)
def a_list_of_lists_made_tuples(tags):
    open_ones = []
    for i, tag in enumerate(tags):
        if tag == "O":
            continue
        prefix, kind = tag.split("-", maxsplit=1)
        if prefix == "I" and open_ones and open_ones[-1][0] == kind and open_ones[-1][2] == i:
            open_ones[-1][2] += 1
        else:
            open_ones.append([kind, i, i + 1])
    return [tuple(one) for one in open_ones]


def read(
    tags, stray="begin", same_type=True, b_splits=True, touching=True, last=True, kind_of=lambda tag: tag[2:]
):
    """An entity reader with one thing wrong at a time."""
    found = []
    for i, tag in enumerate(tags):
        if tag == "O":
            continue
        kind, inside = kind_of(tag), tag[0] == "I" or not b_splits
        if (
            inside
            and found
            and (not same_type or found[-1][0] == kind)
            and (not touching or found[-1][2] == i)
        ):
            found[-1] = (found[-1][0], found[-1][1], i + 1)
        elif tag[0] == "B" or stray == "begin":
            found.append((kind, i, i + 1))
    if not last and found and found[-1][2] == len(tags):
        found.pop()
    return found


@wrong(ID, named="orphans dropped")
def a_stray_i_is_ignored(tags):
    return read(tags, stray="ignore")


@wrong(ID, named="last one lost")
def the_entity_at_the_end_is_lost(tags):
    return read(tags, last=False)


@wrong(ID, named="any type goes on")
def any_i_continues(tags):
    return read(tags, same_type=False)


@wrong(ID, named="B goes on")
def neighbours_of_one_type_merged(tags):
    return read(tags, b_splits=False)


@wrong(ID, named="across an O")
def an_i_after_o_continues(tags):
    return read(tags, touching=False)


@wrong(ID, named="inclusive end")
def the_stop_belongs_to_the_entity(tags):
    return [(kind, start, stop - 1) for kind, start, stop in read(tags)]


@wrong(ID, named="type cut")
def the_type_cut_at_its_hyphen(tags):
    return read(tags, kind_of=lambda tag: tag.split("-")[1])


@wrong(ID, named="type last")
def the_type_last(tags):
    return [(start, stop, kind) for kind, start, stop in read(tags)]


@wrong(ID, named="length for stop")
def the_length_instead_of_the_stop(tags):
    return [(kind, start, stop - start) for kind, start, stop in read(tags)]


@wrong(ID, named="one for each tag")
def one_entity_for_each_tag(tags):
    return [(tag[2:], i, i + 1) for i, tag in enumerate(tags) if tag != "O"]


@wrong(ID, named="another type dropped")
def a_stray_i_of_another_type_is_ignored(tags):
    found = []
    for i, tag in enumerate(tags):
        before = tags[i - 1] if i else "O"
        if tag[0] == "I" and before != "O" and before[2:] != tag[2:]:
            continue
        if tag[0] == "I" and found and found[-1][0] == tag[2:] and found[-1][2] == i:
            found[-1] = (tag[2:], found[-1][1], i + 1)
        elif tag != "O":
            found.append((tag[2:], i, i + 1))
    return found


@wrong(ID, named="each stray I alone")
def each_stray_i_alone(tags):
    found, open_kind = [], None
    for i, tag in enumerate(tags):
        kind = tag[2:]
        if tag.startswith("I-") and kind == open_kind:
            found[-1] = (kind, found[-1][1], i + 1)
        elif tag != "O":
            found.append((kind, i, i + 1))
            open_kind = kind if tag.startswith("B-") else None
            continue
        if tag == "O":
            open_kind = None
    return found


@wrong(ID, named="type after type")
def type_after_type(tags):
    found = []
    for kind in sorted({tag[2:] for tag in tags if tag != "O"}):
        for i, tag in enumerate(tags):
            if tag[2:] != kind:
                continue
            if tag[0] == "I" and found and found[-1][0] == kind and found[-1][2] == i:
                found[-1] = (kind, found[-1][1], i + 1)
            else:
                found.append((kind, i, i + 1))
    return found


@wrong(ID, named="single words lost")
def only_a_b_with_an_i_after_it(tags):
    found = []
    for i, tag in enumerate(tags):
        if tag[0] != "I":
            continue
        if found and found[-1][0] == tag[2:] and found[-1][2] == i:
            found[-1] = (tag[2:], found[-1][1], i + 1)
        elif i and tags[i - 1] == f"B-{tag[2:]}":
            found.append((tag[2:], i - 1, i + 1))
        elif tags[i + 1 : i + 2] == [tag]:
            found.append((tag[2:], i, i + 1))
    return found


@wrong(ID, named="numbered from 1")
def words_numbered_from_1(tags):
    found = []
    for i, tag in enumerate(tags, start=1):
        kind = tag[2:]
        if tag.startswith("I") and found and found[-1][0] == kind and found[-1][2] == i:
            found[-1] = (kind, found[-1][1], i + 1)
        elif tag != "O":
            found.append((kind, i, i + 1))
    return found


@wrong(ID, named="an I- at the beginning dropped")
def the_loop_starts_at_1_for_an_i(tags):
    found = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], i, i + 1))
        elif tag.startswith("I-") and i > 0:
            if found and found[-1][0] == tag[2:] and found[-1][2] == i:
                found[-1] = (*found[-1][:2], i + 1)
            else:
                found.append((tag[2:], i, i + 1))
    return found
