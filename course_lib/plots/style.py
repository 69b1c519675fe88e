"""The style of every figure, and a figure as a small PNG with the same bytes on every run."""

import io
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "SimHei",
)
GREY = "#707070"


def use_style() -> None:
    """Switch matplotlib to the course's style; Chinese characters fall back to a font that is installed."""
    plt.style.use(str(files("course_lib.plots") / "course.mplstyle"))
    installed = {font.name for font in font_manager.fontManager.ttflist}
    plt.rcParams["font.family"] = ["DejaVu Sans", *[name for name in CJK_FONTS if name in installed][:1]]


def axes_or_new(ax: Axes | None, figsize: tuple[float, float] | None = None) -> Axes:
    """The given axes, or those of a new figure."""
    return plt.subplots(figsize=figsize)[1] if ax is None else ax


def on_cpu(values):
    """A tensor of any device as NumPy can read it; anything else as it is."""
    return values.detach().cpu() if isinstance(values, torch.Tensor) else values


def to_array(values, name: str, n_dims: int) -> np.ndarray:
    """A tensor, list or array as a float array with `n_dims` dimensions; an error that names what is wrong.

    Raises:
        ValueError: wrong number of dimensions, nothing in it, or values that are not finite.
    """
    if isinstance(values, torch.Tensor):
        values = values.float()  # NumPy knows no bfloat16
    array = np.asarray(on_cpu(values), dtype=float)
    if array.ndim != n_dims or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}; expected {n_dims} dimension{'s' * (n_dims > 1)} with something in it."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values; look where they come from before you plot.")
    return array


def printable(symbol: str) -> str:
    """A token as it can be read on an axis: a space as ␣, a newline as ↵, a tab as ⇥."""
    if not isinstance(symbol, str):
        raise ValueError(f"{symbol!r} is no text; tokens are drawn as str: decode ids first.")
    return symbol.replace(" ", "␣").replace("\n", "↵").replace("\t", "⇥")


def palette_png(png: bytes, colours: int = 256) -> bytes:
    """The same picture with at most `colours` colours and no metadata: small, and equal on every run."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    small = picture.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, format="PNG", optimize=True)
    return out.getvalue()


def figure_png(figure: Figure) -> bytes:
    """The figure as a small PNG; the figure is closed."""
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    plt.close(figure)
    return palette_png(out.getvalue())
