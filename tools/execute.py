"""Run a notebook as committed and keep its outputs in a form that a re-run repeats to the byte."""

import base64
import os
import re
from collections.abc import Callable

from nbclient import NotebookClient
from nbformat import NotebookNode

from course_lib.plots import palette_png

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class OutputError(RuntimeError):
    """An output that must not be stored; the message names the cell."""


def execute(notebook: NotebookNode, folder: str, on_cell: Callable[[], None] = lambda: None) -> None:
    """Run every cell in place, with `folder` as the working directory, on one thread.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
        OutputError: a cell wrote to stderr, or an output that differs from run to run.
    """
    client = NotebookClient(
        notebook,
        timeout=900,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": folder}},
        on_cell_executed=lambda **_: on_cell(),
    )
    client.execute(env={**os.environ, "OMP_NUM_THREADS": "1"})
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.outputs = [_settled(output, number, cell) for output in _joined(cell.outputs)]


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Neighbouring pieces of one stream as one output; a progress bar's overwritten states are dropped."""
    joined: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and joined and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    for output in joined:
        if output.output_type == "stream":
            # What stands after the last \r of a line is what a reader saw in the end.
            output.text = "".join(
                line.rstrip("\n").split("\r")[-1] + "\n" * line.endswith("\n")
                for line in re.findall(r"[^\n]*\n|[^\n]+", output.text)
            )
    return [output for output in joined if output.output_type != "stream" or output.text]


def _settled(output: NotebookNode, number: int, cell: NotebookNode) -> NotebookNode:
    where = f"Cell {number} ({cell.source.strip().splitlines()[0][:60]!r})"
    if output.output_type == "stream" and output.name == "stderr":
        raise OutputError(
            f"{where} wrote to stderr: {output.text.strip()[:300]!r}. Mend the cause; do not store it."
        )
    text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
    if ADDRESS.search(text):
        raise OutputError(f"{where} shows a memory address, which differs from run to run: {text[:200]!r}.")
    data = output.get("data", {})
    if "image/png" in data:
        png = base64.b64decode(data["image/png"])
        data["image/png"] = base64.b64encode(palette_png(png)).decode()
        # Its size on screen goes, so that the picture fits any width; the words for who cannot see it stay.
        about = output.get("metadata", {}).pop("image/png", {})
        if "alt" in about:
            output.metadata["image/png"] = {"alt": about["alt"]}
    # A view of a widget whose state is not stored shows nothing but an error; its picture shows something.
    data.pop(WIDGET_VIEW, None)
    return output
