"""Lesson 09: what BERT reads of two sentences."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _pair(separator_of=0, segments=(0, 1), last=True, second_cls=False, between=True):
    """ids and segments of a pair; the options are the ways to get it wrong."""

    def pair_input(first, second, cls_id, sep_id):
        middle = [sep_id] * between + [cls_id] * second_cls
        end = [sep_id] if last else []
        ids = [cls_id, *first, *middle, *second, *end]
        n_first = len(first) + (2 if separator_of == 0 and between else 1)
        return ids, [segments[0]] * n_first + [segments[1]] * (len(ids) - n_first)

    return pair_input


def _with_segments(segments_of):
    """The right ids with other segments."""
    return lambda first, second, cls_id, sep_id: (
        _pair()(first, second, cls_id, sep_id)[0],
        segments_of(len(first), len(second)),
    )


def _lists_inside(first, second, cls_id, sep_id):
    return [cls_id, first, sep_id, second, sep_id], [0, 0, 0, 1, 1]


def _in_place(first, second, cls_id, sep_id):
    first[:] = [cls_id, *first, sep_id]
    second.append(sep_id)
    return first + second, [0] * len(first) + [1] * len(second)


PAIR_INPUT = Exercise(
    id="09.pair_input",
    title="Two sentences for BERT",
    points=1,
    reference=_pair(),
    cases=lambda: [
        ([7], [8], 2, 3),
        ([7, 8, 9], [10, 11], 2, 3),
        ([20], [30, 31, 32, 33], 101, 102),
    ],
    properties=[
        has_shape("Are there two lists of len(first) + len(second) + 3 numbers?"),
        holds(
            "Do the ids begin with [CLS], and end with [SEP]?",
            lambda result, first, second, cls_id, sep_id: (
                (result[0][0], result[0][-1]) == (cls_id, sep_id)
                or f"they go from {result[0][0]} to {result[0][-1]}."
            ),
        ),
        holds(
            "Is there a [SEP] after the first sentence too, and nothing else added?",
            lambda result, first, second, cls_id, sep_id: (
                list(result[0]) == [cls_id, *first, sep_id, *second, sep_id]
            ),
        ),
        holds(
            "Are the segments of the second sentence and its [SEP] 1?",
            lambda result, first, second, *_: list(result[1][-len(second) - 1 :]) == [1] * (len(second) + 1),
        ),
        matches_reference("Are the segments before that 0, including the first [SEP]?"),
    ],
    hints=[
        "Which sentence does the first [SEP] belong to?",
        "Segment 0: [CLS], the first sentence, its [SEP]. Segment 1: the second sentence and its [SEP].",
        "`[cls_id, *first, sep_id]` is the first half of the ids; it has len(first) + 2 entries, all of segment 0.",
    ],
    mistakes=[
        Mistake(
            "first [SEP] in the second segment",
            _pair(separator_of=1),
            "You put the first [SEP] into the second segment; it closes the first sentence.",
        ),
        Mistake(
            "segments all 0",
            _pair(segments=(0, 0)),
            "All your segments are 0; the second sentence and its [SEP] have segment 1.",
        ),
        Mistake(
            "ids of the table",
            lambda first, second, cls_id, sep_id: _pair()(first, second, 2, 3),
            "You wrote the ids 2 and 3 of the table; another vocabulary has other ones, so use cls_id and sep_id.",
        ),
        Mistake("no last [SEP]", _pair(last=False), "The second sentence also ends with a [SEP]."),
        Mistake(
            "a second [CLS]",
            _pair(second_cls=True),
            "You started the second sentence with another [CLS]; there is only one, at the very beginning.",
        ),
        Mistake("segments 0 and 2", _pair(segments=(0, 2)), "Segments are 0 and 1; there is no row 2."),
        Mistake("segments 1 and 2", _pair(segments=(1, 2)), "Segments are counted from 0: 0 and 1."),
        Mistake(
            "segments 1 and 0", _pair(segments=(1, 0)), "The first sentence has segment 0, the second 1."
        ),
        Mistake(
            "last [SEP] in the first segment",
            _with_segments(lambda n, m: [0] * (n + 2) + [1] * m + [0]),
            "The last [SEP] closes the second sentence, so it has segment 1 too.",
        ),
        Mistake(
            "[CLS] in a segment of its own",
            _with_segments(lambda n, m: [0] + [1] * (n + 1) + [2] * (m + 1)),
            "You gave [CLS] a segment of its own; it belongs to the first sentence, segment 0.",
        ),
        Mistake(
            "no segments for special tokens",
            _with_segments(lambda n, m: [0] * n + [1] * m),
            "Special tokens have a segment too: there are as many segments as ids.",
        ),
        Mistake(
            "no [SEP] between",
            _pair(between=False),
            "A [SEP] ends each sentence, so there is also one between the two.",
        ),
        Mistake(
            "segments first",
            lambda *arguments: _pair()(*arguments)[::-1],
            "Both lists are right, in the wrong order: the ids come first, then the segments.",
        ),
        Mistake(
            "two [SEP] between",
            lambda first, second, cls_id, sep_id: (
                [cls_id, *first, sep_id, sep_id, *second, sep_id],
                [0] * (len(first) + 2) + [1] * (len(second) + 2),
            ),
            "You put two [SEP] between the sentences, as RoBERTa does; BERT has one.",
        ),
        Mistake(
            "fixed ids",
            lambda first, second, *_: _pair()(first, second, 101, 102),
            "You wrote 101 and 102, the ids of BERT's own vocabulary; use cls_id and sep_id.",
        ),
        Mistake(
            "zipped",
            lambda *arguments: list(zip(*_pair()(*arguments), strict=True)),
            "You returned one list of pairs; return two lists, the ids and the segments.",
        ),
        Mistake(
            "ids alone",
            lambda *arguments: _pair()(*arguments)[0],
            "You returned the ids alone; return two lists, the ids and the segments.",
        ),
        Mistake(
            "second sentence first",
            lambda first, second, cls_id, sep_id: _pair()(second, first, cls_id, sep_id),
            "You put the second sentence before the first.",
        ),
        Mistake(
            "lists inside the list",
            _lists_inside,
            "You put each sentence into the list as a list; unpack it, *first, or add lists with +.",
        ),
        Mistake(
            "in place",
            _in_place,
            "Your ids are right, but insert and append changed the caller's sentences; build a new list.",
        ),
    ],
)
