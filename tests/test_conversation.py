"""Answers to several conversations at once are those to each alone, and end where the model ends them."""

import pytest
import torch

from course_lib.decoding import chat_answers, generate
from course_lib.models import Llama
from course_lib.text.bpe import BPE
from course_lib.text.chat import END, START, chat_ids, stop_id

QUESTIONS = ["a b", "the cat sat on the mat .", "c"]


@pytest.fixture(scope="module")
def tokenizer():
    return BPE.train(["the cat sat on the mat . user assistant system a b c"] * 3, 280, specials=(START, END))


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    made = Llama(len(tokenizer), max_len=200, d_model=16, n_heads=4, n_kv_heads=2, num_layers=2, d_ff=32)
    with torch.no_grad():  # with PyTorch's small start, every answer would be the same
        for parameter in made.parameters():
            parameter.mul_(8.0)
    return made.eval()


def alone(model, tokenizer, question, n_new):
    ids = torch.tensor([chat_ids(tokenizer, [{"role": "user", "content": question}])])
    end = stop_id(tokenizer)
    new = generate(model, ids, n_new, temperature=0.0, eos_id=end)[0, ids.shape[1] :].tolist()
    return tokenizer.decode(new[: new.index(end)] if end in new else new)


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_together_as_alone(model, tokenizer, batch_size):
    expected = [alone(model, tokenizer, question, 12) for question in QUESTIONS]
    assert len(set(expected)) > 1
    assert chat_answers(model, tokenizer, QUESTIONS, 12, batch_size=batch_size) == expected


def test_an_answer_ends_at_the_end_symbol(model, tokenizer):
    written = []

    class Ends(Llama):
        """Says the end symbol as its third token."""

        def forward(self, ids, *arguments, **options):
            logits = super().forward(ids, *arguments, **options)
            written.append(1)
            if len(written) == 3:
                logits[..., stop_id(tokenizer)] = 1e4
            return logits

    ends = Ends(
        len(tokenizer), max_len=200, d_model=16, n_heads=4, n_kv_heads=2, num_layers=2, d_ff=32
    ).eval()
    ends.load_state_dict(model.state_dict())
    (short,) = chat_answers(ends, tokenizer, ["a b"], 5)  # few enough that no step is fused
    (long,) = chat_answers(model, tokenizer, ["a b"], 5)
    assert END not in short and long.startswith(short) and len(short) < len(long)


def test_messages_and_a_system_of_ones_own(model, tokenizer):
    conversation = [{"role": "user", "content": "a b"}]
    assert chat_answers(model, tokenizer, [conversation], 6) == chat_answers(model, tokenizer, ["a b"], 6)
    other = [{"role": "system", "content": "the mat"}, *conversation]
    assert chat_answers(model, tokenizer, [other], 6) == chat_answers(
        model, tokenizer, ["a b"], 6, system="the mat"
    )


def test_no_conversations(model, tokenizer):
    assert chat_answers(model, tokenizer, []) == []


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ([[]], {}, "empty"),
        (["a"], {"batch_size": 0}, "batch_size is 0"),
        (["a"], {"temperature": -1.0}, "temperature"),
    ],
)
def test_what_cannot_be_answered(model, tokenizer, given, options, words):
    with pytest.raises(ValueError, match=words):
        chat_answers(model, tokenizer, given, 4, **options)
