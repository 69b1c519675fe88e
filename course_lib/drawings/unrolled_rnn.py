"""The recurrent network, folded and unrolled over time (Elman 1990)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.4,
    2.5,
    """On the left, a recurrent network as a loop: the input x_t enters a box, and the box's hidden state h_t
    returns to it. On the right, the same network unrolled over four steps: the boxes stand in a row; each gets
    its own input, x_1 to x_4, through the weights W_ih, and the state of the box before it through the weights
    W_hh, starting from h_0 = 0. The same two weight matrices are used at every step.""",
)
def unrolled_rnn(sheet: Sheet) -> None:
    y, below = 1.3, 0.42
    loop = sheet.box(0.85, y, "$h_t$", "hidden", width=0.62)
    sheet.arrow(sheet.box(0.85, below, "$x_t$", "input", width=0.62), loop, "weight")
    sheet.arrow(loop.right, loop.top, "weight", via=[(1.45, y), (1.45, y + 0.55), (0.85, y + 0.55)])
    sheet.note(1.45, y + 0.72, "$W_{hh}$", "weight")
    sheet.note(0.58, 0.86, "$W_{ih}$", "weight")
    sheet.note(0.85, 2.28, "as a loop", bold=True)

    sheet.note(2.05, y, "=")
    before = sheet.box(2.75, y, "$h_0 = 0$", "hidden", width=0.8, dashed=True)
    for t in range(1, 5):
        state = sheet.box(2.75 + 1.05 * t, y, f"$h_{t}$", "hidden", width=0.55)
        read = sheet.box(state.x, below, f"$x_{t}$", "input", width=0.55)
        sheet.arrow(read, state, "weight")
        sheet.arrow(before, state, "weight")
        sheet.note((before.right[0] + state.left[0]) / 2, y + 0.17, "$W_{hh}$", "weight", size=9)
        sheet.note(state.x + 0.27, 0.86, "$W_{ih}$", "weight", size=9)
        before = state
    sheet.note(4.3, 2.28, "unrolled over time: the same weights at every step", bold=True)
