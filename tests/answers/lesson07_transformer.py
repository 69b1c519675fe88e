"""07.transformer, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import right, wrong
from course_lib.models.attention import causal_mask
from course_lib.practice import yours

ID = "07.transformer"


def attend(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).transpose(-2, -1) / math.sqrt(W_K.shape[1])
    return scores.masked_fill(~mask, -math.inf).softmax(dim=-1) @ (memory @ W_V)


def ffn(x, W_1, b_1, W_2, b_2):
    return torch.relu(x @ W_1 + b_1) @ W_2 + b_2


def normed(x, gamma, beta, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], gamma, beta, eps)


@right(ID)
def every_line_written_out(source, source_mask, target_in, p):
    d_model = p["source_embedding"].shape[1]
    x = p["source_embedding"][source] * math.sqrt(d_model) + p["positions"][: source.shape[1]]
    read = normed(x, *p["encoder_norm_1"])
    x = x + attend(read, read, *p["encoder_attention"], source_mask)
    x = x + ffn(normed(x, *p["encoder_norm_2"]), *p["encoder_feed_forward"])
    memory = normed(x, *p["encoder_norm"])
    T = target_in.shape[1]
    y = p["target_embedding"][target_in] * math.sqrt(d_model) + p["positions"][:T]
    read = normed(y, *p["decoder_norm_1"])
    y = y + attend(read, read, *p["decoder_self_attention"], torch.ones(T, T, dtype=torch.bool).tril())
    y = y + attend(normed(y, *p["decoder_norm_2"]), memory, *p["decoder_cross_attention"], source_mask)
    y = y + ffn(normed(y, *p["decoder_norm_3"]), *p["decoder_feed_forward"])
    return normed(y, *p["decoder_norm"]) @ p["target_embedding"].T


@right(ID)
def functions_of_torch(source, source_mask, target_in, p):
    def attention(name, x, memory, **mask):
        W_Q, W_K, W_V = p[name]
        return F.scaled_dot_product_attention(x @ W_Q, memory @ W_K, memory @ W_V, **mask)

    def add(stream, norm, sublayer):
        return stream + sublayer(F.layer_norm(stream, stream.shape[-1:], *p[norm]))

    def embed(side, ids):
        return F.embedding(ids, p[side]).mul(p[side].size(1) ** 0.5) + p["positions"][None, : ids.size(1)]

    def feed(name):
        W_1, b_1, W_2, b_2 = p[name]
        return lambda z: F.linear(F.relu(F.linear(z, W_1.T, b_1)), W_2.T, b_2)

    x = embed("source_embedding", source)
    x = add(x, "encoder_norm_1", lambda z: attention("encoder_attention", z, z, attn_mask=source_mask))
    x = add(x, "encoder_norm_2", feed("encoder_feed_forward"))
    memory = F.layer_norm(x, x.shape[-1:], *p["encoder_norm"])
    y = embed("target_embedding", target_in)
    y = add(y, "decoder_norm_1", lambda z: attention("decoder_self_attention", z, z, is_causal=True))
    y = add(
        y, "decoder_norm_2", lambda z: attention("decoder_cross_attention", z, memory, attn_mask=source_mask)
    )
    y = add(y, "decoder_norm_3", feed("decoder_feed_forward"))
    return F.linear(F.layer_norm(y, y.shape[-1:], *p["decoder_norm"]), p["target_embedding"])


@right(ID)
def solved_parts_with_the_block_on_both_sides(source, source_mask, target_in, p):
    feed_forward, norm, block, cross = (
        yours(f"07.{part}") for part in ("feed_forward", "layer_norm", "pre_norm_block", "cross_attention")
    )

    def norms(side, *numbers):
        return [lambda z, name=f"{side}_norm{n}": norm(z, *p[name], 1e-5) for n in numbers]

    def embed(name, ids):
        return math.sqrt(p[name].shape[1]) * p[name][ids] + p["positions"][torch.arange(ids.shape[1])]

    one, two, last = norms("encoder", "_1", "_2", "")
    x = embed("source_embedding", source)
    x = block(
        x,
        lambda z: cross(z, z, *p["encoder_attention"], source_mask),
        lambda z: feed_forward(z, *p["encoder_feed_forward"]),
        one,
        two,
    )
    memory = last(x)
    one, two, three, last = norms("decoder", "_1", "_2", "_3", "")
    y, causal = embed("target_embedding", target_in), causal_mask(target_in.shape[1], target_in.device)
    read = one(y)
    y = y + cross(read, read, *p["decoder_self_attention"], causal)
    y = block(
        y,
        lambda z: cross(z, memory, *p["decoder_cross_attention"], source_mask),
        lambda z: feed_forward(z, *p["decoder_feed_forward"]),
        two,
        three,
    )
    return last(y) @ p["target_embedding"].T


@right(ID)
def sentence_by_sentence(source, source_mask, target_in, p):
    rows = []
    for ids, mask, target in zip(source, source_mask, target_in, strict=True):
        n = int(mask.sum())
        ones = torch.ones(1, 1, n, dtype=torch.bool)
        rows.append(every_line_written_out(ids[None, :n], ones, target[None], p)[0])
    return torch.stack(rows)


@right(ID)
def one_step_of_the_target_at_a_time(source, source_mask, target_in, p):
    steps = range(1, target_in.shape[1] + 1)
    return torch.stack(
        [every_line_written_out(source, source_mask, target_in[:, :t], p)[:, -1] for t in steps], dim=1
    )


@right(ID)
def double_precision_inside(source, source_mask, target_in, p):
    wide = {
        k: tuple(w.double() for w in v) if isinstance(v, tuple | list) else v.double() for k, v in p.items()
    }
    return every_line_written_out(source, source_mask, target_in, wide).to(p["target_embedding"].dtype)


@right(ID)
def loop_over_a_list_of_sublayers(source, source_mask, target_in, p):
    T, made = target_in.shape[1], {}
    causal = torch.arange(T)[:, None] >= torch.arange(T)
    program = {
        "encoder": (source, [("encoder_attention", "self", source_mask), ("encoder_feed_forward",)]),
        "decoder": (
            target_in,
            [
                ("decoder_self_attention", "self", causal),
                ("decoder_cross_attention", "cross", source_mask),
                ("decoder_feed_forward",),
            ],
        ),
    }
    for side, (ids, sublayers) in program.items():
        table = p["source_embedding" if side == "encoder" else "target_embedding"]
        stream = table[ids] * table.shape[-1] ** 0.5 + p["positions"][: ids.shape[-1]]
        for number, (name, *how) in enumerate(sublayers, start=1):
            z = normed(stream, *p[f"{side}_norm_{number}"])
            if how:
                stream = stream + attend(z, z if how[0] == "self" else made["encoder"], *p[name], how[1])
            else:
                stream = stream + ffn(z, *p[name])
        made[side] = normed(stream, *p[f"{side}_norm"])
    return torch.einsum("btd,vd->btv", made["decoder"], p["target_embedding"])


def transformer(*switches):
    """A correct Transformer, except for the switches."""
    on = set(switches)

    def answer(source, source_mask, target_in, p):
        everything = torch.ones_like(source_mask)
        eps = 1e-2 if "eps" in on else 1e-5

        def norm(name, x):
            return x if f"no {name}" in on else normed(x, *p[name], eps)

        def add(x, sublayer, name, without=""):
            if "post-norm" in on:
                return normed(x + sublayer(x), *p[name])
            if "overwritten" in on:
                x = norm(name, x)
                return x + sublayer(x)
            return sublayer(norm(name, x)) + (0 if without and without in on else x)

        def embed(side, ids):
            table = p["source_embedding" if "one table" in on else f"{side}_embedding"]
            positions = p["positions"]
            T, d = ids.shape[1], table.shape[1]
            sizes = {"not scaled": 1.0, "scaled by d": d, "divided": d**-0.5}
            size = next((sizes[switch] for switch in switches if switch in sizes), d**0.5)
            if f"no {side} positions" in on:
                return size * table[ids]
            if "positions scaled" in on:
                return size * (table[ids] + positions[:T])
            if "positions from 1" in on:
                return size * table[ids] + positions[1 : T + 1]
            return size * table[ids] + positions[:T]

        x = embed("source", source)
        if "normed first" in on:
            x = norm("encoder_norm", x)
        mask = everything if "encoder unmasked" in on else source_mask
        if "encoder causal" in on:
            mask = mask & causal_mask(source.shape[1])
        x = add(
            x, lambda z: attend(z, z, *p["encoder_attention"], mask), "encoder_norm_1", "encoder attention"
        )
        x = add(x, lambda z: ffn(z, *p["encoder_feed_forward"]), "encoder_norm_2", "encoder ffn")
        memory = (
            embed("source", source)
            if "embeddings" in on
            else x
            if "normed first" in on
            else norm("encoder_norm", x)
        )
        if "memory normed" in on:
            memory = norm("decoder_norm_2", memory)
        causal = causal_mask(target_in.shape[1])
        if "no causal" in on:
            causal = torch.ones_like(causal)
        if "upside down" in on:
            causal = causal.T
        y = embed("target", target_in)
        own = "encoder_attention" if "encoder's attention" in on else "decoder_self_attention"
        cross = "decoder_self_attention" if "one attention" in on else "decoder_cross_attention"
        mask = everything if "cross unmasked" in on else source_mask
        second, third = ("_3", "_2") if "2 and 3" in on else ("_2", "_2") if "2 twice" in on else ("_2", "_3")

        def to_memory(z):
            return (
                attend(z, z, *p[cross], causal) if "no memory" in on else attend(z, memory, *p[cross], mask)
            )

        def to_itself(z):
            return attend(z, y if "keys not normed" in on else z, *p[own], causal)

        if "cross first" in on:
            y = add(y, to_memory, "decoder_norm_2")
            y = add(y, to_itself, "decoder_norm_1")
        else:
            y = add(y, to_itself, "decoder_norm_1", "self")
            y = y if "no cross" in on else add(y, to_memory, f"decoder_norm{second}", "cross")
        side = "encoder" if "encoder's ffn" in on else "decoder"
        y = add(y, lambda z: ffn(z, *p[f"{side}_feed_forward"]), f"decoder_norm{third}", "decoder ffn")
        y = norm("decoder_norm", y)
        logits = (
            y
            @ p[
                "source_embedding" if "source projection" in on or "one table" in on else "target_embedding"
            ].T
        )
        if "softmax" in on:
            logits = logits.softmax(dim=-1)
        if "log_softmax" in on:
            logits = logits.log_softmax(dim=-1)
        if "scaled logits" in on:
            logits = logits * math.sqrt(y.shape[-1])
        if "detached" in on:
            logits = logits.detach()
        return y if "no projection" in on else logits[:, -1] if "last" in on else logits

    return answer


right(ID, "another base with a switch")(transformer())
WRONG = {
    "no causal mask": ("no causal", "no causal mask"),
    "causal mask upside down": ("upside down", "causal mask inverted"),
    "causal mask in the encoder as well": ("encoder causal", "encoder with a causal mask"),
    "padding not masked in the encoder": ("encoder unmasked", "padding hidden in cross-attention only"),
    "padding not masked in the cross-attention": ("cross unmasked", "padding hidden in the encoder only"),
    "padding masked nowhere": ("cross unmasked; encoder unmasked", "padding not hidden"),
    "embeddings not scaled": ("not scaled", "embeddings not scaled"),
    "embeddings scaled by d_model": ("scaled by d", "scaled by d_model"),
    "embeddings divided by the root": ("divided", "divided by √d_model"),
    "positions scaled as well": ("positions scaled", "positions scaled"),
    "positions from 1": ("positions from 1", "positions from 1"),
    "no positions in the source": ("no source positions", "no positions in the source"),
    "no positions in the target": ("no target positions", "no positions in the target"),
    "no positions": ("no source positions; no target positions", "no positions"),
    "post-norm": ("post-norm", "post-norm"),
    "stream overwritten by its norm": ("overwritten", "stream overwritten by its norm"),
    "last norm of the encoder forgotten": ("no encoder_norm", "no last norm in the encoder"),
    "last norm of the decoder forgotten": ("no decoder_norm", "no last norm in the decoder"),
    "both last norms forgotten": ("no encoder_norm; no decoder_norm", "no last norms"),
    "last norm of the encoder first": ("normed first", "encoder_norm first"),
    "cross-attention without its norm": ("no decoder_norm_2", "cross-attention without norm"),
    "decoder's feed-forward without its norm": ("no decoder_norm_3", "feed-forward network without norm"),
    "decoder's self-attention without its norm": ("no decoder_norm_1", "self-attention without norm"),
    "keys and values of the decoder not normalised": ("keys not normed", "only the queries normalised"),
    "memory normalised by the query's norm": ("memory normed", "memory normalised again"),
    "second and third norm exchanged": ("2 and 3", "norms 2 and 3 exchanged"),
    "second norm used twice": ("2 twice", "one norm twice"),
    "eps of a hundredth": ("eps", None),
    "no residual around the cross-attention": ("cross", "no residual around cross-attention"),
    "no residual around the decoder's self-attention": ("self", "no residual around self-attention"),
    "no residual around the decoder's feed-forward": ("decoder ffn", "no residual around the feed-forward network"),
    "cross-attention before self-attention": ("cross first", "cross-attention first"),
    "cross-attention forgotten": ("no cross", "no cross-attention"),
    "cross-attention to the target itself": ("no memory", "cross-attention to the target"),
    "cross-attention to the source's embeddings": ("embeddings", "memory from the embedding"),
    "encoder's attention weights in the decoder": ("encoder's attention", "encoder's attention weights in the decoder"),
    "self-attention weights in the cross-attention": ("one attention", "self-attention's weights in cross-attention"),
    "encoder's feed-forward in the decoder": ("encoder's ffn", "encoder's network in the decoder"),
    "source embedding as last projection": ("source projection", "source embedding as the last projection"),
    "source embedding throughout": ("one table", "one table for both languages"),
    "probabilities": ("softmax", "softmax at the end"),
    "logarithms of probabilities": ("log_softmax", "logarithms of probabilities"),
    "logits scaled like the embeddings": ("scaled logits", "logits scaled"),
    "only the last step": ("last", "last step only"),
    "no last projection": ("no projection", "no last projection"),
    "gradient cut": ("detached", "logits detached"),
}
for words, (switches, name) in WRONG.items():
    wrong(ID, words, named=name)(transformer(*switches.split("; ")))
