"""DistilBERT's published weights in the course's `Bert`: half of BERT's layers, without segments and pooler.

Source: Sanh et al. 2019, "DistilBERT, a distilled version of BERT: smaller, faster, cheaper and lighter", section 3.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from course_lib.models.pretrained.renamed import join_parts

# DistilBERT's names in Hugging Face's `DistilBertModel` → ours.
_NAMES = {
    r"embeddings\.word_embeddings\.weight": "token_embedding.weight",
    r"embeddings\.position_embeddings\.weight": "position_embedding.weight",
    r"embeddings\.LayerNorm\.(weight|bias)": r"embedding_norm.\1",
    r"transformer\.layer\.(\d+)\.attention\.([qkv])_lin\.(weight|bias)": r"encoder.layers.\1.self_attn.\2_\3",
    r"transformer\.layer\.(\d+)\.attention\.out_lin\.(weight|bias)": r"encoder.layers.\1.self_attn.out_proj.\2",
    r"transformer\.layer\.(\d+)\.sa_layer_norm\.(weight|bias)": r"encoder.layers.\1.norm1.\2",
    r"transformer\.layer\.(\d+)\.ffn\.lin([12])\.(weight|bias)": r"encoder.layers.\1.linear\2.\3",
    r"transformer\.layer\.(\d+)\.output_layer_norm\.(weight|bias)": r"encoder.layers.\1.norm2.\2",
}
_JOINED = {
    f"self_attn.in_proj_{part}": tuple(f"self_attn.{letter}_{part}" for letter in "qkv") for part in ("weight", "bias")
}


def distilbert_weights(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a Hugging Face `DistilBertModel` as one of `Bert(…, n_segments=1)`.

    What DistilBERT has not is zeros: the one segment's vector, and the pooler, whose output then means nothing.

    Args:
        theirs: `DistilBertModel(...).state_dict()`; of a model with a head, its names under "distilbert.".

    Raises:
        ValueError: a name that DistilBERT does not have, or a query without its key and value.
    """
    ours = {}
    for name, value in theirs.items():
        short = name.removeprefix("distilbert.")
        renamed = next((re.sub(old, new, short) for old, new in _NAMES.items() if re.fullmatch(old, short)), None)
        if renamed is None:
            raise ValueError(f"{name!r} is no weight of a DistilBERT; is this another model's state dict?")
        ours[renamed] = value
    join_parts(ours, _JOINED)
    if "token_embedding.weight" not in ours:
        raise ValueError("There is no embeddings.word_embeddings.weight; is the state dict complete?")
    table = ours["token_embedding.weight"]
    d_model = table.shape[1]
    absent = {"segment_embedding.weight": (1, d_model), "pooler.weight": (d_model, d_model), "pooler.bias": (d_model,)}
    ours |= {name: table.new_zeros(shape) for name, shape in absent.items()}
    return ours
