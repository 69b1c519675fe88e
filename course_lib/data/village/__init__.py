"""The village: a small world of people, animals and things whose language is known exactly.

A probabilistic grammar (:mod:`~course_lib.data.village.grammar`) writes sentences, and texts of two sentences, in
fewer than two hundred words. Because it is known, so is the truth behind every task: the entropy that no language
model can go below, the best guess for a masked word, the antecedent of a pronoun, the sentiment, names, answers,
paraphrases.

    village.sample(3, seed=0)                                  # sentences with labels
    village.SENTENCES.entropy()                                # nats per token, per sentence
    village.SENTENCES.next_word_distribution("the cat sat on the")
    village.TEXTS.masked_distribution("the keys near the cabinet [MASK] old . anna lost them .", 5)
"""

from course_lib.data.village.floor import MaskedFloor, masked_floor
from course_lib.data.village.language import MASK, Entropy, Language
from course_lib.data.village.meaning import Event, Paraphrase, Question, events_of, paraphrases, questions
from course_lib.data.village.next_sentence import (
    PAIRS,
    SentencePair,
    next_sentence_pairs,
    next_sentence_probability,
)
from course_lib.data.village.probes import MinimalPair, acceptability, minimal_pairs
from course_lib.data.village.sentences import Agreement, Reference, Sentence, Text
from course_lib.data.village.stories import Story, stories
from course_lib.data.village.world import (
    JUDGING_WORDS,
    SENTENCES,
    TEXTS,
    VOCABULARY,
    opinions,
    sample,
    tales,
    texts,
)

__all__ = [
    "JUDGING_WORDS",
    "MASK",
    "PAIRS",
    "SENTENCES",
    "TEXTS",
    "VOCABULARY",
    "Agreement",
    "Entropy",
    "Event",
    "Language",
    "MaskedFloor",
    "MinimalPair",
    "Paraphrase",
    "Question",
    "Reference",
    "Sentence",
    "SentencePair",
    "Story",
    "Text",
    "acceptability",
    "events_of",
    "masked_floor",
    "minimal_pairs",
    "next_sentence_pairs",
    "next_sentence_probability",
    "opinions",
    "paraphrases",
    "questions",
    "sample",
    "stories",
    "tales",
    "texts",
]
