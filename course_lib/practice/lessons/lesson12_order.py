"""Lesson 12: which of four heads needs no word order."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference

NEEDS_NO_ORDER = Exercise(
    id="12.needs_no_order",
    title="Which head needs no word order?",
    reference="gender",
    properties=[
        holds(
            'Is it one of "previous token", "next token", "its noun" and "gender"?',
            lambda name: (
                name in ("previous token", "next token", "its noun", "gender")
                or "expected one of the four names."
            ),
        ),
        matches_reference(
            "Is it the head that keeps the largest share of its score when words are shuffled?"
        ),
    ],
    hints=[
        "What can each head know about a pair of words that were moved apart?",
        "After shuffling, the old neighbour is somewhere else. Which pair can still be recognised from the two words "
        "alone?",
        "Run `kept_when_shuffled(name)` for the four names and take the largest.",
    ],
    mistakes=[
        Mistake(
            "previous token",
            "previous token",
            "The pair is no longer adjacent after shuffling, and this head goes by position: its score collapses.",
        ),
        Mistake(
            "next token",
            "next token",
            "This head goes by position too: once the pair is separated, little of its score is left.",
        ),
        Mistake(
            "its noun",
            "its noun",
            "This head keeps part of its score, because it prefers nouns, but it loses more than another head does.",
        ),
        Mistake(
            "[CLS]",
            "[CLS]",
            "This head has no judging sentences in `cases`: every word could be the query. Choose one of the four.",
        ),
        Mistake(
            "itself",
            "itself",
            "This head has no judging sentences in `cases`: choose one of the four that have.",
        ),
        Mistake("the place", (1, 3), "That is where the head is. Give its name, a key of `cases`."),
        Mistake("the place in words", "L1 H3", "That is where the head is. Give its name, a key of `cases`."),
    ],
)
