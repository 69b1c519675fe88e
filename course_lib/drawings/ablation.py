"""A head ablated: its features of the joined outputs are 0 before W_O mixes them (Michel et al. 2019, section 2)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet

CELL = 0.19


@drawing(
    7.5,
    2.05,
    """Ablating one of four heads. Left, the heads' outputs joined along the features, time by d_model: the first
    two columns belong to head 0, the next two to head 1, then head 2 and head 3. Middle, the same matrix, in which
    the two columns of head 2 are 0 and all others are as before. Right, the output projection W_O mixes all
    columns, so that the layer's output lacks head 2 alone.""",
)
def ablation(sheet: Sheet) -> None:
    y = 1.12
    joined = sheet.tensor(1.25, y, 4, 8, "output", "joined heads", cell=CELL)
    ablated = sheet.tensor(3.6, y, 4, 8, "output", "head 2 ablated", cell=CELL)
    left = ablated.left[0] + 4 * CELL
    zeros = sheet.tensor(left + CELL, y, 4, 2, "plain", cell=CELL)
    for row in range(4):
        for column in range(2):
            place = (zeros.left[0] + (column + 0.5) * CELL, zeros.top[1] - (row + 0.5) * CELL)
            sheet.note(*place, "0", size=8.5)
    for head in range(4):
        start = joined.left[0] + 2 * head * CELL
        sheet.brace(start + 0.02, start + 2 * CELL - 0.02, joined.bottom[1] - 0.06, f"{head}", above=False)
    sheet.note(1.25, 0.25, "each head owns d_head columns", size=9)
    sheet.arrow(joined, ablated)
    project = sheet.box(5.0, y, "$W_O$", "weight", width=0.55, height=0.5)
    sheet.arrow(ablated, project)
    out = sheet.tensor(6.35, y, 4, 8, "plain", "output", "time × d_model", cell=CELL)
    sheet.arrow(project, out)
