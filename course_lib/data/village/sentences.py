"""Sentences and texts of the village with their gold labels, read off the roles that the grammar gave the words."""

from dataclasses import dataclass

MARKS = (".", "?")


@dataclass(frozen=True)
class Agreement:
    """A verb and the noun that it agrees with; all numbers are word positions."""

    verb: int
    heads: tuple[int, ...]  # one noun, or the two names of "anna and tom"
    distractors: tuple[int, ...]  # nouns between head and verb that the verb does not agree with
    number: str  # "sg" or "pl"
    misleading: bool  # the noun nearest to the verb has the other number


@dataclass(frozen=True)
class Reference:
    """A pronoun or reflexive and the word(s) that it stands for, as positions."""

    position: int
    antecedents: tuple[int, ...]
    kind: str  # "pronoun" or "reflexive"


@dataclass(frozen=True)
class Sentence:
    """Words with the roles of each (see grammar.py), and the labels that follow from them."""

    words: tuple[str, ...]
    roles: tuple[frozenset[str], ...]

    def __str__(self) -> str:
        return " ".join(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def positions(self, *roles: str) -> tuple[int, ...]:
        """The positions of the words that have all these roles."""
        return tuple(i for i, own in enumerate(self.roles) if own.issuperset(roles))

    def spans(self, role: str) -> tuple[tuple[int, int], ...]:
        """The unbroken runs of words with a role, as (start, stop)."""
        spans: list[tuple[int, int]] = []
        for position in self.positions(role):
            if spans and spans[-1][1] == position:
                spans[-1] = (spans[-1][0], position + 1)
            else:
                spans.append((position, position + 1))
        return tuple(spans)

    @property
    def agreement(self) -> Agreement | None:
        """The subject's head and its verb, or None where no verb shows number; in a text, of its first sentence."""
        verbs = self.positions("verb")
        if not verbs:
            return None
        number = "pl" if "pl" in self.roles[verbs[0]] else "sg"
        distractors = self.positions("distractor")
        misleading = bool(distractors) and number not in self.roles[distractors[-1]]
        return Agreement(verbs[0], self.positions("subject", "head"), distractors, number, misleading)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every pronoun and reflexive whose antecedent stands in the sentence (text)."""
        found = []
        for position, own in enumerate(self.roles):
            for index in ("1", "2"):
                if "=" + index in own:
                    kind = "reflexive" if "reflexive" in own else "pronoun"
                    found.append(Reference(position, self.positions(index, "head"), kind))
        return tuple(found)

    @property
    def entities(self) -> tuple[str, ...]:
        """One tag a word: B-PER, I-PER, B-LOC, I-LOC or O (Ramshaw and Marcus 1995)."""
        tags = ("B-PER", "I-PER", "B-LOC", "I-LOC")
        return tuple(next((tag for tag in tags if tag in own), "O") for own in self.roles)

    @property
    def sentiment(self) -> str | None:
        """ "positive" or "negative", negation included; None for a sentence that judges nothing."""
        if self.positions("good"):
            return "positive"
        return "negative" if self.positions("bad") else None

    @property
    def events(self) -> tuple[dict[str, tuple[int, int]], ...]:
        """Who did what: for each event the spans of its agent, act, theme, recipient and place, as far as told."""
        spans = {role: self.spans(role) for role in ("agent", "act", "theme", "recipient", "place")}
        return tuple(
            {role: found[event] for role, found in spans.items() if event < len(found)}
            for event in range(len(spans["act"]))
        )


@dataclass(frozen=True)
class Text(Sentence):
    """Two sentences that belong together; positions count through both."""

    @property
    def boundary(self) -> int:
        """The position of the second sentence's first word."""
        return next(i for i, word in enumerate(self.words) if word in MARKS) + 1

    @property
    def first(self) -> tuple[str, ...]:
        """The words of the first sentence, its mark included."""
        return self.words[: self.boundary]

    @property
    def second(self) -> tuple[str, ...]:
        """The words of the second sentence, its mark included."""
        return self.words[self.boundary :]
