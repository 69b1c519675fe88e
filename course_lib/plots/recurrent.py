"""Pictures of recurrent networks: the hidden state over time, the gradient and the memory against lag."""

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.plots import checks
from course_lib.plots.curves import reference_line
from course_lib.plots.palette import COLOURS
from course_lib.plots.style import axes_or_new, to_array
from course_lib.plots.tokens import token_labels


def hidden_states(
    states, symbols: Sequence[str], title: str, units: Sequence[int] | None = None, ax: Axes | None = None
) -> Axes:
    """The hidden state over time as a heatmap: one row a unit, one column a symbol that was read.

    Args:
        states: (time, hidden_size), values from −1 to 1.
        symbols: the `time` symbols read, shown below the columns.
        units: names (numbers) of the rows; None counts from 0.
    """
    values = to_array(states, "states", 2)
    if len(symbols) != len(values):
        raise ValueError(
            f"states has shape {values.shape} and there are {len(symbols)} symbols; expected one symbol a time step."
        )
    if np.abs(values).max() > 1:
        raise ValueError(
            f"states goes from {values.min():.2f} to {values.max():.2f}; a hidden state lies between −1 and 1. "
            "A cell state c has no bounds: pass its tanh."
        )
    time, n_units = values.shape
    names = checks.label_names(range(n_units) if units is None else units, n_units, "units", "units")
    ax = axes_or_new(
        ax, figsize=(max(3.5, min(10.0, 0.24 * time + 2)), max(1.8, min(6.0, 0.24 * n_units + 1.4)))
    )
    image = ax.imshow(values.T, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    # Long texts: a label at every k-th column, so that none overlap.
    every = 1 + time // 90
    labels = token_labels(symbols[::every])
    ax.set_xticks(range(0, time, every), labels, parse_math=False, fontsize=10.5 if time <= 40 else 8)
    every = 1 + n_units // 24
    ax.set_yticks(range(0, n_units, every), names[::every])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.set(xlabel="symbol read →", ylabel="hidden unit", title=title)
    ax.figure.colorbar(image, ax=ax, label="activation", ticks=[-1, 0, 1], shrink=0.9, pad=0.02)
    if values.size <= 60:
        for t, unit in np.ndindex(time, n_units):
            colour = "white" if abs(values[t, unit]) > 0.6 else "black"
            ax.text(t, unit, f"{values[t, unit]:.2f}", ha="center", va="center", color=colour, fontsize=9)
    return ax


def activation_by_position(
    activations: Mapping[str, object], positions, title: str, last: int = 8, ax: Axes | None = None
) -> Axes:
    """The mean activation of a unit at each position inside a word (or another stretch), one line for each unit.

    Args:
        activations: name → (n,) values from −1 to 1.
        positions: (n,) whole numbers from 1; those from `last` on are one point.
    """
    places = np.minimum(to_array(positions, "positions", 1), last)
    units = checks.curves(activations, "activations", "(n,) values")
    for name, unit in units.items():
        if unit.shape != places.shape:
            raise ValueError(
                f"activations[{name!r}] has shape {unit.shape}; expected one per position, {places.shape}."
            )
        checks.within(unit, f"activations[{name!r}]", -1, 1, "an activation lies between −1 and 1.")
    ax = axes_or_new(ax)
    shown = np.unique(places)
    for name, unit in units.items():
        ax.plot(shown, [unit[places == place].mean() for place in shown], "o-", label=name)
    labels = [f"{place:g}+" if place == last else f"{place:g}" for place in shown]
    ax.set_xticks(shown, labels)
    ax.set(
        xlabel="position of the letter in its word", ylabel="mean activation", title=title, ylim=(-1.05, 1.05)
    )
    ax.legend()
    return ax


def gates_over_time(
    gates: Mapping[str, object],
    symbols: Sequence[str],
    title: str,
    units: Sequence[int] | None = None,
    signed: Collection[str] = (),
) -> Figure:
    """Gates (from 0 to 1) and squashed cells (from −1 to 1) over a text, one heatmap below the other.

    Args:
        gates: name → (time, n_units).
        symbols: the `time` symbols read, shown below the last panel.
        title: says what to see.
        units: names (numbers) of the rows; None counts from 0.
        signed: the names of those that go from −1 to 1, such as a candidate or the tanh of a cell.

    Raises:
        ValueError: nothing to draw, values outside a panel's scale, or sizes that do not fit.
    """
    gates = checks.by_name(gates, "gates", "(time, n_units)")
    if strangers := [name for name in signed if name not in gates]:
        raise ValueError(f"signed names {strangers[0]!r}, but gates holds {', '.join(map(repr, gates))}.")
    panels = {name: to_array(values, f"gates[{name!r}]", 2) for name, values in gates.items()}
    n_units = next(iter(panels.values())).shape[1]
    for name, values in panels.items():
        if values.shape != (len(symbols), n_units):
            raise ValueError(
                f"gates[{name!r}] has shape {values.shape} and there are {len(symbols)} symbols; "
                "expected one row a symbol, and the same units in every panel."
            )
        if values.min() < (-1 if name in signed else 0) or values.max() > 1:
            raise ValueError(
                f"gates[{name!r}] goes from {values.min():.2f} to {values.max():.2f}; a gate lies between 0 and 1, and "
                f"what is named in signed between −1 and 1."
            )
    names, time = (
        checks.label_names(range(n_units) if units is None else units, n_units, "units", "units"),
        len(symbols),
    )
    figure, rows = plt.subplots(
        len(panels),
        1,
        sharex=True,
        squeeze=False,
        figsize=(max(4.5, min(10.0, 0.14 * time + 2)), (0.16 * n_units + 0.45) * len(panels) + 0.6),
    )
    for ax, (name, values) in zip(rows[:, 0], panels.items(), strict=True):
        low, colours = (-1, "RdBu_r") if name in signed else (0, "Blues")
        image = ax.imshow(values.T, cmap=colours, vmin=low, vmax=1, aspect="auto")
        ax.set_yticks(range(n_units), names, fontsize=8)
        ax.set_ylabel(name)
        ax.tick_params(length=0)
        ax.grid(False)
        figure.colorbar(image, ax=ax, ticks=range(low, 2), pad=0.02)
    every = 1 + time // 90
    labels = token_labels(symbols[::every])
    ax.set_xticks(range(0, time, every), labels, parse_math=False, fontsize=10.5 if time <= 40 else 8)
    ax.set_xlabel("symbol read →")
    rows[0, 0].set_title(title)
    return figure


def gate_and_cell(
    units: Mapping[str, tuple[object, object]],
    symbols: Sequence[str],
    title: str,
    marks: Collection[int] = (),
) -> Figure:
    """Forget gate and cell state of a few units over a text, as lines: the cell's scale is left, the gate's right.

    Args:
        units: what the unit does → (forget gate, from 0 to 1; cell state), each (time,); one panel each.
        symbols: the `time` symbols read, shown below the last panel.
        marks: places of symbols that get a vertical line in every panel.

    Raises:
        ValueError: nothing to draw, a gate outside its scale, or sizes that do not fit.
    """
    panels = {}
    for name, pair in checks.by_name(units, "units", "(forget gate, cell state)").items():
        gate, cell = (to_array(values, f"units[{name!r}]", 1) for values in pair)
        for values in (gate, cell):
            if len(values) != len(symbols):
                raise ValueError(
                    f"units[{name!r}] has {len(values)} values and there are {len(symbols)} symbols; expected one each."
                )
        checks.within(gate, f"units[{name!r}]", 0, 1, "a gate lies between 0 and 1.")
        panels[name] = gate, cell
    time = len(symbols)
    size = max(4.5, min(10.0, 0.13 * time + 1.5)), 1.35 * len(panels) + 0.7
    figure, rows = plt.subplots(len(panels), 1, sharex=True, squeeze=False, figsize=size)
    for ax, (name, (gate, cell)) in zip(rows[:, 0], panels.items(), strict=True):
        for place in marks:
            ax.axvline(place, color="black", linewidth=0.6, alpha=0.4)
        ax.plot(range(time), cell, color=COLOURS["cell"], label="cell state c")
        right = ax.twinx()
        right.plot(
            range(time), gate, color=COLOURS["gate"], linewidth=1, linestyle=":", label="forget gate f"
        )
        ax.set_xlim(-0.5, time - 0.5)
        ax.margins(y=0.12)
        right.set(ylim=(-0.08, 1.08), yticks=[0, 1])
        for side, label, colour in ((ax, "c", COLOURS["cell"]), (right, "f", COLOURS["gate"])):
            side.grid(False)
            side.set_ylabel(label, color=colour, rotation=0)
            side.tick_params(axis="y", colors=colour)
            side.tick_params(axis="x", length=0)
        right.spines["right"].set_visible(True)
        ax.set_title(name, fontsize=10, fontweight="normal", loc="left", pad=4)
    labels = token_labels(symbols)
    ax.set_xticks(range(time), labels, parse_math=False, fontsize=10.5 if time <= 40 else 8)
    ax.set_xlabel("symbol read →")
    figure.align_ylabels(rows[:, 0])
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure


def memory_by_lag(
    curves: Mapping[str, Sequence[float]],
    title: str,
    ylabel: str = "what is left (1 = all)",
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
    dashed: Collection[str] = (),
) -> Axes:
    """How much of something remains after each step, on a logarithmic scale; a line at 1 marks "all of it".

    Args:
        curves: name → positive values by lag, lag 0 first.
        ylim: range of values shown.
        dashed: the names of curves that lie on another one, which shows in their gaps.
    """
    named = checks.curves(curves, inside="values by lag")
    for name, curve in named.items():
        checks.within(curve, f"curves[{name!r}]", 0, np.inf, "a logarithmic axis needs positive values.")
    if strangers := [name for name in dashed if name not in named]:
        raise ValueError(f"dashed names {strangers[0]!r}, but curves holds {', '.join(map(repr, named))}.")
    ax = axes_or_new(ax)
    for name, curve in named.items():
        # Zeros (a gradient that vanished altogether) have no logarithm: they end at the foot of the axis.
        ax.plot(np.arange(len(curve)), np.maximum(curve, 1e-30), "--" if name in dashed else "-", label=name)
    ax.set_yscale("log")
    ax.axhline(1, color="black", linewidth=0.8)
    ax.set(xlabel="lag (steps)", ylabel=ylabel, title=title, xlim=(0, None))
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.legend()
    return ax


def gradient_by_lag(
    norms: Mapping[str, Sequence[float]],
    title: str,
    ylim: tuple[float, float] | None = None,
    ax: Axes | None = None,
    dashed: Collection[str] = (),
) -> Axes:
    """Norm of the gradient that reaches back `lag` steps, each curve divided by its value at lag 0.

    Args:
        norms: name → norms by lag, lag 0 first.
        ylim: range of the relative norm shown.
        dashed: the names of curves that lie on another one.
    """
    relative = {}
    for name, curve in checks.curves(norms, "norms", "norms by lag").items():
        checks.within(curve, f"norms[{name!r}]", 0, np.inf, "a norm is not negative.")
        if curve[0] <= 0:
            raise ValueError(
                f"norms[{name!r}] starts with {curve[0]:.3g}; the norm at lag 0 must be positive."
            )
        relative[name] = curve / curve[0]
    ax = memory_by_lag(relative, title, "gradient norm (relative to lag 0)", ylim, ax, dashed)
    ax.set_xlabel("lag: how many steps back")
    return ax


def recall_by_lag(
    accuracy: Mapping[str, Mapping[int, float]], chance: float, title: str, ax: Axes | None = None
) -> Axes:
    """Accuracy on the recall task against the lag, with the accuracy of guessing.

    Args:
        accuracy: name → {lag: accuracy}.
        chance: the accuracy of guessing.
    """
    named = checks.points(accuracy, "accuracy", "{lag: share right}")
    for name, (_, shares) in named.items():
        checks.within(shares, f"accuracy[{name!r}]", 0, 1, "a share lies between 0 and 1.")
    chance = checks.number(chance, "chance", 0, 1)
    ax = axes_or_new(ax)
    lags = sorted({lag for own, _ in named.values() for lag in own})
    for number, (name, (own, shares)) in enumerate(named.items()):
        ax.plot([lags.index(lag) for lag in own], shares, "o-", color=f"C{number}", label=name)
    ax.set_xticks(range(len(lags)), [str(lag) for lag in lags])
    reference_line(ax, chance, "chance")
    ax.set(xlabel="lag (steps to remember)", ylabel="accuracy", title=title, ylim=(0, 1.05))
    if len(accuracy) > 1:
        ax.legend()
    return ax


def recall_bars(
    accuracy: Mapping[str, Mapping[int, float]], chance: float, title: str, ax: Axes | None = None
) -> Axes:
    """Accuracy on the recall task as bars, a group for each lag: where curves would lie on top of each other.

    Args:
        accuracy: name → {lag: accuracy}.
        chance: the accuracy of guessing.
    """
    named = checks.points(accuracy, "accuracy", "{lag: share right}")
    for name, (_, shares) in named.items():
        checks.within(shares, f"accuracy[{name!r}]", 0, 1, "a share lies between 0 and 1.")
    chance = checks.number(chance, "chance", 0, 1)
    ax = axes_or_new(ax)
    lags = sorted({lag for own, _ in named.values() for lag in own})
    width = 0.84 / len(named)
    for number, (name, (own, shares)) in enumerate(named.items()):
        places = [lags.index(lag) + (number - (len(named) - 1) / 2) * width for lag in own]
        ax.bar(places, shares, width=0.88 * width, color=f"C{number}", label=name)
    ax.set_xticks(range(len(lags)), [str(lag) for lag in lags])
    reference_line(ax, chance, "chance")
    ax.set(xlabel="lag (steps to remember)", ylabel="accuracy", title=title, ylim=(0, 1.05))
    ax.grid(False, axis="x")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return ax
