"""Self-attention for one word of a sentence (Vaswani et al. 2017, section 3.2.1)."""

from itertools import pairwise

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.9,
    """Self-attention for one word, the third of four: The, cat, sat, on. Each word's embedding x is multiplied by
    three matrices, W_Q, W_K and W_V, which gives it a query, a key and a value. Only the query of "sat" is drawn; its
    dot product with the key of each of the four words, its own included, is a score. The softmax turns the four
    scores into weights that sum to 1, drawn as bars of different height. The output y_3 is the sum of the four values
    times their weights. The other words do the same with their own queries, at the same time.""",
)
def self_attention(sheet: Sheet) -> None:
    words, weights = ("The", "cat", "sat", "on"), (0.1, 0.6, 0.1, 0.2)
    xs = [0.75 + 1.3 * number for number in range(4)]
    boxes = [
        sheet.box(x, 0.55, word, "input", width=0.8, height=0.34) for x, word in zip(xs, words, strict=True)
    ]
    products = []
    for number, (x, box, weight) in enumerate(zip(xs, boxes, weights, strict=True), start=1):
        key = sheet.box(x - 0.25, 1.3, f"$k_{number}$", "key", width=0.42, height=0.34)
        value = sheet.box(x + 0.25, 1.3, f"$v_{number}$", "value", width=0.42, height=0.34)
        sheet.arrow(box.at("top", 0.25), key.bottom, "key")
        sheet.arrow(box.at("top", 0.75), value.bottom, "value")
        bar = sheet.bar(x - 0.25, 2.1, 0.8 * weight, "query")
        product = sheet.operator(x - 0.25, 1.78, "·", "query", radius=0.11)
        products.append(product)
        sheet.arrow(key.top, product.bottom, "key")
        sheet.arrow(product.top, bar.bottom, "query", head=False)
        times = sheet.operator(x + 0.25, 2.75, "×")
        sheet.arrow(value.top, times.bottom, "value")
        sheet.arrow(bar.top, times, "query", via=[(x - 0.25, 2.75)])
        sheet.arrow(times.top, (x + 0.25, 3.4), "value", head=False)
    query = sheet.box(6.45, 1.3, "query $q_3$", "query", width=1.1, height=0.34)
    sheet.arrow(boxes[2].bottom, query.bottom, "query", via=[(3.35, 0.17), (6.45, 0.17)])
    sheet.arrow(query.top, products[-1].right, "query", via=[(6.45, 1.78)])
    for left, right in pairwise(products):
        sheet.arrow(right.left, left.right, "query")
    sheet.note(6.45, 2.0, "scores $q_3 \\cdot k_s$", "query", size=9)
    sheet.note(6.45, 2.35, "softmax: weights", "query", size=9)
    sheet.note(0.36, 0.93, "$W_K$", "key", size=9)
    sheet.note(1.15, 0.93, "$W_V$", "value", size=9)
    sheet.note(6.7, 0.75, "$W_Q$", "query", size=9)
    output = sheet.box(6.45, 3.4, "output $y_3$", "output", width=1.2, height=0.36)
    sheet.arrow((1.0, 3.4), output, "value")
    sheet.note(3.0, 3.65, "weighted sum of the values", "value", size=9)
