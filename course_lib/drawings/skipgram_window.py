"""The window of skip-gram with negative sampling (Mikolov et al. 2013)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.4,
    3.1,
    """A window over the sentence "the old king rules the land": the centre word, king, and the two words on
    each side of it, its context. Each pair of the centre and a context word is a positive example. Below, one
    pair is scored: the centre's vector w from the table W and the context word's vector c from a second table C
    meet in a dot product, and a sigmoid turns it into the probability that the pair is real. Random words, k at
    a time, give negative pairs.""",
)
def skipgram_window(sheet: Sheet) -> None:
    words = ["the", "old", "king", "rules", "the", "land"]
    colours = ["key", "key", "query", "key", "key", "plain"]
    places = [
        sheet.box(1.1 + n, 2.25, word, colour, width=0.85, height=0.34)
        for n, (word, colour) in enumerate(zip(words, colours, strict=True))
    ]
    sheet.brace(places[0].left[0], places[4].right[0], 2.5, "window: two words on each side")
    sheet.note(places[2].x, 1.93, "centre", "query", size=9)

    w = sheet.tensor(2.2, 1.05, 1, 5, "query", "$w_{king}$", "row of W")
    dot = sheet.operator(3.55, 1.05, "·")
    sheet.arrow(w, dot, "query")
    sigma = sheet.box(4.55, 1.05, "$\\sigma$", width=0.5)
    c = sheet.tensor(3.55, 0.28, 1, 5, "key")
    sheet.arrow(c, dot, "key")
    sheet.note(4.5, 0.28, "$c_{rules}$, row of C", "key", size=9)
    sheet.arrow(dot, sigma)
    sheet.arrow(sigma, (5.2, 1.05))
    sheet.note(5.28, 1.05, "P(real pair)", align="left")
    sheet.note(5.28, 0.72, "k random words:\nnegative pairs", size=9, align="left")
