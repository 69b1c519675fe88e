"""Stories with a true summary: somebody loses a thing, somebody else finds it, and other people do other things.

What happens to the lost thing is told in three sentences, what does not matter in others around them. The summary says
who found what, and how the owner felt: it stands nowhere in the story, and there is only one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from course_lib.data.village.world import RULES, SENTENCES, draw, forms, generator_from

Words = tuple[str, ...]
_NAMES = {gender: tuple(items[0].name for _, items in RULES[f"name {gender}"]) for gender in ("f", "m")}
_THINGS = forms("thing sg", "thing pl")  # singular → plural
_SUBJECT, _OBJECT = {"f": "she", "m": "he"}, {"sg": "it", "pl": "them"}
_PLACES = ("market", "kitchen", "garden", "school")
_LONGEST = 8  # words of a sentence that does not matter


@dataclass(frozen=True)
class Story:
    """Sentences, each with its mark, and the summary; `plot` are the positions of the three that matter."""

    sentences: tuple[Words, ...]
    summary: Words
    plot: tuple[int, int, int]

    @property
    def words(self) -> Words:
        """The whole story."""
        return tuple(word for sentence in self.sentences for word in sentence)


def stories(n: int, seed: int | torch.Generator = 0, n_others: int = 2) -> list[Story]:
    """Return n stories of 3 + n_others sentences.

        the bird sat on the roof . anna lost the keys . the boys slept . tom found the keys in the garden .
        he gave them to anna .                                      →  tom found the keys and anna was happy .

    By a fair coin the finder gives the thing back, and its owner is happy, or likes it (and keeps it), and the owner is
    sad. The others are sentences of the village that name neither the two nor the thing.
    """
    for name, number in (("n", n), ("n_others", n_others)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(f"{name} is {number!r}; it must be an integer of at least 0.")
    generator = generator_from(seed)
    others = _others(generator)
    return [_story(others, n_others, generator) for _ in range(n)]


def _story(others: Iterator[Words], n_others: int, generator: torch.Generator) -> Story:
    def choose(options):
        return options[int(torch.randint(len(options), (1,), generator=generator))]

    owner = choose(_NAMES[choose("fm")])
    gender = choose("fm")
    finder = choose([name for name in _NAMES[gender] if name != owner])
    thing = choose(tuple(_THINGS))
    number = choose(("sg", "pl"))
    it = "the", thing if number == "sg" else _THINGS[thing]
    where = choose(((), ("in", "the", choose(_PLACES))))
    given = choose((True, False))
    does = ("gave", _OBJECT[number], "to", owner) if given else ("liked", _OBJECT[number])
    lost = (owner, "lost", *it, ".")
    ending = [(finder, "found", *it, *where, "."), (_SUBJECT[gender], *does, ".")]
    # Each other sentence stands before the loss, behind it, or at the end; "he" follows the finder at once.
    parts: list[list[Words]] = [[], [], []]
    taken = {owner, finder, thing, _THINGS[thing]}
    while sum(map(len, parts)) < n_others:
        other = next(others)
        if not taken & set(other):
            choose(parts).append(other)
    before, between, after = parts
    first = len(before)
    second = first + 1 + len(between)
    summary = (finder, "found", *it, "and", owner, "was", "happy" if given else "sad", ".")
    return Story((*before, lost, *between, *ending, *after), summary, (first, second, second + 1))


def _others(generator: torch.Generator) -> Iterator[Words]:
    while True:
        for sentence in draw(SENTENCES, 200, generator):
            if sentence.words[-1] == "." and len(sentence) <= _LONGEST:
                yield sentence.words
