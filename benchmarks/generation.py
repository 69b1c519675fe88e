"""Writing with a key/value cache: against Hugging Face's `generate`, and against reading everything again."""

import warnings

import torch
from torch import nn

from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.decoding import generate
from course_lib.models.pretrained import gpt2_weights
from course_lib.models.transformer import GPT

PROMPT, NEW, VOCAB, MAX_LEN = 16, 256, 1000, 512
# (layers, heads, width) → rounds, bound of Hugging Face's seconds over ours, with the cache of both
SIZES = {(4, 4, 128): (5, 2.0), (6, 6, 384): (3, 1.3)}
UNCACHED_BOUND = 5.0


@benchmark("generation", "256 tokens of a GPT with its cache, against Hugging Face's generate", minutes=3)
def run() -> None:
    rows = []
    for (layers, heads, width), (rounds, bound) in SIZES.items():
        ours, theirs = pair(VOCAB, layers, heads, width)
        for batch in (1, 8):
            prompt = torch.randint(0, VOCAB, (batch, PROMPT), generator=torch.Generator().manual_seed(0))
            options = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "pad_token_id": 0}
            ways = {
                "ours": lambda m=ours, p=prompt: generate(m, p, NEW, temperature=0),
                "Hugging Face": lambda m=theirs, p=prompt, o=options: m.generate(p, max_new_tokens=NEW, **o),
            }
            if width * batch <= 384:  # more takes minutes
                ways["ours without cache"] = lambda m=ours, p=prompt: generate(
                    m, p, NEW, temperature=0, use_cache=False
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about generation settings that are not used here
                if not torch.equal(ways["ours"](), ways["Hugging Face"]()):
                    raise RuntimeError(
                        "The two models write different texts: what is timed is not the same work."
                    )
                seconds = interleaved(ways, rounds)
            for name, least in {"Hugging Face": bound, "ours without cache": UNCACHED_BOUND}.items():
                if name not in seconds:
                    continue
                rows.append(
                    (
                        f"{layers} layers × {width}, batch {batch}",
                        name,
                        f"{seconds['ours']:.3f}",
                        f"{seconds[name]:.3f}",
                        f"{seconds[name] / seconds['ours']:.2f}",
                        f"≥ {least}" if batch == 1 or name != "Hugging Face" else "",
                    )
                )
    print(f"{NEW} tokens after a prompt of {PROMPT}, greedy; CPU-seconds\n")
    print(table(("", "against", "ours, s", "theirs, s", "times as fast", "bound"), rows))


def pair(vocab_size: int, layers: int, heads: int, width: int) -> tuple[GPT, nn.Module]:
    """A GPT and Hugging Face's GPT-2 with the same random weights, in evaluation mode."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=vocab_size,
        n_positions=MAX_LEN,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        bos_token_id=0,
        eos_token_id=None,
    )
    config._attn_implementation = "sdpa"
    theirs = GPT2LMHeadModel(config).eval()
    ours = GPT(vocab_size, max_len=MAX_LEN, d_model=width, n_heads=heads, num_layers=layers).eval()
    ours.load_state_dict(gpt2_weights(theirs.state_dict()))
    return ours, theirs
