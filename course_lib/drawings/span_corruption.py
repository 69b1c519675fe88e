"""T5's span corruption next to BART's text infilling (Raffel et al. 2020, figure 2; Lewis et al. 2020, section 2.2)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet

TEXT = ["the", "keys", "near", "the", "cabinet", "were", "old", "."]


@drawing(
    7.5,
    3.5,
    """Span corruption of "the keys near the cabinet were old .". Two spans are taken out, "near the" and "old". T5's
    encoder reads "the keys <0> cabinet were <1> .", and its decoder writes "<0> near the <1> old <2>": each sentinel
    with what it stands for, and one more at the end. Below, BART's text infilling: the same holes, but one and the same
    mask for each, and the decoder writes the whole sentence.""",
)
def span_corruption(sheet: Sheet) -> None:
    rows = [
        ("text", TEXT, 3.2, "input"),
        ("T5 reads", ["the", "keys", "<0>", "cabinet", "were", "<1>", "."], 2.4, "input"),
        ("T5 writes", ["<0>", "near", "the", "<1>", "old", "<2>"], 1.85, "output"),
        ("BART reads", ["the", "keys", "<mask>", "cabinet", "were", "<mask>", "."], 1.0, "input"),
        ("BART writes", TEXT, 0.45, "output"),
    ]
    sheet.group(0.1, 1.55, 7.4, 2.7)
    sheet.group(0.1, 0.15, 7.4, 1.3)
    for name, words, y, colour in rows:
        sheet.note(0.2, y, name, size=9, align="left")
        for n, word in enumerate(words):
            special = word.startswith("<")
            sheet.box(1.55 + 0.76 * n, y, word, "gate" if special else colour, width=0.7, height=0.34, size=9)
    sheet.brace(1.55 + 0.76 * 2 - 0.35, 1.55 + 0.76 * 3 + 0.35, 2.98, "", above=False)
    sheet.brace(1.55 + 0.76 * 6 - 0.35, 1.55 + 0.76 * 6 + 0.35, 2.98, "", above=False)
