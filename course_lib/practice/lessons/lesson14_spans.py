"""Lesson 14: span corruption, with the spans given."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _corrupt_spans(ids, spans, sentinels):
    source, target, at = [], [], 0
    for sentinel, (start, stop) in zip(sentinels, spans, strict=False):
        source += [*ids[at:start], sentinel]
        target += [sentinel, *ids[start:stop]]
        at = stop
    return source + ids[at:], [*target, sentinels[len(spans)]]


def _version(
    *,
    which=lambda n, n_spans: n,
    source_sentinel="one",
    target_sentinel="before",
    end=lambda n_spans: n_spans,
    tail=True,
    more=0,
    shown=False,
    more_first=0,
    at_stop=True,
    source_end=False,
):
    """Span corruption; the options are the ways to get it wrong."""

    def corrupt_spans(ids, spans, sentinels):
        source, target, at = [], [], 0
        for n, (start, stop) in enumerate(spans):
            sentinel, stop, start = sentinels[which(n, len(spans))], stop + more, start + more_first
            span = ids[start:stop]
            marks = {"one": [sentinel], "each": [sentinel] * len(span), "none": []}[source_sentinel]
            source += [*ids[at:start], *(span if shown else []), *marks]
            target += [sentinel, *span] if target_sentinel == "before" else span
            target += [sentinel] if target_sentinel == "behind" else []
            at = stop if at_stop else start
        last = end(len(spans))
        target += [] if last is None else [sentinels[last]]
        source += ids[at:] if tail else []
        source += [sentinels[len(spans)]] if source_end else []
        return source, target

    return corrupt_spans


def _then(change):
    """change(source, target, ids) on the right source and target."""
    return lambda ids, spans, sentinels: change(*_corrupt_spans(ids, spans, sentinels), ids)


def _bart(ids, spans, sentinels):
    return _version(which=lambda n, n_spans: 0)(ids, spans, sentinels)[0], list(ids)


def _between(ids, spans, sentinels):
    source, _ = _corrupt_spans(ids, spans, sentinels)
    inside = {at for start, stop in spans for at in range(start, stop)}
    target, n = [], 0
    for at, word in enumerate(ids):  # what stays goes into the target as a sentinel, and the other way round
        if at in inside:
            target += [word]
        elif at == 0 or at - 1 in inside:
            target += [sentinels[n]]
            n += 1
    return source, target


def _in_place(ids, spans, sentinels):
    right = _corrupt_spans(list(ids), spans, sentinels)
    for sentinel, (start, stop) in reversed(list(zip(sentinels, spans, strict=False))):
        ids[start:stop] = [sentinel]
    return list(ids), right[1]


def _cases() -> list[tuple]:
    generator = seeded(142)

    def drawn(length: int, n_spans: int) -> tuple:
        ids = torch.randint(10, 99, (length,), generator=generator).tolist()
        cuts = (torch.randperm(length - 1, generator=generator)[: 2 * n_spans] + 1).sort().values.tolist()
        spans = list(zip(cuts[::2], cuts[1::2], strict=True))
        return ids, spans, [3, 4, 5, 6, 7, 8, 9]

    sentinels = [101, 102, 103, 104]
    return [
        ([11, 12, 13, 14, 15], [(2, 3)], sentinels),
        ([11, 12, 13, 14, 15], [(1, 3)], sentinels),
        ([11, 12, 13, 14, 15, 16, 17, 18], [(1, 3), (5, 6)], sentinels),
        ([11, 12, 13, 14], [(0, 2)], sentinels),
        ([11, 12, 13, 14], [(2, 4)], sentinels),
        ([11, 12, 11, 12, 11, 12, 11], [(1, 2), (3, 5)], [9, 7, 8, 6]),
        drawn(12, 2),
        drawn(20, 4),
    ]


CORRUPT_SPANS = Exercise(
    id="14.corrupt_spans",
    title="Span corruption",
    reference=_corrupt_spans,
    parts=("source", "target"),
    cases=_cases,
    properties=[
        has_shape("Are there two lists, source and target?", cases=0),
        matches_reference(
            "With one token taken out: does one sentinel replace it, and a second end the target?", cases=0
        ),
        matches_reference("Does one sentinel stand for a span of two tokens?", cases=1),
        matches_reference(
            "With two spans, does each have its own sentinel, in the order of the list?", cases=2
        ),
        matches_reference("Is a span at the very beginning right?", cases=3),
        matches_reference("Is a span at the very end right?", cases=4),
        matches_reference("With words that repeat, and sentinels in any order: is it still right?", cases=5),
        matches_reference("Is it right for longer texts?", cases=[6, 7]),
    ],
    hints=[
        "Write the example down on paper. Which ids go into the source, which into the target, and which into both?",
        "Walk through the spans and remember where the last one ended. What lies between goes into the "
        "source; the span goes "
        "into the target; the sentinel goes into both.",
        "In the loop: `source += [*ids[at:start], sentinel]`, `target += [sentinel, *ids[start:stop]]`, `at "
        "= stop`. After it, "
        "the source still lacks the rest of ids, and the target its last sentinel.",
    ],
    mistakes=[
        Mistake(
            "no last sentinel",
            _version(end=lambda n_spans: None),
            "The target lacks its last sentinel, sentinels[len(spans)], which says that the last span is over.",
        ),
        Mistake(
            "last sentinel repeated",
            _version(end=lambda n_spans: n_spans - 1),
            "You ended the target with the sentinel of the last span; take the next one, sentinels[len(spans)].",
        ),
        Mistake(
            "the last of the list",
            _version(end=lambda n_spans: -1),
            "You ended the target with the last sentinel of the list; take the next unused one, sentinels[len(spans)].",
        ),
        Mistake(
            "one sentinel for all",
            _version(which=lambda n, n_spans: 0),
            "All spans have the same sentinel. The model could not say which span it fills: each has its own.",
        ),
        Mistake(
            "sentinels from the end",
            _version(which=lambda n, n_spans: n_spans - 1 - n),
            "You used the sentinels backwards; the first span has the first sentinel.",
        ),
        Mistake(
            "sentinels from the second",
            _version(which=lambda n, n_spans: n + 1, end=lambda n_spans: 0),
            "Your first span has sentinels[1]; lists are counted from 0.",
        ),
        Mistake(
            "a sentinel for each token",
            _version(source_sentinel="each"),
            "You put a sentinel for each token. One sentinel stands for the whole span, however long it is.",
        ),
        Mistake(
            "no sentinel in the source",
            _version(source_sentinel="none"),
            "The source has no sentinel, so the model cannot know that something is missing there.",
        ),
        Mistake(
            "target without sentinels",
            _version(target_sentinel="none", end=lambda n_spans: None),
            "The target has the spans without their sentinels: nobody could say where one ends and the next begins.",
        ),
        Mistake(
            "only the last sentinel in the target",
            _version(target_sentinel="none"),
            "In the target each span needs its own sentinel in front of it, not only the last one behind.",
        ),
        Mistake(
            "sentinel behind its span",
            _version(target_sentinel="behind", end=lambda n_spans: None),
            "In the target you put each sentinel behind its span. It comes first, and one more ends the last span.",
        ),
        Mistake(
            "sentinel behind its span, and the last",
            _version(target_sentinel="behind"),
            "In the target you put each sentinel behind its span; it comes before it.",
        ),
        Mistake(
            "rest forgotten",
            _version(tail=False),
            "The source ends with the last sentinel: the tokens behind the last span are missing.",
        ),
        Mistake(
            "the span stays",
            _version(shown=True),
            "The source still has the span itself, next to its sentinel: the answer is given away.",
        ),
        Mistake(
            "goes on at the start",
            _version(at_stop=False),
            "After a sentinel your source goes on at start, so it has the span after all. Go on at stop.",
        ),
        Mistake(
            "stop included",
            _version(more=1),
            "You took the token at stop out too. A span is ids[start:stop], as in Python: without stop.",
        ),
        Mistake(
            "start left out",
            _version(more_first=1),
            "You left the token at start where it is. A span is ids[start:stop], with start.",
        ),
        Mistake(
            "last sentinel in the source",
            _version(source_end=True),
            "You added the last sentinel to the source too; only the target needs it.",
        ),
        Mistake(
            "whole text as the target",
            _then(lambda source, target, ids: (source, list(ids))),
            "Your target is the whole text. T5 writes only what is missing, which is shorter.",
        ),
        Mistake(
            "as BART",
            _bart,
            "That is BART's text infilling: one mask for all spans, and the whole text as the target.",
        ),
        Mistake(
            "exchanged",
            _then(lambda source, target, ids: (target, source)),
            "You exchanged source and target: the source comes first.",
        ),
        Mistake(
            "sentinels for what stays",
            _between,
            "Your target has sentinels where the text stayed. Each span is to have the sentinel that "
            "replaces it in the "
            "source.",
        ),
        Mistake(
            "ids changed",
            _in_place,
            "Your lists are right, but you changed ids itself, which the caller corrupts again in the next epoch.",
        ),
    ],
)
