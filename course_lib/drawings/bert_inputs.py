"""BERT's input: the sum of three embeddings (Devlin et al. 2019, figure 2)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    2.75,
    """BERT's input for two short sentences: the tokens [CLS] the cat sat [SEP] it slept [SEP]. Each token's
    vector is the sum of three embeddings, drawn as three rows below one another: that of the token itself, that
    of its segment, A for the first sentence with [CLS] and its [SEP], B for the second, and that of its
    position, 0 to 7.""",
)
def bert_inputs(sheet: Sheet) -> None:
    tokens = ["[CLS]", "the", "cat", "sat", "[SEP]", "it", "slept", "[SEP]"]
    size = {"width": 0.68, "height": 0.32, "size": 9}
    for n, token in enumerate(tokens):
        x = 1.5 + 0.78 * n
        sheet.box(x, 2.45, token, "input", **size)
        segment = "A" if n < 5 else "B"
        sheet.box(x, 1.75, f"$E_{{{token.strip('[]')}}}$", "value", **size)
        sheet.box(x, 1.05, f"$E_{segment}$", "key", **size)
        sheet.box(x, 0.35, f"$E_{n}$", "query", **size)
        sheet.note(x, 1.4, "+", size=9)
        sheet.note(x, 0.7, "+", size=9)
        sheet.arrow((x, 2.29), (x, 1.91))
    for y, name in ((2.45, "tokens"), (1.75, "token"), (1.05, "segment"), (0.35, "position")):
        sheet.note(0.1, y, name, align="left", size=9, bold=True)
