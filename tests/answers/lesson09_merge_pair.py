"""09.merge_pair, answered from the prompt alone."""

import re
from collections import deque

import numpy as np

from answers import right, wrong

ID = "09.merge_pair"


@right(ID)
def while_loop_with_slices(word, pair):
    out, i = [], 0
    while i < len(word):
        step = 2 if tuple(word[i : i + 2]) == tuple(pair) else 1
        out.append("".join(word[i : i + step]))
        i += step
    return out


@right(ID)
def a_skip_flag_in_a_for_loop(word, pair):
    out, skip = [], False
    for i, symbol in enumerate(word):
        if skip:
            skip = False
        elif i + 1 < len(word) and symbol == pair[0] and word[i + 1] == pair[1]:
            out.append(pair[0] + pair[1])
            skip = True
        else:
            out.append(symbol)
    return out


@right(ID)
def a_copy_changed_in_place(word, pair):
    out, i = list(word), 0
    while i < len(out) - 1:
        if (out[i], out[i + 1]) == pair:
            out[i : i + 2] = ["".join(pair)]
        i += 1
    return out


@right(ID)
def a_deque_emptied_from_the_left(word, pair):
    rest, out = deque(word), []
    while rest:
        symbol = rest.popleft()
        if symbol == pair[0] and rest and rest[0] == pair[1]:
            symbol += rest.popleft()
        out.append(symbol)
    return out


@right(ID)
def recursively(word, pair):
    if len(word) < 2:
        return list(word)
    if (word[0], word[1]) == pair:
        return [word[0] + word[1]] + recursively(word[2:], pair)
    return [word[0]] + recursively(word[1:], pair)


@right(ID)
def an_iterator_with_next(word, pair):
    symbols, out = iter(word), []
    held = next(symbols, None)
    while held is not None:
        following = next(symbols, None)
        if (held, following) == pair:
            out.append(held + following)
            held = next(symbols, None)
        else:
            out.append(held)
            held = following
    return out


@right(ID)
def a_regular_expression_between_separators(word, pair):
    text = "".join(f"\x00{symbol}\x01" for symbol in word)
    left, right_one = map(re.escape, pair)
    text = re.sub(f"\x00{left}\x01\x00{right_one}\x01", lambda found: "\x00" + "".join(pair) + "\x01", text)
    return re.findall("\x00(.*?)\x01", text, flags=re.DOTALL)


@right(ID)
def index_finds_the_next_left_symbol(word, pair):
    out, i = [], 0
    while i < len(word):
        try:
            j = word.index(pair[0], i)
        except ValueError:
            out.extend(word[i:])
            break
        out.extend(word[i:j])
        if j + 1 < len(word) and word[j + 1] == pair[1]:
            out.append(pair[0] + pair[1])
            i = j + 2
        else:
            out.append(word[j])
            i = j + 1
    return out


@right(ID)
def starts_first_and_then_a_comprehension(word, pair):
    starts, i = set(), 0
    while i < len(word) - 1:
        if (word[i], word[i + 1]) == pair:
            starts.add(i)
            i += 1
        i += 1
    return [
        word[i] + word[i + 1] if i in starts else word[i] for i in range(len(word)) if i - 1 not in starts
    ]


class Merger:
    def __init__(self, pair):
        self.left, self.right = pair

    def __call__(self, word):
        out, open_one = [], False
        for symbol in word:
            if open_one and symbol == self.right:
                out[-1] += symbol
                open_one = False
            else:
                out.append(symbol)
                open_one = symbol == self.left
        return out


@right(ID)
def a_class_that_remembers_an_open_left(word, pair):
    return Merger(pair)(word)


@right(ID)
def numpy_strings_inside(word, pair):
    symbols = np.array(word, dtype=object)
    starts = np.flatnonzero((symbols[:-1] == pair[0]) & (symbols[1:] == pair[1]))
    out, last = list(word), -2
    gone = []
    for start in starts.tolist():
        if start > last + 1:
            out[start] += out[start + 1]
            gone.append(start + 1)
            last = start
    for i in reversed(gone):
        out.pop(i)
    return out


@wrong(ID, named="overlapping")
def every_neighbour_pair_looked_at(word, pair):
    out = []
    for i in range(len(word)):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(word[i] + word[i + 1])
        elif i > 0 and (word[i - 1], word[i]) == pair:
            continue
        else:
            out.append(word[i])
    return out


@wrong(ID, named="second symbol kept")
def right_symbol_kept_too(word, pair):
    out = []
    for i in range(len(word)):
        out.append("".join(pair) if tuple(word[i : i + 2]) == pair else word[i])
    return out


@wrong(ID, named="last symbol dropped")
def last_symbol_lost(word, pair):
    out, i = [], 0
    while i < len(word) - 1:
        if (word[i], word[i + 1]) == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


@wrong(ID, named="looks beyond the end")
def no_guard_at_the_end(word, pair):
    out, i = [], 0
    while i < len(word):
        if (word[i], word[i + 1]) == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


@wrong(ID, named="looks beyond the end after the left symbol")
def no_guard_behind_the_left_symbol(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i] == pair[0] and word[i + 1] == pair[1]:
            out.append("".join(pair))
            i += 1
        else:
            out.append(word[i])
        i += 1
    return out


@wrong(ID, named="joined strings compared")
def joined_texts_compared(word, pair):
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and word[i] + word[i + 1] == pair[0] + pair[1]:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


@wrong(ID, named="replaced in the text")
def text_replaced_in_a_line_with_spaces(word, pair):
    return " ".join(word).replace(" ".join(pair), "".join(pair)).split(" ")


@wrong(ID, named="first one only")
def first_occurrence_only(word, pair):
    for i in range(len(word) - 1):
        if (word[i], word[i + 1]) == pair:
            return word[:i] + ["".join(pair)] + word[i + 2 :]
    return list(word)


@wrong(ID, named="from the right")
def from_right_to_left(word, pair):
    out, i = [], len(word) - 1
    while i >= 0:
        if i > 0 and (word[i - 1], word[i]) == pair:
            out.insert(0, "".join(pair))
            i -= 2
        else:
            out.insert(0, word[i])
            i -= 1
    return out


@wrong(ID, named="in place")
def the_word_of_the_caller_changed(word, pair):
    i = 0
    while i < len(word) - 1:
        if (word[i], word[i + 1]) == pair:
            word[i : i + 2] = ["".join(pair)]
        i += 1
    return word


@wrong(ID, named="not joined")
def the_pair_put_in_unjoined(word, pair):
    out, i = [], 0
    while i < len(word):
        if tuple(word[i : i + 2]) == pair:
            out.append(pair)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


@wrong(ID, named="never merged")
def a_list_compared_with_a_tuple(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i : i + 2] == pair:
            out.append("".join(pair))
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


@wrong(ID, named="either order")
def either_order_merged(word, pair):
    out, i = [], 0
    while i < len(word):
        if set(word[i : i + 2]) == set(pair):
            out.append("".join(word[i : i + 2]))
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


@wrong(ID, named="two by two")
def index_moves_by_two_always(word, pair):
    out = []
    for i in range(0, len(word), 2):
        two = word[i : i + 2]
        out += ["".join(two)] if tuple(two) == pair else two
    return out


@wrong(ID, named="shorter under the loop")
def pop_in_a_for_loop(word, pair):
    out = list(word)
    for i in range(len(out) - 1):
        if (out[i], out[i + 1]) == pair:
            out[i] += out.pop(i + 1)
    return out


@wrong(ID, named="gives up")
def ends_at_a_left_symbol_alone(word, pair):
    i = word.index(pair[0]) if pair[0] in word else 0
    merged = [*word[:i], "".join(pair)]
    return merged + ends_at_a_left_symbol_alone(word[i + 2 :], pair) if tuple(word[i : i + 2]) == pair else word[:]
