"""12.needs_no_order, answered from the prompt alone."""

import numpy as np

from answers import right, wrong

ID = "12.needs_no_order"
KEPT = {
    "previous token": 0.08,
    "next token": 0.09,
    "its noun": 0.52,
    "gender": 0.71,
}  # as the cell prints them

right(ID, "the name in quotes")("gender")
right(ID, "the largest, by max with a key")(max(KEPT, key=KEPT.get))
right(ID, "the last of the sorted pairs")(sorted((kept, name) for name, kept in KEPT.items())[-1][1])
right(ID, "a NumPy string")(np.array(list(KEPT))[np.argmax(list(KEPT.values()))])

wrong(ID, "the head with the largest score in order", named="previous token")("previous token")
wrong(ID, "the mirror of the previous token", named="next token")("next token")
wrong(ID, "the head between the two", named="its noun")("its noun")
wrong(ID, "the share that is kept")(0.71)
wrong(ID, "the layer and the head", named="the place")((1, 3))
wrong(ID, "a score that is not in the cases", named="[CLS]")("[CLS]")
wrong(ID, "every head with its share")(KEPT)
wrong(ID, "the head in the words of the plots", named="the place in words")("L1 H3")


right(ID, "the first from the top")(sorted(KEPT, key=KEPT.get, reverse=True)[0])
right(ID, "the last key of a dictionary")([*KEPT][-1])
right(ID, "by next, with a bound")(next(name for name, kept in KEPT.items() if kept > 0.6))
right(ID, "a maximum of swapped pairs")(max((kept, name) for name, kept in KEPT.items())[1])
right(ID, "stripped of blanks")(" gender ".strip())
right(ID, "a formatted string")(f"{[*KEPT][3]}")
right(ID, "a subclass of str")(type("Name", (str,), {})("gender"))

wrong(ID, "a fifth head of the lesson", named="itself")("itself")
wrong(ID, "the name in a list")(["gender"])


wrong(ID, "the largest item, name and share")(max(KEPT.items(), key=lambda item: item[1]))
wrong(ID, "the word in place of the head")("she")
