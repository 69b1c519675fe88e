"""How a language model chooses: its next-symbol distribution under the three knobs, and a text written with them."""

import base64
import html
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from course_lib.decoding import next_distribution, stream
from course_lib.explore.background import Writer
from course_lib.explore.live import error_words, picture_widget
from course_lib.models.modes import evaluating
from course_lib.models.transformer import DecoderOnly
from course_lib.plots import figure_png, next_symbol_bars
from course_lib.text.streaming import text_pieces

ALL = "all"
TOP_KS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
WIDTH = 78  # characters in a line of the still picture


class SamplingPanel(widgets.VBox):
    r"""Temperature, top-k and top-p together: move one and see what may come next; "write" writes a text with them.

    The text appears symbol by symbol, and "stop" ends it; the same seed writes the same text. Where no kernel runs,
    distribution and text are shown as a picture.

    Args:
        model: a trained GPT or Llama.
        encode: text → (time,) ids.
        decode: list of ids → text.
        prompt: what the text begins with; `\n` typed in the box stands for a new line.
        n_new: symbols to write; with the prompt at most what the model can read.
        temperature, top_k, top_p, seed: where the controls stand at first; top_k None keeps all symbols.
        top: how many symbols have a bar of their own.

    Raises:
        ValueError: a prompt that cannot be read or with nothing in it, or a control's start out of its range.
    """

    def __init__(
        self,
        model: DecoderOnly,
        encode: Callable[[str], Tensor],
        decode: Callable[[Sequence[int]], str],
        prompt: str,
        *,
        n_new: int = 100,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int = 0,
        top: int = 12,
    ):
        self._model, self._encode, self._decode = model, encode, decode
        self._n_new, self._top = n_new, top
        logits = self._logits(prompt)  # before any control: an error is an error of the call
        next_distribution(logits, temperature, top_k, top_p)
        self._symbols = [decode([number]) for number in range(len(logits))]
        self.prompt = _control(widgets.Text, "begins with", value=prompt.replace("\n", "\\n"), width="24em")
        self.temperature = _control(
            widgets.FloatSlider, "temperature", value=temperature, min=0, max=max(3.0, temperature), step=0.05
        )
        stops = sorted({k for k in (*TOP_KS, top_k) if k and k < len(logits)})
        start = top_k if top_k in stops else ALL
        self.top_k = _control(widgets.SelectionSlider, "top-k", value=start, options=[*stops, ALL])
        self.top_p = _control(widgets.FloatSlider, "top-p", value=top_p, min=0.01, max=1, step=0.01)
        self.seed = _control(widgets.BoundedIntText, "seed", value=seed, min=0, max=10**9, width="10em")
        self.write = widgets.Button(description="write", button_style="primary")
        self.stop = widgets.Button(description="stop")
        self.message, self.text = widgets.HTML(), widgets.HTML()
        controls = [self.prompt, self.temperature, self.top_k, self.top_p, self.seed, self.write]
        self.writer = Writer(self.stop, controls, self._show, self._failed)
        self._alt = "The distribution of the next symbol under temperature, top-k and top-p, and a text."
        self.picture = picture_widget(self._look(), self._alt)
        self._go_on()
        for control in (self.prompt, self.temperature, self.top_k, self.top_p):
            control.observe(self._moved, names="value")
        self.write.on_click(self._clicked)
        rows = [self.prompt, self.seed, self.write, self.stop], [self.temperature, self.top_k, self.top_p]
        boxes = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        super().__init__([*boxes, self.message, self.picture, self.text])

    @property
    def knobs(self) -> dict:
        """What the controls say: temperature, top_k, top_p, as `next_distribution` and `generate` take them."""
        top_k = None if self.top_k.value == ALL else self.top_k.value
        top_p = None if self.top_p.value == 1 else round(self.top_p.value, 2)
        return {"temperature": round(self.temperature.value, 2), "top_k": top_k, "top_p": top_p}

    def _typed(self) -> str:
        return self.prompt.value.replace("\\n", "\n")

    @torch.inference_mode()
    def _logits(self, prompt: str) -> Tensor:
        ids = self._encode(prompt)  # (time,)
        if len(ids) == 0:
            raise ValueError("The text to begin with is empty; type at least one symbol.")
        device = next(self._model.parameters()).device
        with evaluating(self._model):
            return self._model(ids[None].to(device), last_only=True)[0, -1].float().cpu()  # (vocab_size,)

    def _look(self) -> bytes:
        """The distribution that the controls ask for, as a picture."""
        probabilities = next_distribution(self._logits(self._typed()), **self.knobs)
        kept = int((probabilities > 0).sum())
        title = f"After “{self.prompt.value[-24:]}”: {kept} of {len(probabilities)} symbols stay"
        self._bars = probabilities, title, min(self._top, kept)
        return figure_png(self._draw().figure)

    def _draw(self, ax: Axes | None = None) -> Axes:
        probabilities, title, top = self._bars
        return next_symbol_bars(probabilities, self._symbols, title, top=top, ax=ax)

    def _go_on(self, *, at_once: bool = True) -> None:
        knobs, seed = self.knobs, self.seed.value
        ids, generator = self._encode(self._typed()), torch.Generator().manual_seed(seed)  # (time,)
        how = f"temperature {knobs['temperature']:g}, top-k {knobs['top_k'] or ALL}, "
        how += f"top-p {knobs['top_p'] or 1:g}, seed {seed}"
        # What was read back of the prompt: a tokenizer may have changed it, such as its capitals.
        self._read, self._how = self._decode(ids.tolist()), how
        start = len(self._read)
        symbols = stream(self._model, ids, self._n_new, generator=generator, **knobs)
        # Decoded with the prompt, because a tokenizer may write a symbol otherwise at the beginning of a text.
        pieces = text_pieces(symbols, lambda new: self._decode([*ids.tolist(), *new])[start:])
        (self.writer.run if at_once else self.writer.start)(pieces, self._done)

    def _show(self, text: str) -> None:
        style = "white-space: pre-wrap; line-height: 1.35; margin: 0 0 0 4px"
        begun, rest = html.escape(self._read), html.escape(text)
        self.text.value = f"<i>Written with {self._how}:</i><pre style='{style}'><b>{begun}</b>{rest}</pre>"

    def _done(self, text: str) -> None:
        self.written, self.how = self._read + text, self._how

    def _failed(self, error: Exception) -> None:
        self.message.value = f"<b>This does not work:</b> {error_words(error)}"

    def _moved(self, change: dict) -> None:
        with self._errors_shown():
            self.picture.value = self._look()

    def _clicked(self, button: widgets.Button) -> None:
        with self._errors_shown():
            self._go_on(at_once=False)

    @contextmanager
    def _errors_shown(self) -> Iterator[None]:
        """An error in a callback would vanish into the log."""
        try:
            yield
            self.message.value = ""
        except Exception as error:
            self._failed(error)

    def _still(self) -> bytes:
        """Distribution and text in one picture."""
        lines = [part for line in self.written.split("\n") for part in textwrap.wrap(line, WIDTH) or [""]]
        height = 0.4 + 0.17 * len(lines)
        figure, (bars, page) = plt.subplots(
            2, figsize=(7, 2.8 + height), height_ratios=[2.8, height], layout="constrained"
        )
        self._draw(bars)
        page.axis("off")
        page.set_title(f"Written with {self.how}", fontsize=10, fontweight="normal")
        style = {"family": "monospace", "fontsize": 9, "va": "top", "parse_math": False}
        page.text(0, 1, "\n".join(lines), transform=page.transAxes, **style)
        return figure_png(figure)

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["image/png"] = base64.b64encode(self._still()).decode()
        plain = f"{self._alt} (Run this notebook to change it.)\nWritten with {self.how}:\n{self.written}"
        bundle["text/plain"] = plain
        return bundle


def _control(kind, label: str, width: str = "21em", **options) -> widgets.ValueWidget:
    return kind(
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": width},
        **options,
    )
