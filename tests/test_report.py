"""Measured lines: what they print, when they fail, and that the notebooks' test masks their digits alone."""

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import nbformat
import pytest
import torch

from course_lib.report import measured

SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")


def line(capsys, *arguments, **options) -> str:
    measured(*arguments, **options)
    return capsys.readouterr().out


def test_a_line_shows_the_number_its_bound_and_a_verdict(capsys):
    assert line(capsys, "exact match", 0.99812, at_least=0.97) == "exact match ≈0.998 (at least 0.97) ✓\n"
    assert (
        line(capsys, "loss", torch.tensor(1.5), at_most=2, unit="nats")
        == "loss ≈1.50 nats (at most 2 nats) ✓\n"
    )
    assert line(capsys, "rate", 0.5, between=(0.25, 1)) == "rate ≈0.500 (between 0.25 and 1) ✓\n"
    assert (
        line(capsys, "trained", 0.7, above=("untrained", 0.4))
        == "trained ≈0.700 (above untrained ≈0.400) ✓\n"
    )
    assert line(capsys, "a", 1, below=("b", 2)) == "a ≈1 (below b ≈2) ✓\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (4e-6, "4.0e-6"),
        (-7.32e-11, "-7.3e-11"),
        (0.00123, "0.00123"),
        (0.0999, "0.0999"),
        (12.345, "12.3"),
        (123.45, "123"),
        (1234.5, "1,234"),
        (5e6, "5.0e6"),
        (42, "42"),
        (float("inf"), "inf"),
    ],
)
def test_no_number_is_rounded_away(capsys, number, text):
    assert line(capsys, "x", number, at_least=-1e9) == f"x ≈{text} (at least -1e9) ✓\n"


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (0.96, {"at_least": 0.97}),
        (0.98, {"at_most": 0.97}),
        (2.0, {"between": (0, 1)}),
        (-1.0, {"between": (0, 1)}),
        (1.0, {"above": ("other", 1.0)}),
        (1.0, {"below": ("other", 1.0)}),
        (float("nan"), {"at_least": 0}),
        (float("nan"), {"at_most": 0}),
        (1.0, {"below": ("other", float("nan"))}),
    ],
)
def test_a_missed_bound_is_printed_and_fails(capsys, value, bound):
    with pytest.raises(AssertionError, match="^x: .* is not "):
        measured("x", value, **bound)
    assert capsys.readouterr().out.endswith("✗\n")


def test_bounds_themselves_hold(capsys):
    for bound in ({"at_least": 1}, {"at_most": 1}, {"between": (1, 1)}):
        assert line(capsys, "x", 1.0, **bound).endswith("✓\n")


def test_wrong_calls_are_named():
    with pytest.raises(ValueError, match="'x' has these bounds: none; expected one of"):
        measured("x", 1)
    with pytest.raises(ValueError, match="at_least, at_most"):
        measured("x", 1, at_least=0, at_most=2)
    with pytest.raises(TypeError, match=r"'x' is a Tensor of shape \(2,\); expected one number"):
        measured("x", torch.zeros(2), at_least=0)


def masked(text: str) -> str:
    config = ConfigParser(interpolation=None)
    config.read(SANITIZE, encoding="utf-8")
    for section in config.sections():
        text = re.sub(config[section]["regex"], config[section]["replace"], text)
    return text


def test_digits_are_masked_and_nothing_else():
    one = "match ≈0.998 (at least 0.97) ✓"
    for other in (
        "match ≈0.9 (at least 0.97) ✓",
        "match ≈-1.2e-11 (at least 0.97) ✓",
        "match ≈1,234 (at least 0.97) ✓",
    ):
        assert masked(one) == masked(other)
    for other in (
        "match ≈0.998 (at least 0.98) ✓",
        "match ≈0.998 (at least 0.97) ✗",
        "hits ≈0.998 (at least 0.97) ✓",
        "match ≈0.998 nats (at least 0.97) ✓",
        "match 0.998 (at least 0.97) ✓",
    ):
        assert masked(one) != masked(other)


@pytest.mark.parametrize(
    ("stored", "passes"),
    [
        ("match ≈0.123 (at least 0.97) ✓\n", True),
        ("match ≈0.998 (at least 0.90) ✓\n", False),
        ("other ≈0.998 (at least 0.97) ✓\n", False),
    ],
)
def test_a_notebook_is_compared_so(tmp_path, stored, passes):
    source = "from course_lib.report import measured\nmeasured('match', 0.998, at_least=0.97)"
    cell = nbformat.v4.new_code_cell(source, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--nbval",
        "--nbval-current-env",
    ]
    ended = subprocess.run(
        [*command, "--nbval-sanitize-with", str(SANITIZE), str(path)],
        capture_output=True,
        text=True,
        cwd=SANITIZE.parents[1],
    )
    assert ended.returncode == (0 if passes else 1), ended.stdout
