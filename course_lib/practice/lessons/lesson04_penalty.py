"""Lesson 04: how strong a length penalty has to be to change what beam search returns."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson04_language import PENALTIES
from course_lib.practice.properties import holds, matches_reference

PENALTY_NEEDED = Exercise(
    id="04.penalty_needed",
    title="How strong a penalty?",
    reference=0.6,
    properties=[
        holds(
            "Is it one of the values that you tried, 0.0 to 1.0 in steps of 0.1?",
            lambda alpha: (
                any(math.isclose(alpha, tried, rel_tol=1e-6) for tried in PENALTIES) or "try 0.0, 0.1, … 1.0."
            ),
        ),
        matches_reference("Is it the smallest α for which the three-word sentence wins?"),
    ],
    hints=[
        "Which two sentences compete, and how long is each, <eos> included?",
        "The penalty of the longer sentence, (9/6)^α, grows faster than (8/6)^α. At which α has it made up for the "
        "lower log p?",
        "Run the search for each α in a loop, and print the sentence with its score.",
    ],
    mistakes=[
        Mistake(
            "no penalty",
            0.0,
            "With α = 0 the score is log p itself, and the shorter sentence has the higher one.",
        ),
        Mistake(
            "too small",
            0.4,
            "At 0.4 the shorter sentence is still ahead. Print the winning sentence next to each α.",
        ),
        Mistake(
            "one step early", 0.5, "At 0.5 the shorter sentence is still slightly ahead: print both scores."
        ),
        Mistake(
            "one step late", 0.7, "At 0.7 the longer sentence wins, but it does so at one smaller value too."
        ),
        Mistake("the largest", 1.0, "At 1 the longer sentence wins, but it does so at smaller values too."),
        Mistake(
            "the first above zero",
            0.1,
            "A small penalty does not change the winner yet: print the winning sentence for each α.",
        ),
        Mistake(
            "between two values",
            math.log(math.log(0.4 * 0.9 * 0.47) / math.log(0.4 * 0.9 * 0.53)) / math.log(9 / 8),
            "There the two scores are equal. Of the values tried, give the first at which the longer sentence wins.",
        ),
        Mistake("its index", 6, "You gave the number of the round in your loop; give the α of that round."),
    ],
)
