"""A Llama's published weights in the course's own class: the same numbers under other names."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from course_lib.models.layout import columns_first
from course_lib.models.pretrained.files import LLAMA_FILES, PretrainedError, pretrained_folder
from course_lib.models.pretrained.gguf_file import read_gguf
from course_lib.models.pretrained.llama_gguf import gguf_sizes, gguf_tokenizer, gguf_weights
from course_lib.models.pretrained.llama_tokenizer import tokenizer_from_json
from course_lib.models.pretrained.renamed import drop_tied_head, join_parts
from course_lib.models.transformer.llama import Llama
from course_lib.text.bpe import BPE

# Llama's names in Hugging Face's `LlamaForCausalLM` → ours.
_LLAMA = {
    r"model\.embed_tokens\.weight": "token_embedding.weight",
    r"model\.norm\.weight": "blocks.norm.weight",
    r"model\.layers\.(\d+)\.input_layernorm\.weight": r"blocks.layers.\1.norm1.weight",
    r"model\.layers\.(\d+)\.post_attention_layernorm\.weight": r"blocks.layers.\1.norm2.weight",
    r"model\.layers\.(\d+)\.self_attn\.([qkv])_proj\.weight": r"blocks.layers.\1.self_attn.\2_weight",
    r"model\.layers\.(\d+)\.self_attn\.o_proj\.weight": r"blocks.layers.\1.self_attn.out_proj.weight",
    r"model\.layers\.(\d+)\.mlp\.(gate|up)_proj\.weight": r"blocks.layers.\1.\2_weight",
    r"model\.layers\.(\d+)\.mlp\.down_proj\.weight": r"blocks.layers.\1.linear2.weight",
    r"lm_head\.weight": "head.weight",
}
# Matrices that are one here: the name of the whole, and the ends of its parts' names, from the first row on.
_JOINED = {
    "self_attn.in_proj_weight": ("self_attn.q_weight", "self_attn.k_weight", "self_attn.v_weight"),
    "linear1.weight": ("gate_weight", "up_weight"),
}


def llama_weights(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a Hugging Face Llama as one of `course_lib.models.Llama`.

    Query, key and value are one matrix here, and so are gate and up. A head that is tied to the embedding is left out.

    Args:
        theirs: `LlamaForCausalLM(...).state_dict()`, or the tensors of its safetensors file.

    Raises:
        ValueError: a name that Llama does not have, or a part of a joined matrix without the others.
    """
    ours = {}
    for name, value in theirs.items():
        if name.endswith("rotary_emb.inv_freq"):  # older files keep what is computed
            continue
        renamed = next((re.sub(old, new, name) for old, new in _LLAMA.items() if re.fullmatch(old, name)), None)
        if renamed is None:
            raise ValueError(f"{name!r} is no weight of a Llama; is this another model's state dict?")
        ours[renamed] = value
    drop_tied_head(ours, "token_embedding.weight")
    join_parts(ours, _JOINED)
    return ours


def load_llama(
    name_or_path: str | Path = "SmolLM2-135M-Instruct", *, dropout: float = 0.0
) -> tuple[Llama, BPE]:
    """A Llama that others trained, in the course's own class, and its tokenizer.

    Args:
        name_or_path: "SmolLM2-135M-Instruct" (30 layers, 135 M parameters, trained to answer), a GGUF file of a Llama,
            or a folder with one, or with config.json, tokenizer.json and model.safetensors. `pretrained_folder` says
            where a name is looked for.
        dropout: for fine-tuning; the model comes in evaluation mode, where there is none.

    Returns:
        model: in evaluation mode and single precision, whatever the file has; matrices lie `columns_first`.
        tokenizer: `course_lib.text.chat` writes conversations with it.

    Raises:
        PretrainedError: the files could not be had, are damaged, or hold no Llama; with what to do.

    Source: Allal et al. 2025, "SmolLM2: When Smol Goes Big".
    """
    gguf = gguf_file_of(name_or_path)
    if gguf is not None:
        sizes, names, read, tokenizer = _from_gguf(gguf)
        source = gguf
    else:
        folder = pretrained_folder(name_or_path, LLAMA_FILES)
        if (gguf := gguf_file_of(folder)) is not None:
            return load_llama(gguf, dropout=dropout)
        sizes = _config_sizes(folder / "config.json")
        source = folder / "model.safetensors"
        names, read = _from_safetensors(source)
        tokenizer = tokenizer_from_json(folder / "tokenizer.json")
    try:
        with torch.device("meta"):  # without memory and numbers: what is loaded takes their place
            model = Llama(**sizes, dropout=dropout)
    except ValueError as error:
        raise PretrainedError(f"{source} describes no Llama that can be: {error}") from None
    if len(tokenizer) > model.vocab_size:
        raise PretrainedError(f"{source} has {model.vocab_size:,} symbols; its tokenizer has {len(tokenizer):,}.")
    try:
        ours = {
            name: columns_first(value) if value.dim() == 2 else value
            for name, value in layer_by_layer(names, read)
        }
        model.load_state_dict(ours, assign=True)
    except ValueError as error:
        raise PretrainedError(f"{source} could not be read as a Llama: {error}") from None
    except RuntimeError as error:
        raise PretrainedError(f"{source} does not fit its own configuration: {error}") from None
    return model.eval(), tokenizer


def gguf_file_of(path: str | Path) -> Path | None:
    """The GGUF file that a path names, or the one in the folder that it names."""
    path = Path(path).expanduser()
    if path.suffix == ".gguf":
        return path
    found = sorted(path.glob("*.gguf")) if path.is_dir() else []
    return found[0] if len(found) == 1 else None


def layer_by_layer(names: Iterable[str], read: Callable[[str], Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Our names and weights from theirs, a layer at a time: two copies of all weights would need twice the memory."""

    def layer(name: str) -> str:
        return ".".join(name.split(".")[:3])

    for _, some in groupby(sorted(names, key=layer), key=layer):
        yield from llama_weights({name: read(name) for name in some}).items()


def _from_gguf(path: Path) -> tuple[dict, Iterable[str], Callable[[str], Tensor], BPE]:
    file = read_gguf(path)
    sizes, weights = gguf_sizes(file), gguf_weights(file)
    return sizes, weights, lambda name: weights[name](), gguf_tokenizer(file)


def _from_safetensors(path: Path) -> tuple[Iterable[str], Callable[[str], Tensor]]:
    try:
        file = safe_open(path, "pt")
    except (OSError, SafetensorError) as error:
        raise PretrainedError(f"{path} could not be read as a Llama: {error}") from None
    return list(file.keys()), lambda name: file.get_tensor(name).float()


# What the course's class has built in: Hugging Face's name in config.json → the one value that fits.
_BUILT_IN = {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False, "rope_scaling": None}


def _config_sizes(path: Path) -> dict:
    """The arguments of `Llama` for a Hugging Face config.json."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        rope = config.get("rope_parameters") or {"rope_type": "default", "rope_theta": config["rope_theta"]}
        sizes = {
            "vocab_size": config["vocab_size"],
            "max_len": config["max_position_embeddings"],
            "d_model": config["hidden_size"],
            "n_heads": config["num_attention_heads"],
            "n_kv_heads": config.get("num_key_value_heads"),
            "num_layers": config["num_hidden_layers"],
            "d_ff": config["intermediate_size"],
            "eps": config["rms_norm_eps"],
            "rotary_base": float(rope["rope_theta"]),
            "tied": config.get("tie_word_embeddings", False),
        }
        d_head = sizes["d_model"] // sizes["n_heads"]
        others = {name: (config.get(name, fits), fits) for name, fits in _BUILT_IN.items()}
        others["model_type"] = config["model_type"], "llama"
        others["head_dim"] = config.get("head_dim") or d_head, d_head
        others["rope_type"] = rope["rope_type"], "default"
    except (OSError, ValueError) as error:
        raise PretrainedError(f"{path} could not be read: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise PretrainedError(f"{path} does not say {error}; is it the config.json of a Llama?") from None
    for name, (value, fits) in others.items():
        if value != fits:
            raise PretrainedError(f"{path} has {name} = {value!r}; the course's Llama has {fits!r}.")
    return sizes
