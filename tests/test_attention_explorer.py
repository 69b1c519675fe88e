"""The attention explorer's output: never blank, small, equal on every run, safe from any token; and what it refuses."""

import base64
import io
import json
import re
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import plots
from course_lib.explore import Heads, attention_explorer
from course_lib.models.attention import causal_mask, record_attention
from course_lib.models.transformer import GPT, Transformer

WORDS = "the cat sat on the mat".split()


def random_weights(*shape, seed=0, sharp=3.0, mask=None):
    scores = sharp * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return (scores if mask is None else scores.masked_fill(~mask, -torch.inf)).softmax(-1)


def tokens(n):
    return [f"word{i}" for i in range(n)]


def spec(explorer):
    (found,) = re.findall(r"^exploreAll\('[^']*', (\{.*\})\);$", explorer.html, re.M)
    return json.loads(found)


def numbers(data, n, unit):
    """What the page's script reads: high bytes, then low bytes."""
    high, low = np.frombuffer(data[:n], np.uint8), np.frombuffer(data[n : 2 * n], np.uint8)
    return (high * 256.0 + low) / unit


# ---------------------------------------------------------------- the output


def test_the_bundle_has_a_live_view_a_picture_and_words():
    explorer = attention_explorer(random_weights(2, 3, 6, 6), WORDS, title="What looks where")
    bundle = explorer._repr_mimebundle_()
    assert list(bundle) == ["text/html", "image/png", "text/plain"]
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert picture.format == "PNG" and picture.mode == "P" and not picture.info.get("Software")
    inside = re.search(
        r'<div [^>]*><img alt="([^"]+)"[^>]* src="data:image/png;base64,([^"]+)"></div>', explorer.html
    )
    assert inside[2] == bundle["image/png"]
    assert inside[1] == "What looks where. 2 × 3 heads, 6 queries × 6 keys"
    assert bundle["text/plain"].startswith(
        "What looks where (2 × 3 heads, 6 queries × 6 keys)\nL0 H0, most weight:\n"
    )
    best = explorer.views[""].weights[0, 0, 1].argmax()
    assert f"  cat → {WORDS[best]} " in bundle["text/plain"]


def test_weights_entropies_sums_and_mask_arrive():
    mask = causal_mask(6)
    weights = random_weights(2, 3, 6, 6, mask=mask)
    sent = spec(attention_explorer(weights, WORDS, mask=mask))
    (view,) = sent["views"]
    data, n, rows = zlib.decompress(base64.b64decode(sent["data"])), weights.numel(), 36
    np.testing.assert_allclose(numbers(data, n, view["unit"]), weights.flatten(), atol=0.51 / 65535)
    entropies = torch.special.entr(weights.double()).sum(-1).flatten() / np.log(2)
    np.testing.assert_allclose(numbers(data[2 * n :], rows, 1000), entropies, atol=6e-4)
    np.testing.assert_allclose(numbers(data[2 * n + 2 * rows :], rows, 10000), 1, atol=2e-4)
    assert view["mask"] == "shared"
    bits = np.unpackbits(np.frombuffer(data[2 * n + 4 * rows :], np.uint8))[:36].reshape(6, 6)
    assert (bits == mask.numpy()).all()
    assert (view["layers"], view["heads"], view["queries"]) == (2, 3, WORDS)
    assert view["names"] == ["L0 H0", "L0 H1", "L0 H2", "L1 H0", "L1 H1", "L1 H2"]


def test_many_weights_are_sent_in_coarser_steps_that_still_tell():
    weights = random_weights(4, 8, 64, 64)
    sent = spec(attention_explorer(weights, tokens(64)))
    unit = sent["views"][0]["unit"]
    data = zlib.decompress(base64.b64decode(sent["data"]))
    assert unit == 1500
    np.testing.assert_allclose(numbers(data, weights.numel(), unit), weights.flatten(), atol=0.51 / unit)
    np.testing.assert_allclose(numbers(data[2 * weights.numel() + 2 * 2048 :], 2048, 10000), 1, atol=2e-4)


# Random weights deflate less well than a real model's, which stays below 400 KB at 64 tokens, pictures and all.
@pytest.mark.parametrize(("n", "html", "both_pictures"), [(12, 80_000, 100_000), (64, 400_000, 450_000)])
def test_the_output_is_small(n, html, both_pictures):
    bundle = attention_explorer(random_weights(6, 12, n, n), tokens(n))._repr_mimebundle_()
    assert len(bundle["text/html"]) < html
    assert sum(map(len, bundle.values())) < both_pictures


def test_the_small_picture_of_many_heads_has_no_colour_of_the_masked_where_nothing_is_masked():
    mask = causal_mask(12)
    shares = {}
    for masked in (None, mask):
        png = attention_explorer(random_weights(4, 6, 12, 12, mask=masked), tokens(12), mask=masked).png
        picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        shares[masked is None] = (picture == 201).all(axis=-1).mean()
    assert shares[False] > 0.15 and shares[True] < 0.02


def test_light_weights_of_a_dozen_heads_stay_blue_in_the_still_picture():
    """Grey means masked: a palette too small for the picture's shades turned every fifth blue pixel grey."""
    weights = (3 * torch.randn(3, 4, 12, 12, generator=torch.Generator().manual_seed(0))).softmax(-1)
    png = attention_explorer(weights, tokens(12)).png
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    blue = (picture[..., 2] - picture[..., 0] > 3).mean()
    assert blue > 0.45  # 0.477 with all colours, 0.377 with 64


def test_the_bytes_are_the_same_on_every_run_and_others_for_other_weights():
    first, second = (attention_explorer(random_weights(2, 2, 6, 6), WORDS) for _ in range(2))
    assert first._repr_mimebundle_() == second._repr_mimebundle_()
    other = attention_explorer(random_weights(2, 2, 6, 6, seed=1), WORDS)
    name = re.compile(r'data-attention-explorer="(\w+)"')
    assert name.search(first.html)[1] != name.search(other.html)[1]


def test_no_token_can_leave_the_script_or_the_page():
    wicked = ["</script>", "<!--<script>", '"><img src=x onerror=alert(1)>', "a\u2028b", "\x00\x1b", "&amp;"]
    explorer = attention_explorer(random_weights(6, 6), wicked, title="</script><b>")
    assert explorer.html.count("</script>") == 1 and explorer.html.endswith("</script>")
    assert (
        "<!--" not in explorer.html
        and "<script>" not in explorer.html
        and "onerror=alert(1)>" in explorer.html
    )
    assert explorer.html.count("<img") == 1
    sent = spec(explorer)
    spaced = [token.replace(" ", "␣") for token in wicked]
    assert sent["views"][0]["keys"][:4] == spaced[:4] and sent["title"] == "</script><b>"
    assert sent["views"][0]["keys"][4] == "\N{REPLACEMENT CHARACTER}" * 2


def test_the_page_asks_for_nothing_and_names_nothing_globally():
    html = attention_explorer(random_weights(6, 6), WORDS).html
    assert '<script type="module">' in html
    addresses = set(re.findall(r"https?://[^\"'\s]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, which nobody fetches
    assert not re.search(r"\bid=|\bwindow\.\w+ ?= |globalThis|\brequire\(|\bimport\b", html)


# ---------------------------------------------------------------- what it takes


@pytest.mark.parametrize("shape", [(6, 6), (3, 6, 6), (2, 3, 6, 6)])
def test_one_map_heads_and_layers_of_heads(shape):
    (view,) = spec(attention_explorer(random_weights(*shape), WORDS))["views"]
    assert (view["layers"], view["heads"]) == ((1, 1) + shape[:-2])[-2:]
    assert view["names"][-1] == {2: "", 3: "H2", 4: "L1 H2"}[len(shape)]
    assert view["mask"] is None


def test_cross_attention_has_two_lists_of_tokens_and_maps_may_have_names():
    weights = random_weights(2, 4, 6).numpy()
    heads = Heads(weights, query_tokens=tokens(4), key_tokens=WORDS, names=["aligns", "looks $back$"])
    assert (heads.queries, heads.keys, heads.names) == (tokens(4), WORDS, ["aligns", "looks $back$"])
    (view,) = spec(attention_explorer({"one": heads}))["views"]
    assert view["name"] == "one" and view["names"] == ["aligns", "looks $back$"]


def test_what_was_recorded_becomes_layers_of_heads_for_one_row_without_its_padding():
    torch.manual_seed(0)
    model = GPT(20, max_len=8, d_model=16, num_layers=2, n_heads=2)
    with torch.no_grad(), record_attention(model) as maps:
        model(torch.randint(20, (3, 6)))
    heads = Heads(maps, WORDS, row=1, mask=causal_mask(6))
    assert heads.weights.shape == (2, 2, 6, 6)
    np.testing.assert_allclose(heads.weights[1], list(maps.values())[1][1])
    padded = {"attention": torch.nn.functional.pad(random_weights(1, 4, 4), (0, 2, 0, 2))}
    assert Heads(padded, WORDS[:4]).weights.shape == (1, 1, 4, 4)
    with pytest.raises(ValueError, match="4 query tokens and 4 key"):
        Heads({"attention": random_weights(1, 6, 6)}, WORDS[:4])  # here the rest is looked at


def test_a_list_of_layers_as_hugging_face_gives_it():
    layers = tuple(random_weights(1, 3, 6, 6, seed=seed) for seed in range(2))
    assert Heads(layers, WORDS).weights.shape == (2, 3, 6, 6)
    with pytest.raises(ValueError, match='attn_implementation="eager"'):
        Heads((), WORDS)


def test_several_kinds_are_shown_one_after_the_other():
    kinds = {
        "reads": Heads(random_weights(2, 2, 6, 6), WORDS),
        "writes": Heads(random_weights(1, 2, 4, 6), query_tokens=tokens(4), key_tokens=WORDS),
    }
    explorer = attention_explorer(kinds, title="Both")
    assert [view["name"] for view in spec(explorer)["views"]] == ["reads", "writes"]
    assert "reads: 2 × 2 heads, 6 queries × 6 keys; writes: 1 × 2 heads, 4 queries × 6 keys" in repr(explorer)
    with pytest.raises(ValueError, match="belong into each Heads"):
        attention_explorer(kinds, WORDS)
    with pytest.raises(ValueError, match="'x'.*is no Heads"):
        attention_explorer(kinds | {"x": random_weights(6, 6)})


def test_a_query_that_may_look_at_nothing_is_no_error():
    mask = causal_mask(6).clone()
    mask[0] = False
    weights = random_weights(6, 6, mask=causal_mask(6)) * mask
    explorer = attention_explorer(weights, WORDS, mask=mask)
    assert "  the → nothing\n" in repr(explorer)


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("weights", "options", "words"),
    [
        (torch.randn(6, 6), {}, r"rows of attention weights sum to 1.*before the softmax"),
        (random_weights(6, 6).T, {}, r"softmax taken over the queries"),
        (random_weights(5, 6), {}, r"shape \(5, 6\), but there are 6 query tokens and 6 key"),
        (random_weights(1, 2, 2, 6, 6), {}, r"shape \(1, 2, 2, 6, 6\); expected"),
        (random_weights(6, 6), {"mask": causal_mask(6)}, "the wrong way round"),
        (random_weights(2, 6, 6), {"names": ["one"]}, "expected 2 names"),
        (random_weights(6, 6), {"key_tokens": WORDS}, "either tokens .* or query_tokens="),
        (np.full((6, 6), np.nan), {}, "NaN"),
    ],
)
def test_bad_input_is_named(weights, options, words):
    with pytest.raises(ValueError, match=words):
        attention_explorer(weights, WORDS, **options)


def test_tokens_that_are_none_are_named():
    with pytest.raises(ValueError, match=r"the text 'the cat'.*\['the', 'cat'\]"):
        Heads(random_weights(2, 2), "the cat")
    with pytest.raises(ValueError, match="holds 3; expected words, not ids"):
        Heads(random_weights(2, 2), [3, 4])
    with pytest.raises(ValueError, match="one of them is missing"):
        Heads(random_weights(2, 2), query_tokens=["a", "b"])
    with pytest.raises(ValueError, match="row is 4, but the batch has 1 rows"):
        Heads({"a": random_weights(1, 2, 2)}, ["a", "b"], row=4)


def test_kinds_that_were_recorded_together_are_told_apart():
    torch.manual_seed(0)
    model = Transformer(20, 20, d_model=16, n_heads=2, num_layers=2, d_ff=16)
    with torch.no_grad(), record_attention(model) as maps:
        model(torch.randint(1, 20, (1, 6)), torch.tensor([6]), torch.randint(1, 20, (1, 6)))
    with pytest.raises(ValueError, match=r"several kinds.*encoder\.layers\.\*\.self_attn \(1, 2, 6, 6\)"):
        attention_explorer(maps, WORDS)
    one = {name: weights for name, weights in maps.items() if "multihead_attn" in name}
    assert attention_explorer(one, WORDS).views[""].weights.shape == (2, 2, 6, 6)


def test_too_many_tokens_are_refused_with_a_call_that_works():
    mask = causal_mask(140)
    causal = random_weights(1, 1, 140, 140, mask=mask)
    with pytest.raises(ValueError, match=r"140 tokens, and the explorer shows at most 128") as refusal:
        attention_explorer(causal, tokens(140), mask=mask)
    assert "attention_explorer(weights[..., :128, :128], tokens[:128])" in str(refusal.value)
    assert Heads(causal[..., :128, :128], tokens(140)[:128]).weights.shape == (1, 1, 128, 128)
    with pytest.raises(ValueError) as refusal:
        attention_explorer(random_weights(1, 2, 140, 140), tokens(140))
    call = re.search(r"plots\.attention_heatmap\(.*?scale='sqrt'\)", str(refusal.value))[0]
    names = {
        "weights": causal,
        "query_tokens": tokens(140),
        "key_tokens": tokens(140),
        "title": "t",
        "plots": plots,
    }
    plots.figure_png(eval(call, names).figure)


def test_too_many_weights_are_refused_with_the_layers_that_fit():
    weights = torch.full((12, 12, 128, 128), 1 / 128)
    with pytest.raises(ValueError, match=r"2,359,296 numbers.*attention_explorer\(weights\[:7\], …\)"):
        Heads(weights, tokens(128))
    Heads(weights[:7], tokens(128))
