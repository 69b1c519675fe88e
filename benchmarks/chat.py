"""A real chat model that writes: SmolLM2 in the course's class against Hugging Face's `generate`, same weights."""

import warnings
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.decoding import generate, speculate
from course_lib.device import Stopwatch
from course_lib.models.compact import exactly, load_llama_int4, tensor_bytes
from course_lib.models.pretrained import load_llama, pretrained_folder, read_gguf
from course_lib.models.pretrained.llama_gguf import gguf_weights
from course_lib.text import BPE, chat_ids

NAME = "SmolLM2-135M-Instruct"
ROUNDS = 3
BOUNDS = {"ours": 1.1, "4 bits": 2.5}
PROMPTS = ("Write a story about a fox.", "What is photosynthesis?")
NEW = (64, 256)


@benchmark("chat", "SmolLM2 answers a question, against Hugging Face's generate", minutes=6)
def run() -> None:
    with Stopwatch("cpu") as loading:
        ours, tokenizer = load_llama(NAME)
    with Stopwatch("cpu") as reading:
        generate(ours, asked(tokenizer, PROMPTS[0]), 1, temperature=0)
    print(f"loaded in {loading.seconds:.1f} CPU-seconds; the first token of an answer {reading.seconds:.2f} later\n")
    small, _ = load_llama_int4(NAME)
    megabytes = {"ours": tensor_bytes(ours) / 1e6, "4 bits": tensor_bytes(small) / 1e6}
    theirs = hugging_face(pretrained_folder(NAME) / f"{NAME}.Q4_1.gguf")
    rows = []
    for prompt, n_new in zip(PROMPTS, NEW, strict=True):
        ids = asked(tokenizer, prompt)
        writers = {
            "Hugging Face": partial(
                theirs.generate,
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=n_new,
                do_sample=False,
                pad_token_id=0,
                eos_token_id=None,
            ),
            "ours": partial(generate, ours, ids, n_new, temperature=0),
            "4 bits draft, ours checks": lambda ids=ids, n_new=n_new: speculate(ours, small, ids, n_new).ids,
            "4 bits, checks itself": lambda ids=ids, n_new=n_new: (
                speculate(exactly(small), small, ids, n_new, draft_len=40).ids
            ),
            "4 bits": partial(generate, small, ids, n_new, temperature=0),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about generation settings that are not used here
            texts = {name: write()[0] for name, write in writers.items()}
            if not all(torch.equal(texts[name], texts["Hugging Face"]) for name in list(writers)[:4]):
                raise RuntimeError("They write different texts: what is timed is not the same work.")
            seconds = interleaved(writers, ROUNDS)
        for name in writers:
            times = seconds["Hugging Face"] / seconds[name]
            bound = BOUNDS.get(name)
            verdict = "" if bound is None else f"≥ {bound} {'✓' if times >= bound else '✗'}"
            same = (texts[name] == texts["Hugging Face"])[ids.shape[1] :].long().cumprod(0).sum()
            what = f"{name}, {n_new} tokens after {ids.shape[1]}"
            rows.append((what, f"{n_new / seconds[name]:.1f}", f"{times:.2f}", verdict, f"{same}"))
    print("Greedy, batch 1; tokens a CPU-second, and how many tokens are Hugging Face's\n")
    print(table(("", "tokens / s", "times as fast", "bound", "the same"), rows))
    print("\n" + ", ".join(f"{name}: {size:.0f} MB" for name, size in megabytes.items()))


def asked(tokenizer: BPE, question: str) -> Tensor:
    """A question as the model reads it, (1, time)."""
    return torch.tensor([chat_ids(tokenizer, [{"role": "user", "content": question}])])


def hugging_face(path: Path) -> nn.Module:
    """Hugging Face's model with the weights of a GGUF file."""
    from transformers import LlamaConfig, LlamaForCausalLM

    file = read_gguf(path)
    said = {name.removeprefix("llama."): value for name, value in file.entries.items()}
    config = LlamaConfig(
        vocab_size=said["vocab_size"],
        hidden_size=said["embedding_length"],
        intermediate_size=said["feed_forward_length"],
        num_hidden_layers=said["block_count"],
        num_attention_heads=said["attention.head_count"],
        num_key_value_heads=said["attention.head_count_kv"],
        max_position_embeddings=said["context_length"],
        rms_norm_eps=said["attention.layer_norm_rms_epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": said["rope.freq_base"]},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="sdpa",
    )
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    weights = {name: read() for name, read in gguf_weights(file).items()}
    model.load_state_dict(weights, assign=True, strict=False)
    model.tie_weights()
    model.model.rotary_emb = type(model.model.rotary_emb)(config)  # its angles are no weights
    return model.eval()
