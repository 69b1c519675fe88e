"""One step of a decoder with attention (Bahdanau et al. 2015)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.3,
    """One decoder step with attention. The encoder's states h_1 to h_4 are kept as keys and values. The
    decoder's state s_{t−1} is the query: it is scored against every key, and a softmax turns the scores into
    four weights α that sum to 1, drawn as bars of different height. The context vector c_t is the mean of the
    encoder's states with these weights. Together with the previous symbol y_{t−1} it enters the decoder's next
    state s_t, which predicts y_t.""",
)
def attention_over_encoder(sheet: Sheet) -> None:
    y = 0.4
    states = [sheet.box(0.6 + 0.85 * t, y, f"$h_{t + 1}$", "key", width=0.62) for t in range(4)]
    for state, weight in zip(states, (0.08, 0.16, 0.62, 0.14), strict=True):
        height = 0.6 * weight
        bar = sheet.bar(state.x, 1.0, height, "query")
        sheet.arrow(state.top, (state.x, 1.0), "key", head=False)
        sheet.arrow(bar.top, (1.9, 1.98), "value", head=False)
    sheet.note(4.05, 1.1, "weights α:\nsoftmax of\nthe scores", "query", size=9)
    sheet.note(4.02, 0.4, "keys and values", "key", size=9)
    context = sheet.box(1.9, 2.2, "context $c_t$", "value", width=1.2)
    before = sheet.box(5.3, 2.2, "$s_{t-1}$", "hidden", width=0.75)
    state = sheet.box(6.75, 2.2, "$s_t$", "hidden", width=0.75)
    sheet.arrow(before, state, "hidden")
    sheet.arrow(before.bottom, (4.55, 1.1), "query", via=[(5.3, 1.1)], label="query", label_at=(5.62, 1.5))
    sheet.arrow(context.top, (6.6, 2.41), "value", via=[(1.9, 2.85), (6.6, 2.85)])
    read = sheet.box(6.75, 1.2, "$y_{t-1}$", "input", width=0.75)
    sheet.arrow(read, state)
    out = sheet.box(6.9, 3.05, "$y_t$", "output", width=0.6, height=0.34)
    sheet.arrow((6.9, 2.41), out.bottom)
