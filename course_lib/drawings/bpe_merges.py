"""A new word cut by merges in the order in which they were learned (Sennrich et al. 2016)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet

ROWS = (
    (["l", "o", "w", "e", "s", "t"], "letters", ()),
    (["l", "o", "w", "es", "t"], "e + s", (3,)),
    (["l", "o", "w", "est"], "es + t", (3,)),
    (["lo", "w", "est"], "l + o", (0,)),
    (["low", "est"], "lo + w", (0,)),
)


@drawing(
    6.6,
    3.3,
    """The word "lowest" tokenized by byte-pair encoding, one merge per row. It starts as six letters. The merges
    learned from the training words are applied in their order: e + s gives es, es + t gives est, l + o gives lo, lo + w
    gives low. The later merges e + w, n + ew, new + est and d + est find no pair. Two pieces are left, low and est,
    although the whole word never occurred in training.""",
)
def bpe_merges(sheet: Sheet) -> None:
    for row, (pieces, merge, new) in enumerate(ROWS):
        y, x = 3.0 - 0.55 * row, 1.5
        sheet.note(0.15, y, merge, align="left", size=9.5)
        for number, piece in enumerate(pieces):
            width = 0.62 * len(piece) + 0.08 * (len(piece) - 1)
            colour = "value" if number in new else "input"
            sheet.box(x + width / 2, y, piece, colour, width=width, height=0.36)
            x += width + 0.08
    sheet.note(0.15, 0.3, "e + w, n + ew, new + est, d + est: no such pair is left", align="left", size=9.5)
