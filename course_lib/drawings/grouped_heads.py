"""Multi-head, grouped-query and multi-query attention: how many query heads share a head of keys and values."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.6,
    2.75,
    """Three ways to share keys and values among nine query heads. Multi-head attention: nine heads of keys and values,
    one for each query head. Grouped-query attention, as in SmolLM2: three, so that query heads 0 to 2 share the first,
    3 to 5 the second and 6 to 8 the third. Multi-query attention: a single one for all nine.""",
)
def grouped_heads(sheet: Sheet) -> None:
    _heads(sheet, 0.2, "multi-head", 9)
    _heads(sheet, 2.75, "grouped-query", 3)
    _heads(sheet, 5.3, "multi-query", 1)


def _heads(sheet: Sheet, left: float, title: str, n_kv: int) -> None:
    sheet.group(left, 0.12, left + 2.15, 2.65, title)
    size, step = 0.19, 0.215
    queries = [
        sheet.box(left + 0.22 + step * n, 0.62, str(n), "query", width=size, height=0.3, size=8)
        for n in range(9)
    ]
    group = 9 // n_kv
    for number in range(n_kv):
        own = queries[number * group : (number + 1) * group]
        middle = sum(query.x for query in own) / group
        kept = sheet.box(middle, 1.62, "", "key", width=size, height=0.26)
        sheet.box(middle, 1.62 + 0.26, "", "value", width=size, height=0.26)
        for query in own:
            sheet.arrow(query.top, kept.bottom, "query")
    sheet.note(left + 1.08, 0.3, "query heads", "query", size=8.5)
    words = f"{n_kv} head{'s' * (n_kv > 1)} of keys and values"
    sheet.note(left + 1.08, 2.2, words, "key", size=8.5)
