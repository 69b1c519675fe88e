"""The training that byte-pair encoding and WordPiece share here: merge the most frequent pair, over and over.

R. Sennrich, B. Haddow and A. Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016,
section 3.2 (algorithm 1): count all pairs of neighbouring symbols inside words, make the most frequent pair a
symbol, repeat. Counting everything anew for each merge would take minutes; here only the words that hold the
merged pair are counted again.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

Pair = tuple[str, str]


class Learnt(NamedTuple):
    """What merging gave.

    symbols  those to begin with, then what the merges made, in order
    merges   pairs of symbols, in the order in which to apply them
    """

    symbols: list[str]
    merges: list[Pair]


def join_pair(left: str, right: str, prefix: str = "") -> str:
    """The symbol that a merge makes: the two texts, without the right one's `prefix`."""
    return left + right.removeprefix(prefix)


def merge_pair(word: list, pair: tuple, merged) -> list:
    """`word` with every occurrence of `pair`, from the left, replaced by `merged`; a new list."""
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and word[i] == pair[0] and word[i + 1] == pair[1]:
            out.append(merged)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


def learn_merges(
    words: Mapping[tuple[str, ...], int],
    symbols: Sequence[str],
    vocab_size: int,
    min_count: int = 1,
    prefix: str = "",
) -> Learnt:
    """Merge the most frequent pair until there are `vocab_size` symbols or no pair is frequent enough.

    Equally frequent pairs: the one whose left symbol came first into the vocabulary wins, then the one whose
    right symbol did. The order of `symbols` is therefore part of what is learnt.

    Args:
        words: each word as a tuple of symbols, with how often it occurs. No merge goes across words.
        symbols: the symbols to begin with, each once; every word is made of them.
        vocab_size: stop when there are so many symbols.
        min_count: stop when the best pair is seen less often.
        prefix: marks symbols that continue a word ("##"); a merge keeps only its left symbol's.

    Raises:
        ValueError: a size out of range, a symbol listed twice, or a word with a symbol that is not listed.
    """
    if min_count < 1 or vocab_size < len(symbols):
        raise ValueError(
            f"vocab_size = {vocab_size}, min_count = {min_count}; expected at least {len(symbols)} (as many symbols "
            f"are there to begin with) and at least 1."
        )
    vocabulary = list(symbols)
    ids = {symbol: number for number, symbol in enumerate(vocabulary)}
    if len(ids) < len(vocabulary):
        twice = next(symbol for symbol, count in Counter(vocabulary).items() if count > 1)
        raise ValueError(f"The symbol {twice!r} is listed twice; each may stand once.")
    try:
        cut = [[ids[symbol] for symbol in word] for word in words]
    except KeyError as error:
        raise ValueError(
            f"A word holds the symbol {error.args[0]!r}, which is not among the symbols."
        ) from None
    weights = list(words.values())

    pair_counts: Counter[tuple[int, int]] = Counter()
    places: defaultdict[tuple[int, int], set[int]] = defaultdict(
        set
    )  # the words that hold, or once held, a pair
    for number, word in enumerate(cut):
        for pair in pairwise(word):
            pair_counts[pair] += weights[number]
            places[pair].add(number)
    # The heap may hold outdated counts; a pair whose count has changed was pushed again with the new one.
    heap = [(-count, pair) for pair, count in pair_counts.items()]
    heapq.heapify(heap)

    merges: list[Pair] = []
    while heap and len(vocabulary) < vocab_size:
        negative, pair = heapq.heappop(heap)
        if -negative != pair_counts[pair]:
            continue
        if -negative < min_count:
            break
        left, right = vocabulary[pair[0]], vocabulary[pair[1]]
        merges.append((left, right))
        text = join_pair(left, right, prefix)
        if text not in ids:  # "a" + "bc" may make what "ab" + "c" made before
            ids[text] = len(vocabulary)
            vocabulary.append(text)
        changed = set()
        for number in places.pop(pair):
            before = cut[number]
            after = merge_pair(before, pair, ids[text])
            if len(after) == len(before):
                continue
            cut[number] = after
            for old in pairwise(before):
                pair_counts[old] -= weights[number]
                changed.add(old)
            for new in pairwise(after):
                pair_counts[new] += weights[number]
                places[new].add(number)
                changed.add(new)
        for other in changed:
            if pair_counts[other] > 0:
                heapq.heappush(heap, (-pair_counts[other], other))
            else:
                del pair_counts[other]
    return Learnt(vocabulary, merges)
