"""The whole Transformer with its three kinds of attention (Vaswani et al. 2017, figure 1)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    4.6,
    """The whole Transformer, read from bottom to top. Left, the encoder: source embeddings plus positions enter
    N blocks of self-attention without a mask and a feed-forward network; what comes out is the memory. Right,
    the decoder: target embeddings plus positions enter N blocks of self-attention with a causal mask,
    cross-attention whose keys and values come from the memory, and a feed-forward network. A linear layer and a
    softmax turn its output into probabilities of the next symbol. Every sublayer has a residual connection and
    a layer norm.""",
)
def transformer(sheet: Sheet) -> None:
    left, right = 1.9, 5.5
    sheet.group(0.35, 1.3, 3.45, 3.0, "encoder, N ×")
    sheet.group(3.95, 1.3, 7.05, 3.75, "decoder, N ×")
    box = {"width": 2.5, "height": 0.36}
    source = sheet.box(left, 0.28, "source", "input", **box)
    embedded = sheet.box(left, 0.86, "embedding + position", "weight", **box)
    attend = sheet.box(left, 1.62, "1  self-attention", "query", **box)
    feed = sheet.box(left, 2.4, "feed-forward network", "weight", **box)
    memory = sheet.box(left, 3.4, "memory", "key", width=1.2, height=0.36)
    for a, b in ((source, embedded), (embedded, attend), (attend, feed), (feed, memory)):
        sheet.arrow(a, b)

    target = sheet.box(right, 0.28, "target so far, from <bos>", "input", **box)
    embedded = sheet.box(right, 0.86, "embedding + position", "weight", **box)
    masked = sheet.box(right, 1.62, "2  self-attention, causal mask", "query", **box)
    cross = sheet.box(right, 2.4, "3  cross-attention", "query", **box)
    feed = sheet.box(right, 3.18, "feed-forward network", "weight", **box)
    out = sheet.box(right, 4.22, "linear + softmax: next symbol", "output", **box)
    for a, b in ((target, embedded), (embedded, masked), (masked, cross), (cross, feed), (feed, out)):
        sheet.arrow(a, b)
    sheet.arrow(memory.right, cross.left, "key", via=[(3.7, 3.4), (3.7, 2.4)])
    sheet.note(3.14, 3.55, "keys and values", "key", size=9)
    sheet.note(6.05, 2.01, "queries", "query", size=9)
    sheet.note(1.9, 4.25, "every sublayer: residual + layer norm", size=9)
