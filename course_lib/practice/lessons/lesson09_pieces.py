"""Lesson 09: the longest piece first, what BERT reads of two sentences, and bits per character."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _longest(shortest=False, mark=True, unknown="word"):
    """Greedy cutting; the options are the ways to get it wrong."""

    def cut(word, vocabulary):
        pieces, start = [], 0
        while start < len(word):
            ends = range(start + 1, len(word) + 1) if shortest else range(len(word), start, -1)
            prefix = "##" if start and mark else ""
            end = next((e for e in ends if prefix + word[start:e] in vocabulary), None)
            if end is not None:
                pieces.append(prefix + word[start:end])
                start = end
            elif unknown == "word":
                return ["[UNK]"]
            elif unknown == "rest":
                return [*pieces, "[UNK]"]
            else:
                pieces.append("[UNK]")
                start += 1
        return pieces

    return cut


def _either(word, vocabulary):
    """As it should be, but inside a word a piece without ## will do as well."""
    pieces, start = [], 0
    while start < len(word):
        found = (
            (prefix + word[start:end], end)
            for end in range(len(word), start, -1)
            for prefix in (("##", "") if start else ("",))
            if prefix + word[start:end] in vocabulary
        )
        piece, start = next(found, (None, start))
        if piece is None:
            return ["[UNK]"]
        pieces.append(piece)
    return pieces


def _with_backtracking(word, vocabulary):
    """Longest first, but a shorter piece where the rest could not be cut."""

    def cut(start):
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            rest = cut(end) if piece in vocabulary else None
            if rest is not None:
                return [piece, *rest]
        return None

    pieces = cut(0)
    return ["[UNK]"] if pieces is None else pieces


def _from_the_end(word, vocabulary):
    pieces, end = [], len(word)
    while end:
        start = next((s for s in range(end) if ("##" if s else "") + word[s:end] in vocabulary), None)
        if start is None:
            return ["[UNK]"]
        pieces.insert(0, ("##" if start else "") + word[start:end])
        end = start
    return pieces


LONGEST_FIRST = Exercise(
    id="09.longest_first",
    title="The longest piece first",
    reference=_longest(),
    cases=lambda: [
        ("the", ["the", "t", "##he"]),
        ("ab", ["a", "ab", "b", "##b"]),
        ("unless", ["un", "less", "##less"]),
        ("redone", ["re", "red", "##done", "##one"]),
        ("unx", ["un", "##n", "##u"]),
        ("xs", ["s", "##s"]),
        ("abc", ["ab", "c", "##b"]),
        ("unaffable", ["un", "una", "##aff", "##able"]),
        ("unaffs", ["un", "una", "##f", "##ff", "##s"]),
        ("banana", ["b", "ban", "##a", "##an", "##n", "##na"]),
    ],
    properties=[
        matches_reference("Is a word in the vocabulary a single piece?", cases=[0, 1]),
        matches_reference("Does unless become un and ##less?", cases=2),
        matches_reference(
            "Is the longest piece taken first, from the left, even if others fit too?", cases=3
        ),
        matches_reference("If nothing fits, is the whole word one [UNK]?", cases=[4, 5]),
        matches_reference("Inside a word, do only pieces with ## count, so that abc has no c?", cases=6),
        matches_reference(
            "After the dead end una, is the word [UNK], without a second try with un?", cases=7
        ),
        matches_reference("Is it right for other words?", cases=[8, 9]),
    ],
    hints=[
        "If a piece starts at `start`, in which order do you try its ends?",
        'At start > 0 look for "##" + word[start:end]. If no end gives a known piece, the answer is ["[UNK]"].',
        "Loop `while start < len(word)`, and inside `for end in range(len(word), start, -1)`; a for loop's `else` runs "
        "if it was never left by `break`.",
    ],
    mistakes=[
        Mistake(
            "shortest first",
            _longest(shortest=True),
            "You took the shortest piece that fits; try the longest first, range(len(word), start, -1).",
        ),
        Mistake(
            "no ##",
            _longest(mark=False),
            "You looked for pieces without ## inside the word; those begin words.",
        ),
        Mistake(
            "with or without ##",
            _either,
            "Inside the word you took pieces without ## as well; those only begin words.",
        ),
        Mistake(
            "another try",
            _with_backtracking,
            "You went back to a shorter piece when nothing fitted the rest; WordPiece never goes back.",
        ),
        Mistake(
            "only the rest unknown",
            _longest(unknown="rest"),
            "You kept the pieces before the gap; BERT makes the whole word [UNK].",
        ),
        Mistake(
            "only the letter unknown",
            _longest(unknown="letter"),
            "You made one letter [UNK] and went on; BERT makes the whole word [UNK].",
        ),
        Mistake(
            "from the end", _from_the_end, "You split from the end of the word; BERT starts on the left."
        ),
    ],
)


def _pair(separator_of=0, zeros=False, last=True, second_cls=False, padding_third=False):
    """ids and segments of a pair; the options are the ways to get it wrong."""

    def pair_input(first, second, cls_id, sep_id):
        middle = [cls_id] if second_cls else []
        end = [sep_id] if last else []
        ids = [cls_id, *first, sep_id, *middle, *second, *end]
        n_first = len(first) + (2 if separator_of == 0 else 1)
        second_segment = 2 if padding_third else 1
        segments = [0] * n_first + [0 if zeros else second_segment] * (len(ids) - n_first)
        return ids, segments

    return pair_input


PAIR_INPUT = Exercise(
    id="09.pair_input",
    title="Two sentences for BERT",
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
            _pair(zeros=True),
            "All your segments are 0; the second sentence and its [SEP] have segment 1.",
        ),
        Mistake("no last [SEP]", _pair(last=False), "The second sentence also ends with a [SEP]."),
        Mistake(
            "a second [CLS]",
            _pair(second_cls=True),
            "You started the second sentence with another [CLS]; there is only one, at the very beginning.",
        ),
        Mistake("segments 0 and 2", _pair(padding_third=True), "Segments are 0 and 1; there is no row 2."),
    ],
)

BITS_PER_CHARACTER = Exercise(
    id="09.bits_per_character",
    title="Bits per character",
    reference=lambda nats_per_token, n_tokens, n_characters: (
        nats_per_token * n_tokens / n_characters / math.log(2)
    ),
    cases=lambda: [
        (math.log(2), 100, 100),
        (2 * math.log(2), 50, 100),
        (3.6, 15_000, 62_000),
        (1.0, 62_000, 62_000),
    ],
    properties=[
        matches_reference("With one token per character, each costing ln 2 nats: is it 1 bit?", cases=0),
        matches_reference(
            "With half as many tokens, each costing twice as much: is it still 1 bit?", cases=1
        ),
        matches_reference("Is it right for other texts?", cases=[2, 3]),
    ],
    hints=[
        "How many nats does the whole text cost?",
        "The whole text costs nats_per_token · n_tokens. A nat is 1 / ln 2 bits.",
        "Divide the cost of the whole text by its characters, and by `math.log(2)`.",
    ],
    mistakes=[
        Mistake(
            "in nats",
            lambda nats, tokens, characters: nats * tokens / characters,
            "That is in nats; divide by ln 2 for bits.",
        ),
        Mistake(
            "bits per token",
            lambda nats, tokens, characters: nats / math.log(2),
            "That is bits per token; a token is several characters.",
        ),
        Mistake(
            "upside down",
            lambda nats, tokens, characters: nats * characters / tokens / math.log(2),
            "Your fraction is upside down: a token is several characters, so a character costs less than a token.",
        ),
        Mistake(
            "times ln 2",
            lambda nats, tokens, characters: nats * tokens / characters * math.log(2),
            "You multiplied by ln 2; a nat is more than a bit, so divide.",
        ),
        Mistake(
            "of the perplexity",
            lambda nats, tokens, characters: math.exp(nats) * tokens / characters / math.log(2),
            "You took the perplexity; bits come from the loss itself.",
        ),
        Mistake(
            "whole text",
            lambda nats, tokens, characters: nats * tokens / math.log(2),
            "Those are the bits of the whole text; divide by its characters.",
        ),
    ],
)
