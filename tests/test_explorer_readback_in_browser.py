"""What the attention explorer's script draws, against the data: each cell, number, label and bar is its own weight."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from browser_lab import chromium, find_chromium
from course_lib.explore import Heads, attention_explorer
from course_lib.models.attention import causal_mask
from explorer_page import (
    PIXEL,
    Saved,
    cell,
    geometry,
    menu,
    overview_pixel,
    pages,
    pixel,
    random_weights,
    said,
    weight_of,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUERIES, KEYS = ["uno", "due", "tre", "sei"], ["one", "two", "six", "ten", "elf", "fox"]
MARK, BAR = [213, 94, 0], [0, 114, 178]
IMAGE_PIXELS = """async image => {
    await image.decode();
    const size = {width: image.naturalWidth, height: image.naturalHeight};
    const c = Object.assign(document.createElement('canvas'), size).getContext('2d');
    c.drawImage(image, 0, 0);
    return [size.width, size.height, ...c.getImageData(0, 0, size.width, size.height).data];
}"""
IMAGE = "<img src=x onerror=alert(1)>"


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


def cross(*outer, seed=0, mask=None):
    return random_weights(*outer, len(QUERIES), len(KEYS), seed=seed, mask=mask)


def explorer(weights, **options):
    return attention_explorer(weights, query_tokens=QUERIES, key_tokens=KEYS, **options)


def choose(page, layer=None, head=None):
    """By the menus."""
    for words, number in (("layer", layer), ("head", head)):
        if number is not None:
            menu(page, words).select_option(str(number))


def assert_map_is(page, weights, curve=lambda w: w, within=0.012):
    for (query, key), weight in np.ndenumerate(np.asarray(weights)):
        found = weight_of(pixel(page, query, key), curve=curve)
        assert abs(curve(found) - curve(weight)) < within, (query, key)


def test_the_menus_choose_layer_and_head(show):
    weights = cross(2, 3)
    page = show(explorer(weights).html)
    for words, n in (("layer", 2), ("head", 3)):
        options = menu(page, words).locator("option").all_inner_texts()
        assert options == [str(number) for number in range(n)]
    for layer, head in ((0, 0), (1, 0), (0, 2), (1, 1)):
        choose(page, layer, head)
        assert f"chosen: L{layer} H{head}" in page.locator("canvas.heads").get_attribute("aria-label")
        assert f"Heatmap of L{layer} H{head}" in page.locator("canvas.map").get_attribute("aria-label")
        assert_map_is(page, weights[layer, head])


def test_every_small_map_shows_its_own_head_on_the_square_root_scale(show):
    weights = cross(2, 3)
    page = show(explorer(weights).html)
    choose(page, 1, 2)
    size = 51  # of a small map; 56 from one to the next
    for (layer, head, query, key), weight in np.ndenumerate(weights.numpy()):
        x = 28 + 56 * head + (key + 0.5) * size / len(KEYS)
        y = 18 + 56 * layer + (query + 0.5) * size / len(QUERIES)
        found = weight_of(overview_pixel(page, x, y), curve=np.sqrt)
        assert np.sqrt(found) == pytest.approx(np.sqrt(weight), abs=0.012), (layer, head, query, key)
    for layer in range(2):
        for head in range(3):
            edge = overview_pixel(page, 28 + 56 * head + 20, 18 + 56 * layer - 1)
            assert (edge == MARK) == ((layer, head) == (1, 2)), (layer, head)


def test_numbers_and_labels_stand_in_the_row_of_their_query_and_the_column_of_their_key(show):
    weights = cross(2, 2)
    page = show(explorer(weights).html)
    choose(page, 1, 0)
    left, top, size = geometry(page)
    drawn = Saved(page)
    assert drawn.name == "attention L1 H0.svg"
    for (query, key), weight in np.ndenumerate(weights[1, 0].numpy()):
        x, y = left + (key + 0.5) * size, top + (query + 0.5) * size
        assert drawn.text_at(x, y) == f"{weight:.2f}"
        colour = next(fill for _, a, b, _, fill in drawn.texts if abs(a - x) < 1 and abs(b - y) < 1)
        assert colour == ("#ffffff" if weight > 0.55 else "#000000")
    for query, word in enumerate(QUERIES):
        assert drawn.text_at(left - 6, top + (query + 0.5) * size) == word
    for key, word in enumerate(KEYS):
        assert drawn.text_at(left + (key + 0.5) * size, top - 10, within=6) == word
    assert drawn.place_of("L1 H0") == (left, 12)


def read_bars(page, query):
    """key → the weight that the length of its bar stands for, by the axis below the bars; and the drawing."""
    drawn = Saved(page)
    x, y = drawn.place_of(f"{QUERIES[query]} looks at …")
    names = {words: at for words, *at, _, _ in drawn.texts if words in KEYS and at[0] >= x and at[1] > y}
    assert list(names) == KEYS and [at[1] for at in names.values()] == sorted(at[1] for at in names.values())
    foot = max(at[1] for at in names.values())
    ticks = sorted((at[0], float(words)) for words, *at, _, _ in drawn.texts if 0 < at[1] - foot < 28 and at[0] > x
                   and re.fullmatch(r"[\d.]+", words))  # fmt: skip
    (zero, _), (end, most) = ticks
    bars = {}
    for word, (_, middle) in names.items():
        (bar,) = [
            rect for rect in drawn.rects
            if rect["x"] == zero and rect["y"] < middle < rect["y"] + rect["height"] and rect["fill"] == "#0072b2"
        ]  # fmt: skip
        bars[word] = bar["width"] / (end - zero) * most
    return bars, drawn, (zero, end, most, names)


def test_the_bars_are_the_weights_of_the_chosen_query_of_the_chosen_head(show):
    weights = cross(2, 2)
    page = show(explorer(weights).html)
    choose(page, 0, 1)
    page.locator("canvas.map").focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")  # from the second query to the fourth
    bars, drawn, (zero, end, most, names) = read_bars(page, 3)
    row = weights[0, 1, 3].numpy()
    np.testing.assert_allclose(list(bars.values()), row, atol=1e-3)
    for (word, (_, middle)), weight in zip(names.items(), row, strict=True):
        assert drawn.text_at(end + 44, middle, within=1) == f"{weight:.3f}", word
        width = float((end - zero) * weight / most)
        for beside, inside in ((-4, True), (4, False)):
            found = page.locator("canvas.map").evaluate(PIXEL, [zero + width + beside, middle])
            assert width < 8 or (np.abs(np.array(found) - BAR).max() < 4) == inside, word
    uniform = zero + (end - zero) / len(KEYS) / most
    assert any(line["x1"] == pytest.approx(uniform) and line["stroke"] == "#d55e00" for line in drawn.lines)


def test_the_legend_says_which_colour_is_which_weight(show):
    page = show(explorer(cross()).html)
    for scale, curve in (("linear", lambda w: w), ("sqrt", np.sqrt)):
        menu(page, "colours").select_option(scale)
        drawn = Saved(page)
        strips = {rect["x"]: rect for rect in drawn.rects if rect["width"] == 1.5}
        y = next(iter(strips.values()))["y"]
        below = [(x, words) for words, x, at, _, _ in drawn.texts if at == y + 20]
        ticks = [(x, float(words)) for x, words in below if re.fullmatch(r"[\d.]+", words)]
        assert [value for _, value in ticks][-1] == 1 and len(ticks) >= 4
        for x, value in ticks[:-1]:
            nearest = strips[min(strips, key=lambda place: abs(place - x))]
            colour = [int(part) for part in re.findall(r"\d+", nearest["fill"])]
            assert curve(weight_of(colour, curve=curve)) == pytest.approx(curve(value), abs=0.02)
        uniform = min(strips) + 200 * curve(1 / 6)
        assert any(
            line["x1"] == pytest.approx(uniform, abs=0.1) and line["stroke"] == "#d55e00"
            for line in drawn.lines
        )
        words = {"linear": "linear scale", "sqrt": "square-root scale"}[scale]
        assert any(f"({words}), each row sums to 1" in text for text, *_ in drawn.texts)


def test_a_mask_of_each_head_s_own_is_grey_where_it_is_false_and_counts_its_keys(show):
    mask = torch.rand(2, 2, len(QUERIES), len(KEYS), generator=torch.Generator().manual_seed(1)) > 0.4
    mask[..., 2] = True
    weights = cross(2, 2, mask=mask)
    page = show(explorer(weights, mask=mask).html)
    for layer in range(2):
        for head in range(2):
            choose(page, layer, head)
            for (query, key), allowed in np.ndenumerate(mask[layer, head].numpy()):
                found = pixel(page, query, key)
                assert (found == [201, 201, 201]) != allowed, (layer, head, query, key)
            free = int(mask[layer, head, 1].sum())
            assert f"if uniform over {free} key" in said(page)


def test_long_inputs_keep_every_weight_and_label_every_kth(show):
    mask = causal_mask(64)
    weights = random_weights(8, 4, 64, 64, mask=mask)  # so many that they are sent in coarser steps
    words = [f"w{number}" if number != 40 else "internationalisation" * 3 for number in range(64)]
    page = show(attention_explorer(weights, words, mask=mask).html)
    page.locator("canvas.heads").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    left, top, size = geometry(page)
    for query, key in ((0, 0), (7, 3), (20, 20), (40, 12), (63, 0), (63, 63), (50, 49)):
        found = page.locator("canvas.map").evaluate(
            PIXEL, [left + (key + 0.5) * size, top + (query + 0.4) * size]
        )
        shown = weight_of(found, curve=np.sqrt)  # the scale for long rows
        assert np.sqrt(shown) == pytest.approx(weights[1, 2, query, key].sqrt().item(), abs=0.04), (
            query,
            key,
        )
    drawn = Saved(page)
    step = int(re.search(r"a label at every (\d+)", " ".join(words for words, *_ in drawn.texts))[1])
    assert step > 1
    for number in range(0, 64, step):
        name = drawn.text_at(left + (number + 0.5) * size, top - 6, within=0.6)
        assert name == words[number] or (number == 40 and name.endswith("…") and len(name) < 30)
    page.locator("canvas.map").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert f"“w63” → “w0” (key 1 of 64): {weights[1, 2, 63, 0]:.3f}" in said(page)
    assert "6.00 bits if uniform over 64 keys" in said(page)


def test_the_arrow_keys_stop_at_the_ends_and_escape_lets_go(show):
    page = show(explorer(cross(2, 3)).html)
    heads, large = page.locator("canvas.heads"), page.locator("canvas.map")
    heads.focus()
    for keys, chosen in (
        ("ArrowLeft ArrowUp", "L0 H0"),
        ("ArrowRight " * 5 + "ArrowDown " * 3, "L1 H2"),
        ("ArrowUp ArrowLeft", "L0 H1"),
    ):
        for key in keys.split():
            page.keyboard.press(key)
        assert f"chosen: {chosen}" in heads.get_attribute("aria-label")
    large.focus()
    for keys, words in (
        ("ArrowUp ArrowUp ArrowUp", "“uno” (query 1 of 4)"),
        ("ArrowDown " * 6, "“sei” (query 4 of 4)"),
        ("ArrowRight " * 9, "“sei” → “fox” (key 6 of 6)"),
        ("ArrowLeft", "“sei” → “elf” (key 5 of 6)"),
        ("ArrowLeft " * 9, "“sei” → “one” (key 1 of 6)"),
        ("Home", "“uno” → “one” (key 1 of 6)"),
    ):
        for key in keys.split():
            page.keyboard.press(key)
        assert words in said(page)
    page.keyboard.press("Escape")
    assert "→" not in said(page)


def test_the_mouse_over_a_bar_chooses_its_key_leaving_lets_it_go_and_a_click_holds_the_query(show):
    page = show(explorer(cross()).html)
    large = page.locator("canvas.map")
    _, _, (zero, _, _, names) = read_bars(page, 1)
    large.hover(position={"x": zero + 5, "y": names["ten"][1]})
    assert "“due” → “ten” (key 4 of 6)" in said(page)  # the query stays
    page.mouse.move(2, 2)
    assert "→" not in said(page)
    at = dict(zip("xy", cell(page, 2, 5), strict=True))
    large.click(position=at)
    assert "“tre” → “fox”" in said(page)
    large.hover(position=dict(zip("xy", cell(page, 0, 0), strict=True)))
    assert "“tre” → “one”" in said(page)
    page.mouse.move(2, 2)
    assert "This query is held: click again to let it go." in said(page)
    large.click(position=at)
    large.hover(position=dict(zip("xy", cell(page, 0, 0), strict=True)))
    assert "“uno” → “one”" in said(page)
    x, y = cell(page, 0, 0)
    edge = large.evaluate(PIXEL, [geometry(page)[0], y])
    assert np.abs(np.array(edge) - MARK).max() < 60  # the chosen row has a frame


def test_titles_names_and_tokens_are_text_on_the_page(show):
    image = IMAGE.replace(" ", "␣")
    words = [IMAGE, "&amp;", "\"'", "$x$", "<b>bold</b>", "</script>"]
    kinds = {
        IMAGE: Heads(random_weights(2, 2, 6, 6), words, names=[IMAGE, "&lt;", "<i>", "d"]),
        "b": Heads(random_weights(6, 6), words),
    }
    page = show(attention_explorer(kinds, title=f"<u>{IMAGE}</u>").html)
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    view = page.locator("div[data-attention-explorer] > div")
    tags = view.evaluate("body => [...body.shadowRoot.querySelectorAll('*')].map(node => node.localName)")
    assert not {"img", "u", "i", "script"} & set(tags) and tags.count("b") == 1
    assert page.locator("b").inner_text() == f"<u>{IMAGE}</u>"
    assert page.locator("select").first.locator("option").all_inner_texts() == [IMAGE, "b"]
    page.locator("canvas.map").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert f"“{image}” → “&amp;” (key 2 of 6)" in said(page)
    drawn = [words for words, *_ in Saved(page).texts]
    assert f"{IMAGE} · {IMAGE}" in drawn and {"&amp;", "\"'", "$x$", "<b>bold</b>", "</script>"} <= set(drawn)
    assert dialogs == []


def test_without_scripts_the_still_picture_is_there_pixel_for_pixel(show):
    shown = explorer(cross(2, 2))
    page = show(shown.html, script="delete globalThis.DecompressionStream")
    pixels = page.locator("img").evaluate(IMAGE_PIXELS)
    expected = np.asarray(Image.open(io.BytesIO(shown.png)).convert("RGBA"))
    assert pixels[:2] == [expected.shape[1], expected.shape[0]]
    assert np.array_equal(np.array(pixels[2:], dtype=np.uint8).reshape(expected.shape), expected)
