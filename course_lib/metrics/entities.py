"""Named entities: found is who has the exact span and the right type."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Entity(NamedTuple):
    """Words ``start`` to ``stop`` − 1 of a sentence are an entity of this ``kind``."""

    kind: str
    start: int
    stop: int


def entities(tags: Sequence[str]) -> list[Entity]:
    """Read the entities off the BIO tags of a sentence, from left to right.

    B- begins an entity, I- of the same type goes on with it. A model may also answer what no annotator would: an I-
    that goes on with nothing, or with another type, begins an entity, as in the shared tasks' program `conlleval`
    (E. Tjong Kim Sang and F. De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003).

    Raises ValueError for what is no tag ("B-" or "I-" with a type, or "O").
    """
    if isinstance(tags, str):
        raise ValueError(f"tags must be a list with one tag for each word, not the str {tags!r}.")
    found: list[Entity] = []
    for place, tag in enumerate(tags):
        head, _, kind = tag.partition("-")
        if tag != "O" and (head not in ("B", "I") or not kind):
            raise ValueError(f"Tag {place} is {tag!r}; expected 'O', or 'B-' or 'I-' with a type.")
        if head == "I" and found and found[-1].kind == kind and found[-1].stop == place:
            found[-1] = found[-1]._replace(stop=place + 1)
        elif tag != "O":
            found.append(Entity(kind, place, place + 1))
    return found


class EntityScores(NamedTuple):
    """Scores over all entities, from 0 to 1; ``support`` counts those that there are.

    ``by_kind`` holds the same for each type that occurs or was answered, in alphabetical order; theirs is empty.
    """

    precision: float
    recall: float
    f1: float
    support: int
    by_kind: Mapping[str, "EntityScores"]


def entity_f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> EntityScores:
    """Precision, recall and F1 of whole entities: one counts as found only with the exact span and type.

    All entities of all sentences are counted together (micro average). Accuracy over the tags would be useless: nine
    words in ten are "O". Where nothing is found, or nothing is there to be found, the scores are 0.

    Args:
        gold: the true BIO tags of each sentence; first, as in seqeval.
        predicted: as a model gave them, as many for each sentence.

    Raises:
        ValueError: other lengths, no sentence, or what is no tag.
    """
    if len(predicted) != len(gold) or not gold:
        raise ValueError(
            f"There are {len(predicted)} predicted sentences and {len(gold)} gold ones; "
            "expected as many, at least one."
        )
    right, answered, there = Counter(), Counter(), Counter()
    for number, (own, true) in enumerate(zip(predicted, gold, strict=True)):
        if len(own) != len(true):
            raise ValueError(f"Sentence {number} has {len(own)} predicted tags and {len(true)} gold ones.")
        found, real = entities(own), entities(true)
        answered.update(entity.kind for entity in found)
        there.update(entity.kind for entity in real)
        right.update(entity.kind for entity in set(found) & set(real))
    kinds = sorted(answered | there)
    by_kind = {kind: _scores(right[kind], answered[kind], there[kind], {}) for kind in kinds}
    return _scores(right.total(), answered.total(), there.total(), by_kind)


def _scores(right: int, answered: int, there: int, by_kind: Mapping[str, EntityScores]) -> EntityScores:
    return EntityScores(
        right / max(1, answered), right / max(1, there), 2 * right / max(1, answered + there), there, by_kind
    )
