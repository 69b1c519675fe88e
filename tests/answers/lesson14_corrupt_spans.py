"""Lesson 14, exercise 2: span corruption."""

import itertools

from answers import right, wrong

ID = "14.corrupt_spans"


@right(ID)
def by_index(ids, spans, sentinels):
    source, target = [], []
    position = 0
    for n in range(len(spans)):
        start, stop = spans[n]
        source.extend(ids[position:start])
        source.append(sentinels[n])
        target.append(sentinels[n])
        target.extend(ids[start:stop])
        position = stop
    source.extend(ids[position:])
    target.append(sentinels[len(spans)])
    return source, target


@right(ID)
def from_the_back(ids, spans, sentinels):
    source, target = list(ids), [sentinels[len(spans)]]
    for n in reversed(range(len(spans))):
        start, stop = spans[n]
        target = [sentinels[n], *source[start:stop], *target]
        source[start:stop] = [sentinels[n]]
    return source, target


@right(ID)
def token_by_token(ids, spans, sentinels):
    starts = {start: n for n, (start, _) in enumerate(spans)}
    inside = {at for start, stop in spans for at in range(start, stop)}
    source, target = [], []
    for at, token in enumerate(ids):
        if at in starts:
            source.append(sentinels[starts[at]])
            target.append(sentinels[starts[at]])
        (target if at in inside else source).append(token)
    return source, [*target, sentinels[len(starts)]]


@right(ID)
def two_comprehensions(ids, spans, sentinels):
    stops = [0] + [stop for _, stop in spans]
    source = [token for n, (start, _) in enumerate(spans) for token in (*ids[stops[n] : start], sentinels[n])]
    target = [token for n, (a, b) in enumerate(spans) for token in [sentinels[n]] + ids[a:b]]
    return source + ids[stops[-1] :], target + [sentinels[len(spans)]]


@right(ID)
def sums_of_lists(ids, spans, sentinels):
    edges = [0, *itertools.chain(*spans), len(ids)]
    pieces = [ids[a:b] for a, b in itertools.pairwise(edges)]
    kept, taken = pieces[::2], pieces[1::2]
    source = kept[0] + sum(([s] + piece for s, piece in zip(sentinels, kept[1:], strict=False)), [])
    target = sum(([s] + piece for s, piece in zip(sentinels, taken, strict=False)), [])
    return source, target + [sentinels[len(taken)]]


@right(ID)
def an_iterator_of_sentinels(ids, spans, sentinels):
    marks = iter(sentinels)
    source, target, last = [], [], 0
    for start, stop in spans:
        mark = next(marks)
        source, target = source + ids[last:start] + [mark], target + [mark] + ids[start:stop]
        last = stop
    return source + ids[last:], target + [next(marks)]


@right(ID)
def a_tuple_of_generators_made_lists(ids, spans, sentinels):
    def source():
        last = 0
        for mark, (start, stop) in zip(sentinels, spans, strict=False):
            yield from ids[last:start]
            yield mark
            last = stop
        yield from ids[last:]

    def target():
        for mark, (start, stop) in zip(sentinels, spans, strict=False):
            yield mark
            yield from ids[start:stop]
        yield sentinels[len(spans)]

    return list(source()), list(target())


@right(ID)
def with_a_count(ids, spans, sentinels):
    source, target, at, n = [], [], 0, 0
    while at < len(ids):
        if n < len(spans) and at == spans[n][0]:
            source += [sentinels[n]]
            target += [sentinels[n]] + ids[at : spans[n][1]]
            at, n = spans[n][1], n + 1
        else:
            source += [ids[at]]
            at += 1
    return source, target + [sentinels[n]]


@right(ID)
def recursive(ids, spans, sentinels):
    def below(at, n):
        if n == len(spans):
            return ids[at:], [sentinels[n]]
        start, stop = spans[n]
        source, target = below(stop, n + 1)
        return ids[at:start] + [sentinels[n]] + source, [sentinels[n]] + ids[start:stop] + target

    return below(0, 0)


@right(ID)
def insert_and_delete(ids, spans, sentinels):
    source, target = ids.copy(), []
    moved = 0
    for mark, (start, stop) in zip(sentinels, spans, strict=False):
        target += [mark] + ids[start:stop]
        del source[start - moved : stop - moved]
        source.insert(start - moved, mark)
        moved += stop - start - 1
    target.append(sentinels[len(spans)])
    return [source, target]


@wrong(ID, named="no last sentinel")
def the_end_forgotten(ids, spans, sentinels):
    source, target = recursive(ids, spans, sentinels)
    return source, target[:-1]


@wrong(ID, named="one sentinel for all")
def always_the_first(ids, spans, sentinels):
    source, target = recursive(ids, spans, [sentinels[0]] * len(spans) + [sentinels[len(spans)]])
    return source, target


@wrong(ID, named="rest forgotten")
def nothing_behind_the_last_span(ids, spans, sentinels):
    source, target, at = [], [], 0
    for n, (start, stop) in enumerate(spans):
        source += ids[at:start] + [sentinels[n]]
        target += [sentinels[n]] + ids[start:stop]
        at = stop
    return source, target + [sentinels[len(spans)]]


@wrong(ID, named="a sentinel for each token")
def one_mark_a_token(ids, spans, sentinels):
    source = list(ids)
    for n, (start, stop) in enumerate(spans):
        for at in range(start, stop):
            source[at] = sentinels[n]
    return source, recursive(ids, spans, sentinels)[1]


@wrong(ID, named="stop included")
def one_token_too_many(ids, spans, sentinels):
    return recursive(ids, [(start, stop + 1) for start, stop in spans], sentinels)


@wrong(ID, named="whole text as the target")
def the_target_is_the_text(ids, spans, sentinels):
    return recursive(ids, spans, sentinels)[0], ids[:]
