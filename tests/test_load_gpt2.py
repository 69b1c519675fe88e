"""GPT-2 in the course's own class: logits, greedy ids and text equal Hugging Face's; what does not fit is refused."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from course_lib.decoding import generate
from course_lib.models.pretrained import PretrainedError, load_gpt2
from course_lib.text import BPE

END = "<|endoftext|>"
TEXTS = ["the cat sat on the mat", "the hats of the bats", "that cat chats, doesn't it?"] * 3


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> tuple[Path, nn.Module]:
    """A small random GPT-2 as Hugging Face saves it, with a tokenizer's files as GPT-2's are."""
    import transformers

    folder = tmp_path_factory.mktemp("gpt2")
    bpe = BPE.train(TEXTS, 300)
    symbols = [*bpe.symbols, END]  # the special symbol last, as in GPT-2
    (folder / "vocab.json").write_text(json.dumps({s: n for n, s in enumerate(symbols)}), encoding="utf-8")
    merges = "".join(f"{left} {right}\n" for left, right in bpe.merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}", encoding="utf-8")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=len(symbols),
        n_positions=32,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = transformers.GPT2LMHeadModel(config).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    return folder, model


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    return Path(shutil.copytree(saved[0], tmp_path / "gpt2"))


def test_logits_then_ids_then_text_equal_hugging_face_s(saved):
    from transformers import GPT2Tokenizer

    folder, theirs = saved
    model, tokenizer = load_gpt2(folder)
    assert not model.training
    their_tokenizer = GPT2Tokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), unk_token=END)
    text = f"the cat chats{END}that mat"
    ids = tokenizer.encode(text, specials_in_text=True)
    assert ids == their_tokenizer.encode(text) and tokenizer.id_of(END) == len(tokenizer) - 1
    prompt = torch.tensor([ids])
    with torch.no_grad():
        expected = theirs.double()(prompt).logits
        torch.testing.assert_close(model.double()(prompt), expected, rtol=1e-10, atol=1e-10)
    their_ids = theirs.generate(prompt, max_new_tokens=12, do_sample=False, eos_token_id=None, pad_token_id=0)
    our_ids = generate(model, prompt, 12, temperature=0)
    assert our_ids.tolist() == their_ids.tolist()
    assert tokenizer.decode(our_ids[0].tolist()) == their_tokenizer.decode(
        their_ids[0], clean_up_tokenization_spaces=False
    )
    theirs.float()


def change_config(folder: Path, **changes) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = {name: value for name, value in {**config, **changes}.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda f: (f / "merges.txt").unlink(),
            "has no merges.txt; this model needs config.json, vocab.json",
        ),
        (lambda f: (f / "model.safetensors").write_bytes(b"short"), "could not be read as a GPT-2"),
        (lambda f: change_config(f, n_embd=None), "does not say 'n_embd'"),
        (lambda f: change_config(f, n_embd=32), "does not fit its config.json"),
        (lambda f: change_config(f, n_head=3), "no GPT-2 that can be"),
        (lambda f: change_config(f, activation_function="relu"), "activation_function = 'relu'"),
        (lambda f: change_config(f, model_type="gpt_neo"), "model_type = 'gpt_neo'"),
        (lambda f: change_config(f, vocab_size=9), "symbols; config.json says 9"),
        (lambda f: (f / "vocab.json").write_text("[]"), "tokenizer .* could not be read"),
        (lambda f: (f / "vocab.json").write_text('{"a": 1}'), "tokenizer .* could not be read"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(folder, spoil, words):
    spoil(folder)
    with pytest.raises(PretrainedError, match=words):
        load_gpt2(folder)
