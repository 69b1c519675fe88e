"""What a learner types, and every token, is text: it never becomes markup, a formula or a script."""

import warnings
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_lib import plots
from course_lib.explore import SamplingPanel, SliderFigure, TypedFigure, attention_explorer
from course_lib.models.transformer import GPT
from course_lib.practice.hints import Hints
from practice_examples import function_exercise

IMAGE = "<img src=x onerror=alert(1)>"
SYMBOLS = [IMAGE, "&amp;", "\"'", "$x$", "</pre>", "\n", "a"]
FORMULA = r"$\frac{$"  # an even number of $, and no formula: an error where it is read as one


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    assert not plt.get_fignums()
    yield
    plt.close("all")


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.said = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.said += data


def encode(text):
    ids = []
    while text:
        found = [n for n, symbol in enumerate(SYMBOLS) if text.startswith(symbol)]
        if not found:
            raise ValueError(f"There is no symbol for {text!r}.")
        ids.append(found[0])
        text = text.removeprefix(SYMBOLS[found[0]])
    return torch.tensor(ids, dtype=torch.int64)


def decode(ids):
    return "".join(SYMBOLS[int(number)] for number in ids)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return GPT(len(SYMBOLS), max_len=32, d_model=16, num_layers=1, n_heads=2)


def test_the_sampling_panel_shows_prompt_and_text_as_they_are(model):
    prompt = f"a{IMAGE}&amp;\"'$x$</pre>"
    view = SamplingPanel(model, encode, decode, prompt, n_new=24, temperature=3.0, seed=1)
    rest = view.written.removeprefix(prompt)
    assert {symbol for symbol in SYMBOLS if symbol in rest} >= {IMAGE, "&amp;", "</pre>"}, (
        "another seed, please"
    )
    read = Reader(view.text.value)
    assert read.tags == ["i", "pre", "b"]
    assert read.said == f"Written with {view.how}:{prompt}{rest}"
    begun = view.text.value.split("<b>")[1].split("</b>")[0]
    assert Reader(begun).said == prompt  # bold is what was typed, and only that
    view.prompt.value = "<b>$y$"
    read = Reader(view.message.value)
    assert read.tags == ["b"] and "There is no symbol for '<b>$y$'." in read.said
    still = view._repr_mimebundle_()
    assert prompt in still["text/plain"] and still["image/png"]


def test_a_prompt_that_the_tokenizer_changes_is_not_written_twice(model):
    view = SamplingPanel(model, lambda text: encode(text.lower()), decode, "AA", n_new=4)
    assert Reader(view.text.value).said == f"Written with {view.how}:{view.written}"
    assert Reader(view.text.value.split("<b>")[1].split("</b>")[0]).said == "aa"


def test_the_panel_draws_a_prompt_with_a_formula_as_text(model):
    view = SamplingPanel(model, lambda text: torch.tensor([6]), decode, FORMULA, n_new=4)
    (title,) = [text for text in (view._draw().title, view._draw()._left_title) if text.get_text()]
    assert FORMULA in title.get_text() and not title.get_parse_math()
    view.prompt.value = FORMULA * 2
    assert view.message.value == ""


@pytest.mark.parametrize("panel", [TypedFigure, SliderFigure])
def test_what_is_typed_into_a_panel_comes_back_as_text(panel):
    def draw(text):
        if text != "fine":
            raise ValueError(f"cannot read {text!r}")
        return plots.memory_by_lag({"a": [1.0]}, "t")

    wicked = f"{IMAGE} & \"'$x$"
    if panel is TypedFigure:
        view = TypedFigure(draw, start="fine", label="text", alt="A curve.")
        view.box.value = wicked
    else:
        view = SliderFigure(draw, values=["fine", wicked], start="fine", label="text", alt="A curve.")
        view.slider.value = wicked
    read = Reader(view.message.value)
    assert (
        read.tags == ["b"] and read.said == f"Could not draw this value: ValueError: cannot read {wicked!r}"
    )


def test_hints_are_text_with_code_in_its_font():
    exercise = function_exercise(hints=[f'Is {IMAGE} < `a<b & "c"`?', "`<script>`", "&amp;"])
    read = Reader(Hints(exercise)._repr_html_())
    assert set(read.tags) == {"details", "summary", "p", "code"} and read.tags.count("code") == 2
    for words in (f'Is {IMAGE} < a<b & "c"?', "<script>", "&amp;"):
        assert words in read.said


def test_no_title_name_or_token_leaves_the_explorer_s_attributes():
    wicked = '" onerror="alert(1)" x="'
    explorer = attention_explorer(torch.eye(2), [wicked, IMAGE], title=wicked, names=[wicked])
    read = Reader(explorer.html)
    assert read.tags == ["div", "img", "script"]
    assert 'alt="&quot; onerror=&quot;alert(1)&quot; x=&quot;. 1 × 1 heads' in explorer.html


# ---------------------------------------------------------------- tokens in pictures


def eye(n):
    return np.eye(n)


DRAWN = {
    "attention_heatmap": lambda word: plots.attention_heatmap(eye(2), [word, "a"], ["a", word], "t"),
    "attention_grid": lambda word: plots.attention_grid(
        eye(2)[None], "t", query_tokens=[word, "a"], key_tokens=["a", word], names=[word]
    ),
    "attention_bars": lambda word: plots.attention_bars([0.5, 0.5], [word, "a"], "t", query=word),
    "kept_without_attention": lambda word: plots.kept_without_attention({"a": {word: 0.5}}, "t", "x"),
    "confusion_matrix": lambda word: plots.confusion_matrix(eye(2), [word, "a"], "t"),
    "gains": lambda word: plots.gains({"a": [1.0], word: [1.0]}, "a", "t", "x"),
    "next_symbol_bars": lambda word: plots.next_symbol_bars([0.5, 0.5], [word, "a"], f"After “{word}”"),
    "embedding_map": lambda word: plots.embedding_map(eye(2), [word, "a"], "t"),
    "similarity_matrix": lambda word: plots.similarity_matrix(eye(2), [word, "a"], "t"),
    "neighbour_bars": lambda word: plots.neighbour_bars([(word, 0.5)], "t"),
    "masked_words": lambda word: plots.masked_words([word, "a"], {1: [0.5, 0.5]}, symbols=["a", word]).axes[
        0
    ],
    "token_boxes": lambda word: plots.token_boxes([word, "a"], "t"),
    "hidden_states": lambda word: plots.hidden_states([[0.5], [0.1]], [word, "a"], "t"),
    "gates_over_time": lambda word: plots.gates_over_time({"f": [[0.5], [0.1]]}, [word, "a"], "t").axes[0],
    "written_symbols": lambda word: plots.written_symbols([[0.5, 0.5]], [0], ["a", word], "t"),
    "search_tree": lambda word: plots.search_tree({(word,): 0.5}, [], "t"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_dollar_in_a_token_is_text(name):
    ax = DRAWN[name](FORMULA)
    ax.figure.canvas.draw()
    texts = [text for text in ax.figure.findobj(plt.Text) if FORMULA in text.get_text()]
    assert texts and not any(text.get_parse_math() for text in texts)


@pytest.mark.parametrize(
    "name",
    ["attention_heatmap", "attention_grid", "attention_bars", "next_symbol_bars", "token_boxes", "hidden_states",
     "gates_over_time"],
)  # fmt: skip
def test_a_character_without_a_font_is_a_box_and_one_warning_names_the_package(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ax = DRAWN[name]("\U0001f9ff")  # in no font of the style
        ax.figure.canvas.draw()
    (only,) = caught
    assert "▯" in str(only.message) and "apt install fonts-noto" in str(only.message)
    assert any(text.get_text() == "▯" for text in ax.figure.findobj(plt.Text))


# ---------------------------------------------------------------- state left as found


@pytest.mark.parametrize("word", ["ant", "internationalisation", "internationalisations", "disestablishment" * 20])
def test_long_tokens_are_cut_with_a_mark_and_do_not_press_the_picture_together(word):
    for draw in (DRAWN["attention_heatmap"], DRAWN["attention_grid"], DRAWN["attention_bars"]):
        ax = draw(word)
        for _ in range(2):
            ax.figure.canvas.draw()
        shown = word if len(word) <= 20 else word[:19] + "…"
        assert shown in [label.get_text() for label in (*ax.get_xticklabels(), *ax.get_yticklabels())]
        assert ax.get_window_extent().width / ax.figure.dpi > 0.45


def test_a_panel_leaves_no_figure_and_none_of_the_caller_s_closed():
    own = plt.figure()

    def draw(value):
        plt.figure()  # one too many, which nobody closes
        ax = plots.memory_by_lag({"a": [1.0, value]}, "t")
        if value == 3:
            raise ZeroDivisionError("after the figure was made")
        return None if value == 4 else ax

    view = SliderFigure(draw, values=[1, 2, 3, 4], start=1, label="value", alt="A curve.")
    for value in (2, 3, 4):
        view.slider.value = value
        assert plt.get_fignums() == [own.number] and plt.gcf() is own
    assert "draw returned NoneType; expected the axes or the figure it drew" in view.message.value
    with pytest.raises(ZeroDivisionError):
        SliderFigure(draw, values=[3], start=3, label="value", alt="A curve.")
    assert plt.get_fignums() == [own.number]


@pytest.mark.parametrize("training", [True, False])
def test_the_sampling_panel_leaves_model_random_state_and_figures_as_found(model, training):
    model.train(training)
    before, weights = torch.get_rng_state(), [weight.clone() for weight in model.parameters()]
    view = SamplingPanel(model, encode, decode, "a", n_new=4)
    for change in (lambda: setattr(view.temperature, "value", 0.5), view.write.click, view._repr_mimebundle_):
        change()
    view.prompt.value = "a" * 40  # more than it can read
    assert "40" in view.message.value
    view.write.click()
    view.writer.wait()
    assert model.training is training and not plt.get_fignums()
    assert torch.equal(torch.get_rng_state(), before) and torch.is_grad_enabled()
    assert all(map(torch.equal, weights, model.parameters()))
    assert all(weight.grad is None and weight.requires_grad for weight in model.parameters())


def test_every_picture_leaves_the_random_state_the_style_and_one_figure():
    numpy_state, torch_state, style = (
        np.random.get_state()[1].copy(),
        torch.get_rng_state(),
        dict(plt.rcParams),
    )
    for draw in DRAWN.values():
        draw("word")
        assert len(plt.get_fignums()) == 1
        plt.close("all")
    _ = attention_explorer(np.full((4, 8, 3, 3), 1 / 3), ["a", "b", "c"])._repr_mimebundle_()
    assert not plt.get_fignums() and dict(plt.rcParams) == style
    assert (np.random.get_state()[1] == numpy_state).all() and torch.equal(torch.get_rng_state(), torch_state)
