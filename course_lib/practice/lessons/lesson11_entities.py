"""Lesson 11: entities in a sequence of tags."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _entities(
    inclusive=False,
    keep_last=True,
    B_goes_on=False,
    any_kind=False,
    orphans=True,
    across_O=False,
    short_kind=False,
):
    """Entities of BIO tags; the options are the ways to get it wrong."""

    def entities(tags):
        found, current = [], None  # current: [kind, start, stop]
        for place, tag in enumerate([*tags, "O"]):
            head, _, kind = tag.partition("-")
            kind = kind.split("-")[0] if short_kind else kind
            if across_O and head == "O" and place < len(tags):
                continue
            begins = head == "B" and not (B_goes_on and current and current[0] == kind)
            goes_on = current is not None and not begins and head != "O" and (any_kind or current[0] == kind)
            if goes_on:
                current[2] = place + 1
                continue
            if current is not None and (keep_last or place < len(tags)):
                found.append((current[0], current[1], current[2] - inclusive))
            current = [kind, place, place + 1] if begins or (head == "I" and orphans) else None
        return found

    return entities


def _I_always_extends(tags):
    found = []
    for place, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], place, place + 1))
        elif tag.startswith("I-") and found:
            found[-1] = (found[-1][0], found[-1][1], place + 1)
    return found


def _closed_by_B_and_O(tags):
    found, current = [], None
    for place, tag in enumerate(tags):
        if tag.startswith("I-"):
            continue
        if current:
            found.append((*current, place))
        current = (tag[2:], place) if tag.startswith("B-") else None
    return found


def _cut_at_every_hyphen(tags):
    for tag in tags:
        if tag != "O":
            _, _ = tag.split("-")
    return _entities()(tags)


def _with_result(change):
    """What becomes of each (type, start, stop) when somebody returns it otherwise."""
    return lambda tags: [change(*entity) for entity in _entities()(tags)]


def _first_stray_i_dropped(tags):
    """An I- that begins the sentence is lost, and so is what continues it."""
    begun = next((i for i, tag in enumerate(tags) if i and tag != tags[0]), len(tags))
    return _entities()(["O"] * begun + tags[begun:] if tags[0].startswith("I-") else tags)


def _longer_than_one(tags):
    return [entity for entity in _entities()(tags) if entity[2] - entity[1] > 1]


def _one_a_tag(tags):
    return [(tag[2:], place, place + 1) for place, tag in enumerate(tags) if tag != "O"]


def _left_to_right_within_a_type(tags):
    return sorted(_entities()(tags), key=lambda entity: entity[0])


def _each_stray_i_alone(tags):
    """An I- that begins an entity is an entity of its own, and the next one is not added to it."""
    begun = {start for _, start, _ in _entities()(tags) if tags[start][0] == "I"}
    alone, kind = [], None
    for place, tag in enumerate(tags):
        kind = tag[2:] if place in begun else kind if tag == f"I-{kind}" else None
        alone.append(f"B-{kind}" if kind else tag)
    return _entities()(alone)


def _other_type_dropped(tags):
    """An I- whose type differs from that of the tag before it is nothing at all."""
    pairs = zip(["O", *tags], tags, strict=False)
    return _entities()(["O" if tag[0] == "I" and b != "O" and b[2:] != tag[2:] else tag for b, tag in pairs])


ENTITIES = Exercise(
    id="11.entities",
    title="Entities in a sequence of tags",
    reference=_entities(),
    cases=lambda: [
        (["O", "B-PER", "I-PER", "O"],),
        (["O", "B-LOC", "I-LOC"],),
        (["B-PER", "B-PER", "O", "B-LOC", "B-PER"],),
        (["I-PER", "B-PER", "I-LOC", "O", "I-PER", "I-PER"],),
        (["O", "O"],),
        (["B-PER", "O", "I-PER"],),
        (["O", "B-creative-work", "I-creative-work"],),
    ],
    properties=[
        matches_reference("For one name of two words, is it ('PER', 1, 3)?", cases=0),
        matches_reference("Is an entity found that ends with the sentence?", cases=1),
        matches_reference("Are two names in a row, B- and B-, two entities?", cases=2),
        matches_reference(
            "Does an I- that continues nothing, or a different type, begin an entity?", cases=3
        ),
        matches_reference("Is the list empty where there is no entity?", cases=4),
        matches_reference("Does an O end an entity, even if an I- of its type comes after it?", cases=5),
        matches_reference("Is a type with a hyphen kept whole?", cases=6),
    ],
    hints=[
        "Going from left to right, what must hold for a tag to continue the entity before it?",
        "An I- continues an entity if that has the same type and ends right here. Any other B- or I- begins a new one.",
        'Keep a list of (type, start, stop). `tag.partition("-")` splits a tag at its first hyphen. Where an I- '
        "continues, replace the list's last entry by one whose stop is one larger.",
    ],
    mistakes=[
        Mistake(
            "inclusive end",
            _entities(inclusive=True),
            "Your stop is the last word itself; it has to be the position after it, as in tags[start:stop].",
        ),
        Mistake(
            "last one lost",
            _entities(keep_last=False),
            "You lose an entity that ends with the sentence: no tag comes after it that would close it.",
        ),
        Mistake(
            "B goes on",
            _entities(B_goes_on=True),
            "Your B- continues the entity before it, so two names in a row become one. B- always begins a new one.",
        ),
        Mistake(
            "any type goes on",
            _entities(any_kind=True),
            "You let an I- continue a different type: B-PER I-LOC is a person, and then a place.",
        ),
        Mistake(
            "across an O",
            _entities(across_O=True),
            "You continue an entity across an O. An I- continues only an entity that ends right before it.",
        ),
        Mistake(
            "type cut",
            _entities(short_kind=True),
            'You cut the type at its own hyphen: tag.split("-", 1) or tag.partition("-") cut at the first one only.',
        ),
        Mistake(
            "too many parts",
            _cut_at_every_hyphen,
            'A type may have a hyphen of its own: tag.split("-", 1) or tag.partition("-") cut at the first one only.',
        ),
        Mistake(
            "I always goes on",
            _I_always_extends,
            "Every I- continues your last entity, whatever its type and wherever it ended. It continues one of its own "
            "type that ends right before it; otherwise it begins one.",
        ),
        Mistake(
            "type last",
            _with_result(lambda kind, start, stop: (start, stop, kind)),
            "The type comes first: (type, start, stop).",
        ),
        Mistake(
            "length for stop",
            _with_result(lambda kind, start, stop: (kind, start, stop - start)),
            "Your third entry is the entity's length. It has to be the position after its last word, start + length.",
        ),
        Mistake(
            "prefix kept",
            _with_result(lambda kind, start, stop: (f"B-{kind}", start, stop)),
            "You kept the B- in the type: the type of B-PER is PER.",
        ),
        Mistake(
            "numbered from 1",
            _with_result(lambda kind, start, stop: (kind, start + 1, stop + 1)),
            "You count the words from 1. Python counts from 0: tags[start:stop] must be the entity.",
        ),
        Mistake(
            "single words lost",
            _longer_than_one,
            "You lose entities of one word: a B- with no I- after it is a whole entity.",
        ),
        Mistake(
            "an I- at the beginning dropped",
            _first_stray_i_dropped,
            "You drop an I- at the very beginning of a sentence. Nothing comes before it, so it begins an entity.",
        ),
        Mistake(
            "one for each tag",
            _one_a_tag,
            "Each of your tags becomes an entity of one word: an I- continues the entity before it.",
        ),
        Mistake(
            "another type dropped",
            _other_type_dropped,
            "You drop an I- that comes right after a different type. It begins an entity of its own.",
        ),
        Mistake(
            "each stray I alone",
            _each_stray_i_alone,
            "An I- that begins an entity can be continued: the next I- of the same type belongs to it.",
        ),
        Mistake(
            "type after type",
            _left_to_right_within_a_type,
            "Your entities are right, but in the order of their types. They come from left to right.",
        ),
        Mistake(
            "closed by B and O only",
            _closed_by_B_and_O,
            "An entity is closed by the end of the sentence, too; and an I- may begin one.",
        ),
        Mistake(
            "orphans dropped",
            _entities(orphans=False),
            "You drop an I- that continues nothing. By the rule of the CoNLL shared tasks it begins an entity.",
        ),
    ],
)
