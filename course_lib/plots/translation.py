"""Pictures of networks that write what another has read: search trees, written symbols, accuracy by length."""

from collections.abc import Collection, Mapping, Sequence
from math import prod

import numpy as np
from matplotlib.axes import Axes

from course_lib.plots import checks
from course_lib.plots.style import GREY, axes_or_new, printable, to_array
from course_lib.plots.tokens import token_labels


def accuracy_by_length(
    curves: Mapping[str, Mapping[int, float]],
    title: str,
    xlabel: str = "source length (symbols)",
    ylabel: str = "share of exact answers",
    ax: Axes | None = None,
) -> Axes:
    """The share of right answers against the length of the source: where a bottleneck shows.

    Args:
        curves: name → {length: share right, from 0 to 1}; the names are written at the curves' right ends.
        xlabel: what the length counts, or what else stands on the axis.
        ylabel: what was right.
    """
    named = checks.points(curves, "curves", "{length: share right}")
    for name, (_, values) in named.items():
        checks.within(values, f"curves[{name!r}]", 0, 1, "a share lies between 0 and 1.")
    ax = axes_or_new(ax)
    for number, (name, (lengths, values)) in enumerate(named.items()):
        # The first curves lie on top: equal ones must not hide the one that is spoken of.
        ax.plot(lengths, values, "o-", color=f"C{number}", label=name, zorder=3 - number / 10)
    ax.set_xticks(sorted({length for shares in curves.values() for length in shares}))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, ylim=(-0.03, 1.06))
    if len(curves) > 1:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def written_symbols(
    probabilities, written: Sequence[int], symbols: Sequence[str], title: str, ax: Axes | None = None
) -> Axes:
    """How sure a model was of each symbol it wrote: one bar a symbol, and its first rival where there was one.

    Args:
        probabilities: (target_len, vocab_size), each row the distribution that a symbol was chosen from.
        written: the `target_len` ids that were written.
        symbols: the vocab_size symbols.
    """
    values = to_array(probabilities, "probabilities", 2)
    written = [int(number) for number in written]
    if values.shape != (len(written), len(symbols)):
        raise ValueError(
            f"probabilities has shape {values.shape}; expected ({len(written)}, {len(symbols)}): one row for each "
            "written symbol, one column for each symbol of the vocabulary."
        )
    if (values < 0).any() or np.abs(values.sum(1) - 1).max() > 1e-3:
        raise ValueError("Every row of probabilities must sum to 1. Did you pass logits?")
    checks.within(written, "written", 0, len(symbols) - 1, f"ids lie between 0 and {len(symbols) - 1}.")
    ax = axes_or_new(ax, figsize=(7.0, 2.6))
    steps = np.arange(len(written))
    chosen = values[steps, written]
    others = values.copy()
    others[steps, written] = -1
    rivals, rival_heights = others.argmax(1), others.max(1)
    ax.bar(steps - 0.15, chosen, width=0.45, color="C0")
    # A rival stands beside the bar it lost to, from 5 % upwards: below that nothing was in doubt.
    seen = rival_heights >= 0.05
    ax.bar(steps[seen] + 0.25, rival_heights[seen], width=0.3, color="C1")
    for step in steps[seen]:
        ax.annotate(
            f"{printable(symbols[rivals[step]])}?",
            (step + 0.25, rival_heights[step]),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            color="C1",
            fontweight="bold",
            parse_math=False,
        )
    for step, height in zip(steps, chosen, strict=True):
        number = "1.00" if height > 0.995 else f"{height:.2f}"
        ax.annotate(
            number,
            (step - 0.15, height),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
        )
    labels = token_labels([symbols[number] for number in written])
    ax.set_xticks(steps, labels, parse_math=False, fontsize=12 if len(written) <= 16 else 9)
    ax.grid(axis="x", visible=False)
    ax.set(xlabel="written →", ylabel="probability", title=title, ylim=(0, 1.15))
    return ax


def search_tree(
    probabilities: Mapping[tuple[str, ...], float],
    kept: Collection[tuple[str, ...]],
    title: str,
    found: tuple[str, ...] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A search over a small tree of sequences: every beginning a node, those that were kept in colour.

    Args:
        probabilities: beginning → probability of its last symbol after those before it; every beginning of a
            beginning must be there too.
        kept: the beginnings that the search went on from, or ended with.
        found: the sequence it gave back, drawn thick.
    """
    for node, probability in checks.by_name(probabilities, "probabilities", "probability").items():
        if not isinstance(node, tuple) or not node:
            raise ValueError(f"probabilities holds the key {node!r}; expected tuples of one or more symbols.")
        checks.number(probability, f"probabilities[{node!r}]", 0, 1)
        if len(node) > 1 and node[:-1] not in probabilities:
            raise ValueError(f"probabilities holds {node} but not its beginning {node[:-1]}.")
    if strangers := [node for node in (*kept, *([found] if found else [])) if node not in probabilities]:
        raise ValueError(f"{strangers[0]} was kept or found, but probabilities does not hold it.")
    inner = {node[:-1] for node in probabilities}
    leaves = _in_tree_order(probabilities, ())
    leaves = [node for node in leaves if node not in inner]
    row = {leaf: -float(number) for number, leaf in enumerate(leaves)}
    for node in sorted(inner, key=len, reverse=True):
        below = [row[child] for child in probabilities if child[:-1] == node]
        row[node] = (min(below) + max(below)) / 2
    depth = max(map(len, probabilities))
    ax = axes_or_new(ax, figsize=(7.0, max(2.5, 0.33 * len(leaves) + 0.8)))
    on_path = {found[:length] for length in range(1, len(found) + 1)} if found else set()
    for node, probability in probabilities.items():
        colour = "C1" if node in on_path else "C0" if node in kept else "#b8b8b8"
        front = 3 if node in on_path else 2 if node in kept else 1
        start, end = (len(node) - 1, row[node[:-1]]), (len(node), row[node])
        ax.plot(*zip(start, end, strict=True), color=colour, linewidth=1 + front * 0.6, zorder=front)
        ax.annotate(
            f"{printable(node[-1])} {probability:.2g}",
            end,
            ha="center",
            va="center",
            fontsize=9.5,
            color=GREY if front == 1 else "black",
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colour},
            parse_math=False,
            zorder=4,
        )
    for leaf in leaves:
        whole = prod(probabilities[leaf[:length]] for length in range(1, len(leaf) + 1))
        ax.annotate(
            f"{whole:.3f}",
            (depth + 0.55, row[leaf]),
            ha="center",
            va="center",
            fontsize=9.5,
            color="C1" if leaf == found else "black" if leaf in kept else GREY,
            fontweight="bold" if leaf == found else "normal",
        )
    ax.annotate("product", (depth + 0.55, 0.9), ha="center", va="center", fontsize=9.5)
    ax.set(xlim=(-0.1, depth + 0.9), ylim=(min(row.values()) - 0.7, 1.3), title=title)
    ax.axis("off")
    return ax


def _in_tree_order(nodes: Mapping[tuple[str, ...], float], start: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All beginnings that go on from `start`, each followed by its own continuations."""
    found = []
    for node in nodes:
        if node[:-1] == start:
            found += [node, *_in_tree_order(nodes, node)]
    return found


def stored_and_live(
    stored: Sequence[float],
    live: Sequence[float],
    every: int,
    title: str,
    unit: str = "nats per word",
    ax: Axes | None = None,
) -> Axes:
    """The training loss of a stored model, and over its beginning that of the same training run here.

    Args:
        stored, live: mean loss in nats of each `every` steps, from the first step.
        every: steps in each mean.
        unit: of the loss.
    """
    if every < 1:
        raise ValueError(f"every is {every}; expected at least 1 step in each mean.")
    whole, begun = to_array(stored, "stored", 1), to_array(live, "live", 1)
    if len(begun) > len(whole):
        raise ValueError(f"live has {len(begun)} means and stored only {len(whole)}; live is its beginning.")
    ax = axes_or_new(ax)
    ax.plot(
        every * np.arange(1, len(whole) + 1),
        whole,
        color="C0",
        linewidth=1.2,
        label="stored: the whole training",
    )
    ax.plot(every * np.arange(1, len(begun) + 1), begun, "o", color="C1", markersize=4, label="here, now")
    # Logarithmic: what was trained here is a small part of the whole, and must be seen.
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set(xlabel="training step (logarithmic)", ylabel=f"training loss ({unit})", title=title)
    ax.legend()
    return ax
