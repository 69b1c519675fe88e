"""Rotary positions: a pair of features turned by an angle that grows with the position (Su et al. 2021)."""

import math

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.2,
    2.7,
    """Two circles. Left: one pair of features of a query, as an arrow in the plane; at position 0 it points
    right, and at positions 1, 2 and 3 it is turned by θ, 2θ and 3θ. Right: a query at position m and a key at
    position n, which both pointed right before their turns; now the angle between them is (m − n)θ, so their dot
    product depends on the distance m − n alone.""",
)
def rotary(sheet: Sheet) -> None:
    for x, title in ((1.9, "one query, four positions"), (5.4, "query at m, key at n")):
        sheet.ring(x, 1.2, 0.95)
        sheet.note(x, 2.5, title, bold=True)
    for position in range(4):
        angle = math.radians(28 * position)
        tip = 1.9 + 0.95 * math.cos(angle), 1.2 + 0.95 * math.sin(angle)
        sheet.arrow((1.9, 1.2), tip, "query")
        name = ("0", "θ", "2θ", "3θ")[position]
        sheet.note(1.9 + 1.13 * math.cos(angle), 1.2 + 1.11 * math.sin(angle), name, "query")
    for colour, degrees, name in (("query", 75, "mθ"), ("key", 15, "nθ")):
        angle = math.radians(degrees)
        sheet.arrow((5.4, 1.2), (5.4 + 0.95 * math.cos(angle), 1.2 + 0.95 * math.sin(angle)), colour)
        x = 5.4 + 1.02 * math.cos(angle)
        sheet.note(x, 1.2 + 1.06 * math.sin(angle), name, colour, align="left")
    sheet.arc(5.4, 1.2, 0.42, 15, 75)
    sheet.note(5.4 + 0.3, 1.2 + 0.62, "(m − n)θ", size=9, align="left")
    sheet.note(5.4, 0.78, "both pointed right\nbefore the rotation", size=9)
