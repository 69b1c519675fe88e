"""What a kernel's memory is measured with."""

import nbformat

from teaching.memory import main, measure


def test_the_peak_is_seen_although_the_memory_is_given_back():
    cells = ["import time", "block = bytearray(300_000_000)\ntime.sleep(0.3)\ndel block", "1"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    peak, seconds = measure(notebook)
    assert 300e6 < peak < 600e6
    assert seconds > 0.3


def test_an_unknown_lesson_is_named(capsys):
    assert main(["77"]) == 2
    assert "there is no lesson 77; lessons: 00, 01" in capsys.readouterr().err
