"""Multi-head attention: split into heads, attend in each, join (Vaswani et al. 2017, figure 2)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.5,
    """Multi-head attention with two heads. The input x, time by d_model, is projected into queries, keys and
    values of the same size. Each is split along the features into two heads of d_head = d_model / 2 features.
    In each head, queries and keys give a square of weights, time by time, by a scaled softmax; the weights
    average the values. The heads' outputs are joined along the features and mixed by the output projection
    W_O.""",
)
def multi_head(sheet: Sheet) -> None:
    x = sheet.tensor(0.6, 1.75, 4, 4, "plain", "x", "time × d_model")
    rows = {"query": 2.75, "key": 1.75, "value": 0.75}
    heads: dict[str, tuple] = {}
    for (colour, y), name in zip(rows.items(), "QKV", strict=True):
        whole = sheet.tensor(2.05, y, 4, 4, colour, f"${name} = x W_{name}$")
        sheet.arrow(x.right, whole.left, colour)
        first = sheet.tensor(3.2, y, 4, 2, colour)
        second = sheet.tensor(3.7, y, 4, 2, colour)
        sheet.arrow(whole.right, first.left, colour)
        heads[colour] = (first, second)
    sheet.note(3.2, 3.3, "head 1", size=9)
    sheet.note(3.72, 3.3, "head 2", size=9)
    sheet.note(3.45, 0.2, "split: d_head each", size=9)

    outputs = []
    for number, y in enumerate((2.55, 0.95)):
        dark = [(0, 0), (1, 0), (2, 2), (3, 2)] if number == 0 else [(0, 0), (1, 1), (2, 1), (3, 3)]
        weights = sheet.tensor(4.95, y, 4, 4, "plain", f"weights {number + 1}", dark=dark)
        out = sheet.tensor(5.85, y, 4, 2, "output")
        sheet.arrow(weights, out)
        outputs.append(out)
        sheet.arrow((3.86, y), weights.left)
    sheet.note(4.95, 1.75, "softmax$(QK^T / \\sqrt{d_{head}})$", size=9)
    joined = sheet.tensor(6.75, 1.75, 4, 4, "output", "joined", "then $W_O$")
    sheet.arrow(outputs[0].right, joined.at("left", 0.75), "output", via=[(6.2, 2.55), (6.2, 1.91)])
    sheet.arrow(outputs[1].right, joined.at("left", 0.25), "output", via=[(6.2, 0.95), (6.2, 1.59)])
