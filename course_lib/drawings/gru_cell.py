"""One step of a GRU (Cho et al. 2014), with the reset gate where PyTorch has it."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.4,
    3.3,
    """One step of a GRU. The hidden state h_{t−1} runs along the top. The update gate z splits it: z times the
    old state is kept, and 1 − z times the candidate n is added, which gives h_t. Below, x_t and h_{t−1} feed
    three small layers: the update gate z and the reset gate r with a sigmoid, and the candidate n with a tanh.
    The reset gate scales what the candidate receives from the old state. There is no separate cell state.""",
)
def gru_cell(sheet: Sheet) -> None:
    sheet.group(1.25, 0.62, 6.15, 3.05)
    top, gate_y, bus = 2.55, 1.4, 0.9
    h_in = sheet.box(0.6, top, "$h_{t-1}$", "hidden", width=0.75)
    h_out = sheet.box(6.8, top, "$h_t$", "hidden", width=0.75)
    keep = sheet.operator(2.2, top, "×", "gate")
    add = sheet.operator(5.5, top, "+", "hidden")
    sheet.arrow(h_in, keep, "hidden")
    sheet.arrow(keep, add, "hidden")
    sheet.arrow(add, h_out, "hidden")

    z = sheet.box(2.2, gate_y, "$z = \\sigma(\\cdot)$", "gate", width=0.75)
    r = sheet.box(3.7, gate_y, "$r = \\sigma(\\cdot)$", "gate", width=0.75)
    n = sheet.box(5.5, gate_y, "$n = \\tanh(\\cdot)$", "hidden", width=1.05)
    sheet.arrow(z, keep, "gate", label="$z$", label_at=(2.36, 2.24))
    write = sheet.operator(5.5, 1.98, "×", "gate")
    sheet.arrow(n, write, "hidden")
    sheet.arrow((2.2, 1.98), write.left, "gate", label="$1 - z$", label_at=(4.75, 2.1))
    sheet.junction(2.2, 1.98, "gate")
    sheet.arrow(write, add, "hidden")
    sheet.arrow(r, n, "gate")
    sheet.note(4.5, 1.53, "reset", "gate", size=9)

    x = sheet.box(1.5, 0.28, "$x_t$", "input", width=0.75, height=0.36)
    sheet.arrow(h_in.bottom, (5.5, bus), "plain", via=[(0.6, bus)], head=False)
    sheet.arrow(x.top, (1.5, bus), "plain", head=False)
    for box in (r, z, n):
        sheet.arrow((box.x, bus), box.bottom)
    for joined in (x, z, r):
        sheet.junction(joined.x, bus)
    sheet.note(1.9, 2.78, "keep", "gate", size=9)
    sheet.note(5.22, 2.25, "write", "hidden", size=9)
