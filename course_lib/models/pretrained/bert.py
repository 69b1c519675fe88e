"""BERT's published weights in the course's own classes: the same numbers under other names."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from course_lib.models.pretrained.files import PretrainedError, pretrained_folder
from course_lib.models.transformer.bert import Bert

# BERT's names in Hugging Face's `BertModel` and its heads → ours.
_BERT = {
    r"embeddings\.word_embeddings\.weight": "token_embedding.weight",
    r"embeddings\.position_embeddings\.weight": "position_embedding.weight",
    r"embeddings\.token_type_embeddings\.weight": "segment_embedding.weight",
    r"embeddings\.LayerNorm\.(weight|bias)": r"embedding_norm.\1",
    r"encoder\.layer\.(\d+)\.attention\.self\.(query|key|value)\.(weight|bias)": r"encoder.layers.\1.self_attn.\2_\3",
    r"encoder\.layer\.(\d+)\.attention\.output\.dense\.(weight|bias)": r"encoder.layers.\1.self_attn.out_proj.\2",
    r"encoder\.layer\.(\d+)\.attention\.output\.LayerNorm\.(weight|bias)": r"encoder.layers.\1.norm1.\2",
    r"encoder\.layer\.(\d+)\.intermediate\.dense\.(weight|bias)": r"encoder.layers.\1.linear1.\2",
    r"encoder\.layer\.(\d+)\.output\.dense\.(weight|bias)": r"encoder.layers.\1.linear2.\2",
    r"encoder\.layer\.(\d+)\.output\.LayerNorm\.(weight|bias)": r"encoder.layers.\1.norm2.\2",
    r"pooler\.dense\.(weight|bias)": r"pooler.\1",
    r"cls\.predictions\.transform\.dense\.(weight|bias)": r"transform.\1",
    r"cls\.predictions\.transform\.LayerNorm\.(weight|bias)": r"norm.\1",
    r"cls\.predictions\.bias": "decoder_bias",
    r"cls\.seq_relationship\.(weight|bias)": r"next_sentence.\1",
    r"classifier\.(weight|bias)": r"classifier.\1",
    r"qa_outputs\.(weight|bias)": r"spans.\1",
}
# Tied to the embedding and to cls.predictions.bias; 0, 1, 2, … is no weight.
_BERT_LEFT_OUT = re.compile(r"cls\.predictions\.decoder\.|embeddings\.position_ids$")


def bert_weights(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of a Hugging Face BERT as one of `course_lib.models.Bert`, or of a model with a head on it.

    Query, key and value, three matrices there, are one here. Older files' names for a norm's weights, gamma and beta,
    are understood.

    Args:
        theirs: the state dict of `BertModel`, `BertForPreTraining`, `BertForSequenceClassification`,
            `BertForTokenClassification` or `BertForQuestionAnswering`, or the tensors of its safetensors file.

    Raises:
        ValueError: a name that BERT does not have, or a query without its key and value.
    """
    ours = {}
    for name, value in theirs.items():
        if _BERT_LEFT_OUT.search(name):
            continue
        short = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name.removeprefix("bert."))
        short = re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", short)
        renamed = next(
            (re.sub(old, new, short) for old, new in _BERT.items() if re.fullmatch(old, short)), None
        )
        if renamed is None:
            raise ValueError(f"{name!r} is no weight of a BERT; is this another model's state dict?")
        ours["bert." * name.startswith("bert.") + renamed] = value
    for name in [name for name in ours if re.search(r"self_attn\.query_(weight|bias)$", name)]:
        parts = [name.replace("query", part) for part in ("query", "key", "value")]
        if missing := [part for part in parts if part not in ours]:
            raise ValueError(f"There is {name}, but not {', '.join(missing)}; is the state dict complete?")
        # 3 × (d_model, d_model) → (3 * d_model, d_model)
        ours[name.replace("query", "in_proj")] = torch.cat([ours.pop(part) for part in parts])
    return ours


_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu_tanh", "relu": "relu"}  # Hugging Face's name → ours


def load_bert(
    name_or_folder: str | Path = "all-MiniLM-L6-v2", *, dropout: float = 0.0
) -> tuple[Bert, list[str]]:
    """A BERT that others trained, in the course's own class, and its vocabulary: the tokens in the order of their ids.

    Args:
        name_or_folder: "all-MiniLM-L6-v2" (6 layers, 23 M parameters, trained to make vectors of sentences),
            "bert-base-uncased" (12 layers, 110 M), or a folder with config.json, vocab.txt and model.safetensors of any
            BERT. `pretrained_folder` says where a name is looked for.
        dropout: for fine-tuning; the model comes in evaluation mode, where there is none.

    Returns:
        model: in evaluation mode; the heads of its pre-training, if it has any, are left out.
        vocabulary: for `course_lib.text.wordpiece`.

    Raises:
        PretrainedError: the files could not be had, are damaged, or hold no BERT; with what to do.

    Source: Devlin et al. 2019 (bert-base-uncased); Wang et al. 2020, "MiniLM", and Reimers & Gurevych 2019,
    "Sentence-BERT" (all-MiniLM-L6-v2).
    """
    folder = pretrained_folder(name_or_folder)
    try:
        model = Bert(**_bert_sizes(folder / "config.json"), dropout=dropout)
    except ValueError as error:
        raise PretrainedError(f"{folder / 'config.json'} describes no BERT that can be: {error}") from None
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    if len(vocabulary) != model.vocab_size:
        raise PretrainedError(
            f"{folder / 'vocab.txt'} has {len(vocabulary):,} tokens; config.json says {model.vocab_size:,}."
        )
    weights = folder / "model.safetensors"
    try:
        ours = bert_weights(load_file(weights))
    except (OSError, SafetensorError, ValueError) as error:
        raise PretrainedError(f"{weights} could not be read as a BERT: {error}") from None
    if any(name.startswith("bert.") for name in ours):  # a model with heads: only what is under them
        ours = {name.removeprefix("bert."): value for name, value in ours.items() if name.startswith("bert.")}
    try:
        model.load_state_dict(ours)
    except RuntimeError as error:
        raise PretrainedError(f"{weights} does not fit its config.json: {error}") from None
    return model.eval(), vocabulary


def _bert_sizes(path: Path) -> dict:
    """The arguments of `Bert` for a Hugging Face config.json."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        sizes = {
            "vocab_size": config["vocab_size"],
            "d_model": config["hidden_size"],
            "n_heads": config["num_attention_heads"],
            "num_layers": config["num_hidden_layers"],
            "d_ff": config["intermediate_size"],
            "max_len": config["max_position_embeddings"],
            "n_segments": config.get("type_vocab_size", 2),
            "eps": config.get("layer_norm_eps", 1e-12),
            "pad_id": config.get("pad_token_id", 0),
        }
        activation = config.get("hidden_act", "gelu")
        kind = config["model_type"], config.get("position_embedding_type", "absolute")
    except (OSError, ValueError) as error:
        raise PretrainedError(f"{path} could not be read: {error}") from None
    except (KeyError, TypeError) as error:
        raise PretrainedError(f"{path} does not say {error}; is it the config.json of a BERT?") from None
    if kind != ("bert", "absolute") or activation not in _ACTIVATIONS:
        raise PretrainedError(
            f"{path} describes a {kind[0]!r} with {kind[1]} positions and {activation}; "
            f"expected a 'bert' with absolute ones and {' or '.join(_ACTIVATIONS)}."
        )
    return {**sizes, "activation": _ACTIVATIONS[activation]}
