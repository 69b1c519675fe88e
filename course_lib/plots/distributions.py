"""Bars of a next-symbol distribution."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from course_lib.plots.style import axes_or_new, on_cpu, printable, to_array
from course_lib.plots.tokens import drawable


def next_symbol_bars(
    probabilities,
    symbols: Sequence[str],
    title: str,
    top: int = 12,
    ax: Axes | None = None,
    *,
    shown: Sequence[int] | None = None,
) -> Axes:
    """The `top` likeliest next symbols as bars, and all others together as one grey bar.

    Its label counts the others that are not 0, or all of them where every one is.

    Args:
        probabilities: (vocab_size,), summing to 1.
        symbols: the vocab_size symbols.
        shown: ids of the symbols that have a bar, in this order, so that two pictures can be compared; `top` is not
            used then.
    """
    values = to_array(probabilities, "probabilities", 1)
    if len(values) != len(symbols):
        raise ValueError(f"probabilities has shape {values.shape}, but there are {len(symbols)} symbols.")
    if (values < 0).any() or abs(values.sum() - 1) > 1e-3:
        raise ValueError(
            f"probabilities sums to {values.sum():.4f}; a distribution sums to 1. Did you pass logits?"
        )
    if shown is None:
        if top < 1:
            raise ValueError(f"top is {top}; expected at least 1 symbol with a bar of its own.")
        best = np.argsort(-values, kind="stable")[:top]
    else:
        best = np.asarray(on_cpu(shown), dtype=np.int64)
        if len(set(best.tolist())) < len(best) or (best < 0).any() or (best >= len(values)).any():
            raise ValueError(f"shown is {best.tolist()}; expected different ids from 0 to {len(values) - 1}.")
    ax = axes_or_new(ax, figsize=(7.0, 2.8))
    heights = [*values[best], max(0.0, 1 - values[best].sum())]
    *labels, title = drawable([*(printable(symbols[i]) for i in best), title])
    rest = np.delete(values, best)
    n_others = int(np.count_nonzero(rest)) or len(rest)  # what top-k or top-p cut off is in no bar
    labels = [*labels, f"{n_others}\nother{'s' * (n_others != 1)}"]
    bars = ax.bar(range(len(heights)), heights, color=["C0"] * len(best) + ["#b0b0b0"])
    # Impossible and merely small are two things; 1e-6 is what rounding leaves of 1 − a sum.
    numbers = [f"{h:.2f}" if h >= 0.005 else "<.01" if h > 1e-6 else "0" for h in heights]
    ax.bar_label(bars, numbers, fontsize=8.5, padding=2)
    ax.set_xticks(range(len(labels)), labels, parse_math=False)
    ax.grid(axis="x", visible=False)
    ax.set(ylabel="probability", ylim=(0, 1.1))
    ax.set_title(title, parse_math=False)  # it may quote what was typed
    return ax
