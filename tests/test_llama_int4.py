"""A Llama with the 4 bits of its file: the numbers of load_llama in a third of the memory, and a kernel that writes."""

import subprocess
import sys

import pytest
import torch
from gguf import GGMLQuantizationType as Q

from chat_prompts import PROMPTS
from course_lib.decoding import generate, speculate
from course_lib.models.compact import (
    Int4Linear,
    Int8Linear,
    add_lora_to_attention,
    exactly,
    load_llama_int4,
    replace_linears,
    tensor_bytes,
)
from course_lib.models.pretrained import PretrainedError, load_llama
from course_lib.models.transformer import Llama
from course_lib.text import chat_ids, stop_id
from smollm2 import smollm2_file  # noqa: F401
from test_generation import steps_taken, take_steps  # noqa: F401
from test_load_llama import N_NEW, N_PROMPTS, tiny, write_tiny  # noqa: F401

IDS = torch.randint(0, 250, (2, 12), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def tiny_file(tiny, tmp_path):  # noqa: F811
    return write_tiny(tmp_path / "tiny.gguf", tiny, Q.Q4_1)


def test_the_numbers_are_those_of_the_file(tiny_file):
    (full, tokenizer), (model, other) = load_llama(tiny_file), load_llama_int4(tiny_file)
    assert tokenizer.symbols == other.symbols and not model.training
    for theirs, ours in zip(full.blocks.layers, model.blocks.layers, strict=True):
        assert torch.equal(ours.self_attn.in_proj.weight, theirs.self_attn.in_proj_weight)
        for name in ("self_attn.out_proj", "linear1", "linear2"):
            assert torch.equal(ours.get_submodule(name).weight, theirs.get_submodule(name).weight)
    with torch.no_grad():  # 24 rows: real numbers
        torch.testing.assert_close(model(IDS), full(IDS), rtol=1e-4, atol=1e-4)
        ours, theirs = model(IDS[:1, :3]), full(IDS[:1, :3])
    assert 0 < (ours - theirs).norm() < 0.05 * theirs.norm()


def test_a_model_that_checks_itself_writes_what_float32_writes(tiny_file):
    (full, _), (model, _) = load_llama(tiny_file), load_llama_int4(tiny_file)
    exact = exactly(model)
    assert {id(buffer) for buffer in exact.buffers()} == {id(buffer) for buffer in model.buffers()}
    with torch.no_grad():
        torch.testing.assert_close(exact(IDS[:1, :3]), full(IDS[:1, :3]), rtol=1e-4, atol=1e-4)
        assert not torch.equal(model(IDS[:1, :3]), exact(IDS[:1, :3]))
    expected = generate(full, IDS[:1], 20, temperature=0)
    assert torch.equal(generate(exact, IDS[:1], 20, temperature=0), expected)
    found = speculate(exact, model, IDS[:1], 20, draft_len=6)
    assert torch.equal(found.ids, expected) and found.accepted > 0


def test_a_loaded_file_can_be_let_go(tiny_file):
    model, _ = load_llama_int4(tiny_file)
    with torch.no_grad():
        before = model(IDS)
        tiny_file.write_bytes(b"")
        assert torch.equal(model(IDS), before)


@pytest.mark.parametrize("kind", [Int8Linear, Int4Linear])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_fused_step_takes_quantised_layers(kind, batch, steps_taken):  # noqa: F811
    torch.manual_seed(0)
    sizes = {"max_len": 40, "d_model": 64, "n_heads": 4, "n_kv_heads": 2, "num_layers": 2, "d_ff": 96}
    model = Llama(50, **sizes, tied=False).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    replace_linears(model, kind.from_linear)
    prompt = torch.randint(50, (batch, 9), generator=torch.Generator().manual_seed(0))
    for adapted in (False, True):
        if adapted:
            for adapter in add_lora_to_attention(model, rank=2, parts=("query", "output")):
                torch.nn.init.normal_(adapter.B, std=0.3)
        lengths = torch.full((batch,), 9)
        text, logits = take_steps("plain", model, prompt, lengths, 15, temperature=0)
        other_text, other = take_steps("fused", model, prompt, lengths, 15, temperature=0)
        # Rounding to 8 binary digits may fall the other way after another order of sums.
        torch.testing.assert_close(other[:2], logits[:2], rtol=0.05, atol=0.05 * logits.abs().max().item())
        generate(model, prompt, 12, temperature=0)
    assert steps_taken == ["FusedStep"] * 2


def test_a_file_of_another_kind_is_refused(tiny, tmp_path):  # noqa: F811
    path = write_tiny(tmp_path / "tiny.gguf", tiny, Q.Q8_0)
    with pytest.raises(PretrainedError, match="in Q8_0, not in Q4_1; load_llama reads every kind"):
        load_llama_int4(path)
    with pytest.raises(PretrainedError, match="has no GGUF file, so there are no 4 bits to keep"):
        load_llama_int4(tiny[0])


# ---------------------------------------------------------------- the real one


def test_greedy_answers_of_the_real_one(smollm2_file):  # noqa: F811
    """Rounding to bfloat16 decides where two tokens are nearly as likely: most answers are the same, not all."""
    (full, tokenizer), (model, _) = load_llama(smollm2_file), load_llama_int4(smollm2_file)
    assert tensor_bytes(model) < 0.35 * tensor_bytes(full)
    same, stop = 0, stop_id(tokenizer)
    for prompt in PROMPTS[:N_PROMPTS]:
        ids = torch.tensor([chat_ids(tokenizer, [{"role": "user", "content": prompt}])])
        with torch.inference_mode():  # a prompt is read exactly
            torch.testing.assert_close(model(ids), full(ids), rtol=1e-3, atol=1e-3)
        answers = [generate(m, ids, N_NEW, temperature=0, eos_id=stop) for m in (full, model)]
        same += torch.equal(*answers)
    assert same >= 0.6 * N_PROMPTS


PEAK = """
import torch
from course_lib.decoding import generate
from course_lib.models.compact import load_llama_int4
from course_lib.text import chat_ids
model, tokenizer = load_llama_int4({path!r})
ids = torch.tensor([chat_ids(tokenizer, [{{"role": "user", "content": "Write a story about a fox."}}])])
generate(model, ids, 64, temperature=0)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_real_one_writes_within_900_megabytes(smollm2_file):  # noqa: F811
    run = subprocess.run(
        [sys.executable, "-c", PEAK.format(path=str(smollm2_file))], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 900_000  # kilobytes
