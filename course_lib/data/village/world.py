"""The village's languages: single sentences, texts of two, and the sublanguages that tasks draw from."""

from functools import partial

import torch

from course_lib.data.village.automaton import compile_rules
from course_lib.data.village.grammar import GRAMMAR, VARIABLES
from course_lib.data.village.language import Language
from course_lib.data.village.notation import read_grammar
from course_lib.data.village.sentences import Sentence, Text

RULES = read_grammar(GRAMMAR, VARIABLES)
VOCABULARY: tuple[str, ...] = tuple(
    sorted({item.name for rule in RULES.values() for _, items in rule for item in items if not item.is_rule})
)


def _language(name: str, rule: str) -> Language:
    return Language(name, partial(compile_rules, RULES, rule), VOCABULARY)


SENTENCES = _language("sentence", "sentence")
TEXTS = _language("text", "text")
OPINIONS = _language("sentence with a sentiment", "opinion")
TALES = _language("sentence that tells an event", "tale")


JUDGING_WORDS: dict[str, str] = {
    item.name: sentiment
    for aspect in VARIABLES["A"]
    for value, sentiment in (("good", "positive"), ("bad", "negative"))
    for _, items in RULES[f"quality {aspect} {value}"]
    for item in items
}
"""Each adjective that judges, with its sentiment when no "not" stands before it (to hold some back from training)."""


def generator_from(seed: int | torch.Generator) -> torch.Generator:
    """Return the generator itself, or a new one with this seed."""
    if isinstance(seed, torch.Generator):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"seed must be an integer or a torch.Generator, not {seed!r}.")
    return torch.Generator().manual_seed(seed)


def draw(language: Language, n: int, seed: int | torch.Generator, kind: type[Sentence] = Sentence) -> list:
    """Return n samples of a language as objects of ``kind`` (Sentence or Text)."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ValueError(f"n is the number of samples, an integer of at least 0, not {n!r}.")
    return [
        kind(tuple([arc.word for arc in path]), tuple([arc.roles for arc in path]))
        for path in language.labelled.sample(n, generator_from(seed))
    ]


def sample(n: int, seed: int | torch.Generator = 0) -> list[Sentence]:
    """Return n sentences, drawn independently."""
    return draw(SENTENCES, n, seed)


def texts(n: int, seed: int | torch.Generator = 0) -> list[Text]:
    """Return n texts of two sentences that belong together, drawn independently."""
    return draw(TEXTS, n, seed, Text)


def opinions(n: int, seed: int | torch.Generator = 0) -> list[Sentence]:
    """Return n sentences that judge something; half of them say "not", and half are negative, independently."""
    return draw(OPINIONS, n, seed)


def tales(n: int, seed: int | torch.Generator = 0) -> list[Sentence]:
    """Return n sentences that tell one or two events in the plain order: who did what, for whom, where."""
    return draw(TALES, n, seed)


def forms(rule: str, other: str) -> dict[str, str]:
    """Return word → word for two lexicon rules with the same entries: ``forms("is sg", "is pl")`` is {"is": "are"}."""
    return {
        one[0].name: two[0].name
        for (_, one), (_, two) in zip(RULES[rule], RULES[other], strict=True)
        if one and two
    }
