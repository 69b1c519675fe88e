"""Talk with a model: type a question, read the answer as it is written, and go on from there."""

import base64
import html
import textwrap
from collections.abc import Iterator, Sequence

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch

from course_lib.decoding import stream
from course_lib.explore.background import Writer
from course_lib.explore.live import error_words
from course_lib.models.transformer import DecoderOnly
from course_lib.plots import figure_png
from course_lib.text.bpe import BPE
from course_lib.text.chat import SYSTEM, Message, chat_ids, stop_id
from course_lib.text.streaming import text_pieces

NAMES = {"system": "system", "user": "you", "assistant": "model"}
WIDTH = 84  # characters in a line of the still picture


class ChatPanel(widgets.VBox):
    """A conversation that you go on with: the answer appears as it is written, and "stop" ends it.

    All that was said is read again for every answer: that is the model's whole memory. Where it no longer fits into the
    model's context, the oldest questions and answers are left out. Where no kernel runs, the conversation is shown as a
    picture.

    Args:
        model: a model that was trained on conversations, such as that of `load_llama`.
        tokenizer: its tokenizer.
        messages: the conversation so far; if its last message is the user's, it is answered at once.
        system: what the model is told before all else.
        n_new: symbols of an answer at most.
        temperature: where its control stands at first; 0 always writes the likeliest symbol.
        seed: of the random numbers.

    Raises:
        ValueError: a message of another form, or one that does not fit into the context.
    """

    def __init__(
        self,
        model: DecoderOnly,
        tokenizer: BPE,
        messages: Sequence[Message] = (),
        *,
        system: str = SYSTEM,
        n_new: int = 200,
        temperature: float = 0.0,
        seed: int = 0,
    ):
        self._model, self._tokenizer, self._system, self._n_new = model, tokenizer, system, n_new
        self._stop_id, self._generator = stop_id(tokenizer), torch.Generator().manual_seed(seed)
        self._messages: list[dict] = [dict(message) for message in messages]
        style = {"style": {"description_width": "initial"}}
        self.box = widgets.Textarea(placeholder="Ask something", layout={"width": "42em", "height": "4em"})
        self.send = widgets.Button(description="send", button_style="primary")
        self.stop = widgets.Button(description="stop")
        self.clear = widgets.Button(description="new conversation")
        self.temperature = widgets.FloatSlider(
            value=temperature, min=0, max=max(2.0, temperature), step=0.05, description="temperature", **style
        )
        self.page, self.message = widgets.HTML(), widgets.HTML()
        self.writer = Writer(self.stop, [self.send, self.clear], self._show, self._failed)
        if self._messages and self._messages[-1]["role"] == "user":
            self.writer.run(self._pieces(), self._done)
        self._show()
        self.send.on_click(lambda button: self.ask(self.box.value))
        self.clear.on_click(lambda button: self._begin_anew())
        buttons = widgets.HBox(
            [self.send, self.stop, self.clear, self.temperature], layout={"flex_flow": "row wrap"}
        )
        super().__init__([self.page, self.message, self.box, buttons])

    @property
    def messages(self) -> list[dict]:
        """The conversation: {"role": …, "content": …} in order."""
        return [dict(message) for message in self._messages]

    def ask(self, question: str) -> None:
        """Send a question, as the button does. The answer is written in a thread; `writer.wait()` waits for it."""
        if self.writer.is_writing:
            return
        if not question.strip():
            self.message.value = "Type a question first."
            return
        self._messages.append({"role": "user", "content": question})
        self.message.value = self.box.value = ""
        self._show()
        self.writer.start(self._pieces(), self._done)

    def _pieces(self) -> Iterator[str]:
        """The answer to the conversation, piece by piece."""
        ids = self._fitting()
        knobs = {"temperature": round(self.temperature.value, 2), "generator": self._generator}
        new = stream(self._model, torch.tensor(ids), self._n_new, eos_id=self._stop_id, **knobs)
        yield from text_pieces((number for number in new if number != self._stop_id), self._tokenizer.decode)

    def _fitting(self) -> list[int]:
        """The conversation as ids, without the oldest turns where all of it does not fit."""
        room = self._model.max_len - self._n_new
        head = [message for message in self._messages[:1] if message["role"] == "system"]
        rest = self._messages[len(head) :]
        left_out = 0
        while True:
            ids = chat_ids(self._tokenizer, [*head, *rest], system=self._system)
            if len(ids) <= room:
                break
            if len(rest) <= 1:
                raise ValueError(
                    f"The message has {len(ids):,} symbols with all that is around it; {room:,} fit before an answer "
                    f"of {self._n_new}. Shorten it."
                )
            rest, left_out = rest[1:], left_out + 1
        if left_out:
            self.message.value = f"The first {left_out} messages no longer fit into the model's context."
        return ids

    def _show(self, answer: str | None = None) -> None:
        shown = [*self._messages]
        if answer is not None:
            shown.append({"role": "assistant", "content": answer})
        style = "white-space: pre-wrap; line-height: 1.35; margin: 0 0 6px 4px"
        self.page.value = "".join(
            f"<div style='{style}'><b>{NAMES[message['role']]}:</b> {html.escape(message['content'])}</div>"
            for message in shown
        )

    def _done(self, answer: str) -> None:
        self._messages.append({"role": "assistant", "content": answer})
        self._show()

    def _failed(self, error: Exception) -> None:
        if self._messages and self._messages[-1]["role"] == "user":
            self.box.value = self._messages.pop()["content"]  # to be changed and sent again
        self.message.value = f"<b>This does not work:</b> {error_words(error)}"
        self._show()

    def _begin_anew(self) -> None:
        self._messages.clear()
        self.message.value = ""
        self._show()

    @property
    def transcript(self) -> str:
        """The conversation as plain text."""
        lines = [f"{NAMES[message['role']]}: {message['content']}" for message in self._messages]
        return "\n".join(lines) or "(nothing said yet)"

    def _still(self) -> bytes:
        lines = [part for line in self.transcript.split("\n") for part in textwrap.wrap(line, WIDTH) or [""]]
        figure, page = plt.subplots(figsize=(7, 0.3 + 0.17 * len(lines)), layout="constrained")
        page.axis("off")
        style = {"family": "monospace", "fontsize": 9, "va": "top", "parse_math": False}
        page.text(0, 1, "\n".join(lines), transform=page.transAxes, **style)
        return figure_png(figure)

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["image/png"] = base64.b64encode(self._still()).decode()
        bundle["text/plain"] = f"A conversation. (Run this notebook to go on with it.)\n{self.transcript}"
        return bundle
