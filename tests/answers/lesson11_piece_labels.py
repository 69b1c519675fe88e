"""11.piece_labels, answered from the prompt alone."""

from itertools import groupby

import numpy as np

from answers import right, wrong

ID = "11.piece_labels"


@right(ID)
def a_set_of_words_seen(words, tag_ids):
    seen, labels = {-1}, []
    for word in words:
        labels.append(-100 if word in seen else tag_ids[word])
        seen.add(word)
    return labels


@right(ID)
def each_piece_with_the_one_before(words, tag_ids):
    pairs = zip([-1, *words], words, strict=False)
    return [tag_ids[word] if word != -1 and word != before else -100 for before, word in pairs]


@right(ID)
def the_first_index_of_each_word(words, tag_ids):
    return [tag_ids[w] if w >= 0 and words.index(w) == i else -100 for i, w in enumerate(words)]


@right(ID)
def grouped_pieces(words, tag_ids):
    labels = []
    for word, pieces in groupby(words):
        n = len(list(pieces))
        labels += [-100] * n if word < 0 else [tag_ids[word]] + [-100] * (n - 1)
    return labels


@right(ID)
def filled_in_afterwards(words, tag_ids):
    labels = [-100] * len(words)
    for word, tag in enumerate(tag_ids):
        if word in words:
            labels[words.index(word)] = tag
    return labels


@right(ID)
def numpy_unique(words, tag_ids):
    labels = np.full(len(words), -100)
    numbers, first = np.unique(np.asarray(words), return_index=True)
    for number, where in zip(numbers, first, strict=True):
        if number >= 0:
            labels[where] = tag_ids[int(number)]
    return labels.tolist()


@right(ID)
def a_while_loop(words, tag_ids):
    labels, i = [], 0
    while i < len(words):
        word = words[i]
        labels.append(tag_ids[word] if word > -1 else -100)
        i += 1
        while i < len(words) and word > -1 and words[i] == word:
            labels.append(-100)
            i += 1
    return labels


@right(ID)
def from_the_right_overwriting(words, tag_ids):
    first = {}
    for i in range(len(words) - 1, -1, -1):
        first[words[i]] = i
    first.pop(-1, None)
    labels = [-100 for _ in words]
    for word, i in first.items():
        labels[i] = tag_ids[word]
    return labels


@right(ID)
def a_dictionary_popped(words, tag_ids):
    open_tags = dict(enumerate(tag_ids))
    return [open_tags.pop(word, -100) for word in words]


@right(ID)
def a_generator_of_labels(words, tag_ids):
    def labels():
        before = None
        for word in words:
            yield -100 if word == -1 or word == before else tag_ids[word]
            before = word

    return list(labels())


@wrong(ID, named="every piece")
def every_piece_labelled(words, tag_ids):
    return [tag_ids[word] if word >= 0 else -100 for word in words]


@wrong(ID, named="last piece")
def the_last_piece_labelled(words, tag_ids):
    after = [*words[1:], -1]
    return [tag_ids[w] if w >= 0 and w != next_w else -100 for w, next_w in zip(words, after, strict=True)]


@wrong(ID, named="index −1, once")
def the_last_tag_for_special_tokens(words, tag_ids):
    return [tag_ids[word] if i == 0 or words[i - 1] != word else -100 for i, word in enumerate(words)]


@wrong(ID, named="word 0 has no label")
def word_0_without_a_label(words, tag_ids):
    return [tag_ids[word] if word > 0 and words[i - 1] != word else -100 for i, word in enumerate(words)]


@wrong(ID, named="0 for none")
def zero_instead_of_minus_100(words, tag_ids):
    return [tag_ids[word] if word >= 0 and words[i - 1] != word else 0 for i, word in enumerate(words)]


@wrong(ID, named="further pieces left out")
def further_pieces_left_out(words, tag_ids):
    labels = []
    for i, word in enumerate(words):
        if word < 0:
            labels.append(-100)
        elif words[i - 1] != word:
            labels.append(tag_ids[word])
    return labels


@wrong(ID, named="0 for further pieces")
def further_pieces_get_o(words, tag_ids):
    labels = []
    for i, word in enumerate(words):
        labels.append(-100 if word < 0 else tag_ids[word] if words[i - 1] != word else 0)
    return labels


@wrong(ID, named="position for word")
def the_tag_at_the_pieces_position(words, tag_ids):
    return [
        tag_ids[i - 1] if word >= 0 and words[i - 1] != word and i <= len(tag_ids) else -100
        for i, word in enumerate(words)
    ]


@wrong(ID, named="last piece")
def compared_with_the_piece_after(words, tag_ids):
    return [
        tag_ids[word] if word >= 0 and word != words[(i + 1) % len(words)] else -100
        for i, word in enumerate(words)
    ]


@wrong(ID, named="numbers for tags")
def word_numbers_instead_of_tags(words, tag_ids):
    return [word if word >= 0 and words[i - 1] != word else -100 for i, word in enumerate(words)]


@wrong(ID, named="tag 0 for no tag")
def tag_0_taken_for_no_tag(words, tag_ids):
    first = [word if word >= 0 and word not in words[:i] else None for i, word in enumerate(words)]
    return [(word is not None and tag_ids[word]) or -100 for word in first]


@wrong(ID, named="only where the tag changes")
def a_label_only_where_the_tag_changes(words, tag_ids):
    labels, last = [], None
    for word in words:
        tag = tag_ids[word] if word >= 0 else None
        labels.append(-100 if tag is None or tag == last else tag)
        last = tag
    return labels


@wrong(ID, named="nothing after a cut word")
def a_flag_never_reset(words, tag_ids):
    labels, further = [], False
    for i, word in enumerate(words):
        further = further or (word >= 0 and words[i - 1] == word)
        labels.append(tag_ids[word] if word >= 0 and not further else -100)
    return labels


@wrong(ID, named="−1 for none")
def minus_1_where_there_is_no_label(words, tag_ids):
    return [tag_ids[word] if word >= 0 and words[i - 1] != word else -1 for i, word in enumerate(words)]
