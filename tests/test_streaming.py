"""Text as it comes: the same as at once, never half a character, and it can be stopped; the chat panel on top of it."""

import base64
import threading

import pytest
import torch

from course_lib.decoding import generate, stream
from course_lib.explore import ChatPanel
from course_lib.models.transformer import GPT, Llama
from course_lib.text import BPE, chat_ids, text_pieces
from course_lib.text.chat import END, START
from course_lib.text.gpt2_words import BYTE_TO_SYMBOL

BYTES = BPE([], specials=[START, END, "<|endoftext|>"])
TEXTS = ["plain", "é ☃ 😀👩‍👩‍👧 𠀀", "", "� stays", "a\nb", "ends in 😀"]


# ---------------------------------------------------------------- characters in several pieces


@pytest.mark.parametrize("text", TEXTS)
def test_no_piece_ends_in_half_a_character(text):
    ids = BYTES.encode(text)  # a symbol for each byte
    pieces = list(text_pieces(iter(ids), BYTES.decode))
    assert "".join(pieces) == text
    if "�" not in text:
        assert all("�" not in piece for piece in pieces)
        assert len(pieces) == len(text)  # each character as soon as it is whole


def test_bytes_that_are_no_text_are_shown_as_they_are_in_the_whole():
    data = b"a\xff\xffb\xf0\x9fc\x80\xe2\x98"
    ids = [BYTES.id_of(BYTE_TO_SYMBOL[byte]) for byte in data]
    assert "".join(text_pieces(ids, BYTES.decode)) == BYTES.decode(ids) == data.decode("utf-8", errors="replace")


# ---------------------------------------------------------------- symbols as they are chosen


def small(kind=Llama, max_len=400):
    torch.manual_seed(0)
    extra = {"d_ff": 24, "n_kv_heads": 1} if kind is Llama else {}
    model = kind(len(BYTES), max_len=max_len, d_model=16, n_heads=2, num_layers=2, **extra).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.mark.parametrize("kind", [GPT, Llama])
@pytest.mark.parametrize("knobs", [{"temperature": 0}, {"temperature": 0.8, "top_k": 9}, {"top_p": 0.9}])
@pytest.mark.parametrize("n_new", [1, 5, 30])
def test_the_stream_is_what_generate_writes(kind, knobs, n_new):
    model, prompt = small(kind), torch.tensor(BYTES.encode("abc"))
    expected = generate(model, prompt[None], n_new, generator=torch.Generator().manual_seed(3), **knobs)[0, 3:]
    assert list(stream(model, prompt, n_new, generator=torch.Generator().manual_seed(3), **knobs)) == expected.tolist()
    eos = int(expected[len(expected) // 2])
    written = list(stream(model, prompt, n_new, eos_id=eos, generator=torch.Generator().manual_seed(3), **knobs))
    assert written == expected[: expected.tolist().index(eos) + 1].tolist()


def test_a_stream_that_is_left_leaves_the_model_as_it_was():
    model = small().train()
    some = stream(model, torch.tensor([1, 2]), 20)
    next(some)
    assert not model.training and torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    some.close()
    assert model.training


@pytest.mark.parametrize(
    ("prompt", "n_new", "words"),
    [([], 3, "at least one symbol"), ([1] * 390, 11, "max_len = 400"), ([[1]], 1, "one text at a time")],
)
def test_what_does_not_fit_is_refused(prompt, n_new, words):
    with pytest.raises(ValueError, match=words):
        list(stream(small(), torch.tensor(prompt, dtype=torch.long), n_new))


# ---------------------------------------------------------------- the chat panel


QUESTION = [{"role": "user", "content": "Hi <b>&</b> $x$"}]


def panel(messages=(), n_new=12, **options):
    return ChatPanel(small(), BYTES, messages, system="Be brief.", n_new=n_new, **options)


def test_a_question_that_is_given_is_answered_at_once_as_generate_does():
    view = panel(QUESTION)
    ids = torch.tensor([chat_ids(BYTES, QUESTION, system="Be brief.")])
    written = generate(small(), ids, 12, temperature=0, eos_id=BYTES.id_of(END))[0, ids.shape[1] :]
    answer = BYTES.decode(number for number in written.tolist() if number != BYTES.id_of(END))
    assert view.messages == [*QUESTION, {"role": "assistant", "content": answer}]
    assert "<b>you:</b> Hi &lt;b&gt;&amp;&lt;/b&gt; $x$" in view.page.value


def test_a_question_that_is_sent_is_answered_and_remembered():
    view = panel()
    for question in ("one", "two"):
        view.box.value = question
        view.send.click()
        view.writer.wait(60)
    assert [message["role"] for message in view.messages] == ["user", "assistant"] * 2
    assert view.box.value == "" and view.stop.disabled and not view.send.disabled
    expected = panel(view.messages[:3])  # the same conversation, given
    assert expected.messages == view.messages
    view.clear.click()
    assert view.messages == []


def test_the_stop_button_ends_an_answer(monkeypatch):
    view, first, go_on = panel(n_new=300), threading.Event(), threading.Event()
    show = view._show

    def slowly(answer=None):
        show(answer)
        if answer:
            first.set()
            go_on.wait(60)

    monkeypatch.setattr(view.writer, "_show", slowly)
    view.ask("Tell me more")
    assert first.wait(60) and view.writer.is_writing and view.send.disabled and not view.stop.disabled
    view.ask("and more")  # not while it writes
    view.stop.click()
    go_on.set()
    view.writer.wait(60)
    assert len(view.messages) == 2 and 0 < len(view.messages[1]["content"]) < 20
    assert view.stop.disabled and not view.send.disabled


def test_what_does_not_work_is_said_and_the_question_comes_back():
    view = panel(n_new=100)
    view.send.click()
    assert view.message.value == "Type a question first."
    view.ask("long " * 80)
    view.writer.wait(60)
    assert "300 fit before an answer of 100. Shorten it." in view.message.value
    assert view.messages == [] and view.box.value.startswith("long long")
    with pytest.raises(ValueError, match="Shorten it"):
        panel([{"role": "user", "content": "long " * 80}], n_new=100)
    with pytest.raises(ValueError, match="the role 'boss'"):
        panel([{"role": "boss", "content": "x"}, *QUESTION])


def test_the_oldest_messages_are_left_out_where_not_all_fit():
    turns = [{"role": "user", "content": "x" * 120}, {"role": "assistant", "content": "y" * 120}]
    view = panel([*turns, *QUESTION], n_new=100)
    assert view.message.value == "The first 1 messages no longer fit into the model's context."
    assert len(view.messages) == 4


def test_without_a_kernel_the_conversation_is_there():
    view = panel(QUESTION)
    bundle = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "you: Hi <b>&</b> $x$\nmodel: " in bundle["text/plain"]
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["image/png"] == view._repr_mimebundle_()["image/png"]
    assert "(nothing said yet)" in panel()._repr_mimebundle_()["text/plain"]


def test_temperature_draws_other_answers():
    answers = {panel(QUESTION, temperature=1.5, seed=seed).messages[1]["content"] for seed in range(3)}
    assert len(answers) > 1
    assert panel(QUESTION, temperature=1.5, seed=1).messages == panel(QUESTION, temperature=1.5, seed=1).messages
