"""The attention explorer in headless Chromium: a click chooses a head, a pixel is a weight, nothing is ever blank."""

import math
import re
import xml.etree.ElementTree as ElementTree

import nbformat
import numpy as np
import pytest
import torch

from browser_lab import chromium, find_chromium, jupyterlab, open_lesson
from course_lib.explore import Heads, attention_explorer
from course_lib.models.attention import causal_mask
from explorer_page import PIXEL, THEMES, cell, geometry, pages, pixel, random_weights, said, weight_of
from tools.lesson_source import KERNEL

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS = "the cat sat on the </script>".split()


@pytest.fixture(scope="module")
def browser():
    executable = find_chromium()
    if executable is None:
        pytest.skip("needs a Chromium: put one on the PATH or name it in CHROMIUM")
    with chromium(executable) as browser:
        yield browser


@pytest.fixture
def show(browser, tmp_path):
    with pages(browser, tmp_path) as open_page:
        yield open_page


@pytest.mark.parametrize("theme", THEMES)
def test_a_click_chooses_a_head_and_its_pixels_are_its_weights(show, theme):
    weights = random_weights(2, 3, 6, 6)
    page = show(attention_explorer(weights, WORDS).html, theme, device_scale_factor=2)
    overview, dark = page.locator("canvas.heads"), theme == "dark"
    overview.click(position={"x": 28 + 56 * 2 + 20, "y": 18 + 56 + 20})
    assert "chosen: L1 H2" in overview.get_attribute("aria-label")
    for query in range(6):
        for key in range(6):
            expected = weights[1, 2, query, key].item()
            assert weight_of(pixel(page, query, key), dark) == pytest.approx(expected, abs=0.01)
    page.locator("select").last.select_option("sqrt")
    for key in range(6):
        found = weight_of(pixel(page, 3, key), dark, np.sqrt)
        assert math.sqrt(found) == pytest.approx(weights[1, 2, 3, key].sqrt().item(), abs=0.01)
    assert page.locator("div[data-attention-explorer] img").count() == 0


def test_the_mouse_chooses_a_query_and_reads_value_sum_entropy_and_the_top_three(show):
    weights = random_weights(6, 6)
    page = show(attention_explorer(weights, WORDS).html)
    x, y = cell(page, 4, 1)
    page.locator("canvas.map").hover(position={"x": x, "y": y})
    row = weights[4]
    (first, second, third), places = row.topk(3)
    words = [WORDS[i] for i in places]
    assert (
        f"“the” (query 5 of 6) looks most at “{words[0]}” {first:.3f}, “{words[1]}” {second:.3f}, "
        f"“{words[2]}” {third:.3f}." in said(page)
    )
    bits = torch.special.entr(row).sum().item() / math.log(2)
    assert f"Row sum 1.000 · entropy {bits:.2f} bits (2.58 bits if uniform over 6 keys)." in said(page)
    assert f"“the” → “cat” (key 2 of 6): {row[1]:.4f}" in said(page)
    # A click holds the query, whatever the mouse passes over; another click lets it go.
    page.mouse.down(), page.mouse.up()
    page.locator("canvas.map").hover(position=dict(zip("xy", cell(page, 0, 2), strict=True)))
    assert "(query 5 of 6)" in said(page)


def test_the_arrow_keys_choose_heads_queries_and_keys(show):
    page = show(attention_explorer(random_weights(2, 3, 6, 6), WORDS).html)
    overview, large = page.locator("canvas.heads"), page.locator("canvas.map")
    overview.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert "chosen: L1 H2" in overview.get_attribute("aria-label")
    assert [select.input_value() for select in page.locator("select:visible").all()] == ["1", "2", "linear"]
    large.focus()
    page.keyboard.press("ArrowDown")
    assert "(query 3 of 6)" in said(page) and "key" not in said(page).splitlines()[-1].split("uniform")[0]
    page.keyboard.press("ArrowRight")
    assert "“sat” → “the” (key 1 of 6)" in said(page)
    page.keyboard.press("End")
    assert "“</script>” (query 6 of 6)" in said(page)


def test_masked_is_another_colour_than_zero_and_is_said(show):
    mask = causal_mask(6)
    page = show(attention_explorer(random_weights(6, 6, mask=mask), WORDS, mask=mask).html)
    left, top, size = geometry(page)
    at = [left + 3.1 * size, top + 1.2 * size]  # beside the cross
    assert page.locator("canvas.map").evaluate(PIXEL, at) == [201, 201, 201]
    page.locator("canvas.map").hover(position={"x": at[0], "y": at[1]})
    assert "“cat” → “on” (key 4 of 6): masked, may not be looked at" in said(page)
    assert "1.00 bits if uniform over 2 keys" in said(page)


def test_the_saved_svg_is_what_is_shown(show):
    weights = random_weights(2, 3, 6, 6)
    page = show(attention_explorer(weights, WORDS).html)
    page.locator("canvas.heads").click(position={"x": 28 + 56 + 20, "y": 38})
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as SVG").click()
    assert download.value.suggested_filename == "attention L0 H1.svg"
    root = ElementTree.parse(download.value.path()).getroot()
    name = "{http://www.w3.org/2000/svg}"
    left, top, size = geometry(page)
    squares = {
        (float(node.get("x")), float(node.get("y"))): node.get("fill")
        for node in root.iter(f"{name}rect")
        if float(node.get("width")) == float(node.get("height")) == size
    }
    for query in range(6):
        for key in range(6):
            colour = [
                int(part) for part in re.findall(r"\d+", squares[left + key * size, top + query * size])
            ]
            assert colour == pixel(page, query, key)
    texts = [node.text for node in root.iter(f"{name}text")]
    assert "L0 H1" in texts and texts.count("</script>") == 3 and f"{weights[0, 1, 2, 3]:.2f}" in texts


def test_several_kinds_are_chosen_by_name(show):
    cross = random_weights(4, 4, 6)
    kinds = {
        "reads": Heads(random_weights(2, 2, 6, 6), WORDS),
        "writes": Heads(cross, query_tokens=["a", "b", "c", "d"], key_tokens=WORDS),
    }
    page = show(attention_explorer(kinds).html)
    page.locator("select").first.select_option(label="writes")
    assert "“b” (query 2 of 4)" in said(page)
    assert weight_of(pixel(page, 3, 5)) == pytest.approx(cross[0, 3, 5].item(), abs=0.01)


def test_another_theme_draws_anew_and_the_same_view_may_stand_twice(show):
    html = attention_explorer(random_weights(6, 6), WORDS).html
    page = show(html + html)
    page.locator("canvas.map").nth(1).wait_for()
    large = page.locator("canvas.map").first
    at = list(cell_of_first(large))
    before = large.evaluate(PIXEL, at)
    page.evaluate("document.body.style.cssText = 'background: black; color: white'")
    page.wait_for_function(
        f"([canvas, at, before]) => String(({PIXEL})(canvas, at)) !== before",
        arg=[large.element_handle(), at, ",".join(map(str, before))],
    )
    assert page.locator("canvas.map").count() == 2


def cell_of_first(large):
    data = large.evaluate("canvas => ({...canvas.dataset})")
    return float(data["left"]) + 3, float(data["top"]) + 3


def test_a_narrow_page_and_one_without_scripts_or_unpacking_show_it_too(show):
    html = attention_explorer(random_weights(2, 2, 6, 6), WORDS).html
    page = show(html)
    page.set_viewport_size({"width": 380, "height": 900})
    page.wait_for_function("document.documentElement.scrollWidth <= 380")
    without = show(html, java_script_enabled=False)
    assert without.locator("img").bounding_box()["width"] > 200
    old = show(html, script="delete globalThis.DecompressionStream")
    old.get_by_text("This browser is too old for the live view").wait_for()
    assert old.locator("img").bounding_box()["width"] > 200


def test_in_jupyterlab_it_is_live_and_the_arrow_keys_are_its_own(browser, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    code = (
        "import torch\nfrom course_lib.explore import attention_explorer\n"
        "attention_explorer(torch.eye(4).expand(2, 2, 4, 4), list('abcd'))"
    )
    cells = [nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell("1 + 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), folder / "page.ipynb")
    home = tmp_path / "home"
    home.mkdir()
    with jupyterlab(folder, home) as lab, open_lesson(browser, lab, "page.ipynb") as lesson:
        lesson.run_all()
        assert lesson.errors() == []
        overview = lesson.page.locator("canvas.heads")
        overview.click(position={"x": 28 + 56 + 20, "y": 38})
        assert "chosen: L0 H1" in overview.get_attribute("aria-label")
        overview.focus()
        lesson.page.keyboard.press("ArrowDown")
        assert "chosen: L1 H1" in overview.get_attribute("aria-label")
        lesson.page.locator("canvas.map").focus()
        lesson.page.keyboard.press("ArrowDown")
        assert "“c” (query 3 of 4) looks most at “c” 1.000" in lesson.page.locator(".said").inner_text()
        # With Control they are still Lab's: this one folds the file browser away.
        lesson.page.keyboard.press("Control+b")
        lesson.page.locator("#jp-left-stack").wait_for(state="hidden")
        assert lesson.strangers() == []
