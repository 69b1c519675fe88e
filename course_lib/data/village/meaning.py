"""Tasks about who did what: questions whose answer is a span of the text, and pairs that mean the same or not.

An event is written in several ways ("anna gave tom the key", "anna gave the key to tom"); what it means
stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

import torch

from course_lib.data.village.sentences import Sentence
from course_lib.data.village.world import SENTENCES, TALES, draw, forms, generator_from

_CLASSES = ("animal", "person", "thing", "treat")
_BASE = forms("give past", "give base")  # past → base, past → participle
_DONE: dict[str, str] = {}
for _class in _CLASSES:
    _BASE |= forms(f"act {_class} past", f"act {_class} base")
    _DONE |= forms(f"act {_class} past", f"act {_class} done")
Words = tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """Who (agent) did (act, in the past form) what (theme), for whom (recipient) and in which place; () is not told."""

    agent: Words
    act: Words
    theme: Words
    recipient: Words = ()
    place: Words = ()

    def wordings(self) -> list[Words]:
        """Every sentence of the village that tells this event: active, passive, and both orders of a gift."""
        where = ("in", *self.place) if self.place else ()
        if self.recipient:
            told = [
                (*self.agent, *self.act, *self.theme, "to", *self.recipient, *where, "."),
                (*self.agent, *self.act, *self.recipient, *self.theme, *where, "."),
            ]
        else:
            told = [(*self.agent, *self.act, *self.theme, *where, ".")]
            done = _DONE.get(self.act[0], self.act[0])
            told += [(*self.theme, was, done, "by", *self.agent, *where, ".") for was in ("was", "were")]
        # The grammar knows the number of the theme, and which acts suit it.
        return [words for words in told if SENTENCES.log_prob(words) > -inf]

    def likeness(self, other: "Event") -> float:
        """The share of equal parts among the parts that either of the two has, from 0 to 1."""
        parts = [(getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__]
        told = [(mine, theirs) for mine, theirs in parts if mine or theirs]
        return sum(mine == theirs for mine, theirs in told) / len(told)


def events_of(sentence: Sentence) -> list[Event]:
    """The events that a sentence tells, with an agent, an act and a theme each."""
    return [
        Event(**{role: sentence.words[start:stop] for role, (start, stop) in spans.items()})
        for spans in sentence.events
        if "theme" in spans
    ]


# -------------------------------------------------------------------------------------------------------
# questions
@dataclass(frozen=True)
class Question:
    """A context, a question about it, and the answer as words ``start`` to ``stop`` − 1 of the context."""

    context: Words
    question: Words
    start: int
    stop: int
    role: str  # what is asked for: "agent", "theme", "recipient" or "place"

    @property
    def answer(self) -> Words:
        """The words of the answer."""
        return self.context[self.start : self.stop]


def questions(n: int, seed: int | torch.Generator = 0) -> list[Question]:
    """Return n questions, each with exactly one right answer in its context (one sentence of one or two events)."""
    generator = generator_from(seed)
    found: list[Question] = []
    for size in _batches(n, found):
        for context in draw(TALES, size, generator):
            possible = list(_questions_about(context))
            if possible and len(found) < n:
                found.append(possible[int(torch.randint(len(possible), (1,), generator=generator))])
    return found


def _questions_about(context: Sentence) -> Iterator[Question]:
    told = context.events
    for number, spans in enumerate(told):
        word = {role: context.words[start:stop] for role, (start, stop) in spans.items()}
        agent, (act,), theme = word["agent"], word["act"], word.get("theme", ())
        base = _BASE.get(act, "go")
        where = ("in", *word["place"]) if "place" in word else ()
        recipient = word.get("recipient", ())
        asked: dict[str, Words] = {}
        if not theme:
            asked["place"] = ("where", "did", *agent, "go", "?")
        elif recipient:
            asked["agent"] = ("who", act, *theme, "to", *recipient, "?")
            asked["theme"] = ("what", "did", *agent, base, "to", *recipient, "?")
            asked["recipient"] = ("who", "did", *agent, base, *theme, "to", "?")
        else:
            who = "who" if "person" in context.roles[spans["theme"][0]] else "what"
            asked["agent"] = ("who", act, *theme, "?")
            asked["theme"] = (who, "did", *agent, base, *where, "?")
            asked["place"] = ("where", "did", *agent, base, *theme, "?")
        for role, question in asked.items():
            others = [other for i, other in enumerate(told) if i != number]
            if role in spans and not any(_also_answers(context, spans, other, role) for other in others):
                yield Question(context.words, question, *spans[role], role)


def _also_answers(context: Sentence, spans: dict, other: dict, role: str) -> bool:
    """Whether the other event is equal in everything but the role that is asked for."""
    return all(
        part == role or context.words[slice(*spans[part])] == context.words[slice(*other.get(part, (0, 0)))]
        for part in ("agent", "act", "theme")
        if part in spans
    )


# ------------------------------------------------------------------------------------------------------
# similarity
@dataclass(frozen=True)
class Paraphrase:
    """Two sentences, whether they mean the same, and the share of equal parts of their meaning (1.0: the same)."""

    first: Words
    second: Words
    same: bool
    likeness: float


def paraphrases(n: int, seed: int | torch.Generator = 0) -> list[Paraphrase]:
    """Return n pairs: by a fair coin two wordings of one event (active and passive, two orders of a gift), or not.

    A pair that does not mean the same is hard where it can be: the same words in other roles, one part
    exchanged, or another event. One side is always in the plain order and the other is not, so that the form
    alone tells nothing.
    """
    generator = generator_from(seed)
    found: list[Paraphrase] = []
    for size in _batches(n, found):
        events = [event for tale in draw(TALES, size, generator) for event in events_of(tale)]
        for event, stranger in pairwise(events):
            if len(found) == n:
                break
            if torch.rand(1, generator=generator) < 0.5:
                others = [event]
            else:
                changed = [_swapped(event), _one_part_of(event, stranger, generator), stranger]
                others = [
                    changed[i] for i in torch.randperm(3, generator=generator).tolist() if changed[i] != event
                ]
            for other in others:
                second = other.wordings()[1:]
                if second:
                    pair = (event.wordings()[0], second[0])
                    if torch.rand(1, generator=generator) < 0.5:
                        pair = pair[::-1]
                    found.append(Paraphrase(*pair, other == event, event.likeness(other)))
                    break
    return found


def _swapped(event: Event) -> Event:
    if event.recipient:
        return replace(event, agent=event.recipient, recipient=event.agent)
    return replace(event, agent=event.theme, theme=event.agent)


def _one_part_of(event: Event, stranger: Event, generator: torch.Generator) -> Event:
    names = ("agent", "theme", "recipient", "place")
    parts = [name for name in names if getattr(event, name) and getattr(stranger, name)]
    part = parts[int(torch.randint(len(parts), (1,), generator=generator))]
    return replace(event, **{part: getattr(stranger, part)})


def _batches(n: int, found: list) -> Iterator[int]:
    """Yield sizes of further draws until n are found."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ValueError(f"n is the number of examples, an integer of at least 0, not {n!r}.")
    while len(found) < n:
        yield n - len(found) + 20
