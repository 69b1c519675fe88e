"""One step of a decoder with attention (Bahdanau et al. 2015)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.9,
    """One decoder step with attention. The encoder's states h_1 to h_4 are kept as keys and values. The
    decoder's state s_{t−1} is the query: it is scored against every key, and a softmax turns the scores into
    four weights α that sum to 1, drawn as bars of different height. The context vector c_t is the mean of the
    encoder's states with these weights. Together with the previous symbol y_{t−1} it enters the decoder's next
    state s_t. From s_t, c_t and y_{t−1} the readout computes the logits of the next symbol, y_t.""",
)
def attention_over_encoder(sheet: Sheet) -> None:
    y = 0.4
    states = [sheet.box(0.6 + 0.85 * t, y, f"$h_{t + 1}$", "key", width=0.62) for t in range(4)]
    for state, weight in zip(states, (0.08, 0.16, 0.62, 0.14), strict=True):
        height = 0.6 * weight
        bar = sheet.bar(state.x, 1.0, height, "query")
        sheet.arrow(state.top, (state.x, 1.0), "key", head=False)
        sheet.arrow(bar.top, (1.9, 1.98), "value", head=False)
    sheet.note(4.0, 1.44, "score with every key,\nsoftmax: weights α", "query", size=9)
    sheet.note(4.05, 0.4, "keys and values", "key", size=9)
    context = sheet.box(1.9, 2.2, "context $c_t$", "value", width=1.2)
    before = sheet.box(5.0, 1.85, "$s_{t-1}$", "hidden", width=0.75)
    state = sheet.box(6.6, 1.85, "$s_t$", "hidden", width=0.75)
    readout = sheet.box(6.6, 2.85, "readout", "plain", width=0.95, height=0.36)
    sheet.arrow(before, state, "hidden")
    sheet.arrow(state.top, readout.bottom, "hidden")
    sheet.arrow(before.bottom, (3.42, 1.06), "query", via=[(5.0, 1.06)], label="query", label_at=(5.32, 1.3))
    sheet.arrow(context.top, readout.left, "value", via=[(1.9, 2.85)])
    sheet.arrow((5.85, 2.85), (state.left[0], 1.97), "value", via=[(5.85, 1.97)])
    read = sheet.box(6.6, 0.85, "$y_{t-1}$", "input", width=0.75)
    sheet.arrow(read.top, state.bottom, "input")
    sheet.arrow(read.right, readout.right, "input", via=[(7.25, 0.85), (7.25, 2.85)])
    out = sheet.box(6.6, 3.6, "$y_t$", "output", width=0.6, height=0.34)
    sheet.arrow(readout.top, out.bottom, "output")
