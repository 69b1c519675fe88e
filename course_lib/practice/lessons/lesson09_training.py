"""Lesson 09: training byte-pair encoding."""

from collections.abc import Callable

from course_lib.practice.attempt import Attempt
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import has_shape, holds, matches_reference
from course_lib.text.merges import merge_pair

_PAPER = {tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3}


def _count(words: dict, weigh: bool) -> dict:
    pairs: dict = {}
    for word, count in words.items():
        for pair in zip(word, word[1:], strict=False):
            pairs[pair] = pairs.get(pair, 0) + (count if weigh else 1)
    return pairs


def _train(
    ties: str = "number",
    weigh: bool = True,
    recount: bool = True,
    stop: bool = True,
    collect: str = "pairs",
    merge: bool = True,
    rarest: bool = False,
    n_extra: Callable = lambda words: 0,
    least: int = 1,
    characters: Callable = lambda words: sorted({symbol for word in words for symbol in word}),
    renumber: Callable | None = None,
    in_place: bool = False,
    whole: bool = False,
) -> Callable:
    """Training; the options are the ways to get it wrong."""

    def train_bpe(words, n_merges):
        number = {symbol: i for i, symbol in enumerate(characters(words))}
        own, wanted = words, n_merges + n_extra(words)
        orders = {
            "number": lambda pair: (number[pair[0]], number[pair[1]]),
            "first met": lambda pair: 0,
            "alphabet": lambda pair: pair,
            "newest": lambda pair: (-number[pair[0]], -number[pair[1]]),
            "left only": lambda pair: number[pair[0]],
            "right first": lambda pair: (number[pair[1]], number[pair[0]]),
            "sum": lambda pair: number[pair[0]] + number[pair[1]],
            "length": lambda pair: [(len(symbol), symbol) for symbol in pair],
            "text": lambda pair: [(len(symbol) > 1, symbol) for symbol in pair],
        }
        at_first, merges = _count(words, weigh), []
        while len(merges) < wanted:
            pairs = (
                _count(words, weigh) if recount else {p: n for p, n in at_first.items() if p not in merges}
            )
            if not pairs:
                if stop:
                    break
                raise ValueError("min() iterable argument is empty")
            sign = 1 if rarest else -1
            best = min(pairs, key=lambda pair: (sign * pairs[pair], orders[ties](pair)))
            if pairs[best] < least or (whole and any(len(word) == 1 for word in words)):
                break
            merges.append(best)
            number.setdefault(best[0] + best[1], renumber(number) if renumber else len(number))
            if merge:
                new = best[0] + best[1]
                words = {tuple(merge_pair(list(word), best, new)): count for word, count in words.items()}
        if in_place:
            own.clear()
            own.update(words)
        return merges if collect == "pairs" else [left + right for left, right in merges]

    return train_bpe


def _cases() -> list[tuple]:
    return [
        ({("t", "o"): 1}, 1),
        (dict(_PAPER), 2),
        (dict(_PAPER), 8),
        ({("a", "b"): 1, ("c", "d", "e", "f"): 2}, 3),  # weights; (c, d), (d, e), (e, f) tie
        ({("b", "a"): 3, ("a", "c"): 3, ("a", "b"): 3}, 3),  # all tie
        ({("x", "y"): 2}, 5),  # only one merge is possible
        ({tuple("yz"): 4, tuple("ab"): 3, tuple("yzq"): 1, tuple("abq"): 1}, 4),  # yz is created before ab, and ties
        ({tuple("banana"): 4, tuple("bandana"): 3, tuple("ananas"): 2, tuple("nab"): 5}, 10),
        ({tuple("zab"): 2, tuple("zac"): 2, tuple("zb"): 2, tuple("zab") + ("q",): 1}, 6),
        ({tuple("yz"): 4, tuple("abc"): 3, tuple("yzq"): 1, tuple("abcq"): 1}, 5),  # yz first, by length too
    ]


def _mutates_nothing(attempt: Attempt) -> str | None:
    attempt(*attempt.cases()[1])  # the attempt itself complains of changed arguments
    return None


TRAIN_BPE = Exercise(
    id="09.train_bpe",
    title="Train byte-pair encoding",
    points=4,
    reference=_train(),
    cases=_cases,
    properties=[
        holds(
            "Is every merge a pair of symbols, (left, right)?",
            lambda merges, *_: all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in merges),
            cases=0,
        ),
        matches_reference("Does one word of two symbols give one merge?", cases=0),
        has_shape("Are there n_merges merges?", cases=[0, 1]),
        matches_reference("In the lesson's words, is e + s learned first and es + t second?", cases=1),
        matches_reference("Does a word count as often as it occurs?", cases=3),
        matches_reference(
            "Is a tie broken by the number of the left symbol, then of the right one?", cases=4
        ),
        matches_reference("Are the pairs counted again after each merge?", cases=2),
        matches_reference("Does training stop when no pair is left?", cases=5),
        matches_reference("In a tie of two new symbols, does the one created first win?", cases=[6, 9]),
        matches_reference("Do new symbols get higher numbers than old ones in a tie?", cases=[7, 8]),
        Property("Does the dictionary of words stay as it was?", _mutates_nothing),
    ],
    hints=[
        "After a merge, which counts are out of date?",
        "Loop: count the pairs, pick the best, append it to the list, merge it in every word. Leave the loop when "
        "there are n_merges merges or no pair.",
        "The best pair is `min(pairs, key=…)` with the key (−count, number of the left symbol, number of the right "
        "symbol). Keep the numbers in a dictionary, and give each new symbol the next one.",
    ],
    mistakes=[
        Mistake(
            "the most frequent pairs of the beginning",
            _train(recount=False),
            "You counted the pairs once, before the first merge. Each merge creates new pairs and destroys others: "
            "count again after every merge.",
        ),
        Mistake(
            "ties by order of appearance",
            _train(ties="first met"),
            "Among equally frequent pairs you took the one met first; the rule asks for the smallest number of the "
            "left symbol, then of the right one.",
        ),
        Mistake(
            "ties by alphabet",
            _train(ties="alphabet"),
            "You broke ties by the alphabet. Merged symbols have higher numbers than all characters, so that is not "
            "the same.",
        ),
        Mistake(
            "ties by the left symbol only",
            _train(ties="left only"),
            "Your ties look only at the left symbol; if that ties too, the right symbol's number decides.",
        ),
        Mistake(
            "newest symbol first",
            _train(ties="newest"),
            "Your ties go to the largest number; take the smallest.",
        ),
        Mistake(
            "words counted once",
            _train(weigh=False),
            "You counted each word once; a word that occurs six times contributes its pairs six times.",
        ),
        Mistake(
            "the rarest pair", _train(rarest=True), "You merged the rarest pair; merge the most frequent."
        ),
        Mistake(
            "symbols returned",
            _train(collect="symbols"),
            "You returned the joined symbols; return the pairs. From abc nobody can tell whether a + bc or ab + c "
            "was merged.",
        ),
        Mistake(
            "no stop",
            _train(stop=False),
            "Your loop goes on when no pair is left, and min() of nothing raises an error.",
        ),
        Mistake(
            "new symbols by length",
            _train(ties="length"),
            "You numbered the new symbols by their length; the one created first has the smaller number.",
        ),
        Mistake(
            "new symbols by alphabet",
            _train(ties="text"),
            "You numbered the new symbols by the alphabet; the one created first has the smaller number.",
        ),
        Mistake(
            "one merge too many", _train(n_extra=lambda words: 1), "You learned one merge more than n_merges."
        ),
        Mistake(
            "characters counted as merges",
            _train(n_extra=lambda words: -len({symbol for word in words for symbol in word})),
            "You stopped when there were n_merges symbols, characters included; n_merges counts the merges alone.",
        ),
        Mistake(
            "ties by the right symbol first",
            _train(ties="right first"),
            "You broke ties by the right symbol first; the left symbol's number comes first.",
        ),
        Mistake(
            "ties by the sum",
            _train(ties="sum"),
            "You added the two numbers; compare the left symbols' numbers, and the right ones' only where those tie.",
        ),
        Mistake(
            "characters as they are met",
            _train(characters=lambda words: dict.fromkeys(symbol for word in words for symbol in word)),
            "You numbered the characters as they came; number them in sorted order.",
        ),
        Mistake(
            "new symbols in front",
            _train(renumber=lambda number: min(number.values()) - 1),
            "You gave new symbols smaller numbers than the old ones; they come after all others.",
        ),
        Mistake(
            "new symbols from 0",
            _train(renumber=lambda number: sum(len(symbol) > 1 for symbol in number)),
            "You numbered the new symbols from 0 again; they go on after the last character.",
        ),
        Mistake(
            "stops at a whole word",
            _train(whole=True),
            "You stopped when one word had become a single symbol; the others may still have pairs.",
        ),
        Mistake(
            "only pairs that occur twice",
            _train(least=2),
            "You stopped at pairs that occur once; stop only when no word has a pair left.",
        ),
        Mistake(
            "never merged",
            _train(merge=False),
            "You never apply the merge to the words, so the same pair is the most frequent for ever.",
        ),
        Mistake(
            "in place",
            _train(in_place=True),
            "Your merges may be right, but you changed the caller's dictionary; build a new one for each round.",
        ),
    ],
)
