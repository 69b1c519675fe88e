"""Read the village's grammar: lines of text become weighted rules without variables.

A rule is a line ``head : alternative | alternative``; a line that begins with a space continues the one above
it.

* ``<noun pl>`` stands for whatever the rule ``noun pl`` writes; every other item is a word that is written as
  it is.
* A number before an alternative is its weight: ``3 the cat | 1 the dog`` writes the cat three times out of
  four. An alternative of a weight alone writes nothing.
* A capital letter is a variable. The same letter in one rule has the same value, and that is how words agree:
  ``<noun N> <is N>`` is "cat is" or "cats are". A variable that the head does not fix is drawn for each use,
  and ``~P`` is the other value of P.
* ``@role`` labels the words that an item writes (``@P`` labels them with the value of P).
* ``noun sg/pl : 3 cat/cats 1 dog/dogs`` is a lexicon line, short for one rule for each form; with ``sg,n/pl``
  the rules ``noun sg`` and ``noun n`` have the same form.

Features after the name make this an attribute grammar in the sense of Knuth (1968); as every feature has a
handful of values, it is the same as an ordinary probabilistic context-free grammar with longer names, which
is what :func:`read_grammar` returns.
"""

import re
from dataclasses import dataclass
from itertools import product

_ITEM = re.compile(r"<[^<>]+>[^\s|]*|[^\s|]+")
_VARIABLE = re.compile(r"~?[A-Z]")
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Item:
    """One item of an alternative: a word, or the name of a rule, with the roles of the words that it writes."""

    name: str
    is_rule: bool
    roles: frozenset[str] = frozenset()


# For every rule name ("noun pl"): its alternatives as (probability, items).
Rules = dict[str, list[tuple[float, tuple[Item, ...]]]]


class GrammarError(ValueError):
    """The grammar cannot be read; the message names the rule."""


def read_grammar(text: str, variables: dict[str, dict[str, float]]) -> Rules:
    """Return the rules that the text describes, every variable replaced by each of its values.

    ``variables`` gives for each capital letter its values with their weights. The probabilities of one rule's
    alternatives add up to 1. Raises :class:`GrammarError` for a rule that is used but not written, or written
    twice.
    """
    weighted: dict[str, list[tuple[float, tuple[Item, ...]]]] = {}
    for line in _joined_lines(text):
        head, colon, body = line.partition(":")
        if not colon or not head.split():
            raise GrammarError(f"{line!r} is no rule: write 'head : alternative | alternative'.")
        for name, alternatives in _expand(head.split(), body, variables):
            if name in weighted:
                raise GrammarError(f"The rule {name!r} is written twice; put its alternatives in one line.")
            weighted[name] = alternatives
    for name, alternatives in weighted.items():
        for _, items in alternatives:
            for item in items:
                if item.is_rule and item.name not in weighted:
                    raise GrammarError(f"The rule {name!r} uses <{item.name}>, which no rule describes.")
    return {
        name: [(weight / sum(w for w, _ in alternatives), items) for weight, items in alternatives]
        for name, alternatives in weighted.items()
    }


def _joined_lines(text: str) -> list[str]:
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw.split("#")[0].rstrip()
        if line.startswith(" ") and lines:
            lines[-1] += line
        elif line:
            lines.append(line)
    return lines


def _expand(head: list[str], body: str, variables: dict[str, dict[str, float]]):
    """Yield (rule name, alternatives) for every value of the head's variables or every form of a lexicon line."""
    if "/" in head[-1]:
        forms = head[-1].split("/")
        for index, form in enumerate(forms):
            for feature in form.split(","):
                yield " ".join([*head[:-1], feature]), _lexicon(body, index, len(forms))
        return
    bound = [feature for feature in head[1:] if _VARIABLE.fullmatch(feature)]
    for values in product(*(variables[letter] for letter in bound)):
        given = dict(zip(bound, values, strict=True))
        alternatives = []
        for alternative in body.split("|"):
            alternatives += _alternative(alternative, given, variables)
        yield " ".join(given.get(part, part) for part in head), alternatives


def _lexicon(body: str, form: int, n_forms: int) -> list[tuple[float, tuple[Item, ...]]]:
    alternatives, weight = [], 1.0
    for entry in body.split():
        if _NUMBER.fullmatch(entry):
            weight = float(entry)
            continue
        words = entry.split("/")
        if len(words) != n_forms:
            raise GrammarError(f"The lexicon entry {entry!r} needs {n_forms} forms with '/' between them.")
        alternatives.append((weight, (Item(words[form], is_rule=False),)))
        weight = 1.0
    return alternatives


def _alternative(text: str, given: dict[str, str], variables: dict[str, dict[str, float]]):
    """Return [(weight, items)], one for each value of the variables that the head has not fixed."""
    tokens = _ITEM.findall(text)
    weight = float(tokens.pop(0)) if tokens and _NUMBER.fullmatch(tokens[0]) else 1.0
    used = {letter.lstrip("~") for token in tokens for letter in _letters(token)}
    free = sorted(used - set(given))
    total = 1.0
    for letter in free:
        total *= sum(variables[letter].values())
    expanded = []
    for values in product(*(variables[letter].items() for letter in free)):
        assigned = given | {letter: value for letter, (value, _) in zip(free, values, strict=True)}
        share = weight / total
        for _, value_weight in values:
            share *= value_weight
        expanded.append((share, tuple(_item(token, assigned, variables) for token in tokens)))
    return expanded


def _letters(token: str) -> list[str]:
    return [part for part in re.split(r"[<>\s@]", token) if _VARIABLE.fullmatch(part)]


def _item(token: str, assigned: dict[str, str], variables: dict[str, dict[str, float]]) -> Item:
    def value(part: str) -> str:
        if not _VARIABLE.fullmatch(part):
            return part
        if part[0] == "~":
            return next(v for v in variables[part[1]] if v != assigned[part[1]])
        return assigned[part]

    name, *roles = token.split("@")
    parts = [value(part) for part in name.strip("<>").split()]
    return Item(" ".join(parts), name.startswith("<"), frozenset(value(role) for role in roles))
