"""A real JupyterLab in headless Chromium, for test_browser.py and for looking at a lesson as a learner does.

    python -m tests.browser_lab notebooks/00_start_here.ipynb pictures/

runs every cell of a copy of the notebook and writes pictures of the whole lesson, page by page.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    # Without this Lab asks on every start whether it may fetch news.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Every cell is in the page, on the screen or not, and nothing comes after the last.
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# The state of the code cells that hold code: not yet run, running or waiting ("*"), or run (a number).
PROMPTS = """indices => {
    const cells = document.querySelectorAll('.jp-Notebook .jp-Cell');
    const prompts = indices.map(index => cells[index].querySelector('.jp-InputPrompt').textContent);
    return prompts.map(prompt => prompt.replace(/[\\[\\]:\\s]/g, ''));
}"""
ERRORS = """() => [...document.querySelectorAll('.jp-Notebook .jp-Cell')].flatMap((cell, index) =>
    [...cell.querySelectorAll('.jp-RenderedText')]
        .filter(output => /vnd\\.jupyter\\.(stderr|error)/.test(output.dataset.mimeType))
        .filter(output => output.textContent.includes('Traceback'))
        .map(output => [index, output.textContent]))"""
PIXELS = """async cell => {
    const pixels = async image => {
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth;
        canvas.height = image.naturalHeight;
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.toDataURL();
    };
    return Promise.all([...cell.querySelectorAll('.jp-Cell-outputWrapper img')].map(pixels));
}"""


class LabError(Exception):
    """JupyterLab or a lesson in it did not do what a learner would see it do."""


def find_chromium() -> str | None:
    """Path of a Chromium: $CHROMIUM, one on the PATH, or the one that playwright installed; None without."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address (ends in "/"), its token, and the folder it serves."""

    url: str
    token: str
    root: Path

    def call(self, path: str, method: str = "GET") -> bytes:
        """The body of the server's answer to one request of its REST interface."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}{path}", method=method, headers=headers)
        # No proxy: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return answer.read()

    def stop_kernels(self) -> None:
        for session in json.loads(self.call("api/sessions")):
            self.call(f"api/sessions/{session['id']}", "DELETE")


@contextmanager
def jupyterlab(notebooks: Path, home: Path) -> Iterator[Lab]:
    """Serve a copy of the folder `notebooks` in JupyterLab; all that is written goes under `home`.

    Raises LabError with the end of the server's log if it is not up within a minute.
    """
    root = home / "notebooks"
    shutil.copytree(notebooks, root, ignore=shutil.ignore_patterns("source", ".ipynb_checkpoints"))
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}/", secrets.token_hex(16), root)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={lab.token}"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    log = home / "jupyterlab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=output, stderr=output)
    try:
        _wait_until_up(lab, server, log)
        yield lab
    finally:
        server.terminate()  # the server shuts its kernels down before it goes
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_up(lab: Lab, server: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            lab.call("api/status")
            return
        except OSError:
            time.sleep(0.2)
    log_end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise LabError(f"JupyterLab did not start at {lab.url} within {seconds:.0f} s; its log ends:\n{log_end}")


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


class Lesson:
    """One notebook, open in a window of its own: what a learner does with it and sees."""

    def __init__(self, page: Page, lab: Lab, name: str):
        self.page, self.lab, self.name = page, lab, name
        self.addresses: list[str] = []
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("websocket", lambda websocket: self.addresses.append(websocket.url))
        cells = list(enumerate(json.loads((lab.root / name).read_text(encoding="utf-8"))["cells"]))
        self.code_cells = [
            i for i, cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
        ]
        self.may_raise = {i for i, cell in cells if "raises-exception" in cell["metadata"].get("tags", [])}

    def open(self) -> None:
        """Open the notebook and wait until its kernel is idle."""
        # A workspace of its own: the default one would bring back the notebook that was opened before.
        workspace = f"lab/workspaces/{secrets.token_hex(4)}"
        self.page.goto(f"{self.lab.url}{workspace}/tree/{quote(self.name)}?token={self.lab.token}")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        self.wait_for_idle()

    def wait_for_idle(self) -> None:
        self.page.locator(".jp-StatusBar-Widget").get_by_text("| Idle").wait_for(timeout=60_000)

    def choose(self, menu: str, entry: str) -> None:
        """Click an entry of the menu bar."""
        self.page.locator(f".lm-MenuBar-itemLabel:text-is('{menu}')").click()
        self.page.locator(f".lm-Menu-itemLabel:text-is('{entry}')").click()

    def run_all(self, seconds: float = 600) -> None:
        """Clear the stored outputs, run all cells, wait until none is left; LabError names those that are."""
        self.choose("Edit", "Clear Outputs of All Cells")
        self.choose("Run", "Run All Cells")
        deadline = time.monotonic() + seconds
        while True:
            prompts = self.page.evaluate(PROMPTS, self.code_cells)
            # An error outside cells that may raise leaves the cells below it without a number.
            if all(prompt.isdigit() for prompt in prompts) or ("*" not in prompts and self.errors()):
                break
            if time.monotonic() > deadline:
                left = [i for i, prompt in zip(self.code_cells, prompts, strict=True) if not prompt.isdigit()]
                raise LabError(
                    f"{self.name}: after {seconds:.0f} s these cells have not run to their end: {left}"
                )
            self.page.wait_for_timeout(200)
        self.wait_for_idle()

    def errors(self) -> list[str]:
        """Tracebacks that show in cells which are not tagged raises-exception."""
        return [
            f"{self.name}, cell {index}: {text}"
            for index, text in self.page.evaluate(ERRORS)
            if index not in self.may_raise
        ]

    def first_slider(self) -> tuple[Locator, Locator]:
        """The first slider's knob and the cell that it is in; LabError if the lesson has none."""
        cell = self.page.locator(".jp-Notebook .jp-CodeCell", has=self.page.locator(".noUi-handle")).first
        if not cell.count():
            raise LabError(f"{self.name} has no slider: every lesson needs something to move with the mouse")
        return cell.locator(".noUi-handle").first, cell

    def move(self, knob: Locator) -> None:
        """One step with the arrow key, to the right if there is room."""
        at_end = knob.get_attribute("aria-valuenow") == knob.get_attribute("aria-valuemax")
        knob.scroll_into_view_if_needed()
        knob.focus()
        knob.press("ArrowLeft" if at_end else "ArrowRight")

    def pictures(self, cell: Locator) -> list[str]:
        """The decoded pixels of every picture under a cell, each as one string."""
        return cell.evaluate(PIXELS)

    def wait_for_other_pictures(self, cell: Locator, before: list[str], seconds: float = 30) -> list[str]:
        """What `pictures` gives once it differs from `before`; LabError if it never does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = self.pictures(cell)
            if now and now != before:
                return now
            self.page.wait_for_timeout(100)
        raise LabError(f"{self.name}: the slider moved, and {seconds:.0f} s later no picture has changed")

    def strangers(self) -> list[str]:
        """Addresses off this machine that the page asked for."""
        return [
            address
            for address in self.addresses
            if urlsplit(address).scheme not in ("data", "blob") and urlsplit(address).hostname not in LOOPBACK
        ]

    def photograph(self, folder: Path) -> list[Path]:
        """Write the whole lesson as pictures, page by page, each page starting at a cell where it can."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.page.locator("#jp-left-stack:visible").count():
            self.page.keyboard.press("Control+b")  # the file browser takes a fifth of the width
            self.page.locator("#jp-left-stack").wait_for(state="hidden")
        scroller = self.page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer").first
        height, total = scroller.evaluate("area => [area.clientHeight, area.scrollHeight]")
        tops = scroller.evaluate("""area => [...area.querySelectorAll('.jp-Cell')].map(cell =>
            cell.getBoundingClientRect().top - area.getBoundingClientRect().top + area.scrollTop)""")
        files, start = [], 0
        while start < total:
            scroller.evaluate("(area, top) => area.scrollTo({top, behavior: 'instant'})", start)
            self.page.wait_for_timeout(300)
            files.append(folder / f"{Path(self.name).stem}-page-{len(files) + 1:02}.png")
            scroller.screenshot(path=files[-1])
            if start + height >= total:
                break
            end = start + height
            start = max((top for top in tops if start + height / 2 < top <= end), default=end)
        return files


@contextmanager
def open_lesson(browser: Browser, lab: Lab, name: str) -> Iterator[Lesson]:
    """The notebook `name` of the lab's folder, opened in a fresh window; its kernel is stopped afterwards."""
    with browser.new_context(viewport={"width": 1400, "height": 1600}) as context:
        lesson = Lesson(context.new_page(), lab, name)
        lesson.open()
        yield lesson
    lab.stop_kernels()


def main(arguments: list[str]) -> int:
    """Run one notebook and write its pictures; 0 if it ran through without an error."""
    executable = find_chromium()
    if len(arguments) != 2 or executable is None:
        print("usage: python -m tests.browser_lab NOTEBOOK FOLDER   (needs a Chromium: name it in $CHROMIUM)")
        return 2
    notebook, folder = map(Path, arguments)
    with (
        tempfile.TemporaryDirectory() as home,
        jupyterlab(notebook.parent, Path(home)) as lab,
        chromium(executable) as browser,
        open_lesson(browser, lab, notebook.name) as lesson,
    ):
        lesson.run_all()
        for file in lesson.photograph(folder):
            print(file)
        errors = lesson.errors()
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
