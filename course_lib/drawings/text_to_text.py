"""Every task as a text with a prefix (Raffel et al. 2020, figure 1)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet

TASKS = [
    ("sentiment: the soup was not good .", "negative"),
    ("correct: the keys is old .", "the keys are old ."),
    ("question: who lost it ? context: anna lost it .", "anna"),
    ("translate: the book was sold by tom .", "sold ( tom , the book )"),
    ("summarize: anna lost a key . tom found it . …", "tom found the key and …"),
]


@drawing(
    7.5,
    2.9,
    """One model for five tasks. Each line on the left is a text that begins with the name of its task: sentiment,
    correct, question, translate or summarize. All five go into the same encoder–decoder, T5. Each line on the right
    is the text that it writes: a label, a corrected sentence, an answer, a formula, a summary.""",
)
def text_to_text(sheet: Sheet) -> None:
    model = sheet.box(4.55, 1.35, "T5", "query", width=0.8, height=2.3)
    sheet.note(1.95, 2.72, "what the encoder reads", size=9)
    sheet.note(6.25, 2.72, "what the decoder writes", size=9)
    for n, (source, target) in enumerate(TASKS):
        y = 2.31 - 0.48 * n
        read = sheet.box(1.95, y, source, "input", width=3.55, height=0.36, size=9.5)
        written = sheet.box(6.25, y, target, "output", width=1.95, height=0.36, size=9.5)
        sheet.arrow(read.right, (model.left[0], y))
        sheet.arrow((model.right[0], y), written.left)
