"""One encoder, three heads: classification, tagging, spans (Devlin et al. 2019, figure 4)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    2.7,
    """Three small heads on the same pre-trained BERT. Left, classification: a linear layer reads the vector of
    [CLS] and gives one label for the text. Middle, tagging: one linear layer reads every word's vector and gives
    a tag each; [CLS] has none. Right, spans: two scores per token, start and end, mark the answer to a question.
    Only the head is new; fine-tuning changes all weights.""",
)
def head_on_top(sheet: Sheet) -> None:
    for number, (title, labels) in enumerate(
        (
            ("classification", ["label", "", "", ""]),
            ("tagging", ["", "B", "I", "O"]),
            ("spans", ["", "start", "end", ""]),
        )
    ):
        left = 0.15 + 2.5 * number
        sheet.note(left + 1.1, 2.52, title, bold=True)
        body = sheet.box(left + 1.1, 1.0, "BERT, pre-trained", "query", width=2.2, height=0.4)
        for n, label in enumerate(labels):
            x = left + 0.28 + 0.55 * n
            word = f"$x_{n}$" if n else "[CLS]"
            token = sheet.box(x, 0.35, word, "input", width=0.5, height=0.32, size=8.5)
            sheet.arrow(token, (x, body.bottom[1]))
            if label:
                head = sheet.box(x, 1.6, "W", "weight", width=0.36, height=0.28, size=9)
                sheet.arrow((x, body.top[1]), head)
                sheet.arrow(head, sheet.box(x, 2.16, label, "output", width=0.52, height=0.3, size=9))
