"""Lesson 11: many token vectors to one, and one tag to many pieces."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _mean_pool(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]  # (batch, time)
    return (hidden * real[:, :, None]).sum(dim=1) / lengths[:, None]


def _divided_by_time(hidden, lengths):
    return _mean_pool(hidden, lengths) * lengths[:, None] / hidden.shape[1]


def _largest(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return hidden.masked_fill(~real[:, :, None], -torch.inf).amax(dim=1)


def _masked_mean(keep, own_count=False):
    """The mean over the positions in keep(positions, lengths, hidden), divided by lengths or by how many these are."""

    def mean_pool(hidden, lengths):
        chosen = keep(torch.arange(hidden.shape[1]), lengths[:, None], hidden)  # (batch, time)
        count = chosen.sum(dim=1, keepdim=True) if own_count else lengths[:, None]
        return (hidden * chosen[:, :, None]).sum(dim=1) / count

    return mean_pool


def _up_to_lengths(positions, lengths, hidden):
    return positions <= lengths


def _inverted(positions, lengths, hidden):
    return positions >= lengths


def _not_zero(positions, lengths, hidden):
    return (hidden != 0).any(dim=2)


def _without_cls(positions, lengths, hidden):
    return (positions > 0) & (positions < lengths)


def _without_cls_and_sep(positions, lengths, hidden):
    return (positions > 0) & (positions < lengths - 1)


def _pool_cases() -> list[tuple]:
    generator = seeded(11)

    def case(lengths: list[int], d_model: int) -> tuple:
        return torch.randn(len(lengths), max(lengths) + 1, d_model, generator=generator), torch.tensor(
            lengths
        )

    whole = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]]), torch.tensor([2])
    padded = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [9.0, 9.0]]]), torch.tensor([2])
    zeros = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [0.0, 0.0], [0.0, 0.0]]]), torch.tensor([3])
    return [whole, padded, case([3, 1, 5], 4), case([2, 4], 3), zeros]


def _other_padding(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return torch.where(real[:, :, None], hidden, -5.0), lengths


MEAN_POOL = Exercise(
    id="11.mean_pool",
    title="The mean of the real tokens",
    points=1,
    reference=_mean_pool,
    cases=_pool_cases,
    properties=[
        has_shape("Is there one vector for each sentence, (batch, d_model)?"),
        matches_reference("Two tokens, no padding: is it their mean?", cases=0),
        matches_reference("With two tokens and one of padding, is it the mean of the two?", cases=1),
        unchanged_when(
            "With different numbers in the padding, is the result the same?", _other_padding, cases=(2, 3)
        ),
        matches_reference(
            "With sentences of several lengths in one batch, is each mean right?", cases=(2, 3)
        ),
        matches_reference("Is a real token counted even if its vector is zero?", cases=4),
    ],
    hints=[
        "Padding has vectors too, and they are not zero. They must neither be added nor counted.",
        "real = torch.arange(time) < lengths[:, None] is (batch, time). Multiply by it, sum over time, divide.",
        "(hidden * real[:, :, None]).sum(dim=1) / lengths[:, None]",
    ],
    mistakes=[
        Mistake(
            "padding counted",
            lambda hidden, lengths: hidden.mean(dim=1),
            "You averaged over all positions, padding included: a sentence's vector would depend on its batch.",
        ),
        Mistake(
            "one too many",
            _masked_mean(_up_to_lengths),
            "You kept position `lengths`, too. Of a sentence of length 2, positions 0 and 1 are real: use <, not <=.",
        ),
        Mistake(
            "one too many, counted",
            _masked_mean(_up_to_lengths, own_count=True),
            "You kept position `lengths`, too. Of a sentence of length 2, positions 0 and 1 are real: use <, not <=.",
        ),
        Mistake(
            "mask inverted",
            _masked_mean(_inverted),
            "Your mask is inverted: you kept the padding and dropped the sentence. Keep positions < lengths.",
        ),
        Mistake(
            "mask inverted, counted",
            _masked_mean(_inverted, own_count=True),
            "Your mask is inverted: you kept the padding and dropped the sentence. Keep positions < lengths.",
        ),
        Mistake(
            "padding recognised by its zeros",
            _masked_mean(_not_zero, own_count=True),
            "You took vectors of zeros for padding. At padding a model's vectors are not zero, and a real token's "
            "may be: only `lengths` says what is real.",
        ),
        Mistake(
            "[CLS] left out",
            _masked_mean(_without_cls, own_count=True),
            "You left out position 0, [CLS]. All positions < lengths count as real here, [CLS] and [SEP] too.",
        ),
        Mistake(
            "[CLS] and [SEP] left out",
            _masked_mean(_without_cls_and_sep, own_count=True),
            "You left out the first and the last token. All positions < lengths count as real here, [CLS] and [SEP] "
            "too.",
        ),
        Mistake(
            "divided by time",
            _divided_by_time,
            "You left the padding out of the sum, but divided by all positions: divide by the sentence's own length.",
        ),
        Mistake(
            "padding added",
            lambda hidden, lengths: hidden.sum(dim=1) / lengths[:, None],
            "You divided by the sentence's own length, but added its padding, too: set that to 0 first.",
        ),
        Mistake(
            "sum",
            lambda hidden, lengths: _mean_pool(hidden, lengths) * lengths[:, None],
            "That is the sum: long sentences get long vectors. Divide by lengths.",
        ),
        Mistake(
            "first token",
            lambda hidden, lengths: hidden[:, 0],
            "You took the vector of [CLS] alone; the exercise asks for the mean of all real tokens.",
        ),
        Mistake(
            "last position",
            lambda hidden, lengths: hidden[:, -1],
            "You took the last position, which is padding for most sentences; the exercise asks for a mean.",
        ),
        Mistake(
            "largest", _largest, "You took the largest entry of each feature (max pooling), not the mean."
        ),
    ],
)

IGNORED = -100


def labels_with(other=IGNORED, special=IGNORED, every=False, last=False):
    """Labels of pieces; the options are the ways to get it wrong.

    special: the label of [CLS] and [SEP]; None for what Python's index −1 gives, "new" for that where a −1 follows a
    word (or begins the row) only.
    """

    def piece_labels(words, tag_ids):
        labels = []
        for place, word in enumerate(words):
            is_new = place == 0 or words[place - 1] != word
            ends = place == len(words) - 1 or words[place + 1] != word
            if word < 0 and special == "new":
                labels.append(tag_ids[word] if is_new else other)
            elif word < 0:
                labels.append(tag_ids[word] if special is None else special)
            elif every or (ends if last else is_new):
                labels.append(tag_ids[word])
            else:
                labels.append(other)
        return labels

    return piece_labels


def _first_pieces_only(words, tag_ids):
    return [
        label
        for label, word in zip(labels_with()(words, tag_ids), words, strict=True)
        if word < 0 or label >= 0
    ]


def _by_position(words, tag_ids):
    """The tag of word i at piece i + 1, as if every word had one piece."""
    rows = zip(labels_with()(words, range(len(tag_ids))), range(-1, len(words) - 1), strict=True)
    return [tag_ids[i] if word >= 0 and i < len(tag_ids) else IGNORED for word, i in rows]


def _word_0_is_none(words, tag_ids):
    return labels_with()(words, [IGNORED, *tag_ids[1:]])


def _word_numbers(words, tag_ids):
    return labels_with()(words, range(len(tag_ids)))


PIECE_LABELS = Exercise(
    id="11.piece_labels",
    title="One label a word",
    points=1,
    reference=labels_with(),
    cases=lambda: [
        ([-1, 0, 1, -1], [4, 7]),
        ([-1, 0, 0, 0, 1, -1], [3, 5]),
        ([-1, 0, 1, 1, 2, 3, 3, -1, -1], [0, 1, 2, 6]),
    ],
    properties=[
        has_shape("Is there one label for each piece?"),
        holds(
            "Have [CLS] and [SEP] no label, −100?",
            lambda labels, words, tags: all(
                label == IGNORED for label, word in zip(labels, words, strict=True) if word < 0
            ),
            cases=0,
        ),
        matches_reference("For words in one piece each, has each piece its word's tag?", cases=0),
        matches_reference(
            "For a word in three pieces, has the first piece the tag, and have the others −100?", cases=1
        ),
        matches_reference("In a longer sentence, is tag 0 a tag like any other?", cases=2),
    ],
    hints=[
        "Three kinds of piece: no word (−1), the first of its word, a further one. Only one kind gets the tag.",
        "A piece is the first of its word if the piece before it belongs to another word.",
        "for i, word in enumerate(words): new = word >= 0 and words[i - 1] != word; "
        "labels.append(tag_ids[word] if new else -100). (words[0] is always −1.)",
    ],
    mistakes=[
        Mistake(
            "every piece",
            labels_with(every=True),
            "You labelled every piece of a word: a word in four pieces counts four times, and its B- tag begins four "
            "entities. Only the first piece gets the tag, the rest −100.",
        ),
        Mistake(
            "index −1",
            labels_with(special=None),
            "You wrote tag_ids[word] for [CLS] and [SEP] too: their word is −1, and Python's [-1] is the last tag.",
        ),
        Mistake(
            "index −1, once",
            labels_with(special="new"),
            "Your test for a new word lets −1 through: [CLS] and [SEP] have no word, and tag_ids[-1] is the last "
            "tag. Ask for word >= 0 as well.",
        ),
        Mistake(
            "every piece, index −1",
            labels_with(every=True, special=None),
            "You took tag_ids[word] for every piece: [CLS] and [SEP] have word −1, and Python's [-1] is the last tag; "
            "and of a word's pieces only the first gets the tag.",
        ),
        Mistake(
            "0 for none",
            labels_with(other=0, special=0),
            "You wrote 0 where there is no label. 0 is a tag (O): the model would be taught that names go on as O. "
            "−100 is what F.cross_entropy leaves out.",
        ),
        Mistake(
            "0 for special tokens",
            labels_with(special=0),
            "You gave [CLS] and [SEP] the label 0, which is a tag. They are not words: −100.",
        ),
        Mistake(
            "0 for further pieces",
            labels_with(other=0),
            "You gave a word's further pieces the label 0, which is the tag O: −100, so that the loss leaves them out.",
        ),
        Mistake(
            "−1 for none",
            labels_with(other=-1, special=-1),
            "You wrote −1 where there is no label. F.cross_entropy leaves out −100, and stops with an error at −1.",
        ),
        Mistake(
            "−1 for special tokens",
            labels_with(special=-1),
            "You gave [CLS] and [SEP] the label −1. That says which word they are of; their label is −100.",
        ),
        Mistake(
            "word 0 has no label",
            _word_0_is_none,
            "Word 0 gets no label: its number is 0, so ask for word >= 0, not for word > 0 or `if word`.",
        ),
        Mistake(
            "further pieces left out",
            _first_pieces_only,
            "You leave a word's further pieces out of the list. Every piece has a label; theirs is −100.",
        ),
        Mistake(
            "position for word",
            _by_position,
            "You take the tag by the piece's position. Once a word has several pieces, the tags are shifted: use "
            "tag_ids[word].",
        ),
        Mistake(
            "numbers for tags",
            _word_numbers,
            "Your labels are the numbers of the words. The label is the word's tag, tag_ids[word].",
        ),
        Mistake(
            "last piece",
            labels_with(last=True),
            "You labelled the last piece of each word. Here, as in Devlin et al. (2019), it is the first.",
        ),
    ],
)
