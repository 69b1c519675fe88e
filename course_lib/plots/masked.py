"""What a masked language model guesses for each hidden word, and where its heads looked meanwhile."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_lib.plots.attention_grid import attention_grid
from course_lib.plots.distributions import next_symbol_bars
from course_lib.plots.style import printable

WIDTH, BARS_HEIGHT, MOST_MASKS = 8.5, 2.3, 4


def masked_words(
    tokens: Sequence[str],
    guesses: Mapping[int, object],
    weights=None,
    *,
    symbols: Sequence[str],
    top: int = 8,
    title: str = "Where the heads looked",
) -> Figure:
    """The guesses for each masked place as bars, and all heads as a grid below them.

    With a function guess(text) → (tokens, guesses, weights), one types sentences:

        TypedFigure(lambda text: plots.masked_words(*guess(text), symbols=words), start="the [MASK] sat", …)

    Args:
        tokens: the time tokens that the model read, special ones included.
        guesses: place in tokens → probabilities (vocab_size,), summing to 1; one to four places.
        weights: (layers, heads, time, time), each row summing to 1; None leaves out the grid.
        symbols: the vocab_size symbols.
        top: how many symbols have a bar of their own.
        title: stands above the grid.

    Raises:
        ValueError: no masked place or more than four, a place outside tokens, probabilities that are none, or
            weights that do not fit the tokens.
    """
    places = sorted(guesses)
    if not 1 <= len(places) <= MOST_MASKS:
        raise ValueError(
            f"{len(places)} words are masked in “{' '.join(tokens)}”; put [MASK] in place of one to {MOST_MASKS} words."
        )
    if places[0] < 0 or places[-1] >= len(tokens):
        raise ValueError(f"guesses has the places {places}, but there are {len(tokens)} tokens.")
    columns = min(2, len(places))
    rows = -(-len(places) // columns)
    heights = [BARS_HEIGHT * rows]
    if weights is not None:
        layers, heads = _layers_and_heads(weights)
        heights.append(1.3 + layers * (0.78 * WIDTH / max(heads, 3) + 0.1))
    figure = plt.figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    try:
        parts = figure.subfigures(len(heights), squeeze=False, height_ratios=heights)[:, 0]
        panels = list(parts[0].subplots(rows, columns, squeeze=False, sharey=True).flat)
        few = top if columns == 1 else max(2, top // 2)  # half as wide
        for ax, place in zip(panels, places, strict=False):
            heading = _with_gap(tokens, place)
            next_symbol_bars(guesses[place], symbols, heading, top=min(few, len(symbols)), ax=ax)
        for ax in panels[len(places) :]:  # what is left of the last row
            ax.set_visible(False)
        if weights is not None:
            ax = parts[1].subplots()
            attention_grid(weights, title, query_tokens=tokens, key_tokens=tokens, ax=ax)
    except ValueError:
        plt.close(figure)  # what does not fit must not leave half a picture
        raise
    return figure


def _layers_and_heads(weights) -> tuple[int, int]:
    shape = tuple(np.shape(weights))
    if len(shape) != 4:
        raise ValueError(f"weights has shape {shape}; expected (layers, heads, time, time).")
    return shape[:2]


def _with_gap(tokens: Sequence[str], place: int) -> str:
    """The masked place with three tokens on each side."""
    left, right = tokens[max(0, place - 3) : place], tokens[place + 1 : place + 4]
    words = [
        *("…" for _ in range(place > 3)),
        *left,
        "____",
        *right,
        *("…" for _ in range(place + 4 < len(tokens))),
    ]
    return " ".join(map(printable, words))
