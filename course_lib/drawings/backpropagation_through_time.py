"""Back-propagation through time: the gradient's way from the loss to every step."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.4,
    2.3,
    """Four boxes in a row, the states h_1 to h_4 of a recurrent network, joined from left to right by black arrows
    through the same weights W_hh; an arrow leads from h_4 to the loss L. Below, arrows in a second colour run the
    other way, from L to h_4 and from each state to the one before it. Every one of these steps back to an earlier
    state multiplies the gradient by diag(1 − h_t²) W_hh once more, and every state reached adds one term to the
    gradient of W_hh.""",
)
def backpropagation_through_time(sheet: Sheet) -> None:
    y, back, terms = 1.45, 1.2, 0.3
    left, step = 0.6, 1.78
    sheet.note(3.7, 2.08, "forward: the state · backward: the gradient", bold=True)
    states = [
        sheet.box(left + step * t, y, f"$h_{t + 1}$", "hidden", width=0.52, height=0.86) for t in range(4)
    ]
    loss = sheet.operator(left + step * 3 + 0.98, y, "L", "output", radius=0.2)
    for t, state in enumerate(states):
        following = states[t + 1] if t < 3 else loss
        ahead = following.at("left", 0.8) if t < 3 else (following.left[0] + 0.04, y + 0.12)
        behind = following.at("left", 0.2) if t < 3 else (following.left[0] + 0.04, y - 0.12)
        sheet.arrow(state.at("right", 0.8 if t < 3 else 0.64), ahead, "weight")
        sheet.arrow(behind, state.at("right", 0.2 if t < 3 else 0.36), "output")
        if t < 3:
            sheet.note(state.x + step / 2, y + 0.42, "$W_{hh}$", "weight", size=9)
            sheet.note(
                state.x + step / 2,
                back - 0.2,
                f"$\\times\\,\\mathrm{{diag}}(1-h_{t + 2}^2)\\,W_{{hh}}$",
                "output",
                size=9,
            )
        sheet.arrow(state.bottom, (state.x, terms + 0.17), "output")
        sheet.note(state.x, terms, f"term $t = {t + 1}$", "output", size=9)
    for t in range(3):
        sheet.note(states[t].x + step / 2, terms, "+", "output")
    sheet.note(loss.x, terms, "$=\\,\\partial L / \\partial W_{hh}$", "output", size=9)
