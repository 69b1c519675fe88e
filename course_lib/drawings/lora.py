"""A low-rank adapter next to a frozen matrix (Hu et al. 2022, figure 1)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.1,
    """A linear layer with LoRA. The input x goes two ways: through the frozen matrix W, and through a thin matrix A,
    which makes r numbers of it, and a thin matrix B, which makes as many outputs as W has. B begins with zeros. B's
    output is multiplied by alpha over r, and the two ways are added to give y.""",
)
def lora(sheet: Sheet) -> None:
    x = sheet.box(0.7, 1.5, "x", "input", width=0.8, height=0.5)
    frozen = sheet.box(3.1, 2.45, "W   (out, in)   frozen", "plain", width=2.6, height=0.8)
    down = sheet.box(2.3, 0.75, "A   (r, in)", "gate", width=1.4, height=0.5)
    up = sheet.box(4.1, 0.75, "B   (out, r)", "gate", width=1.4, height=0.5)
    scale = sheet.box(5.6, 0.75, "· α/r", "gate", width=0.8, height=0.5)
    plus = sheet.operator(6.3, 1.5, "+")
    y = sheet.box(7.05, 1.5, "y", "output", width=0.6, height=0.5)
    sheet.arrow(x, frozen, via=[(1.4, 1.5), (1.4, 2.45)])
    sheet.arrow(x, down, via=[(1.4, 1.5), (1.4, 0.75)])
    sheet.arrow(down, up)
    sheet.arrow(up, scale)
    sheet.arrow(scale, plus, via=[(6.3, 0.75)])
    sheet.arrow(frozen, plus, via=[(6.3, 2.45)])
    sheet.arrow(plus, y)
    sheet.note(2.3, 0.25, "random", size=9)
    sheet.note(4.1, 0.25, "zeros at first", size=9)
