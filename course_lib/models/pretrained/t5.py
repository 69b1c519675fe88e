"""A T5's published weights in the course's own class: the same numbers under other names."""

import re
from collections.abc import Mapping

from torch import Tensor

from course_lib.models.pretrained.renamed import drop_tied_head, join_parts

# T5's names in Hugging Face's `T5ForConditionalGeneration` → ours. In an encoder's block, layer.1 is the feed-forward
# network; in a decoder's it is cross-attention, and layer.2 the feed-forward network.
_ENDS = {
    r"SelfAttention\.([qkv])\.weight": r"self_attn.\1_weight",
    r"SelfAttention\.o\.weight": "self_attn.out_proj.weight",
    r"EncDecAttention\.([qkv])\.weight": r"multihead_attn.\1_weight",
    r"EncDecAttention\.o\.weight": "multihead_attn.out_proj.weight",
    r"DenseReluDense\.wi\.weight": "linear1.weight",
    r"DenseReluDense\.wi_([01])\.weight": r"gate\1_weight",
    r"DenseReluDense\.wo\.weight": "linear2.weight",
}
_T5 = {
    r"shared\.weight": "embedding.weight",
    r"lm_head\.weight": "head.weight",
    r"(encoder|decoder)\.final_layer_norm\.weight": r"\1.norm.weight",
    r"(encoder|decoder)\.block\.0\.layer\.0\.SelfAttention\.relative_attention_bias\.weight": (
        r"\1_positions.table.weight"
    ),
}
_LAYER = re.compile(r"(encoder|decoder)\.block\.(\d+)\.layer\.([012])\.(.+)")
# Matrices that are one here: the name of the whole, and the ends of its parts' names, from the first row on.
_JOINED = {
    f"{attention}.in_proj_weight": tuple(f"{attention}.{part}_weight" for part in "qkv")
    for attention in ("self_attn", "multihead_attn")
} | {"linear1.weight": ("gate0_weight", "gate1_weight")}


def t5_weights(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a Hugging Face T5 as one of `course_lib.models.T5`.

    Query, key and value are one matrix here, and so are the two of a gated feed-forward network. A head that is tied to
    the embedding is left out.

    Args:
        theirs: `T5ForConditionalGeneration(...).state_dict()`, or the tensors of its safetensors file.

    Raises:
        ValueError: a name that T5 does not have, or a part of a joined matrix without the others.
    """
    ours = {_renamed(name): value for name, value in theirs.items() if not _is_copy(name)}
    drop_tied_head(ours, "embedding.weight")
    join_parts(ours, _JOINED)
    return ours


def _is_copy(name: str) -> bool:
    """The embedding under its other names, and a table that old files have and no layer uses."""
    return name.endswith("embed_tokens.weight") or name.endswith("EncDecAttention.relative_attention_bias.weight")


def _renamed(name: str) -> str:
    for old, new in _T5.items():
        if re.fullmatch(old, name):
            return re.sub(old, new, name)
    if found := _LAYER.fullmatch(name):
        stack, block, part, end = found.groups()
        layer = f"{stack}.layers.{block}."
        if end == "layer_norm.weight":
            return f"{layer}norm{int(part) + 1}.weight"
        for old, new in _ENDS.items():
            if re.fullmatch(old, end):
                return layer + re.sub(old, new, end)
    raise ValueError(f"{name!r} is no weight of a T5; is this another model's state dict?")
