"""GPT: a stack of causal blocks that predicts the next token at every position (Radford et al. 2018, 2019)."""

from course_lib.drawings.drawing import drawing
from course_lib.drawings.sheet import Sheet


@drawing(
    7.5,
    3.3,
    """GPT over four tokens, "the cat sat on", read from bottom to top. Each token's embedding and position enter a
    stack of N blocks, each causal self-attention and a feed-forward network: arrows inside the stack lead from
    each position to itself and to later positions only. Above, each position predicts the token that follows
    it: cat, sat, on, and a new one, the. The output layer shares its matrix with the embedding.""",
)
def gpt(sheet: Sheet) -> None:
    sheet.group(0.3, 0.95, 5.75, 2.35)
    words, following = ["the", "cat", "sat", "on"], ["cat", "sat", "on", "the"]
    lower, upper = 1.18, 1.95
    places = [0.95 + 1.38 * n for n in range(4)]
    for x, word, target in zip(places, words, following, strict=True):
        token = sheet.box(x, 0.35, word, "input", width=0.95, height=0.36)
        sheet.arrow(token, (x, lower))
        out = sheet.box(x, 2.9, target, "output", width=0.95, height=0.36)
        sheet.arrow((x, upper), out)
    for place, x in enumerate(places):
        for earlier in places[: place + 1]:
            sheet.arrow((earlier, lower), (x, upper), "query")
    sheet.note(6.6, 0.35, "embedding\n+ position", "weight", size=9)
    sheet.note(6.6, 2.9, "output layer: the\nembedding matrix", "weight", size=9)
    sheet.note(6.6, 1.65, "N blocks: causal\nself-attention and\nfeed-forward; no arrow\nleads back", "query", size=9)
