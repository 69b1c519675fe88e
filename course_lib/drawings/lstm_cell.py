"""One step of an LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.4,
    3.7,
    """One step of an LSTM. The cell state c_{t−1} runs along the top: it is multiplied by the forget gate f,
    then the product of the input gate i and the candidate g is added, which gives c_t. Below, x_t and h_{t−1}
    feed four small layers: the gates f, i and o with a sigmoid and the candidate g with a tanh. The new hidden
    state h_t is the output gate o times the tanh of c_t.""",
)
def lstm_cell(sheet: Sheet) -> None:
    sheet.group(1.25, 0.62, 6.15, 3.45)
    top, gate_y, bus = 2.85, 1.35, 0.9
    c_in = sheet.box(0.6, top, "$c_{t-1}$", "cell", width=0.75)
    c_out = sheet.box(6.8, top, "$c_t$", "cell", width=0.75)
    forget = sheet.operator(2.0, top, "×", "gate")
    add = sheet.operator(3.6, top, "+", "cell")
    sheet.arrow(c_in, forget, "cell")
    sheet.arrow(forget, add, "cell")
    sheet.arrow(add, c_out, "cell")

    f = sheet.box(2.0, gate_y, "$f = \\sigma(\\cdot)$", "gate", width=0.75)
    i = sheet.box(3.1, gate_y, "$i = \\sigma(\\cdot)$", "gate", width=0.75)
    g = sheet.box(4.1, gate_y, "$g = \\tanh(\\cdot)$", "cell", width=1.05)
    o = sheet.box(5.15, gate_y, "$o = \\sigma(\\cdot)$", "gate", width=0.75)
    write = sheet.operator(3.6, 2.1, "×", "gate")
    sheet.arrow(f, forget, "gate")
    sheet.arrow(i.top, write.left, "gate", via=[(3.1, 2.1)])
    sheet.arrow(g.top, write.right, "cell", via=[(4.1, 2.1)])
    sheet.arrow(write, add, "cell")

    squash = sheet.box(5.15, 2.36, "$\\tanh$", "plain", width=0.66, height=0.34)
    show = sheet.operator(5.72, 1.95, "×", "gate")
    sheet.arrow((5.15, top), squash.top, "cell")
    sheet.junction(5.15, top, "cell")
    sheet.arrow(squash.right, show.top, "plain", via=[(5.72, 2.36)])
    sheet.arrow(o.right, show.bottom, "gate", via=[(5.72, gate_y)])

    h_in = sheet.box(0.6, bus, "$h_{t-1}$", "hidden", width=0.75)
    h_out = sheet.box(6.8, bus, "$h_t$", "hidden", width=0.75)
    sheet.arrow(show.right, h_out.top, "hidden", via=[(6.8, 1.95)])
    x = sheet.box(1.5, 0.28, "$x_t$", "input", width=0.75, height=0.36)
    sheet.arrow(h_in, (5.15, bus), "plain", head=False)
    sheet.arrow(x.top, (1.5, bus), "plain", head=False)
    for box in (f, i, g, o):
        sheet.arrow((box.x, bus), box.bottom)
    for joined in (x, f, i, g):
        sheet.junction(joined.x, bus)
    sheet.note(2.32, 2.05, "keep", "gate", size=9)
    sheet.note(3.26, 2.48, "write", "cell", size=9)
    sheet.note(5.95, 1.66, "show", "gate", size=9)
