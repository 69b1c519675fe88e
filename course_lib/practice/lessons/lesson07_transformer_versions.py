"""Lesson 07: the Transformer, right and wrong."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.lessons.lesson07_cross_attention import CROSS_ATTENTION

_attend = CROSS_ATTENTION.reference


def transformer(
    *, scale="root", positions="both", last=("encoder", "decoder"), causal="right", source_masks=("encoder", "cross"),
    memory_from="encoder", order="self first", norms=("_1", "_2", "_3"), block="pre-norm", replaced=(),
    norm_memory=False, target_table="target", output_table="target", out="logits", cut="", encoder_causal=False,
    not_normed=(), keys_normed=True, own_weights="decoder_self", cross_weights="decoder_cross",
    network="decoder", crossing="memory", last_norm="decoder_norm",
) -> Callable:  # fmt: skip
    """The Transformer; the options are the ways to get it wrong."""

    def apply(source, source_mask, target_in, p):
        def embed(name, ids, with_positions):
            d_model, first = p[name].shape[1], positions == "from 1"
            place = p["positions"][first : ids.shape[1] + first]
            place = place.flip(0) if positions == "backwards" else place
            x = (
                p[name][ids]
                * {"root": math.sqrt(d_model), "none": 1, "all": d_model, "below": d_model**-0.5}[scale]
            )
            if positions == "scaled":
                place = place * math.sqrt(d_model)
            return x + place if with_positions else x

        def norm(name, x):
            return x if name in not_normed else F.layer_norm(x, x.shape[-1:], *p[name])

        def add(x, name, sublayer, replaces=False):
            if block == "post-norm":
                return norm(name, x + sublayer(x))
            if block == "overwritten":
                x = norm(name, x)
                return x + sublayer(x)
            return (0 if replaces else x) + sublayer(norm(name, x))

        def ffn(name):
            W_1, b_1, W_2, b_2 = p[f"{name}_feed_forward"]
            return lambda x: torch.relu(x @ W_1 + b_1) @ W_2 + b_2

        def attend(x, keys, name, mask):
            return _attend(x, keys, *p[f"{name}_attention"], mask)

        def triangle(ids):
            return torch.ones(1, ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril()

        own = source_mask if "encoder" in source_masks else None
        own = own & triangle(source) if encoder_causal else own
        x = embedded = embed("source_embedding", source, positions not in ("none", "target"))
        x = norm("encoder_norm", x) if "encoder first" in last else x
        x = add(x, "encoder_norm_1", lambda y: attend(y, y, "encoder", own))
        x = add(x, "encoder_norm_2", ffn("encoder"))
        memory = norm("encoder_norm", x) if "encoder" in last else x
        memory = embedded if memory_from == "embedding" else memory
        memory = memory.detach() if cut == "memory" else memory

        y = embed(f"{target_table}_embedding", target_in, positions not in ("none", "source"))
        mask = {"none": None, "ahead": triangle(target_in).mT}.get(causal, triangle(target_in))
        if causal == "strict":  # the first token has nothing else to attend to
            mask = mask.tril(-1)
            mask[:, 0, 0] = True
        crossed = source_mask if "cross" in source_masks else None

        def own_past(z):
            return attend(z, z if keys_normed else y, own_weights, mask)

        def to_source(z):
            found = norm(f"decoder_norm{norms[1]}", memory) if norm_memory else memory
            return (
                attend(z, z, cross_weights, mask)
                if crossing == "itself"
                else attend(z, found, cross_weights, crossed)
            )

        steps = [(norms[0], own_past, "self"), (norms[1], to_source, "cross")]
        steps = steps[:1] if crossing == "nothing" else steps[::-1] if order == "cross first" else steps
        steps = [*steps, (norms[2], ffn(network), "feed-forward")]
        if order == "network second":
            steps = [steps[0], (norms[1], ffn(network), "feed-forward"), (norms[2], to_source, "cross")]
        for number, sublayer, name in steps:
            y = add(y, f"decoder_norm{number}", sublayer, name in replaced)
        y = norm(last_norm, y) if "decoder" in last else y
        return _answer(y, p[f"{output_table}_embedding"], out, cut)

    return apply


def _answer(y: Tensor, table: Tensor, out: str, cut: str) -> Tensor:
    """What is returned: logits (batch, target_len, target_size), or what is mistaken for them."""
    logits = y @ table.T
    logits = logits.detach() if cut == "everything" else logits
    if out in ("probabilities", "log-probabilities"):
        return logits.softmax(-1) if out == "probabilities" else logits.log_softmax(-1)
    return {
        "logits": logits,
        "last step": logits[:, -1],
        "features": y,
        "scaled": logits * math.sqrt(y.shape[-1]),
        "divided": logits / math.sqrt(y.shape[-1]),
    }[out]
