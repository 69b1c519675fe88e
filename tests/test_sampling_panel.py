"""The sampling panel: the knobs change what may come, the button writes with them, and it is never a blank."""

import base64

import pytest
import torch

from course_lib.decoding import generate
from course_lib.explore import SamplingPanel
from course_lib.models.transformer import GPT
from course_lib.text.characters import CharVocabulary

LETTERS = CharVocabulary("\n <abcd")


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = GPT(len(LETTERS), max_len=32, d_model=16, num_layers=1, n_heads=2)
    with torch.no_grad():
        model.token_embedding.weight *= 8  # an untrained GPT finds all symbols alike
    return model


def panel(model, prompt="ab\n", **options):
    return SamplingPanel(model, LETTERS.encode, LETTERS.decode, prompt, n_new=12, **options)


def test_it_writes_what_generate_writes_with_these_knobs(model):
    view = panel(model, temperature=0.7, top_k=3, top_p=0.9, seed=4)
    ids = LETTERS.encode("ab\n")[None]
    generator = torch.Generator().manual_seed(4)
    expected = generate(model, ids, 12, temperature=0.7, top_k=3, top_p=0.9, generator=generator)[0]
    assert view.written == LETTERS.decode(expected) and view.prompt.value == "ab\\n"
    assert view.how == "temperature 0.7, top-k 3, top-p 0.9, seed 4"
    assert view.written.removeprefix("ab\n").replace("<", "&lt;") in view.text.value


def test_a_knob_changes_the_picture_and_the_button_the_text(model):
    view = panel(model)
    pictures, text = {view.picture.value}, view.written
    for knob, value in ((view.temperature, 2.0), (view.top_k, 2), (view.top_p, 0.3), (view.prompt, "dd")):
        knob.value = value
        pictures.add(view.picture.value)
    assert len(pictures) == 5 and view.written == text
    view.write.click()
    view.writer.wait()
    assert view.written.startswith("dd") and view.how == "temperature 2, top-k 2, top-p 0.3, seed 0"


def test_the_same_seed_writes_the_same_text_and_temperature_0_always_the_same(model):
    texts = {seed: panel(model, seed=seed).written for seed in range(4)}
    assert texts[2] == panel(model, seed=2).written
    assert len(set(texts.values())) > 1
    assert len({panel(model, seed=seed, temperature=0).written for seed in range(4)}) == 1


def test_what_cannot_be_read_or_written_is_said_and_the_picture_stays(model):
    view = panel(model)
    picture, text = view.picture.value, view.written
    view.prompt.value = "xyz"
    assert "The character &#x27;x&#x27; at position 0" in view.message.value
    view.prompt.value = ""
    assert "type at least one symbol" in view.message.value
    view.prompt.value = "a" * 25
    assert view.message.value == ""
    picture = view.picture.value
    view.write.click()
    view.writer.wait()
    assert "max_len = 32" in view.message.value and (view.picture.value, view.written) == (picture, text)
    view.prompt.value = "xyz"
    assert base64.b64decode(view._repr_mimebundle_()["image/png"]).startswith(b"\x89PNG")
    for prompt in ("xyz", "", "a" * 25):
        with pytest.raises(ValueError):
            panel(model, prompt)
    with pytest.raises(ValueError, match="top_k is 99"):
        panel(model, top_k=99)
    assert panel(model, top_k=len(LETTERS)).knobs["top_k"] is None


def test_without_a_kernel_distribution_and_text_are_there(model):
    view = panel(model)
    bundle = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert view.written in bundle["text/plain"]
    before = bundle["image/png"]
    assert before == view._repr_mimebundle_()["image/png"]
    view.seed.value = 3
    view.write.click()
    view.writer.wait()
    assert view._repr_mimebundle_()["image/png"] != before  # the text is in the picture


def test_it_writes_symbol_by_symbol_until_it_is_stopped(model, monkeypatch):
    view = panel(model, prompt="ab", temperature=0.5)
    whole, shown, show = view.written, [], view._show

    def stop_after_three(text):
        shown.append(text)
        show(text)
        if len(shown) == 3:
            view.stop.click()

    monkeypatch.setattr(view.writer, "_show", stop_after_three)
    view.write.click()
    view.writer.wait()
    assert [len(text) for text in shown] == [1, 2, 3] and view.written == whole[:5]
    assert view.stop.disabled and not view.write.disabled and not view.prompt.disabled


def test_the_model_is_left_as_it_was(model):
    model.train()
    panel(model)
    assert model.training
