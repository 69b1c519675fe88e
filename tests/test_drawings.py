"""Every drawing: nothing overlaps or is cut, arrows run clear of words, and there are words for who cannot see it."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.transforms import Bbox
from PIL import Image

from course_lib import drawings
from course_lib.drawings import ALL
from course_lib.drawings.drawing import Drawing
from course_lib.drawings.sheet import Sheet
from course_lib.plots.palette import COLOURS, tint

EVERY = pytest.mark.parametrize("drawing", ALL.values(), ids=list(ALL))


def extents(sheet: Sheet) -> list[tuple[str, Bbox, object]]:
    """Each text with its box in inches and the shape that it must stay inside."""
    renderer = sheet.figure.canvas.get_renderer()
    scale = 1 / sheet.figure.dpi
    return [
        (text.get_text(), Bbox(text.get_window_extent(renderer).get_points() * scale), inside)
        for text, inside in sheet.texts
    ]


def problems(sheet: Sheet) -> list[str]:
    """What is wrong with a drawing, in words."""
    found, texts = [], extents(sheet)
    for number, (text, box, inside) in enumerate(texts):
        if box.x0 < 0.02 or box.y0 < 0.02 or box.x1 > sheet.width - 0.02 or box.y1 > sheet.height - 0.02:
            found.append(f"{text!r} is cut by the card")
        if inside is not None and (box.width > inside.width - 0.04 or box.height > inside.height):
            found.append(f"{text!r} sticks out of its box")
        for other, other_box, _ in texts[number + 1 :]:
            if box.padded(-0.01).overlaps(other_box.padded(-0.01)):
                found.append(f"{text!r} overlaps {other!r}")
        # An arrow may end at the box that a text stands in, but not run through the text itself.
        for line in sheet.arrows:
            if any(crosses(box.padded(-0.015), *part) for part in zip(line, line[1:], strict=False)):
                found.append(f"an arrow runs through {text!r}")
    found += [
        f"{text.get_text()!r} has {text.get_fontsize()} pt"
        for text, _ in sheet.texts
        if text.get_fontsize() < 8
    ]
    return found


def crosses(box: Bbox, start, end) -> bool:
    points = np.linspace(start, end, 200)
    inside = (points > box.min).all(axis=1) & (points < box.max).all(axis=1)
    return bool(inside.any())


@EVERY
def test_nothing_overlaps_or_is_cut(drawing):
    sheet = drawing.sheet()
    try:
        assert problems(sheet) == []
        assert sheet.width <= 7.6, "wider than a notebook's column"
    finally:
        plt.close(sheet.figure)


def test_the_tests_see_what_is_wrong():
    sheet = Sheet(3, 2)
    box = sheet.box(1, 1, "a text much longer than its box")
    sheet.note(1.1, 1, "over it")
    sheet.note(2.95, 0.5, "cut by the card")
    sheet.note(1, 1.7, "tiny", size=7)
    sheet.arrow((0.5, 1.7), (1.5, 1.7))
    wrong = " · ".join(problems(sheet))
    plt.close(sheet.figure)
    for complaint in ("sticks out", "overlaps 'over it'", "is cut by the card", "through 'tiny'", "7.0 pt"):
        assert complaint in wrong, wrong
    assert box.left == (1 - 0.55, 1)


@EVERY
def test_picture_and_words(drawing):
    data, about = drawing._repr_mimebundle_()
    png = base64.b64decode(data["image/png"])
    picture = Image.open(io.BytesIO(png))
    assert picture.mode == "P" and not picture.info.keys() & {"Software", "Creation Time"}
    assert len(png) < 60_000
    assert png == drawing.png(), "other bytes at the second time"
    assert picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255), "no light card: unreadable in the dark"
    assert data["text/plain"] == about["image/png"]["alt"] == repr(drawing)
    assert 100 < len(drawing.alt) < 900 and drawing.alt.endswith(".")
    assert drawing() is drawing, "a cell calls it"


def test_every_file_of_a_drawing_is_listed():
    assert {path.stem for path in Path(drawings.__file__).parent.glob("*.py")} - {
        "__init__",
        "__main__",
        "drawing",
        "sheet",
    } == set(ALL)
    assert all(isinstance(drawing, Drawing) for drawing in ALL.values())


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("name", COLOURS)
def test_colours_can_be_read(name):
    colour = luminance(COLOURS[name])
    for background in ("#FFFFFF", "#F1EFE7"):
        assert (luminance(background) + 0.05) / (colour + 0.05) >= 4.5
    assert (luminance(tint(name)) + 0.05) / (luminance(COLOURS["plain"]) + 0.05) >= 7


def test_all_can_be_written_to_a_folder(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "course_lib.drawings", str(tmp_path / "out")], capture_output=True
    )
    assert ended.returncode == 0, ended.stderr
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(ALL)
