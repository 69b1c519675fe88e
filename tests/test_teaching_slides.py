"""Slides from the lessons' own cells: they hold what they should, fit their pages, and load nothing from elsewhere."""

import re

import nbformat
import pytest

from teaching.slide_cells import blocks_of, html, key_sentences, sentences, slides
from teaching.slides import main, make_slides, page, with_mathml
from test_browser import browser  # noqa: F401
from tools.lesson_source import built_path, sources

NUMBERS = [source.stem[:2] for source in sources()]
LEAST = {"00": 15}  # slides; every other lesson has many more
# How far down and to the right the content of each slide reaches, in pixels of the slide.
EXTENTS = """() => Reveal.getSlides().map((slide, number) => {
    const {h, v} = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    const box = slide.getBoundingClientRect(), scale = Reveal.getScale();
    const parts = [...slide.querySelectorAll(':scope > *:not(aside)')];
    const bottom = Math.max(...parts.map(part => (part.getBoundingClientRect().bottom - box.top) / scale));
    const right = Math.max(...parts.map(part => (part.getBoundingClientRect().right - box.left) / scale));
    return [number + 1, slide.querySelector('h1, h2, h3').textContent, Math.round(bottom), Math.round(right)];
})"""


def built(number):
    source = next(source for source in sources() if source.stem.startswith(number))
    return nbformat.read(built_path(source), as_version=4)


def test_no_table_has_a_header_without_a_text():
    table = html("| | MB |\n|---|---|\n| 00 | 320 |")
    assert "<td></td>" in table and "<th>MB</th>" in table and "<th></th>" not in table


def test_both_brings_along_what_it_means():
    text = "Nothing. One is a. Two is b. Both are **c**. More."
    assert key_sentences(text, True, 20) == "One is a. Two is b. Both are **c**."


@pytest.mark.parametrize("number", NUMBERS)
def test_every_lesson_becomes_slides(number):
    notebook = built(number)
    deck = slides(notebook)
    assert len(deck) >= LEAST.get(number, 40)
    assert deck[0].level == 1
    html = page("", deck)
    n_figures = sum(
        "image/png" in output.get("data", {}) for c in notebook.cells for output in c.get("outputs", [])
    )
    assert html.count("<img src=") + html.count("<iframe") == n_figures
    assert not re.search(
        r"""(?:src|srcset|data)=["']?(?:https?:)?//|@import|url\(\s*["']?(?:https?:)?//""", html
    )
    assert "<summary>" not in html and "hint(" not in html and "find_spec" not in html
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for heading in re.findall(r"(?m)^#{1,3} (.+)$", prose):
        plain = re.sub(r"[*`$\\]", "", heading).split(" (")[0]
        assert any(plain[:12] in re.sub(r"<[^>]+>|[*`$\\]", "", slide.heading) for slide in deck), heading


def test_the_notes_hold_all_of_the_prose():
    for number in NUMBERS:
        notes = "\n\n".join(note for slide in slides(built(number)) for note in slide.notes)
        for cell in built(number).cells:
            if cell.cell_type == "markdown" and "solution" not in cell.metadata.get("tags", []):
                for block in blocks_of(cell.source):
                    shown_as_heading = block.startswith("#") or block.startswith("You will be able to")
                    assert shown_as_heading or block in notes or block.startswith("<details"), block


def test_sentences_are_cut_where_they_end():
    assert sentences("It is $a. B$ here. See e.g. This one, by Luong et al. (2015). Why? *Now.*") == [
        "It is $a. B$ here.", "See e.g. This one, by Luong et al. (2015).", "Why?", "*Now.*"
    ]  # fmt: skip
    assert sentences("On 26. April it rained.") == ["On 26. April it rained."]
    long = "Nothing new is said here, and at some length. " * 6 + "A **gate** is a number from 0 to 1."
    assert key_sentences(long, first=False) == "A **gate** is a number from 0 to 1."
    assert key_sentences("Nothing new is said here. " * 20, first=False) == ""
    leaning = "All of it is old. " * 20 + "It is **new**."
    assert key_sentences(leaning, first=False) == "All of it is old. It is **new**."
    assert blocks_of("a\n\n```python\nx\n\ny\n```\n\n$$a\n\nb$$") == [
        "a",
        "```python\nx\n\ny\n```",
        "$$a\n\nb$$",
    ]


def test_formulas_become_mathml_and_code_stays():
    html = with_mathml("<p>$a &lt; b$ costs <code>$5</code></p>$$\\frac{1}{2}$$<pre>$x$</pre>")
    assert html.count("<math") == 2 and "<mo>&#x0003C;</mo>" in html and "<mfrac>" in html
    assert "<mtext>&lt;eos&gt;</mtext>" in with_mathml(r"$\text{&lt;eos&gt;}$")
    assert "&lt;eos&gt;</mtext>" in with_mathml(r"$\texttt{&lt;eos&gt;}$")
    assert "<code>$5</code>" in html and "<pre>$x$</pre>" in html


def test_an_unknown_lesson_is_named(tmp_path, capsys):
    assert main(["77", str(tmp_path)]) == 2
    assert "there is no lesson '77'; lessons: 00, 01" in capsys.readouterr().err


@pytest.fixture
def opened(browser):  # noqa: F811
    """Opens a page of slides: the window, what it asked for, what it complained of."""
    with browser.new_context(viewport={"width": 1280, "height": 720}, offline=True) as context:

        def open_page(file, query=""):
            window, asked, said = context.new_page(), [], []
            window.on("request", lambda request: asked.append(request.url))
            window.on("console", lambda message: said.append(message.text))
            window.on("pageerror", lambda error: said.append(str(error)))
            window.goto(file.as_uri() + query)
            window.wait_for_function("window.Reveal && Reveal.isReady()")
            return window, asked, said

        yield open_page


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_slides_fit_and_load_nothing_from_elsewhere(number, opened, tmp_path):
    file, count = make_slides(number, tmp_path)
    window, asked, said = opened(file)
    assert window.evaluate("Reveal.getTotalSlides()") == count
    too_large = [row for row in window.evaluate(EXTENTS) if row[2] > 715 or row[3] > 1262]
    assert too_large == []
    assert window.evaluate("document.querySelectorAll('merror').length") == 0
    assert said == []
    here = tmp_path.as_uri()
    assert [url for url in asked if not url.startswith((here, "data:", "blob:", "about:"))] == []
    assert any(url.endswith("reveal.js") for url in asked)


@pytest.mark.browser
@pytest.mark.slow
def test_printed_there_is_a_page_for_each_slide(opened, tmp_path):
    file, count = make_slides("00", tmp_path)
    window, _, _ = opened(file, "?print-pdf")
    window.locator(".pdf-page").nth(count - 1).wait_for(state="attached")
    pdf = window.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == count
