"""Writing with a key/value cache: against Hugging Face's `generate`, and against reading everything again."""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.decoding import generate
from course_lib.models.pretrained import gpt2_weights
from course_lib.models.transformer import GPT

PROMPT, NEW, VOCAB, MAX_LEN = 16, 256, 1000, 512
# (layers, heads, width) → rounds, bound of Hugging Face's seconds over ours, with the cache of both
SIZES = {(4, 4, 128): (7, 2.5), (6, 6, 384): (5, 1.5)}
UNCACHED_BOUND = 5.0
# Ours and theirs. Hugging Face's own default would look at the best 50 only.
WAYS = {
    "greedy": ({"temperature": 0.0}, {"do_sample": False}),
    "sampled": ({"temperature": 1.0}, {"do_sample": True, "top_k": 0}),
}


@benchmark("generation", "256 tokens of a GPT with its cache, against Hugging Face's generate", minutes=4)
def run() -> None:
    rows = []
    for (layers, heads, width), (rounds, bound) in SIZES.items():
        ours, theirs = pair(VOCAB, layers, heads, width)
        for batch in (1, 8):
            prompt = torch.randint(0, VOCAB, (batch, PROMPT), generator=torch.Generator().manual_seed(0))
            for way in WAYS:
                writers, bounds = writing(ours, theirs, prompt, NEW, way), {"Hugging Face": bound}
                if way == "greedy" and width * batch <= 384:  # more takes minutes
                    bounds["ours without cache"] = UNCACHED_BOUND
                    writers["ours without cache"] = partial(writers["ours"], use_cache=False)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about generation settings that are not used here
                    if way == "greedy" and not torch.equal(writers["ours"](), writers["Hugging Face"]()):
                        raise RuntimeError(
                            "The two models write different texts: what is timed is not the same work."
                        )
                    seconds = interleaved(writers, rounds)
                for name, least in bounds.items():
                    times = seconds[name] / seconds["ours"]
                    rows.append(
                        (
                            f"{layers} layers × {width}, {way}, batch {batch}",
                            name,
                            f"{seconds['ours']:.3f}",
                            f"{seconds[name]:.3f}",
                            f"{times:.2f}",
                            f"≥ {least} {'✓' if times >= least else '✗'}",
                        )
                    )
    print(f"{NEW} tokens after a prompt of {PROMPT}; CPU-seconds\n")
    print(table(("", "against", "ours, s", "theirs, s", "times as fast", "bound"), rows))


def writing(
    ours: GPT, theirs: nn.Module, prompt: Tensor, n_new: int, way: str
) -> dict[str, Callable[[], Tensor]]:
    """Both models writing n_new symbols in one of the `WAYS`."""
    our_options, their_options = WAYS[way]
    their_options = their_options | {"attention_mask": torch.ones_like(prompt), "pad_token_id": 0}
    return {
        "ours": partial(generate, ours, prompt, n_new, **our_options),
        "Hugging Face": partial(theirs.generate, prompt, max_new_tokens=n_new, **their_options),
    }


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
