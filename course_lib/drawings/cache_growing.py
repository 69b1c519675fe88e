"""The key/value cache as it grows: one query, one new key and value a step."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.4,
    2.75,
    """Three steps of generation with a key/value cache. At each step only the newest token is computed: one
    query row, and one new row of keys and values, drawn dark, which is appended to the rows kept from earlier
    steps, drawn light. The query meets all rows kept so far: three, then four, then five. Nothing from earlier
    steps is computed again.""",
)
def cache_growing(sheet: Sheet) -> None:
    for step in range(3):
        x, rows = 1.25 + 2.45 * step, 3 + step
        sheet.note(x, 2.58, f"step {step + 1}", bold=True)
        query = sheet.tensor(
            x - 0.78, 1.72, 1, 3, "query", "query", cell=0.19, dark=[(0, column) for column in range(3)]
        )
        last = rows - 1
        new = [(last, column) for column in range(3)]
        top = 2.05
        keys = sheet.tensor(x + 0.1, top - rows * 0.095, rows, 3, "key", "keys", cell=0.19, dark=new)
        sheet.tensor(x + 0.8, top - rows * 0.095, rows, 3, "value", "values", cell=0.19, dark=new)
        sheet.arrow(query.right, (keys.left[0], 1.72), "query")
        sheet.note(x + 0.45, 0.72, f"kept: {last}, new: 1", size=9)
    sheet.note(3.7, 0.25, "dark: computed in this step; light: read from the cache", size=9)
