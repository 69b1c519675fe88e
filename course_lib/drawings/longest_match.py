"""A word split by WordPiece: the longest piece that fits, from the left (Wu et al. 2016, section 4.1)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet

WORD, CELL, ROW = "unaffable", 0.42, 0.36
# (where the text tried begins, where it ends, whether it is in the vocabulary)
TRIES = [*((0, end, end == 3) for end in range(9, 2, -1)), (3, 9, True)]


@drawing(
    7.3,
    3.2,
    """WordPiece splits the word "unaffable" with the vocabulary un, una, ##aff, ##able, ##ffable. One row per text
    that is looked up: unaffable, unaffabl and so on, each one letter shorter, are not in the vocabulary, until una is.
    The search goes on after it with the whole rest, ##ffable, which is in the vocabulary: the pieces are una and
    ##ffable.""",
)
def longest_match(sheet: Sheet) -> None:
    for row, (start, end, found) in enumerate(TRIES):
        y = 2.9 - ROW * row
        left, width = 0.25 + CELL * start + (0.14 if start else 0), CELL * (end - start)
        colour = "value" if found else "plain"
        sheet.box(left + width / 2, y, "", colour, width=width - 0.06, height=0.29, dashed=not found)
        for number in range(start, end):
            sheet.note(left + CELL * (number - start + 0.5), y - 0.045, WORD[number], size=9.5)
            sheet.texts[-1][0].set_verticalalignment("baseline")  # b and l are taller than a
        piece = ("##" if start else "") + WORD[start:end]
        verdict = "in the vocabulary, take it" if found else "not in the vocabulary"
        sheet.note(4.45, y, f"{piece}: {verdict}", align="left", size=9, bold=found)
