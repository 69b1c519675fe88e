"""Which word piece gets its word's tag: the first one (Devlin et al. 2019, section 5.3)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet

# (word, its pieces, its tag); None for the special tokens, which belong to no word
WORDS = [
    (None, ["[CLS]"], None),
    ("empire", ["empire"], "B-LOC"),
    ("state", ["state"], "I-LOC"),
    ("building", ["building"], "I-LOC"),
    ("=", ["="], "O"),
    ("ESB", ["es", "##b"], "B-LOC"),
    (None, ["[SEP]"], None),
]
STEP, FIRST = 0.82, 1.25


@drawing(
    7.5,
    2.3,
    """The words "empire state building = ESB" above their word pieces, and below each piece its label. The pieces are
    [CLS], empire, state, building, =, es, ##b, [SEP]; es and ##b both belong to the word ESB. The labels are B-LOC for
    empire, I-LOC for state and building, O for = and B-LOC for es. The labels of [CLS], ##b and [SEP] are minus 100,
    which the loss ignores.""",
)
def labels_of_pieces(sheet: Sheet) -> None:
    for y, name in ((2.02, "words"), (1.3, "pieces"), (0.4, "labels")):
        sheet.note(0.12, y, name, align="left", bold=True)
    place = 0
    for word, pieces, tag in WORDS:
        left = FIRST + STEP * place
        middle = left + STEP * (len(pieces) - 1) / 2
        if word:
            whole = sheet.box(
                middle, 2.02, word, "plain", width=STEP * len(pieces) - 0.08, height=0.34, size=9
            )
        for number, piece in enumerate(pieces):
            x = left + STEP * number
            box = sheet.box(x, 1.3, piece, "input", width=STEP - 0.08, height=0.34, size=9)
            if word:
                sheet.arrow((x, whole.bottom[1]), box)
            labelled = tag is not None and number == 0
            label = sheet.box(
                x,
                0.4,
                tag if labelled else "−100",
                "output" if labelled else "plain",
                width=STEP - 0.08,
                height=0.34,
                size=9,
                dashed=not labelled,
            )
            sheet.arrow(box, label, dashed=not labelled)
        place += len(pieces)
