"""09.train_bpe, answered from the prompt alone."""

import heapq
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np

from answers import right, wrong

ID = "09.train_bpe"


def count_pairs(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[pair] += count
    return pairs


def merge(word, pair):
    out, i = [], 0
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) == pair else 1
        out.append("".join(word[i : i + step]))
        i += step
    return out


def train(words, n_merges, choose="numbers", numbering="once", apply="added", stop="no pair"):
    """Training with its parts as switches; the defaults are what is asked for."""
    characters = sorted({symbol for word in words for symbol in word})
    if numbering == "as met":
        characters = list(dict.fromkeys(symbol for word in words for symbol in word))
    number = {symbol: i for i, symbol in enumerate(characters)}
    merges = []
    first_counts = count_pairs(words)
    for _ in range(n_merges):
        pairs = first_counts if stop == "counted once" else count_pairs(words)
        if not pairs or (stop == "rare" and max(pairs.values()) < 2):
            break
        if stop == "whole word" and any(len(word) == 1 for word in words):
            break
        if choose == "numbers":
            best = min(pairs, key=lambda p: (-pairs[p], number[p[0]], number[p[1]]))
        elif choose == "met first":
            best = max(pairs, key=pairs.get)
        elif choose == "alphabet":
            best = min(pairs, key=lambda p: (-pairs[p], p))
        elif choose == "largest numbers":
            best = max(pairs, key=lambda p: (pairs[p], number[p[0]], number[p[1]]))
        elif choose == "left only":
            best = min(pairs, key=lambda p: (-pairs[p], number[p[0]]))
        elif choose == "right first":
            best = min(pairs, key=lambda p: (-pairs[p], number[p[1]], number[p[0]]))
        else:
            best = min(pairs, key=lambda p: (-pairs[p], number[p[0]] + number[p[1]]))
        merges.append(best)
        if stop == "counted once":
            del first_counts[best]
        new = best[0] + best[1]
        if numbering == "sorted again":
            number = {symbol: i for i, symbol in enumerate(sorted({*number, new}))}
        elif numbering == "before all":
            number[new] = min(number.values()) - 1
        elif numbering == "from zero":
            number[new] = len(merges) - 1
        elif numbering == "by length":
            number = {symbol: i for i, symbol in enumerate(sorted({*number, new}, key=lambda s: (len(s), s)))}
        elif numbering == "new ones sorted":
            number = {symbol: i for i, symbol in enumerate(sorted({*number, new}, key=lambda s: (len(s) > 1, s)))}
        elif new not in number:
            number[new] = len(number)
        if apply == "added":
            after = Counter()
            for word, count in words.items():
                after[tuple(merge(word, best))] += count
            words = after
        elif apply == "comprehension":
            words = {tuple(merge(word, best)): count for word, count in words.items()}
        elif apply == "in place":
            for word in list(words):
                words[tuple(merge(word, best))] = words.pop(word)
    return merges


@right(ID)
def a_loop_with_a_counter(words, n_merges):
    return train(words, n_merges)


@right(ID)
def a_dictionary_of_words_made_again(words, n_merges):
    return train(words, n_merges, apply="comprehension")


@right(ID)
def a_list_of_words_that_never_unite(words, n_merges):
    state = [(list(word), count) for word, count in words.items()]
    order = sorted(set().union(*words)) if words else []
    merges = []
    while len(merges) < n_merges:
        pairs = defaultdict(int)
        for word, count in state:
            for i in range(len(word) - 1):
                pairs[word[i], word[i + 1]] += count
        if not pairs:
            return merges
        most = max(pairs.values())
        left, right_one = min(
            (pair for pair in pairs if pairs[pair] == most),
            key=lambda p: (order.index(p[0]), order.index(p[1])),
        )
        merges.append((left, right_one))
        if left + right_one not in order:
            order.append(left + right_one)
        state = [(merge(word, (left, right_one)), count) for word, count in state]
    return merges


@right(ID)
def symbols_as_numbers_inside(words, n_merges):
    names = sorted({symbol for word in words for symbol in word})
    state = [([names.index(symbol) for symbol in word], count) for word, count in words.items()]
    learned = []
    for _ in range(n_merges):
        pairs = Counter()
        for ids, count in state:
            for pair in pairwise(ids):
                pairs[pair] += count
        if not pairs:
            break
        best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[0][0]
        name = names[best[0]] + names[best[1]]
        learned.append((names[best[0]], names[best[1]]))
        if name not in names:
            names.append(name)
        new = names.index(name)
        for ids, _ in state:
            i = 0
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == best:
                    ids[i : i + 2] = [new]
                i += 1
    return learned


@right(ID)
def a_heap_for_the_best_pair(words, n_merges):
    number = {symbol: i for i, symbol in enumerate(sorted({s for word in words for s in word}))}
    merges = []
    while len(merges) < n_merges:
        heap = [(-count, number[a], number[b], (a, b)) for (a, b), count in count_pairs(words).items()]
        if not heap:
            break
        heapq.heapify(heap)
        best = heapq.heappop(heap)[3]
        merges.append(best)
        number.setdefault("".join(best), len(number))
        after = {}
        for word, count in words.items():
            key = tuple(merge(word, best))
            after[key] = after.get(key, 0) + count
        words = after
    return merges


class Trainer:
    def __init__(self, words):
        self.words = [[list(word), count] for word, count in words.items()]
        self.number = {symbol: i for i, symbol in enumerate(sorted({s for word in words for s in word}))}

    def best(self):
        pairs = Counter()
        for word, count in self.words:
            for pair in pairwise(word):
                pairs[pair] += count
        return min(pairs, key=lambda p: (-pairs[p], self.number[p[0]], self.number[p[1]]), default=None)

    def learn(self, pair):
        self.number.setdefault(pair[0] + pair[1], len(self.number))
        for entry in self.words:
            entry[0] = merge(entry[0], pair)


@right(ID)
def a_trainer_class(words, n_merges):
    trainer, merges = Trainer(words), []
    while len(merges) < n_merges and (pair := trainer.best()) is not None:
        trainer.learn(pair)
        merges.append(pair)
    return merges


@right(ID)
def numpy_counts_in_a_matrix(words, n_merges):
    names = sorted({symbol for word in words for symbol in word})
    state = [(list(word), count) for word, count in words.items()]
    merges = []
    while len(merges) < n_merges:
        counts = np.zeros((len(names), len(names)), dtype=int)
        for word, count in state:
            for left, right_one in pairwise(word):
                counts[names.index(left), names.index(right_one)] += count
        if counts.size == 0 or counts.max() == 0:
            break
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        pair = (names[row], names[column])
        merges.append(pair)
        if "".join(pair) not in names:
            names.append("".join(pair))
        state = [(merge(word, pair), count) for word, count in state]
    return merges


@right(ID)
def each_merge_by_a_call_of_itself(words, n_merges, number=None):
    number = number or {symbol: i for i, symbol in enumerate(sorted({s for word in words for s in word}))}
    pairs = count_pairs(words)
    if n_merges == 0 or not pairs:
        return []
    best = min(pairs, key=lambda p: (-pairs[p], number[p[0]], number[p[1]]))
    after = Counter()
    for word, count in words.items():
        after[tuple(merge(word, best))] += count
    longer = number if "".join(best) in number else {**number, "".join(best): len(number)}
    return [best, *each_merge_by_a_call_of_itself(after, n_merges - 1, longer)]


def broken(words_of_it, named=None, **parts):
    wrong(ID, words_of_it, named=named)(lambda words, n_merges: train(words, n_merges, **parts))


broken("the pair met first wins a tie", named="ties by order of appearance", choose="met first")
broken("ties in alphabetical order", named="ties by alphabet", choose="alphabet")
broken("largest numbers win a tie", named="newest symbol first", choose="largest numbers")
broken("only the left symbol settles a tie", named="ties by the left symbol only", choose="left only")
broken("right symbol settles a tie first", named="ties by the right symbol first", choose="right first")
broken("smallest sum of the two numbers", named="ties by the sum", choose="sum")
broken("characters numbered as they are met", named="characters as they are met", numbering="as met")
broken("all symbols sorted again after each merge", named="ties by alphabet", numbering="sorted again")
broken("newest symbol numbered before all others", named="new symbols in front", numbering="before all")
broken("new symbols sorted by length", named="new symbols by length", numbering="by length")
broken("new symbols sorted behind the characters", named="new symbols by alphabet", numbering="new ones sorted")
broken("pairs counted only at first", named="the most frequent pairs of the beginning", stop="counted once")
broken("no pair that occurs once", named="only pairs that occur twice", stop="rare")
broken("never merged", named="never merged", apply="not at all")
broken("words of the caller emptied", named="in place", apply="in place")


@wrong(ID, named="no stop")
def no_early_stop(words, n_merges):
    number = {symbol: i for i, symbol in enumerate(sorted({s for word in words for s in word}))}
    merges = []
    for _ in range(n_merges):
        pairs = count_pairs(words)
        best = min(pairs, key=lambda p: (-pairs[p], number[p[0]], number[p[1]]))
        merges.append(best)
        number.setdefault("".join(best), len(number))
        after = Counter()
        for word, count in words.items():
            after[tuple(merge(word, best))] += count
        words = after
    return merges


@wrong(ID, named="symbols returned")
def the_new_symbols_returned(words, n_merges):
    return [left + right_one for left, right_one in train(words, n_merges)]


@wrong(ID, named="words counted once")
def counts_of_the_words_ignored(words, n_merges):
    return train(dict.fromkeys(words, 1), n_merges)


@wrong(ID, named="one merge too many")
def one_merge_too_many(words, n_merges):
    return train(words, n_merges + 1)


@wrong(ID, named="characters counted as merges")
def the_vocabulary_counted_instead_of_the_merges(words, n_merges):
    return train(words, n_merges - len({symbol for word in words for symbol in word}))


@right(ID)
def a_list_of_symbols_searched_with_index(words, n_merges):
    symbols, merges = sorted({symbol for word in words for symbol in word}), []
    for _ in range(n_merges):
        pairs = count_pairs(words)
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], symbols.index(p[0]), symbols.index(p[1])))
        merges.append(best)
        symbols.append("".join(best))
        after = Counter()
        for word, count in words.items():
            after[tuple(merge(word, best))] += count
        words = after
    return merges


@right(ID)
def counts_changed_only_where_a_word_changed(words, n_merges):
    number = {symbol: i for i, symbol in enumerate(sorted({s for word in words for s in word}))}
    state, pairs, merges = list(words.items()), count_pairs(words), []
    while len(merges) < n_merges and max(pairs.values(), default=0) > 0:
        top = max(pairs.values())
        best = min((p for p in pairs if pairs[p] == top), key=lambda p: (number[p[0]], number[p[1]]))
        merges.append(best)
        number.setdefault("".join(best), len(number))
        for i, (word, count) in enumerate(state):
            after = tuple(merge(word, best))
            pairs.subtract({pair: count * n for pair, n in Counter(pairwise(word)).items()})
            pairs.update({pair: count * n for pair, n in Counter(pairwise(after)).items()})
            state[i] = (after, count)
    return merges


@right(ID)
def each_merge_as_a_list(words, n_merges):
    return [list(pair) for pair in train(words, n_merges)]


broken("new symbols numbered from zero again", named="new symbols from 0", numbering="from zero")
broken("stops when one word is a single symbol", named="stops at a whole word", stop="whole word")
