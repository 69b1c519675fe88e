"""A Llama in a GGUF file: its sizes, its tokenizer, and its weights under Hugging Face's names."""

import re
from collections.abc import Callable
from typing import Any

from torch import Tensor

from course_lib.models.pretrained.files import PretrainedError
from course_lib.models.pretrained.gguf_file import GGUFFile, GGUFTensor
from course_lib.models.pretrained.llama_tokenizer import tokenizer_from_parts
from course_lib.text.bpe import BPE
from course_lib.text.gpt2_words import digit_words, gpt2_words

# GGUF's names → those of Hugging Face's `LlamaForCausalLM`.
_NAMES = {
    r"token_embd\.weight": "model.embed_tokens.weight",
    r"output_norm\.weight": "model.norm.weight",
    r"output\.weight": "lm_head.weight",
    r"blk\.(\d+)\.attn_norm\.weight": r"model.layers.\1.input_layernorm.weight",
    r"blk\.(\d+)\.ffn_norm\.weight": r"model.layers.\1.post_attention_layernorm.weight",
    r"blk\.(\d+)\.attn_([qkv])\.weight": r"model.layers.\1.self_attn.\2_proj.weight",
    r"blk\.(\d+)\.attn_output\.weight": r"model.layers.\1.self_attn.o_proj.weight",
    r"blk\.(\d+)\.ffn_(gate|up|down)\.weight": r"model.layers.\1.mlp.\2_proj.weight",
}
# How a tokenizer cuts a text before its merges: GGUF's name → ours.
_SPLITS = {"smollm": digit_words, "gpt-2": gpt2_words}


def _entry(file: GGUFFile, name: str) -> Any:
    if name not in file.entries:
        raise PretrainedError(f"{file.path} does not say {name}; is it a Llama?")
    return file.entries[name]


def gguf_sizes(file: GGUFFile) -> dict:
    """The arguments of `Llama` for a GGUF file."""
    kind = _entry(file, "general.architecture")
    if kind != "llama":
        raise PretrainedError(f"{file.path} holds a {kind!r}; expected a 'llama'.")
    n_heads = _entry(file, "llama.attention.head_count")
    return {
        "vocab_size": len(_entry(file, "tokenizer.ggml.tokens")),
        "max_len": _entry(file, "llama.context_length"),
        "d_model": _entry(file, "llama.embedding_length"),
        "n_heads": n_heads,
        "n_kv_heads": file.entries.get("llama.attention.head_count_kv", n_heads),
        "num_layers": _entry(file, "llama.block_count"),
        "d_ff": _entry(file, "llama.feed_forward_length"),
        "eps": _entry(file, "llama.attention.layer_norm_rms_epsilon"),
        "rotary_base": file.entries.get("llama.rope.freq_base", 10_000.0),
        "tied": "output.weight" not in file.tensors,
    }


def gguf_weights(
    file: GGUFFile, read: Callable[[GGUFTensor], Tensor] = GGUFTensor.dequantised
) -> dict[str, Callable[[], Tensor]]:
    """For every weight, under Hugging Face's name, a function that reads it.

    Args:
        read: how: in float32, or read(tensor) → anything that has the tensor's rows.
    """
    heads = {
        "q": _entry(file, "llama.attention.head_count"),
        "k": file.entries.get("llama.attention.head_count_kv", _entry(file, "llama.attention.head_count")),
    }

    def reading(name: str) -> Callable[[], Tensor]:
        turned = re.search(r"attn_([qk])\.weight$", name)
        if turned is None:
            return lambda: read(file.tensors[name])
        return lambda: halves_from_pairs(read(file.tensors[name]), heads[turned[1]])

    found = {}
    for name in file.tensors:
        theirs = next((re.sub(old, new, name) for old, new in _NAMES.items() if re.fullmatch(old, name)), None)
        if theirs is None:
            raise PretrainedError(f"{file.path} has a tensor {name!r}, which the course's Llama has no place for.")
        found[theirs] = reading(name)
    return found


def halves_from_pairs(weight: Tensor, n_heads: int) -> Tensor:
    """Rows of a query or key projection in the order that `Rotary` needs.

    A GGUF file has the two features that rotary positions turn together side by side, (0, 1), (2, 3), …, as the paper
    has them. Hugging Face and `Rotary` pair feature i with feature i + d_head / 2.

    Shapes:
        weight (n_heads * d_head, d_model) → the same shape
    """
    pairs = weight.view(n_heads, -1, 2, weight.shape[1])  # (n_heads, d_head / 2, 2, d_model)
    return pairs.transpose(1, 2).reshape(weight.shape)


def gguf_tokenizer(file: GGUFFile) -> BPE:
    """The tokenizer that the file carries."""
    kind, split = _entry(file, "tokenizer.ggml.model"), _entry(file, "tokenizer.ggml.pre")
    if kind != "gpt2" or split not in _SPLITS:
        raise PretrainedError(
            f"{file.path} has a tokenizer of kind {kind!r}, {split!r}; known here: 'gpt2' with {', '.join(_SPLITS)}."
        )
    merges = [tuple(pair.split(" ")) for pair in _entry(file, "tokenizer.ggml.merges")]
    return tokenizer_from_parts(file.path, _entry(file, "tokenizer.ggml.tokens"), merges, _SPLITS[split])
