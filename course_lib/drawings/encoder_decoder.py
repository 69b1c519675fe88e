"""Encoder and decoder with a fixed vector between them (Sutskever et al. 2014)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    2.8,
    """An encoder reads the three source symbols x_1 to x_3 from left to right into hidden states; its last
    state is the only thing handed on, as one fixed vector v. The decoder starts from it and writes the target:
    it reads the start symbol <bos> and predicts y_1, then reads y_1 and predicts y_2, then reads y_2 and
    predicts the end symbol <eos>. Everything the decoder knows about the source has passed through that one
    vector.""",
)
def encoder_decoder(sheet: Sheet) -> None:
    sheet.group(0.1, 0.1, 3.0, 2.1, "encoder")
    sheet.group(3.9, 0.1, 7.4, 2.72, "decoder")
    y, below, above = 1.25, 0.42, 2.1
    before = None
    for t in range(3):
        state = sheet.box(0.6 + 0.95 * t, y, f"$h_{t + 1}$", "hidden", width=0.6)
        sheet.arrow(sheet.box(state.x, below, f"$x_{t + 1}$", "input", width=0.6, height=0.36), state)
        if before:
            sheet.arrow(before, state, "hidden")
        before = state
    for t, (read, written) in enumerate((("<bos>", "$y_1$"), ("$y_1$", "$y_2$"), ("$y_2$", "<eos>"))):
        state = sheet.box(4.5 + 1.1 * t, y, f"$s_{t + 1}$", "hidden", width=0.6)
        sheet.arrow(sheet.box(state.x, below, read, "input", width=0.72, height=0.36), state)
        sheet.arrow(state, sheet.box(state.x, above, written, "output", width=0.72, height=0.36))
        sheet.arrow(before, state, "hidden")
        before = state
    sheet.note(3.45, 1.62, "one fixed\nvector $v$", "hidden", size=9)
