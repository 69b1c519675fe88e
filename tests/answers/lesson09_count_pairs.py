"""09.count_pairs, answered from the prompt alone."""

from collections import Counter, defaultdict
from functools import reduce
from itertools import chain, combinations, pairwise

import numpy as np

from answers import right, wrong

ID = "09.count_pairs"


@right(ID)
def a_counter_with_counts_added(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[pair] += count
    return pairs


@right(ID)
def a_defaultdict_by_index(words):
    pairs = defaultdict(int)
    for word in words:
        for i in range(len(word) - 1):
            pairs[word[i], word[i + 1]] += words[word]
    return pairs


@right(ID)
def each_pair_written_out_as_often_as_it_occurs(words):
    return dict(Counter(chain.from_iterable(list(zip(w, w[1:], strict=False)) * n for w, n in words.items())))


@right(ID)
def all_pairs_first_and_then_a_sum_for_each(words):
    present = {pair for word in words for pair in pairwise(word)}
    return {pair: sum(n * list(pairwise(word)).count(pair) for word, n in words.items()) for pair in present}


@right(ID)
def numpy_unique_with_weights(words):
    pairs = [pair for word in words for pair in pairwise(word)]
    weights = [n for word, n in words.items() for _ in pairwise(word)]
    kinds = sorted(set(pairs))
    totals = np.bincount([kinds.index(pair) for pair in pairs], weights=weights, minlength=len(kinds))
    return {pair: int(total) for pair, total in zip(kinds, totals, strict=True)}


@right(ID)
def numpy_whole_numbers_as_counts(words):
    pairs = {}
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[pair] = pairs.get(pair, np.int64(0)) + count
    return pairs


@right(ID)
def try_and_except(words):
    pairs = {}
    for word, count in words.items():
        for left, right_one in zip(word[:-1], word[1:], strict=True):
            try:
                pairs[left, right_one] += count
            except KeyError:
                pairs[left, right_one] = count
    return pairs


@right(ID)
def counters_added_up(words):
    per_word = (Counter({pair: n * k for pair, k in Counter(pairwise(w)).items()}) for w, n in words.items())
    return reduce(lambda one, other: one + other, per_word, Counter())


@right(ID)
def setdefault_and_a_remembered_left_symbol(words):
    pairs = {}
    for word, count in words.items():
        left = None
        for symbol in word:
            if left is not None:
                pairs.setdefault((left, symbol), 0)
                pairs[left, symbol] += count
            left = symbol
    return pairs


@right(ID)
def word_by_word_recursively(words):
    if not words:
        return {}
    (word, count), *rest = words.items()
    pairs = word_by_word_recursively(dict(rest))
    for pair in pairwise(word):
        pairs[pair] = pairs.get(pair, 0) + count
    return pairs


class Pairs(dict):
    """A dictionary that starts at nought."""

    def __missing__(self, pair):
        return 0


@right(ID)
def a_dictionary_class_of_my_own(words):
    pairs = Pairs()
    for word, count in words.items():
        for start in range(1, len(word)):
            pairs[tuple(word[start - 1 : start + 1])] += count
    return pairs


@wrong(ID, named="words counted once")
def every_word_counts_once(words):
    return Counter(pair for word in words for pair in pairwise(word))


@wrong(ID, named="assigned, not added")
def the_last_word_with_the_pair_wins(words):
    return {pair: count for word, count in words.items() for pair in pairwise(word)}


@wrong(ID, named="once a word")
def once_in_each_word(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in set(pairwise(word)):
            pairs[pair] += count
    return pairs


@wrong(ID, named="joined keys")
def joined_symbols_as_keys(words):
    pairs = Counter()
    for word, count in words.items():
        for left, right_one in pairwise(word):
            pairs[left + right_one] += count
    return pairs


@wrong(ID, named="order forgotten")
def both_orders_are_one_pair(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[tuple(sorted(pair))] += count
    return pairs


@wrong(ID, named="not only neighbours")
def any_two_symbols_of_a_word(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in combinations(word, 2):
            pairs[pair] += count
    return pairs


@wrong(ID, named="two by two")
def blocks_of_two(words):
    pairs = Counter()
    for word, count in words.items():
        for i in range(0, len(word) - 1, 2):
            pairs[word[i], word[i + 1]] += count
    return pairs


@wrong(ID, named="last pair missed")
def the_last_pair_forgotten(words):
    pairs = Counter()
    for word, count in words.items():
        for i in range(len(word) - 2):
            pairs[word[i], word[i + 1]] += count
    return pairs


@wrong(ID, named="beyond the end")
def beyond_the_end_of_the_word(words):
    pairs = {}
    for word, count in words.items():
        for i in range(len(word)):
            pair = (word[i], word[i + 1])
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs


@wrong(ID, named="around the end")
def a_ring_from_the_last_symbol_to_the_first(words):
    pairs = Counter()
    for word, count in words.items():
        for i in range(len(word)):
            pairs[word[i - 1], word[i]] += count
    return pairs


@wrong(ID, named="single symbols")
def single_symbols_counted(words):
    symbols = Counter()
    for word, count in words.items():
        for symbol in word:
            symbols[symbol] += count
    return dict(symbols)


@wrong(ID, named="characters")
def pairs_of_characters_of_the_joined_word(words):
    pairs = {}
    for word, count in words.items():
        text = "".join(word)
        for pair in zip(text, text[1:], strict=False):
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs


@wrong(ID, named="stops at a short word")
def break_where_continue_was_meant(words):
    pairs = {}
    for word, count in words.items():
        if len(word) < 2:
            break
        for pair in zip(word, word[1:], strict=False):
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs


@wrong(ID, named="across words")
def the_text_as_one_row_of_symbols(words):
    row = []
    for word, count in words.items():
        row += list(word) * count
    return dict(Counter(zip(row, row[1:], strict=False)))
