"""The attention explorer opened in headless Chromium, and what is drawn there read back."""

import os
import re
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_lib.plots.attention import COLOURS

THEMES = {"light": "body {color: #222}", "dark": "body {background: #111; color: rgba(255, 255, 255, 0.87)}"}
PIXEL = """(canvas, [x, y]) => {
    const ratio = canvas.width / canvas.getBoundingClientRect().width;
    return [...canvas.getContext('2d').getImageData(x * ratio, y * ratio, 1, 1).data].slice(0, 3);
}"""


@contextmanager
def pages(browser, tmp_path):
    """open_page(html, theme) → a page with it; at the end, no error may have come up and nothing been asked for."""
    contexts, complaints = [], []

    def open_page(html, theme="light", script="", **options):
        context = browser.new_context(viewport={"width": 900, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(script)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("request", lambda request: complaints.append(request.url) if "http" in request.url else None)
        file = tmp_path / "page.html"
        file.write_text(
            f"<!doctype html><meta charset=utf-8><style>{THEMES[theme]}</style>{html}", encoding="utf-8"
        )
        page.goto(file.as_uri())
        return page

    yield open_page
    if folder := os.environ.get("COURSE_SCREENSHOTS"):
        for number, context in enumerate(contexts):
            context.pages[0].screenshot(path=Path(folder) / f"explorer-{number}.png", full_page=True)
    for context in contexts:
        context.close()
    assert complaints == []


def random_weights(*shape, seed=0, mask=None):
    scores = 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return (scores if mask is None else scores.masked_fill(~mask, -torch.inf)).softmax(-1)


def geometry(page):
    data = page.locator("canvas.map").evaluate("canvas => ({...canvas.dataset})")
    return float(data["left"]), float(data["top"]), float(data["cell"])


def cell(page, query, key, corner=False):
    """The middle of a cell of the large map, in its canvas; or a place beside the number that stands there."""
    left, top, size = geometry(page)
    return left + (key + 0.5) * size, top + (query + (0.2 if corner else 0.5)) * size


def pixel(page, query, key):
    return page.locator("canvas.map").evaluate(PIXEL, list(cell(page, query, key, corner=True)))


def weight_of(colour, dark=False, curve=lambda w: w):
    """The weight that a colour stands for: the nearest on the scale, which a dark page turns round."""
    shades = plt.get_cmap(COLOURS)(np.linspace(0, 1, 9))[:, :3] * 255
    if dark:
        shades = np.vstack([[8, 20, 38], shades[:-1][::-1]])
    levels = np.linspace(0, 1, 2001)
    place = np.array([np.interp(curve(levels), np.linspace(0, 1, 9), shades[:, c]) for c in range(3)]).T
    return levels[np.abs(place - colour).sum(1).argmin()]


def said(page):
    return page.locator(".said").inner_text()


def overview_pixel(page, x, y):
    """A pixel of the small maps."""
    return page.locator("canvas.heads").evaluate(PIXEL, [x, y])


class Saved:
    """The picture that "Save as SVG" writes: every rectangle, line and text with its place."""

    def __init__(self, page):
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as SVG").click()
        self.name = download.value.suggested_filename
        root = ElementTree.parse(download.value.path()).getroot()
        self.rects = self._parts(root, "rect", ("x", "y", "width", "height"))
        self.lines = self._parts(root, "line", ("x1", "y1", "x2", "y2"))
        words = root.iter("{http://www.w3.org/2000/svg}text")
        self.texts = []
        for node in words:
            x, y = (float(part) for part in node.get("transform").split("(")[1].split(")")[0].split())
            self.texts.append((node.text or "", x, y, node.get("font-weight"), node.get("fill")))

    def text_at(self, x, y, within=1.0):
        """What is written at a place; None where nothing is."""
        found = [
            words for words, *at, _, _ in self.texts if abs(at[0] - x) < within and abs(at[1] - y) < within
        ]
        return found[0] if found else None

    @staticmethod
    def _parts(root, kind, names):
        """The places of all such nodes, with their colours."""
        nodes = root.iter(f"{{http://www.w3.org/2000/svg}}{kind}")
        colours = ("fill", "stroke")
        return [{n: float(d.get(n) or 0) for n in names} | {c: d.get(c) for c in colours} for d in nodes]

    def place_of(self, words):
        """Where these words stand: the one place."""
        (place,) = [tuple(at) for said, *at, _, _ in self.texts if said == words]
        return place


def menu(page, words):
    """The menu with these words before it."""
    return page.locator("label", has_text=re.compile(f"^{words}")).locator("select")
