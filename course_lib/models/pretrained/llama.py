"""A Llama's published weights in the course's own class: the same numbers under other names."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

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
    head, embedding = (ours.get(name) for name in ("head.weight", "token_embedding.weight"))
    if head is not None and embedding is not None and head.data_ptr() == embedding.data_ptr():
        del ours["head.weight"]
    for whole, parts in _JOINED.items():
        for name in [name for name in ours if name.endswith(parts[0])]:
            layer = name.removesuffix(parts[0])
            if missing := [layer + part for part in parts if layer + part not in ours]:
                raise ValueError(f"There is {name}, but not {', '.join(missing)}; is the state dict complete?")
            ours[layer + whole] = torch.cat([ours.pop(layer + part) for part in parts])
    return ours
