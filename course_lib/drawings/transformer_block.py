"""The Transformer's block with the norm after each sublayer (2017) and before it (GPT-2)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.4,
    4.3,
    """Two Transformer blocks side by side, read from bottom to top. Left, post-norm, as in 2017: x goes through
    multi-head attention, is added to the result by a residual connection, and the sum is normalised; then the
    same with the feed-forward network. Right, pre-norm, as in GPT-2: each sublayer reads a normalised copy, and
    the residual connection from the bottom to the top passes through nothing but additions.""",
)
def transformer_block(sheet: Sheet) -> None:
    _block(sheet, 1.85, "post-norm (2017)", norm_first=False)
    _block(sheet, 5.55, "pre-norm (GPT-2)", norm_first=True)


def _block(sheet: Sheet, x: float, title: str, norm_first: bool) -> None:
    sheet.group(x - 1.7, 0.5, x + 1.7, 4.2, title)
    start = sheet.box(x, 0.24, "x", "input", width=0.7, height=0.34)
    below = start.top
    for number, name in enumerate(("multi-head attention", "feed-forward network")):
        bottom = 0.85 + 1.62 * number
        sublayer = {
            "text": name,
            "colour": "query" if number == 0 else "weight",
            "width": 1.9,
            "height": 0.36,
        }
        norm = {"text": "layer norm", "colour": "gate", "width": 1.2, "height": 0.32}
        if norm_first:
            first = sheet.box(x, bottom + 0.12, **norm)
            second = sheet.box(x, bottom + 0.6, **sublayer)
            add = sheet.operator(x, bottom + 1.07, "+", "hidden", radius=0.13)
            sheet.arrow(below, first)
            sheet.arrow(first, second)
            sheet.arrow(second, add)
            after = add.top
        else:
            first = sheet.box(x, bottom + 0.14, **sublayer)
            add = sheet.operator(x, bottom + 0.62, "+", "hidden", radius=0.13)
            second = sheet.box(x, bottom + 1.06, **norm)
            sheet.arrow(below, first)
            sheet.arrow(first, add)
            sheet.arrow(add, second)
            after = second.top
        fork = below[1] + 0.08
        sheet.arrow((x, fork), add.right, "hidden", via=[(x + 1.3, fork), (x + 1.3, add.y)])
        below = after
    sheet.arrow(below, (x, 4.1))
