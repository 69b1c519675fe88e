"""Lesson 11: one tag to many pieces."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference

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


def _only_where_the_tag_changes(words, tag_ids):
    of_pieces = [tag_ids[word] if word >= 0 else None for word in words]
    return [
        IGNORED if tag is None or tag == last else tag
        for last, tag in zip([None, *of_pieces], of_pieces, strict=False)
    ]


def _nothing_after_a_cut_word(words, tag_ids):
    cut = next((i for i in range(1, len(words)) if words[i] == words[i - 1] >= 0), len(words))
    return labels_with()(words, tag_ids)[:cut] + [IGNORED] * (len(words) - cut)


def _tag_0_is_none(words, tag_ids):
    return labels_with()(words, [tag or IGNORED for tag in tag_ids])


PIECE_LABELS = Exercise(
    id="11.piece_labels",
    title="One label a word",
    points=1,
    reference=labels_with(),
    cases=lambda: [
        ([-1, 0, 1, -1], [4, 7]),
        ([-1, 0, 0, 0, 1, -1], [3, 5]),
        ([-1, 0, 1, 1, 2, 3, 3, -1, -1], [0, 1, 2, 6]),
        ([-1, 0, 1, 2, 2, -1], [5, 5, 5]),
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
        matches_reference("Do words in a row that have the same tag all get it?", cases=3),
    ],
    hints=[
        "Three kinds of piece: no word (−1), the first of its word, a further one. Only one kind gets the tag.",
        "A piece is the first of its word if the piece before it belongs to another word.",
        "For piece i, `word >= 0 and words[i - 1] != word` says whether it is the first of its word. (words[0] is "
        "always −1.)",
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
            "tag 0 for no tag",
            _tag_0_is_none,
            "A word whose tag is 0 gets no label: 0 counts as false in Python. 0 is a tag like any other, so ask "
            "about the word, not about its tag.",
        ),
        Mistake(
            "only where the tag changes",
            _only_where_the_tag_changes,
            "You compare tags. Two words in a row may have the same one: a piece begins a word if its word's number "
            "differs from the number before it.",
        ),
        Mistake(
            "nothing after a cut word",
            _nothing_after_a_cut_word,
            "After the first word of several pieces no word gets its tag. Compare each piece with the one before it.",
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
