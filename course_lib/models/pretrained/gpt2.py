"""GPT-2's published weights in the course's own class: the same numbers under other names."""

import re
from collections.abc import Mapping

from torch import Tensor

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
