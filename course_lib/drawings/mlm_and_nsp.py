"""BERT's two pre-training tasks (Devlin et al. 2019, section 3.1)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.1,
    """BERT's pre-training on "[CLS] the cat [MASK] [SEP] it slept [SEP]". Every position attends to every
    other. Above the masked position, a head predicts the original token, sat: masked language modelling. Above
    [CLS], another head says whether the second sentence really followed the first: next-sentence prediction.
    Other positions carry no loss.""",
)
def mlm_and_nsp(sheet: Sheet) -> None:
    tokens = ["[CLS]", "the", "cat", "[MASK]", "[SEP]", "it", "slept", "[SEP]"]
    body = sheet.box(
        3.75, 1.3, "BERT: every position attends to every position", "query", width=6.9, height=0.5
    )
    for n, token in enumerate(tokens):
        x = 0.72 + 0.865 * n
        box = sheet.box(
            x, 0.4, token, "gate" if token == "[MASK]" else "input", width=0.76, height=0.36, size=9.5
        )
        sheet.arrow(box, (x, body.bottom[1]))
        if token == "[CLS]":
            head = sheet.box(1.2, 2.15, "next-sentence head", "plain", width=1.75, height=0.36, size=9.5)
            sheet.arrow((x, body.top[1]), (x, head.bottom[1]))
            sheet.arrow((x, head.top[1]), (x, 2.55))
            sheet.note(x + 0.35, 2.74, "follows / does not", "output")
        if token == "[MASK]":
            head = sheet.box(x, 2.15, "masked-token head", "plain", width=1.75, height=0.36, size=9.5)
            sheet.arrow((x, body.top[1]), head)
            sheet.arrow(head.top, (x, 2.55))
            sheet.note(x, 2.74, "sat", "output")
    sheet.note(5.75, 2.15, "no loss at the\nother positions", "mask", size=9)
