"""One block of GPT-2 next to one of Llama: what changed between 2019 and today."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.6,
    4.5,
    """A block of GPT-2 next to a block of Llama, each read from bottom to top. The arrangement is the same: a norm,
    then attention, added to the residual connection; a norm, then a feed-forward network, added again. Four parts
    are replaced. Layer norm becomes RMSNorm. Multi-head attention becomes grouped-query attention. The position
    table under GPT-2's first block is gone: in Llama, queries and keys are rotated inside every attention. The
    feed-forward network with GELU becomes SwiGLU, in which a gate multiplies the features.""",
)
def llama_block(sheet: Sheet) -> None:
    _block(
        sheet,
        1.75,
        1.45,
        "GPT-2 (2019)",
        "layer norm",
        "multi-head attention",
        "feed-forward, GELU",
        "token + position",
    )
    _block(sheet, 5.75, 2.2, "Llama (2023)", "RMSNorm", "grouped-query attention", "SwiGLU", "token")
    turn = sheet.operator(4.2, 1.56, "↻", "query", radius=0.17)
    sheet.arrow(turn, (4.77, 1.56), "query")
    sheet.note(4.2, 2.0, "rotate\nq and k", "query", size=9)


def _block(
    sheet: Sheet, x: float, left: float, title: str, norm: str, attention: str, feed_forward: str, start: str
) -> None:
    sheet.group(x - left, 0.62, x + 1.6, 4.35, title)
    below = sheet.box(x, 0.3, start, "input", width=1.7, height=0.36).top
    for number, (name, colour) in enumerate(((attention, "query"), (feed_forward, "weight"))):
        bottom = 0.98 + 1.62 * number
        first = sheet.box(x, bottom + 0.1, norm, "gate", width=1.2, height=0.32)
        second = sheet.box(x, bottom + 0.58, name, colour, width=1.96, height=0.36)
        add = sheet.operator(x, bottom + 1.06, "+", "hidden", radius=0.13)
        sheet.arrow(below, first)
        sheet.arrow(first, second)
        sheet.arrow(second, add)
        fork = below[1] + 0.08
        sheet.arrow((x, fork), add.right, "hidden", via=[(x + 1.35, fork), (x + 1.35, add.y)])
        below = add.top
    sheet.arrow(below, (x, 4.2))
