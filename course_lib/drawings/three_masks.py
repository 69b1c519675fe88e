"""Who attends to whom in BERT, GPT and T5 (Raffel et al. 2020, figures 3 and 4)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet

N_SOURCE, N_TARGET = 4, 3
N = N_SOURCE + N_TARGET


@drawing(
    7.5,
    2.75,
    """Three attention masks for a source of 4 tokens and a target of 3; a row is a query, a column is a key,
    filled cells may attend. BERT: every token attends to every token. GPT: every token attends to itself and to
    those before it, in the source as well. T5: source tokens attend to the whole source, in the encoder; target
    tokens attend to the whole source by cross-attention, and to themselves and those before them in the
    decoder. Source tokens never attend to the target.""",
)
def three_masks(sheet: Sheet) -> None:
    every = [(q, k) for q in range(N) for k in range(N)]
    masks = [
        ("BERT: an encoder", every),
        ("GPT: a causal decoder", [(q, k) for q, k in every if k <= q]),
        ("T5: encoder and decoder", [(q, k) for q, k in every if k < N_SOURCE or (q >= N_SOURCE and k <= q)]),
    ]
    for n, (name, dark) in enumerate(masks):
        x = 1.35 + 2.45 * n
        grid = sheet.tensor(x, 1.2, N, N, "query", dark=dark, cell=0.23)
        sheet.note(x, 2.58, name, size=9.5, bold=True)
        left, top, cell = grid.left[0], grid.top[1], 0.23
        sheet.brace(left, left + N_SOURCE * cell, top + 0.06, "source")
        sheet.brace(left + N_SOURCE * cell + 0.04, left + N * cell, top + 0.06, "target")
    sheet.note(0.28, 1.2, "query", "query", size=9)
    sheet.note(1.35, 0.2, "key", "key", size=9)
