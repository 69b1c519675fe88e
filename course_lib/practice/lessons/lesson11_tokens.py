"""Lesson 11: many token vectors to one, and one tag to many pieces."""

import torch

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


def _one_too_many(hidden, lengths):
    real = torch.arange(hidden.shape[1]) <= lengths[:, None]
    return (hidden * real[:, :, None]).sum(dim=1) / lengths[:, None]


def _pool_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(11)

    def case(lengths: list[int], d_model: int) -> tuple:
        return torch.randn(len(lengths), max(lengths) + 1, d_model, generator=generator), torch.tensor(
            lengths
        )

    whole = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]]), torch.tensor([2])
    padded = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [9.0, 9.0]]]), torch.tensor([2])
    return [whole, padded, case([3, 1, 5], 4), case([2, 4], 3)]


def _other_padding(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return torch.where(real[:, :, None], hidden, -5.0), lengths


MEAN_POOL = Exercise(
    id="11.mean_pool",
    title="The mean of the real tokens",
    reference=_mean_pool,
    cases=_pool_cases,
    properties=[
        has_shape("Is there one vector for each sentence, (batch, d_model)?"),
        matches_reference("Two tokens, no padding: is it their mean?", cases=0),
        matches_reference("The same two tokens and one of padding: is it the same mean?", cases=1),
        unchanged_when("With other numbers in the padding, does the result stay?", _other_padding),
        matches_reference("And for sentences of several lengths in one batch?"),
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
            "You averaged over all places, padding included: a sentence would get another vector in another batch.",
        ),
        Mistake(
            "one too many",
            _one_too_many,
            "You counted the place at lengths as real. Of a sentence of length 2 places 0 and 1 are: use <, not <=.",
        ),
        Mistake(
            "divided by time",
            _divided_by_time,
            "You left the padding out of the sum, but divided by all places: divide by the sentence's own length.",
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
            "You took the first token alone, [CLS]; asked for is the mean of all real ones.",
        ),
        Mistake(
            "last place",
            lambda hidden, lengths: hidden[:, -1],
            "You took the last place, which for most sentences is padding; asked for is a mean.",
        ),
        Mistake(
            "largest", _largest, "You took the largest entry of each feature (max pooling), not the mean."
        ),
    ],
)

IGNORED = -100


def _labels(other=IGNORED, special=IGNORED, every=False, last=False):
    """Labels of pieces; the options are the ways to get it wrong (special None: what Python's index −1 gives)."""

    def piece_labels(words, tag_ids):
        labels = []
        for place, word in enumerate(words):
            is_new = place == 0 or words[place - 1] != word
            ends = place == len(words) - 1 or words[place + 1] != word
            if word < 0:
                labels.append(tag_ids[word] if special is None else special)
            elif every or (ends if last else is_new):
                labels.append(tag_ids[word])
            else:
                labels.append(other)
        return labels

    return piece_labels


PIECE_LABELS = Exercise(
    id="11.piece_labels",
    title="One label a word",
    reference=_labels(),
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
        matches_reference("Words in one piece each: does each piece have its word's tag?", cases=0),
        matches_reference(
            "A word in three pieces: has the first the tag, and have the others −100?", cases=1
        ),
        matches_reference("And in a longer sentence, with tag 0 as a tag like any other?", cases=2),
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
            _labels(every=True),
            "You labelled every piece of a word: a word in four pieces counts four times, and its B- tag begins four "
            "entities. Only the first piece gets the tag, the rest −100.",
        ),
        Mistake(
            "index −1",
            _labels(special=None),
            "You wrote tag_ids[word] for [CLS] and [SEP] too: their word is −1, and Python's [-1] is the last tag.",
        ),
        Mistake(
            "every piece, index −1",
            _labels(every=True, special=None),
            "You took tag_ids[word] for every piece: [CLS] and [SEP] have word −1, and Python's [-1] is the last tag; "
            "and of a word's pieces only the first gets the tag.",
        ),
        Mistake(
            "0 for none",
            _labels(other=0, special=0),
            "You wrote 0 where there is no label. 0 is a tag (O): the model would be taught that names go on as O. "
            "−100 is what F.cross_entropy leaves out.",
        ),
        Mistake(
            "0 for special tokens",
            _labels(special=0),
            "You gave [CLS] and [SEP] the label 0, which is a tag. They are no words: −100.",
        ),
        Mistake(
            "0 for further pieces",
            _labels(other=0),
            "You gave a word's further pieces the label 0, which is the tag O: −100, so that the loss leaves them out.",
        ),
        Mistake(
            "−1 for none",
            _labels(other=-1, special=-1),
            "You wrote −1 where there is no label. F.cross_entropy leaves out −100, and stops with an error at −1.",
        ),
        Mistake(
            "−1 for special tokens",
            _labels(special=-1),
            "You gave [CLS] and [SEP] the label −1. That says which word they are of; their label is −100.",
        ),
        Mistake(
            "last piece",
            _labels(last=True),
            "You labelled the last piece of each word. That can be done, but here, as in the paper, it is the first.",
        ),
    ],
)
