"""Multi-head attention: split into heads, attend in each, join (Vaswani et al. 2017, figure 2)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.7,
    """Multi-head attention with two heads. The input x, time by d_model, is projected into queries, keys and
    values of the same size. Each is split along the features into two heads of d_head = d_model / 2 features.
    In each head, queries and keys give a square of weights, time by time, by a scaled softmax, and the weights
    average that head's values. The heads' outputs are joined along the features and mixed by the output
    projection W_O.""",
)
def multi_head(sheet: Sheet) -> None:
    x = sheet.tensor(0.6, 1.85, 4, 4, "plain", "x")
    sheet.note(0.6, 1.27, "time ×\nd_model", size=9)
    rows = {"query": 2.95, "key": 1.85, "value": 0.75}
    projected = {}
    for (colour, y), name in zip(rows.items(), "QKV", strict=True):
        projected[colour] = sheet.tensor(1.7, y, 4, 4, colour, f"${name} = x W_{name}$")
        sheet.arrow(x.right, projected[colour].left, colour)
    sheet.note(1.7, 0.28, "split: d_head each", size=9)

    outputs = []
    for number, y in enumerate((2.75, 0.95), start=1):
        sheet.group(2.5, y - 0.83, 5.85, y + 0.83, f"head {number}")
        query = sheet.tensor(2.9, y - 0.02, 4, 2, "query", f"$Q_{number}$")
        key = sheet.tensor(3.42, y - 0.02, 4, 2, "key", f"$K_{number}$")
        dark = [(0, 0), (1, 0), (2, 2), (3, 2)] if number == 1 else [(0, 0), (1, 1), (2, 1), (3, 3)]
        weights = sheet.tensor(4.22, y - 0.02, 4, 4, "plain", "weights", dark=dark)
        value = sheet.tensor(5.0, y - 0.02, 4, 2, "value", f"$V_{number}$")
        out = sheet.tensor(5.55, y - 0.02, 4, 2, "output")
        below = y - 0.62
        sheet.arrow(query.bottom, weights.bottom, "query", via=[(2.9, below), (4.22, below)])
        sheet.arrow(key.right, weights.left, "key")
        sheet.note(4.7, y - 0.02, "·", size=14)
        sheet.arrow(value, out)
        outputs.append(out)
    for colour, whole in projected.items():
        for y in (2.75, 0.95):
            sheet.arrow(whole.right, (2.5, y), colour)
    joined = sheet.tensor(6.85, 1.85, 4, 4, "output", "joined", "then $W_O$")
    sheet.arrow(outputs[0].right, joined.at("left", 0.75), "output", via=[(6.2, 2.73), (6.2, 2.01)])
    sheet.arrow(outputs[1].right, joined.at("left", 0.25), "output", via=[(6.2, 0.93), (6.2, 1.69)])
