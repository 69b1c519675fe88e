"""Tokens as axis labels: readable, in a font that has them, and as many as there is room for."""

import unicodedata
import warnings
from collections.abc import Sequence
from functools import cache

from matplotlib import font_manager, rcParams

from course_lib.plots.style import printable

POINTS_PER_INCH = 72
MISSING = "▯"
LONGEST = 20  # characters of a label


@cache
def _characters_of(families: tuple[str, ...]) -> frozenset[int]:
    """The code points that the fonts of these families can draw."""
    found: set[int] = set()
    for family in families:
        path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=True)
        found |= set(font_manager.get_font(path).get_charmap())
    return frozenset(found)


def token_labels(tokens: Sequence[str]) -> list[str]:
    """Tokens as they are to stand on an axis: spaces visible, characters without a font as ▯; see `drawable`."""
    return drawable([printable(token) for token in tokens], stacklevel=4)


def drawable(labels: Sequence[str], stacklevel: int = 3) -> list[str]:
    """Texts with ▯ in place of each character that no installed font has.

    Warns once for all of them, naming the characters and the package to install, at the line that asked for the
    picture: `stacklevel` calls up from here.
    """
    labels = list(labels)
    known = _characters_of(tuple(rcParams["font.family"]))
    # Combining marks and joiners have no picture of their own; matplotlib leaves them out.
    unknown = sorted({sign for label in labels for sign in label if ord(sign) not in known})
    if unknown:
        chinese = any(unicodedata.name(sign, "").startswith("CJK") for sign in unknown)
        cure = (
            "the font Noto Sans CJK (Debian, Ubuntu: apt install fonts-noto-cjk)"
            if chinese
            else "a Noto font with this script (Debian, Ubuntu: apt install fonts-noto)"
        )
        warnings.warn(
            f"No installed font has {' '.join(unknown[:8])}; drawn as {MISSING}. Install {cure} and restart Python.",
            stacklevel=stacklevel,
        )
        labels = ["".join(MISSING if sign in unknown else sign for sign in label) for label in labels]
    return labels


def shortened(label: str, longest: int = LONGEST) -> str:
    """A label of at most so many characters: the end of a longer one would press the picture together."""
    return label if len(label) <= longest else label[: longest - 1] + "…"


def label_every(cell_inches: float, font_size: float) -> int:
    """Label every k-th cell, so that labels one line high do not overlap.

    Args:
        cell_inches: distance of two cells; font_size in points.
    """
    return max(1, -int(-1.15 * font_size / POINTS_PER_INCH // cell_inches))
