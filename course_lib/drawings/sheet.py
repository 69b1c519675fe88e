"""The few shapes that every drawing is made of: box, operator, tensor, tokens, arrow, note, brace, group.

Coordinates are inches from the lower left corner; a shape is placed by its centre.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.patches import Arc, Circle, FancyArrowPatch, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from course_lib.plots.palette import COLOURS, tint

SIZE = 10.5  # points
SMALL = 9.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """Something that arrows start from and end at: its centre and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> Point:
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> Point:
        return self.x + self.width / 2, self.y

    @property
    def top(self) -> Point:
        return self.x, self.y + self.height / 2

    @property
    def bottom(self) -> Point:
        return self.x, self.y - self.height / 2

    def at(self, side: str, share: float) -> Point:
        """A point on a side ("top", "bottom", "left", "right"), `share` of the way along it from the left or below."""
        x = self.x + (share - 0.5) * self.width
        y = self.y + (share - 0.5) * self.height
        return {
            "top": (x, self.top[1]),
            "bottom": (x, self.bottom[1]),
            "left": (self.left[0], y),
            "right": (self.right[0], y),
        }[side]


class Sheet:
    """An empty white card of `width` × `height` inches to draw on.

    What is drawn is kept for the tests: `texts` with the shape that each must stay inside (or None), and the line of
    every arrow.
    """

    def __init__(self, width: float, height: float):
        self.width, self.height = width, height
        # Constrained layout would move the axes; a drawing fills its card.
        self.figure = plt.figure(figsize=(width, height), layout="none")
        self.ax = self.figure.add_axes((0, 0, 1, 1))
        self.ax.set(xlim=(0, width), ylim=(0, height))
        self.ax.axis("off")
        self.texts: list[tuple] = []
        self.arrows: list[list[Point]] = []

    def box(
        self,
        x: float,
        y: float,
        text: str = "",
        colour: str = "plain",
        width: float = 1.1,
        height: float = 0.42,
        size: float = SIZE,
        dashed: bool = False,
    ) -> Shape:
        """A rounded box with text in it: a layer, a state, a function."""
        shape = Shape(x, y, width, height)
        self.ax.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - height / 2),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.07",
                facecolor="white" if dashed else tint(colour),
                edgecolor=COLOURS[colour],
                linewidth=1.3,
                linestyle=(0, (3, 2)) if dashed else "-",
                zorder=2,
            )
        )
        if text:
            self._text(x, y, text, "plain", size, inside=shape)
        return shape

    def bar(self, x: float, bottom: float, height: float, colour: str, width: float = 0.3) -> Shape:
        """A filled bar that stands on `bottom`: a weight, a probability."""
        left = x - width / 2
        self.ax.add_patch(Rectangle((left, bottom), width, height, facecolor=COLOURS[colour], zorder=2))
        return Shape(x, bottom + height / 2, width, height)

    def ring(self, x: float, y: float, radius: float) -> None:
        """A thin circle, for directions in a plane."""
        self.ax.add_patch(
            Circle((x, y), radius, facecolor="none", edgecolor="#B8B4A8", linewidth=1.0, zorder=0.6)
        )

    def arc(self, x: float, y: float, radius: float, start: float, end: float) -> None:
        """A thin arc around (x, y) from one angle to another, in degrees: an angle between two arrows."""
        self.ax.add_patch(
            Arc((x, y), 2 * radius, 2 * radius, theta1=start, theta2=end, color=COLOURS["plain"], linewidth=1.1)
        )

    def junction(self, x: float, y: float, colour: str = "plain") -> None:
        """A dot where lines join; lines that cross without one have nothing to do with each other."""
        self.ax.add_patch(Circle((x, y), 0.035, facecolor=COLOURS[colour], edgecolor="none", zorder=2))

    def operator(self, x: float, y: float, symbol: str, colour: str = "plain", radius: float = 0.15) -> Shape:
        """A circle with a sign in it: +, ×, σ."""
        shape = Shape(x, y, 2 * radius, 2 * radius)
        self.ax.add_patch(
            Circle((x, y), radius, facecolor="white", edgecolor=COLOURS[colour], linewidth=1.3, zorder=2)
        )
        self._text(x, y, symbol, colour, SIZE, inside=shape)
        return shape

    def tensor(
        self,
        x: float,
        y: float,
        rows: int,
        columns: int,
        colour: str = "plain",
        name: str = "",
        shape: str = "",
        cell: float = 0.16,
        dark: Sequence[tuple[int, int]] = (),
    ) -> Shape:
        """A grid of cells with its name above and its shape, in words, below; `dark` cells are filled."""
        width, height = columns * cell, rows * cell
        left, top = x - width / 2, y + height / 2
        for row in range(rows):
            for column in range(columns):
                filled = (row, column) in dark
                self.ax.add_patch(
                    Rectangle(
                        (left + column * cell, top - (row + 1) * cell),
                        cell,
                        cell,
                        facecolor=COLOURS[colour] if filled else tint(colour),
                        edgecolor=COLOURS[colour],
                        linewidth=0.8,
                        zorder=2,
                    )
                )
        if name:
            self.note(x, top + 0.14, name, colour)
        if shape:
            self.note(x, top - height - 0.14, shape, "plain", size=SMALL)
        return Shape(x, y, width, height)

    def tokens(
        self,
        x: float,
        y: float,
        words: Sequence[str],
        colour: str = "input",
        width: float = 0.8,
        gap: float = 0.1,
        height: float = 0.34,
        dashed: Sequence[int] = (),
    ) -> list[Shape]:
        """A row of boxes of equal width, the first centred at x; those in `dashed` are empty places."""
        return [
            self.box(x + n * (width + gap), y, word, colour, width, height, dashed=n in dashed)
            for n, word in enumerate(words)
        ]

    def arrow(
        self,
        start: Shape | Point,
        end: Shape | Point,
        colour: str = "plain",
        via: Sequence[Point] = (),
        label: str = "",
        label_at: Point | None = None,
        head: bool = True,
        dashed: bool = False,
    ) -> None:
        """From a shape's border (or a point) to another, straight or by way of the points in `via`.

        Between two shapes it leaves and enters at the sides that face each other.
        """
        first = via[0] if via else end
        last = via[-1] if via else start
        a = _side_towards(start, first) if isinstance(start, Shape) else start
        b = _side_towards(end, last) if isinstance(end, Shape) else end
        line = [a, *via, b]
        self.arrows.append(line)
        style = {
            "color": COLOURS[colour],
            "linewidth": 1.3,
            "linestyle": (0, (3, 2)) if dashed else "-",
            "zorder": 1.5,
        }
        if len(line) > 2:
            self.ax.add_patch(
                PathPatch(
                    Path(line[:-1]), facecolor="none", capstyle="round", joinstyle="round", **_edge(style)
                )
            )
        self.ax.add_patch(
            FancyArrowPatch(
                line[-2],
                line[-1],
                arrowstyle="-|>,head_length=4.5,head_width=2.4" if head else "-",
                shrinkA=0,
                shrinkB=0,
                mutation_scale=1,
                **style,
            )
        )
        if label:
            middle = label_at or ((line[0][0] + line[-1][0]) / 2, (line[0][1] + line[-1][1]) / 2)
            self.note(*middle, label, colour, size=SMALL)

    def note(
        self,
        x: float,
        y: float,
        text: str,
        colour: str = "plain",
        size: float = SIZE,
        align: str = "center",
        bold: bool = False,
    ) -> None:
        """Words beside the shapes."""
        self._text(x, y, text, colour, size, align=align, bold=bold)

    def group(self, left: float, bottom: float, right: float, top: float, title: str = "") -> Shape:
        """A shaded area behind the shapes that belong together, its title in the upper left corner."""
        self.ax.add_patch(
            FancyBboxPatch(
                (left, bottom),
                right - left,
                top - bottom,
                boxstyle="round,pad=0,rounding_size=0.1",
                facecolor="#F1EFE7",
                edgecolor="#CFCBBE",
                linewidth=1.0,
                zorder=0.5,
            )
        )
        if title:
            self.note(left + 0.1, top - 0.15, title, "plain", size=SMALL, align="left", bold=True)
        return Shape((left + right) / 2, (bottom + top) / 2, right - left, top - bottom)

    def brace(self, left: float, right: float, y: float, text: str, above: bool = True) -> None:
        """A bracket over (or under) a stretch, with words."""
        tip = 0.08 if above else -0.08
        path = Path([(left, y), (left, y + tip), (right, y + tip), (right, y)])
        self.ax.add_patch(
            PathPatch(path, facecolor="none", edgecolor=COLOURS["plain"], linewidth=1.1, zorder=2)
        )
        self.note((left + right) / 2, y + 2.8 * tip, text, size=SMALL)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        colour: str,
        size: float,
        inside: Shape | None = None,
        align: str = "center",
        bold: bool = False,
    ) -> None:
        drawn = self.ax.text(
            x,
            y,
            text,
            color=COLOURS[colour],
            fontsize=size,
            ha=align,
            va="center",
            fontweight="bold" if bold else "normal",
            linespacing=1.25,
            zorder=3,
        )
        self.texts.append((drawn, inside))


def _edge(style: dict) -> dict:
    return {("edgecolor" if name == "color" else name): value for name, value in style.items()}


def _side_towards(shape: Shape, target: Shape | Point) -> Point:
    """The middle of the side of `shape` that faces `target`."""
    x, y = (target.x, target.y) if isinstance(target, Shape) else target
    dx, dy = x - shape.x, y - shape.y
    if abs(dx) * shape.height > abs(dy) * shape.width:
        return shape.right if dx > 0 else shape.left
    return shape.top if dy > 0 else shape.bottom
