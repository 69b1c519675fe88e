"""09.cut_by_merges, answered from the prompt alone."""

import re
from functools import reduce

from answers import right, wrong

ID = "09.cut_by_merges"


def merge(word, pair):
    out, i = [], 0
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) == tuple(pair) else 1
        out.append("".join(word[i : i + step]))
        i += step
    return out


@right(ID)
def merges_in_a_loop_with_my_merge(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = merge(pieces, pair)
    return pieces


@right(ID)
def reduce_over_the_merges(word, merges):
    return reduce(merge, merges, list(word))


@right(ID)
def earliest_merge_among_the_pairs_present(word, merges):
    rank = {tuple(pair): number for number, pair in enumerate(merges)}
    pieces = [*word]
    while True:
        present = [pair for pair in zip(pieces, pieces[1:], strict=False) if pair in rank]
        if not present:
            return pieces
        pieces = merge(pieces, min(present, key=rank.get))


@right(ID)
def one_place_at_a_time_by_rank(word, merges):
    rank = {tuple(pair): number for number, pair in enumerate(merges)}
    pieces = list(word)
    while len(pieces) > 1:
        ranks = [rank.get(pair, len(rank)) for pair in zip(pieces, pieces[1:], strict=False)]
        best = min(range(len(ranks)), key=ranks.__getitem__)
        if ranks[best] == len(rank):
            break
        pieces[best : best + 2] = [pieces[best] + pieces[best + 1]]
    return pieces


@right(ID)
def changed_in_place_with_pop(word, merges):
    pieces = list(word)
    for left, right_one in merges:
        i = 0
        while i < len(pieces) - 1:
            if pieces[i] == left and pieces[i + 1] == right_one:
                pieces[i] += pieces.pop(i + 1)
            i += 1
    return pieces


@right(ID)
def recursively_with_the_last_merge_outermost(word, merges):
    if not merges:
        return list(word)
    return merge(recursively_with_the_last_merge_outermost(word, merges[:-1]), merges[-1])


@right(ID)
def regular_expressions_between_separators(word, merges):
    text = "".join(f"<{ord(letter)}>" for letter in word)

    def written(piece):
        return "<" + ".".join(str(ord(letter)) for letter in piece) + ">"

    for left, right_one in merges:
        text = re.sub(re.escape(written(left) + written(right_one)), written(left + right_one), text)
    return ["".join(chr(int(code)) for code in piece.split(".")) for piece in re.findall("<(.*?)>", text)]


@right(ID)
def spans_of_places_in_the_word(word, merges):
    ends = list(range(len(word) + 1))
    for left, right_one in merges:
        i = 0
        while i + 2 < len(ends):
            if (word[ends[i] : ends[i + 1]], word[ends[i + 1] : ends[i + 2]]) == (left, right_one):
                del ends[i + 1]
            i += 1
    return [word[start:end] for start, end in zip(ends, ends[1:], strict=False)]


class Splitter:
    def __init__(self, merges):
        self.merges = list(merges)

    def split(self, word):
        pieces = tuple(word)
        for pair in self.merges:
            if pair[0] in pieces and pair[1] in pieces:
                pieces = tuple(merge(list(pieces), pair))
        return list(pieces)


@right(ID)
def a_splitter_class(word, merges):
    return Splitter(merges).split(word)


@right(ID)
def a_linked_list_of_the_next_places(word, merges):
    piece, following = dict(enumerate(word)), {i: i + 1 for i in range(len(word))}
    for left, right_one in merges:
        i = 0
        while i < len(word):
            j = following[i]
            if j < len(word) and piece[i] == left and piece[j] == right_one:
                piece[i] += piece[j]
                following[i] = following[j]
            i = following[i]
    out, i = [], 0
    while i < len(word):
        out.append(piece[i])
        i = following[i]
    return out


@wrong(ID, named="from left to right")
def any_known_pair_from_the_left(word, merges):
    pieces, i = list(word), 0
    while i + 1 < len(pieces):
        if (pieces[i], pieces[i + 1]) in merges:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            i = max(i - 1, 0)
        else:
            i += 1
    return pieces


@wrong(ID, named="backwards")
def merges_from_last_to_first(word, merges):
    pieces = list(word)
    for pair in reversed(merges):
        pieces = merge(pieces, pair)
    return pieces


@wrong(ID, named="one place only")
def each_merge_once_at_its_first_place(word, merges):
    pieces = list(word)
    for pair in merges:
        for i in range(len(pieces) - 1):
            if (pieces[i], pieces[i + 1]) == pair:
                pieces[i : i + 2] = ["".join(pair)]
                break
    return pieces


@wrong(ID, named="longest symbol first")
def longest_known_piece_first(word, merges):
    known = {left + right_one for left, right_one in merges} | set(word)
    pieces, start = [], 0
    while start < len(word):
        end = next(end for end in range(len(word), start, -1) if word[start:end] in known)
        pieces.append(word[start:end])
        start = end
    return pieces


@wrong(ID, named="joined strings compared")
def joined_texts_compared(word, merges):
    pieces = list(word)
    for left, right_one in merges:
        i = 0
        while i < len(pieces) - 1:
            if pieces[i] + pieces[i + 1] == left + right_one:
                pieces[i : i + 2] = [left + right_one]
            i += 1
    return pieces


@wrong(ID, named="joined by spaces")
def pieces_joined_into_one_text(word, merges):
    return " ".join(merges_in_a_loop_with_my_merge(word, merges))


@wrong(ID, named="stops where one does not fit")
def stops_at_the_first_merge_that_does_not_fit(word, merges):
    pieces = list(word)
    for pair in merges:
        after = merge(pieces, pair)
        if after == pieces:
            break
        pieces = after
    return pieces


@wrong(ID, named="letters only")
def one_pass_with_pairs_of_letters_only(word, merges):
    pieces, i = [], 0
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) in merges else 1
        pieces.append(word[i : i + step])
        i += step
    return pieces


@wrong(ID, named="no merges")
def merge_called_with_the_string(word, merges):
    for pair in merges:
        word = "".join(merge(list(word), pair))
    return list(word)


@wrong(ID, named="only the last merge")
def every_merge_starts_from_the_letters(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = merge(list(word), pair)
    return pieces


@wrong(ID, named="by length")
def longest_merges_first(word, merges):
    symbols = list(word)
    for pair in sorted(merges, key=lambda pair: len(pair[0]) + len(pair[1]), reverse=True):
        symbols = merge(symbols, pair)
    return symbols


@wrong(ID, named="the merges returned")
def the_merges_that_fit(word, merges):
    symbols, used = list(word), []
    for pair in merges:
        before, symbols = symbols, merge(symbols, pair)
        if len(symbols) < len(before):
            used.append(pair)
    return used


@wrong(ID, named="replaced in the text")
def spaces_put_into_the_text(word, merges):
    for left, right_one in merges:
        word = word.replace(left + right_one, left + right_one + " ")
    return word.split()


@wrong(ID, named="merges used up")
def merges_popped_from_the_front(word, merges):
    symbols = list(word)
    while merges:
        symbols = merge(symbols, merges.pop(0))
    return symbols
