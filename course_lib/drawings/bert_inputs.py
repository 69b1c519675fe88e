"""BERT's input: the sum of three embeddings (Devlin et al. 2019, figure 2)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    4.1,
    """BERT's input for two short sentences: the tokens [CLS] the cat sat [SEP] it slept [SEP]. Each token's
    vector is the sum of three embeddings, drawn as three rows below one another: that of the token itself, that
    of its segment, A for the first sentence with [CLS] and its [SEP], B for the second, and that of its
    position, 0 to 7. A layer norm follows at each position and gives the encoder's input vectors, x 0 to x 7.""",
)
def bert_inputs(sheet: Sheet) -> None:
    tokens = ["[CLS]", "the", "cat", "sat", "[SEP]", "it", "slept", "[SEP]"]
    size = {"width": 0.62, "height": 0.32, "size": 9}
    rows = {
        "tokens": 3.8,
        "token embedding": 3.13,
        "segment embedding": 2.46,
        "position embedding": 1.79,
        "layer norm": 1.07,
        "input vectors": 0.35,
    }
    tokens_y, token_y, segment_y, position_y, norm_y, vector_y = rows.values()
    norm = sheet.box(4.6, norm_y, "normalise each position's vector", width=5.52, height=0.32, size=9)
    for n, token in enumerate(tokens):
        x = 2.15 + 0.7 * n
        sheet.arrow(sheet.box(x, tokens_y, token, "input", **size), (x, token_y + 0.16))
        sheet.box(x, token_y, f"$E_{{{token.strip('[]')}}}$", "weight", **size)
        sheet.box(x, segment_y, f"$E_{'A' if n < 5 else 'B'}$", "weight", **size)
        position = sheet.box(x, position_y, f"$E_{n}$", "weight", **size)
        for above, below in ((token_y, segment_y), (segment_y, position_y)):
            sheet.note(x, (above + below) / 2, "+", size=9)
        sheet.arrow(position, (x, norm.top[1]))
        sheet.arrow((x, norm.bottom[1]), sheet.box(x, vector_y, f"$x_{n}$", "hidden", **size))
    for name, y in rows.items():
        sheet.note(0.1, y, name, align="left", size=9, bold=True)
