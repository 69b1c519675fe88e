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
