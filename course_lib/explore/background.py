"""Writing that goes on beside the kernel: text appears as it comes, and a button can stop it."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import ipywidgets as widgets


class Writer:
    """Lets an iterator of pieces of text run in a thread of its own, one at a time, until it ends or is stopped.

    In the kernel's own thread no click on the stop button would be noticed before the end.

    Args:
        stop: the button; it can be pressed while something is written.
        others: controls that rest meanwhile.
        show: show(text so far) is called after every piece.
        fail: fail(error) is called with what went wrong.
    """

    def __init__(
        self,
        stop: widgets.Button,
        others: list[widgets.Widget],
        show: Callable[[str], None],
        fail: Callable[[Exception], None],
    ):
        self._stop, self._others, self._show, self._fail = stop, others, show, fail
        self._stopped, self._thread = threading.Event(), None
        stop.disabled = True
        stop.on_click(lambda button: self.stop())

    def start(self, pieces: Iterator[str], done: Callable[[str], None]) -> None:
        """Begin to write, unless it still writes; `done(text)` is called at the end, also when it was stopped."""
        if self.is_writing:
            return
        self._stopped.clear()
        self._rest(True)
        self._thread = threading.Thread(target=self._run, args=(pieces, done), daemon=True)
        self._thread.start()

    def run(self, pieces: Iterator[str], done: Callable[[str], None]) -> None:
        """The same at once, in this thread; an error is raised."""
        self._stopped.clear()
        self._write(pieces, done)

    @property
    def is_writing(self) -> bool:
        """Whether something is being written."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """End after the piece that is being written."""
        self._stopped.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until what is written has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, pieces: Iterator[str], done: Callable[[str], None]) -> None:
        try:
            self._write(pieces, done)
        except Exception as error:  # an error in a thread would vanish into the log
            self._fail(error)
        finally:
            self._rest(False)

    def _write(self, pieces: Iterator[str], done: Callable[[str], None]) -> None:
        text = ""
        with contextlib.closing(pieces):  # the model is left in the mode that it was in
            for piece in pieces:
                text += piece
                self._show(text)
                if self._stopped.is_set():
                    break
        done(text)

    def _rest(self, resting: bool) -> None:
        self._stop.disabled = not resting
        for control in self._others:
            control.disabled = resting
