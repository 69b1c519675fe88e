"""A block of a GGUF file in Q4_1: 32 weights in 20 bytes (ggml's block_q4_1)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.0,
    """A group of 32 neighbouring weights of one row becomes a block of 20 bytes. Two bytes hold the scale d, two hold
    the minimum m, and sixteen hold the 32 numbers q, two in each byte. The low four bits of the sixteen bytes are
    weights 0 to 15, the high four bits are weights 16 to 31. The way back is w = d · q + m.""",
)
def four_bit_block(sheet: Sheet) -> None:
    sheet.note(0.2, 2.6, "32 weights", size=9, align="left")
    for n, name in enumerate(("w₀", "w₁", "…", "w₁₅", "w₁₆", "w₁₇", "…", "w₃₁")):
        sheet.box(1.9 + 0.72 * n, 2.6, name, "input" if n < 4 else "hidden", width=0.66, height=0.36, size=9)
    sheet.note(0.2, 1.55, "20 bytes", size=9, align="left")
    sheet.box(1.75, 1.55, "d", "gate", width=0.6, height=0.7, size=10)
    sheet.box(2.45, 1.55, "m", "gate", width=0.6, height=0.7, size=10)
    pairs = (("q₀", "q₁₆"), ("q₁", "q₁₇"), ("…", "…"), ("q₁₅", "q₃₁"))
    for n, (low, high) in enumerate(pairs):
        sheet.box(3.6 + 1.1 * n, 1.73, high, "hidden", width=1.0, height=0.34, size=9)
        sheet.box(3.6 + 1.1 * n, 1.37, low, "input", width=1.0, height=0.34, size=9)
    sheet.brace(1.45, 2.75, 1.1, "2 bytes each", above=False)
    sheet.brace(3.1, 7.4, 1.1, "16 bytes: high four bits above, low four bits below", above=False)
    sheet.note(3.75, 0.3, "w = d · q + m,   q = 0 … 15", size=11)
