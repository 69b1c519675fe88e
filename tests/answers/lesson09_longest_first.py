"""09.longest_first, answered from the prompt alone."""

from answers import right, wrong

ID = "09.longest_first"


@right(ID)
def two_pointers_with_while(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        end = len(word)
        while end > start and ("##" * (start > 0) + word[start:end]) not in vocabulary:
            end -= 1
        if end == start:
            return ["[UNK]"]
        pieces.append("##" * (start > 0) + word[start:end])
        start = end
    return pieces


@right(ID)
def next_with_a_default(word, vocabulary):
    pieces, rest = [], word
    while rest:
        mark = "##" if pieces else ""
        end = next((end for end in range(len(rest), 0, -1) if mark + rest[:end] in vocabulary), None)
        if end is None:
            return ["[UNK]"]
        pieces.append(mark + rest[:end])
        rest = rest[end:]
    return pieces


@right(ID)
def recursively_with_none_for_unknown(word, vocabulary):
    def split(rest, mark):
        if not rest:
            return []
        for end in range(len(rest), 0, -1):
            if mark + rest[:end] in vocabulary:
                following = split(rest[end:], "##")
                return None if following is None else [mark + rest[:end], *following]
        return None

    pieces = split(word, "")
    return ["[UNK]"] if pieces is None else pieces


@right(ID)
def a_set_and_max_by_length(word, vocabulary):
    known, pieces, start = set(vocabulary), [], 0
    while start < len(word):
        mark = "##" if start > 0 else ""
        candidates = [mark + word[start:end] for end in range(start + 1, len(word) + 1)]
        fitting = [candidate for candidate in candidates if candidate in known]
        if not fitting:
            return ["[UNK]"]
        best = max(fitting, key=len)
        pieces.append(best)
        start += len(best) - len(mark)
    return pieces


@right(ID)
def chopped_from_the_right_like_berts_own_code(word, vocabulary):
    chars = list(word)
    is_bad, start, sub_tokens = False, 0, []
    while start < len(chars):
        end, cur_substr = len(chars), None
        while start < end:
            substr = "".join(chars[start:end])
            if start > 0:
                substr = "##" + substr
            if substr in vocabulary:
                cur_substr = substr
                break
            end -= 1
        if cur_substr is None:
            is_bad = True
            break
        sub_tokens.append(cur_substr)
        start = end
    return ["[UNK]"] if is_bad else sub_tokens


@right(ID)
def the_rest_carries_its_mark(word, vocabulary):
    pieces, rest = [], word
    while rest not in ("", "##"):
        for end in range(len(rest), 2 if pieces else 0, -1):
            if rest[:end] in vocabulary:
                pieces.append(rest[:end])
                rest = "##" + rest[end:]
                break
        else:
            return ["[UNK]"]
    return pieces


@right(ID)
def an_exception_for_unknown(word, vocabulary):
    def longest(text):
        for end in reversed(range(1, len(text) + 1)):
            if text[:end] in vocabulary and text[:end] != "##":
                return text[:end]
        raise LookupError(text)

    pieces = []
    try:
        while word:
            mark = "##" if pieces else ""
            piece = longest(mark + word)
            pieces.append(piece)
            word = word[len(piece) - len(mark) :]
    except LookupError:
        return ["[UNK]"]
    return pieces


@right(ID)
def a_generator_collected(word, vocabulary):
    def pieces():
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            lengths = [
                n for n in range(1, len(word) - start + 1) if mark + word[start : start + n] in vocabulary
            ]
            if not lengths:
                yield None
                return
            yield mark + word[start : start + lengths[-1]]
            start += lengths[-1]

    found = list(pieces())
    return ["[UNK]"] if None in found else found


class Matcher:
    """The vocabulary as two sets: pieces that begin a word, and pieces inside one without their marks."""

    def __init__(self, vocabulary):
        self.begin = {piece for piece in vocabulary if not piece.startswith("##")}
        self.inside = {piece[2:] for piece in vocabulary if piece.startswith("##")}

    def __call__(self, word):
        pieces, start = [], 0
        while start < len(word):
            known, mark = (self.inside, "##") if start else (self.begin, "")
            ends = [end for end in range(start + 1, len(word) + 1) if word[start:end] in known]
            if not ends:
                return ["[UNK]"]
            pieces.append(mark + word[start : max(ends)])
            start = max(ends)
        return pieces


@right(ID)
def a_matcher_class(word, vocabulary):
    return Matcher(vocabulary)(word)


@right(ID)
def vocabulary_sorted_by_length_and_startswith(word, vocabulary):
    longest = sorted(vocabulary, key=len, reverse=True)
    pieces, rest = [], word
    while rest:
        mark = "##" if pieces else ""
        fits = [p for p in longest if len(p) > len(mark) and (mark + rest).startswith(p)]
        fits = [p for p in fits if p.startswith("##") == bool(mark)]
        if not fits:
            return ["[UNK]"]
        pieces.append(fits[0])
        rest = rest[len(fits[0]) - len(mark) :]
    return pieces


@wrong(ID, named="shortest first")
def shortest_piece_first(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        for end in range(start + 1, len(word) + 1):
            if mark + word[start:end] in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(mark + word[start:end])
        start = end
    return pieces


def longest(word, vocabulary, mark="##", unknown="whole", mark_shown=True, last=0):
    pieces, start = [], 0
    while start < len(word):
        prefix = mark if start else ""
        for end in range(len(word), start + last, -1):
            if prefix + word[start:end] in vocabulary:
                pieces.append((prefix if mark_shown else "") + word[start:end])
                start = end
                break
        else:
            if unknown == "whole":
                return ["[UNK]"]
            if unknown == "text":
                return "[UNK]"
            if unknown == "rest":
                return [*pieces, "[UNK]"]
            if unknown == "letter":
                pieces.append("[UNK]")
            if unknown == "begun":
                return pieces
            start += 1
    return pieces


@wrong(ID, named="no ##")
def inside_pieces_looked_up_without_the_mark(word, vocabulary):
    return longest(word, vocabulary, mark="")


@wrong(ID, named="## not returned")
def looked_up_with_the_mark_but_returned_without(word, vocabulary):
    return longest(word, vocabulary, mark_shown=False)


@wrong(ID, named="only the rest unknown")
def unknown_in_place_of_the_rest(word, vocabulary):
    return longest(word, vocabulary, unknown="rest")


@wrong(ID, named="only the letter unknown")
def unknown_for_a_single_letter(word, vocabulary):
    return longest(word, vocabulary, unknown="letter")


@wrong(ID, named="letters skipped")
def unknown_letters_skipped(word, vocabulary):
    return longest(word, vocabulary, unknown="skipped")


@wrong(ID, named="the pieces so far")
def pieces_found_so_far(word, vocabulary):
    return longest(word, vocabulary, unknown="begun")


@wrong(ID, named="[UNK] as a text")
def unknown_as_a_text_and_not_a_list(word, vocabulary):
    return longest(word, vocabulary, unknown="text")


@wrong(ID, named="no single letters")
def no_piece_of_one_letter(word, vocabulary):
    return longest(word, vocabulary, last=1)


@wrong(ID, named="another try")
def gives_pieces_back_when_stuck(word, vocabulary):
    def split(start):
        if start == len(word):
            return []
        mark = "##" if start else ""
        for end in range(len(word), start, -1):
            if mark + word[start:end] in vocabulary and (rest := split(end)) is not None:
                return [mark + word[start:end], *rest]
        return None

    return split(0) or ["[UNK]"]


@wrong(ID, named="in the vocabulary's order")
def the_first_in_the_vocabulary_that_fits(word, vocabulary):
    pieces, rest = [], word
    while rest:
        text = ("##" if pieces else "") + rest
        piece = next((p for p in vocabulary if text.startswith(p)), None)
        if piece is None:
            return ["[UNK]"]
        rest = text[len(piece) :]
        pieces.append(piece)
    return pieces


@wrong(ID, named="## on the first piece")
def the_mark_on_the_first_piece_too(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            if "##" + word[start:end] in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append("##" + word[start:end])
        start = end
    return pieces


@wrong(ID, named="the beginning of a piece")
def any_piece_that_starts_so(word, vocabulary):
    return longest(word, [piece[:end] for piece in vocabulary for end in range(1, len(piece) + 1)])


@wrong(ID, named="lower-cased")
def small_letters_first(word, vocabulary):
    return longest(word.lower(), vocabulary)


@wrong(ID, named="fewest pieces")
def as_few_pieces_as_possible(word, vocabulary):
    best = {0: []}
    for end in range(1, len(word) + 1):
        for start in [start for start in best if start < end]:
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary and len(best[start]) + 1 < len(best.get(end, word + "12")):
                best[end] = [*best[start], piece]
    return best.get(len(word), ["[UNK]"])


@wrong(ID, named="the pieces so far, if any")
def what_fitted_or_unknown(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        end = next((e for e in range(len(word), start, -1) if mark + word[start:e] in vocabulary), None)
        if end is None:
            return pieces or ["[UNK]"]
        pieces.append(mark + word[start:end])
        start = end
    return pieces
