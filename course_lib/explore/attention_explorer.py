"""Every head of a model to look through: pick layer and head, point at a query, read its weights.

One self-contained piece of HTML, with the still picture inside: it works in JupyterLab, offline, reopened without a
kernel and in an exported page, and where no script may run the picture stays.
"""

import base64
import hashlib
import html
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from course_lib.explore.heads import Heads, without_controls
from course_lib.plots import attention_grid, attention_heatmap, figure_png, palette_png
from course_lib.plots.attention import COLOURS, GOLD, MASKED

WITH_SENTENCE = 12  # queries whose look stands in the plain text
MANY_MAPS = 16  # from here on the still picture is small and without token labels
# Steps in which weights are sent: 1/65,535; with many of them 1/1,500, which takes half the room.
FINE, COARSE, MANY_WEIGHTS = 65535, 1500, 100_000


def attention_explorer(
    weights,
    tokens: Sequence[str] | None = None,
    *,
    query_tokens: Sequence[str] | None = None,
    key_tokens: Sequence[str] | None = None,
    mask=None,
    names: Sequence[str] | None = None,
    row: int = 0,
    title: str = "Attention: which token looks at which",
) -> "AttentionExplorer":
    """Attention maps to look through: all heads small, one of them large, one query's weights as bars.

        attention_explorer(weights, "the cat sat on the mat".split())  # (layers, heads, time, time)

    Click a small map, or use the arrow keys; move over the large one to choose a query.

    Args:
        weights, tokens, query_tokens, key_tokens, mask, names, row: as in `Heads`. Or only weights, a mapping from
            titles to `Heads`, for a model with several kinds of attention:
            `attention_explorer({"encoder": Heads(…), "decoder, at the source": Heads(…)})`.
        title: says what to see.

    Raises:
        ValueError: as `Heads`.
    """
    if isinstance(weights, Mapping) and any(isinstance(part, Heads) for part in weights.values()):
        given = (tokens, query_tokens, key_tokens, mask, names)
        if any(argument is not None for argument in given) or row:
            raise ValueError(
                "Where weights is a mapping to Heads, tokens, mask, names and row belong into each Heads."
            )
        if strange := [name for name, part in weights.items() if not isinstance(part, Heads)]:
            raise ValueError(f"weights[{strange[0]!r}] is no Heads, but others are.")
        return AttentionExplorer(dict(weights), title)
    options = {
        "query_tokens": query_tokens,
        "key_tokens": key_tokens,
        "mask": mask,
        "names": names,
        "row": row,
    }
    return AttentionExplorer({"": Heads(weights, tokens, **options)}, title)


class AttentionExplorer:
    """What `attention_explorer` returns: a notebook shows it; `html` is the whole view as text.

    Args:
        views: title → the heads shown under it; a single one needs no title.
        title: stands above the view.
    """

    def __init__(self, views: Mapping[str, Heads], title: str):
        self.views, self.title = {without_controls(name): heads for name, heads in views.items()}, title

    @cached_property
    def png(self) -> bytes:
        """All heads of the first view, as the still picture."""
        name, heads = next(iter(self.views.items()))
        title = f"{self.title} ({name})" if name else self.title
        tokens = {"query_tokens": heads.queries, "key_tokens": heads.keys}
        mask, n_maps = heads.allowed if heads.masked else None, heads.layers * heads.heads
        if n_maps == 1:
            flat = None if mask is None else mask[0, 0]
            scale = "sqrt" if len(heads.keys) > 12 else "linear"
            drawn = attention_heatmap(heads.weights[0, 0], title=title, mask=flat, scale=scale, **tokens)
        elif n_maps <= MANY_MAPS:
            # Names of one's own need room, which a grid has only above few tiles.
            names = heads.names if heads.heads <= 4 else None
            drawn = attention_grid(heads.weights, title, mask=mask, names=names, **tokens)
        else:
            drawn = attention_grid(heads.weights, title, mask=mask)
            with plt.rc_context({"savefig.dpi": 72}):
                return _in_shades(figure_png(drawn.figure))
        return palette_png(figure_png(drawn.figure), 192)

    @cached_property
    def html(self) -> str:
        """The picture and the script that replaces it."""
        views, parts = zip(*(_packed(name, heads) for name, heads in self.views.items()), strict=True)
        colours = [to_hex(plt.get_cmap(COLOURS)(k / 8)) for k in range(9)]
        data = base64.b64encode(zlib.compress(b"".join(parts), 9)).decode()
        spec = as_script({"title": self.title, "colours": colours, "views": views, "data": data})
        # The name says only which script belongs to which picture: the same view twice on a page does no harm.
        name = hashlib.sha256(spec.encode()).hexdigest()[:16]
        picture = base64.b64encode(self.png).decode()
        alt = html.escape(f"{self.title}. {self._size()}", quote=True)
        return (
            f'<div data-attention-explorer="{name}"><img alt="{alt}" style="max-width: 100%" '
            f'src="data:image/png;base64,{picture}"></div>\n<script type="module">\n{_script()}\n'
            f"exploreAll('[data-attention-explorer=\"{name}\"]', {spec});\n</script>"
        )

    def _size(self) -> str:
        return "; ".join(
            f"{f'{name}: ' * bool(name)}{heads.layers} × {heads.heads} heads, {len(heads.queries)} queries × "
            f"{len(heads.keys)} keys"
            for name, heads in self.views.items()
        )

    def __repr__(self) -> str:
        heads = next(iter(self.views.values()))
        lines = [f"{self.title} ({self._size()})", f"{heads.names[0] or 'The map'}, most weight:"]
        for query, weights in list(zip(heads.queries, heads.weights[0, 0], strict=True))[:WITH_SENTENCE]:
            most = f"{heads.keys[int(weights.argmax())]} {weights.max():.2f}" if weights.any() else "nothing"
            lines.append(f"  {query} → {most}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {
            "text/html": self.html,
            "image/png": base64.b64encode(self.png).decode(),
            "text/plain": repr(self),
        }


def as_script(value) -> str:
    """JSON that may stand inside <script>: no token in it can end the script or open a comment."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _in_shades(png: bytes) -> bytes:
    """The picture in ten shades of the scale, greys and the mark's colour: small, and without false colours."""
    shades = [plt.get_cmap(COLOURS)(k / 9)[:3] for k in range(10)]
    greys = [(grey, grey, grey) for grey in np.linspace(0, 1, 5)]
    palette = Image.new("P", (1, 1))
    colours = np.array([*shades, *greys, to_rgb(MASKED), to_rgb(GOLD)])
    palette.putpalette((colours * 255).round().astype(np.uint8).tobytes())
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()


@cache
def _script() -> str:
    """The module, without its comments: every notebook output carries a copy."""
    folder = files("course_lib.explore")
    names = "attention_drawing.js", "attention_explorer.js"
    lines = "\n".join((folder / name).read_text(encoding="utf-8") for name in names).splitlines()
    bare = (line.strip() for line in lines)
    return "\n".join(line for line in bare if line and not line.startswith("//"))


def _packed(name: str, heads: Heads) -> tuple[dict, bytes]:
    """What the script reads: facts about one view, and its numbers as bytes."""
    same = (heads.allowed == heads.allowed[0, 0]).all()
    mask = ("shared" if same else "own") if heads.masked else None
    bits = heads.allowed[0, 0] if same else heads.allowed
    facts = {
        "name": name,
        "queries": heads.queries,
        "keys": heads.keys,
        "layers": heads.layers,
        "heads": heads.heads,
        "names": heads.names,
        "mask": mask,
        "unit": FINE if heads.weights.size <= MANY_WEIGHTS else COARSE,
    }
    numbers = (heads.weights, facts["unit"]), (heads.entropies, 1000), (heads.row_sums, 10000)
    parts = [_bytes(values, unit) for values, unit in numbers]
    return facts, b"".join(parts) + (np.packbits(bits).tobytes() if mask else b"")


def _bytes(values: np.ndarray, unit: int) -> bytes:
    """16-bit numbers in steps of 1/unit: all high bytes, then all low ones, which deflates better than pairs."""
    numbers = np.clip(np.round(values * unit), 0, 65535).astype(np.uint16).ravel()
    return (numbers >> 8).astype(np.uint8).tobytes() + (numbers & 255).astype(np.uint8).tobytes()
