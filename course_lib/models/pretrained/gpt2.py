"""GPT-2's published weights in the course's own class: the same numbers under other names."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from course_lib.models.pretrained.files import GPT2_FILES, PretrainedError, pretrained_folder
from course_lib.models.transformer.gpt import GPT
from course_lib.text.bpe import BPE
from course_lib.text.saving import TokenizerFileError

# GPT-2's names in Hugging Face's `GPT2LMHeadModel` → ours. Its linear layers (Conv1D) keep the transposed matrix.
_GPT2 = {
    r"wte\.weight": "token_embedding.weight",
    r"wpe\.weight": "position_embedding.weight",
    r"ln_f\.(weight|bias)": r"blocks.norm.\1",
    r"h\.(\d+)\.ln_(\d)\.(weight|bias)": r"blocks.layers.\1.norm\2.\3",
    r"h\.(\d+)\.attn\.c_attn\.(weight|bias)": r"blocks.layers.\1.self_attn.in_proj_\2",
    r"h\.(\d+)\.attn\.c_proj\.(weight|bias)": r"blocks.layers.\1.self_attn.out_proj.\2",
    r"h\.(\d+)\.mlp\.c_fc\.(weight|bias)": r"blocks.layers.\1.linear1.\2",
    r"h\.(\d+)\.mlp\.c_proj\.(weight|bias)": r"blocks.layers.\1.linear2.\2",
}
_GPT2_TRANSPOSED = re.compile(r"c_(attn|proj|fc)\.weight$")
# Tied to wte, or masks that are no weights.
_GPT2_LEFT_OUT = re.compile(r"lm_head\.weight$|\.attn\.(masked_)?bias$")


def gpt2_weights(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a Hugging Face GPT-2 as one of `course_lib.models.GPT`.

    Args:
        theirs: `GPT2LMHeadModel(...).state_dict()`, or the tensors of its safetensors file.

    Raises:
        ValueError: a name that GPT-2 does not have.
    """
    ours = {}
    for name, value in theirs.items():
        if _GPT2_LEFT_OUT.search(name):
            continue
        short = name.removeprefix("transformer.")
        renamed = next(
            (re.sub(old, new, short) for old, new in _GPT2.items() if re.fullmatch(old, short)), None
        )
        if renamed is None:
            raise ValueError(f"{name!r} is no weight of a GPT-2; is this another model's state dict?")
        ours[renamed] = value.T.contiguous() if _GPT2_TRANSPOSED.search(short) else value
    return ours


# What the course's class has built in: Hugging Face's name in config.json → the one value that fits.
_BUILT_IN = {
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "tie_word_embeddings": True,
}


def load_gpt2(name_or_folder: str | Path = "gpt2", *, dropout: float = 0.0) -> tuple[GPT, BPE]:
    """A GPT-2 that others trained, in the course's own class, and its tokenizer.

    Args:
        name_or_folder: "gpt2" (12 layers, 124 M parameters), or a folder with config.json, vocab.json, merges.txt and
            model.safetensors of any GPT-2. `pretrained_folder` says where a name is looked for.
        dropout: for fine-tuning; the model comes in evaluation mode, where there is none.

    Returns:
        model: in evaluation mode. tokenizer: GPT-2's byte-pair encoding; its "<|endoftext|>" ends a text.

    Raises:
        PretrainedError: the files could not be had, are damaged, or hold no GPT-2; with what to do.

    Source: Radford et al. 2019.
    """
    folder = pretrained_folder(name_or_folder, GPT2_FILES)
    sizes = _gpt2_sizes(folder / "config.json")
    try:
        model = GPT(**sizes, dropout=dropout)
    except ValueError as error:
        raise PretrainedError(f"{folder / 'config.json'} describes no GPT-2 that can be: {error}") from None
    try:
        tokenizer = BPE.from_gpt2(folder)
    except (TokenizerFileError, ValueError) as error:
        raise PretrainedError(f"The tokenizer in {folder} could not be read: {error}") from None
    if len(tokenizer) > model.vocab_size:
        raise PretrainedError(
            f"{folder / 'vocab.json'} has {len(tokenizer):,} symbols; config.json says {model.vocab_size:,}."
        )
    weights = folder / "model.safetensors"
    try:
        model.load_state_dict(gpt2_weights(load_file(weights)))
    except (OSError, SafetensorError, ValueError) as error:
        raise PretrainedError(f"{weights} could not be read as a GPT-2: {error}") from None
    except RuntimeError as error:
        raise PretrainedError(f"{weights} does not fit its config.json: {error}") from None
    return model.eval(), tokenizer


def _gpt2_sizes(path: Path) -> dict:
    """The arguments of `GPT` for a Hugging Face config.json."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        sizes = {
            "vocab_size": config["vocab_size"],
            "max_len": config["n_positions"],
            "d_model": config["n_embd"],
            "n_heads": config["n_head"],
            "num_layers": config["n_layer"],
            "d_ff": config.get("n_inner"),
        }
        others = {name: config.get(name, fits) for name, fits in _BUILT_IN.items()}
    except (OSError, ValueError) as error:
        raise PretrainedError(f"{path} could not be read: {error}") from None
    except (KeyError, TypeError) as error:
        raise PretrainedError(f"{path} does not say {error}; is it the config.json of a GPT-2?") from None
    for name, value in others.items():
        if value != _BUILT_IN[name]:
            raise PretrainedError(f"{path} has {name} = {value!r}; the course's GPT has {_BUILT_IN[name]!r}.")
    return sizes
