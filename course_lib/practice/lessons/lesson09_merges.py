"""Lesson 09: byte-pair encoding: merging a pair."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference
from course_lib.text.merges import merge_pair


def _overlapping(word, pair):
    out, skip = [], False
    for i, symbol in enumerate(word):
        if tuple(word[i : i + 2]) == tuple(pair):
            out.append(pair[0] + pair[1])
            skip = True
        elif skip:
            skip = False
        else:
            out.append(symbol)
    return out


def first_only(word, pair):
    for i in range(len(word) - 1):
        if (word[i], word[i + 1]) == tuple(pair):
            return [*word[:i], pair[0] + pair[1], *word[i + 2 :]]
    return list(word)


def _from_the_right(word, pair):
    merged = merge_pair(
        [s[::-1] for s in reversed(word)], (pair[1][::-1], pair[0][::-1]), (pair[0] + pair[1])[::-1]
    )
    return [symbol[::-1] for symbol in reversed(merged)]


def _joined_compared(word, pair):
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and word[i] + word[i + 1] == pair[0] + pair[1]:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


def _second_kept(word, pair):
    return [
        pair[0] + pair[1] if tuple(word[i : i + 2]) == tuple(pair) else symbol
        for i, symbol in enumerate(word)
    ]


def _tried(merges_at=None, look_ahead=False, joined=True, step=1):
    """merge with parts that can be got wrong: merges_at(left, right, pair) says whether to merge."""

    def merge(word, pair):
        out, i = [], 0
        while i < len(word):
            both = (look_ahead or i + 1 < len(word)) and merges_at(word, i, pair)
            if both:
                out.append(word[i] + word[i + 1] if joined else tuple(pair))
            else:
                out += word[i : i + step]
            i += 2 if both else step
        return out

    return merge


def _equals(word, i, pair):
    return (word[i], word[i + 1]) == tuple(pair)


def _equals_left_first(word, i, pair):
    return word[i] == pair[0] and word[i + 1] == pair[1]


def _either_order(word, i, pair):
    return (word[i], word[i + 1]) in (tuple(pair), tuple(reversed(pair)))


def _until_a_left_symbol_alone(word, pair):
    out = list(word)
    while pair[0] in out:
        i = out.index(pair[0])
        if out[i + 1 : i + 2] != [pair[1]]:
            break
        out[i : i + 2] = [pair[0] + pair[1]]
    return out


def _shorter_under_the_loop(word, pair):
    out = list(word)
    for i in range(len(word) - 1):
        if (out[i], out[i + 1]) == tuple(pair):
            out[i] += out.pop(i + 1)
    return out


def _in_place(word, pair):
    word[:] = merge_pair(word, pair, pair[0] + pair[1])
    return word


def _last_dropped(word, pair):
    merged = merge_pair(word, pair, pair[0] + pair[1])
    return merged[:-1] if merged[-1] == word[-1] else merged


MERGE_PAIR = Exercise(
    id="09.merge_pair",
    title="Merge a pair",
    points=1,
    reference=lambda word, pair: merge_pair(word, pair, pair[0] + pair[1]),
    cases=lambda: [
        (["t", "o", "p"], ("t", "o")),
        (["t", "o", "p"], ("o", "t")),
        (["a", "b", "c", "a", "b"], ("a", "b")),
        (["a", "a", "a"], ("a", "a")),
        (["xa", "b", "a", "b"], ("a", "b")),
        (["n", "e", "w", "es", "t"], ("es", "t")),
        (["a"], ("a", "a")),
        (["a", "c", "a", "b"], ("a", "b")),
        (["ab", "c", "a", "bc"], ("a", "bc")),
    ],
    properties=[
        has_shape("Does each merge make the word one symbol shorter?", cases=[0, 1]),
        matches_reference("Does t·o·p become to·p?", cases=0),
        matches_reference("Does a word without the pair stay as it is?", cases=1),
        matches_reference("Are all occurrences merged?", cases=2),
        matches_reference("In a·a·a, are the first two merged and the third left alone?", cases=3),
        matches_reference("Are only whole symbols merged, so that the a of xa stays?", cases=4),
        matches_reference(
            "Are the two symbols compared one by one, so that ab·c is not taken for a·bc?", cases=8
        ),
        matches_reference("After an a without its b, does the search go on?", cases=7),
        matches_reference("Does it work for longer symbols, and for a word of one symbol?", cases=[5, 6]),
    ],
    hints=[
        "After a merge, where does the search go on: after the left symbol or after the right one?",
        "Use an index i that moves by 2 after a merge and by 1 otherwise, in a while loop.",
        "A pair begins at i if `i + 1 < len(word)` and `(word[i], word[i + 1]) == pair`. What do you append then?",
    ],
    mistakes=[
        Mistake(
            "overlapping",
            _overlapping,
            "You used one symbol in two merges: after a merge, continue after the second symbol.",
        ),
        Mistake("first one only", first_only, "You merged the first occurrence and stopped."),
        Mistake(
            "from the right",
            _from_the_right,
            "You merged from the right; by convention merges go from the left, and a·a·a shows the difference.",
        ),
        Mistake(
            "replaced in the text",
            lambda word, pair: " ".join(word).replace(" ".join(pair), "".join(pair)).split(),
            "You looked for the pair in parts of symbols: “xa b” holds “a b” too. Compare whole symbols.",
        ),
        Mistake(
            "joined strings compared",
            _joined_compared,
            "You compared the joined texts: ab + c and a + bc both read abc, but they are different pairs.",
        ),
        Mistake(
            "second symbol kept",
            _second_kept,
            "You inserted the merged symbol and kept the second one after it.",
        ),
        Mistake(
            "last symbol dropped",
            _last_dropped,
            "You stopped before the last symbol: it begins no pair, but it belongs to the word.",
        ),
        Mistake(
            "looks beyond the end",
            _tried(_equals, look_ahead=True),
            "At the last symbol there is no word[i + 1]; ask first whether i + 1 < len(word).",
        ),
        Mistake(
            "looks beyond the end after the left symbol",
            _tried(_equals_left_first, look_ahead=True),
            "A word may end in the pair's left symbol; then there is no word[i + 1]. Ask whether i + 1 < len(word).",
        ),
        Mistake(
            "not joined",
            _tried(_equals, joined=False),
            "You put the pair itself into the word; the new symbol is its two texts joined, pair[0] + pair[1].",
        ),
        Mistake(
            "either order",
            _tried(_either_order),
            "You merged right + left as well; the order is part of a pair.",
        ),
        Mistake(
            "two by two",
            _tried(_equals, step=2),
            "Your index moves by 2 even where nothing was merged, so it misses pairs; there it moves by 1.",
        ),
        Mistake(
            "gives up",
            _until_a_left_symbol_alone,
            "You stopped at a left symbol without its right one; go on, the pair may come later.",
        ),
        Mistake(
            "shorter under the loop",
            _shorter_under_the_loop,
            "Each merge shortens your list, but range(len(word) - 1) was fixed before; use a while loop.",
        ),
        Mistake(
            "never merged",
            lambda word, pair: list(word),
            "You never merge. If you compare word[i:i + 2] with pair: a list is never equal to a tuple.",
        ),
        Mistake(
            "in place",
            _in_place,
            "The merges are right, but you changed the caller's list; start a new one, or copy it with list(word).",
        ),
    ],
)
