"""Lesson 07: a whole Transformer from the lesson's own parts."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.lessons.lesson07_decoder import CROSS_ATTENTION
from course_lib.practice.properties import has_shape, matches_reference

ATTENTIONS = ("encoder_attention", "decoder_self_attention", "decoder_cross_attention")
FEED_FORWARDS = ("encoder_feed_forward", "decoder_feed_forward")
NORMS = tuple(f"encoder_norm{n}" for n in ("_1", "_2", "")) + tuple(
    f"decoder_norm{n}" for n in ("_1", "_2", "_3", "")
)
_attend = CROSS_ATTENTION.reference


def _transformer(
    *, scaled=True, positions="both", last=("encoder", "decoder"), causal="right", source_masks=("encoder", "cross"),
    memory_from="encoder", order="self first", norms=("_1", "_2", "_3"), post_norm=False, cross_residual=True,
    ffn_residual=True, norm_memory=False, target_table="target", out="logits", cut=False, encoder_causal=False,
    queries_normed=True,
):  # fmt: skip
    """The Transformer; the options are the ways to get it wrong."""

    def apply(source, source_mask, target_in, p):
        def embed(name, ids, with_positions):
            x = p[name][ids] * (math.sqrt(p[name].shape[1]) if scaled else 1)
            return x + p["positions"][: ids.shape[1]] if with_positions else x

        def norm(name, x):
            if name == "decoder_norm_2" and not queries_normed:
                return x
            return F.layer_norm(x, x.shape[-1:], *p[name])

        def add(x, name, sublayer, residual=True):
            if post_norm:
                return norm(name, x + sublayer(x))
            return (x if residual else 0) + sublayer(norm(name, x))

        def ffn(name):
            W_1, b_1, W_2, b_2 = p[name]
            return lambda x: torch.relu(x @ W_1 + b_1) @ W_2 + b_2

        def triangle(ids):
            return torch.ones(1, ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril()

        own = source_mask if "encoder" in source_masks else None
        own = own & triangle(source) if encoder_causal else own
        x = embedded = embed("source_embedding", source, positions in ("both", "source"))
        x = add(x, "encoder_norm_1", lambda y: _attend(y, y, *p["encoder_attention"], own))
        x = add(x, "encoder_norm_2", ffn("encoder_feed_forward"))
        memory = norm("encoder_norm", x) if "encoder" in last else x
        memory = embedded if memory_from == "embedding" else memory
        memory = memory.detach() if cut else memory

        y = embed(f"{target_table}_embedding", target_in, positions in ("both", "target"))
        mask = {
            "right": triangle(target_in),
            "none": None,
            "ahead": triangle(target_in).transpose(1, 2),
        }[causal]
        crossed = source_mask if "cross" in source_masks else None

        def own_past(z):
            return _attend(z, z, *p["decoder_self_attention"], mask)

        def to_source(z):
            found = norm(f"decoder_norm{norms[1]}", memory) if norm_memory else memory
            return _attend(z, found, *p["decoder_cross_attention"], crossed)

        steps = [
            ("decoder_norm" + norms[0], own_past, True),
            ("decoder_norm" + norms[1], to_source, cross_residual),
        ]
        for name, sublayer, residual in steps if order == "self first" else steps[::-1]:
            y = add(y, name, sublayer, residual)
        y = add(y, "decoder_norm" + norms[2], ffn("decoder_feed_forward"), ffn_residual)
        y = norm("decoder_norm", y) if "decoder" in last else y
        logits = y @ p["target_embedding"].T  # (batch, target_len, target_size)
        return logits.softmax(-1) if out == "probabilities" else logits

    return apply


def _weights(generator, d_model: int, d_k: int, d_ff: int, n_symbols: int, active: tuple) -> dict:
    def normal(*shape: int, size: float = 1.0) -> Tensor:
        return size * torch.randn(*shape, generator=generator)

    p = {
        "source_embedding": normal(n_symbols, d_model, size=0.7),
        "target_embedding": normal(n_symbols, d_model, size=0.7),
        "positions": normal(12, d_model),
    }
    for name in ATTENTIONS:
        W_Q, W_K, W_V = normal(d_model, d_k), normal(d_model, d_k), normal(d_model, d_model)
        p[name] = W_Q, W_K, W_V * (name in active)
    for name in FEED_FORWARDS:
        W_1, b_1 = normal(d_model, d_ff), normal(d_ff)
        W_2, b_2 = normal(d_ff, d_model), normal(d_model)
        p[name] = W_1, b_1, W_2 * (name in active), b_2 * (name in active)
    for name in NORMS:
        p[name] = 1 + normal(d_model, size=0.5), normal(d_model, size=0.5)
    return p


def _transformer_cases() -> list[tuple]:
    generator = seeded(7)
    everything = ATTENTIONS + FEED_FORWARDS

    def case(lengths: list[int], target_len: int, active: tuple, d_model: int = 4, d_k: int = 3) -> tuple:
        batch, source_len, n_symbols = len(lengths), max(lengths), 6
        source = torch.randint(n_symbols, (batch, source_len), generator=generator)
        source_mask = (torch.arange(source_len) < torch.tensor(lengths)[:, None])[:, None]
        target_in = torch.randint(n_symbols, (batch, target_len), generator=generator)
        return (
            source,
            source_mask,
            target_in,
            _weights(generator, d_model, d_k, 2 * d_model, n_symbols, active),
        )

    return [
        case([1], 1, ()),
        case([2], 2, ("decoder_feed_forward",)),
        case([3], 1, ("decoder_cross_attention",)),
        case([3], 2, ("encoder_attention", "encoder_feed_forward", "decoder_cross_attention")),
        case([2], 4, ("decoder_self_attention",)),
        case([4], 3, everything, d_model=6, d_k=6),
        case([5, 5, 5], 4, everything),
        case([5, 3], 4, everything),
    ]


def _everything_learns(attempt: Attempt) -> str | None:
    """A gradient reaches each weight that the numbers depend on."""
    source, source_mask, target_in, p = attempt.cases()[7]
    for name, group in p.items():
        if name == "positions":
            continue
        learning = (
            tuple(part.requires_grad_() for part in group)
            if isinstance(group, tuple)
            else group.requires_grad_()
        )
        frozen = {
            other: tuple(part.detach() for part in value) if isinstance(value, tuple) else value.detach()
            for other, value in p.items()
        }
        if not attempt(source, source_mask, target_in, {**frozen, name: learning}).requires_grad:
            return (
                f'No gradient reaches p["{name}"]: without it, this part of the model could never be trained.'
            )
    return None


TRANSFORMER = Exercise(
    id="07.transformer",
    title="A Transformer",
    reference=_transformer(),
    cases=_transformer_cases,
    properties=[
        has_shape(
            "Are there logits for each token of target_in, (batch, target_len, target vocabulary size)?"
        ),
        matches_reference(
            "With all sublayers silent, are the logits norm(embedding · √d_model + position) times the target "
            "embedding, transposed?",
            cases=0,
        ),
        matches_reference(
            "If only the decoder's feed-forward network is active, is it added, and does it read norm_3?",
            cases=1,
        ),
        matches_reference(
            "If only cross-attention is active, do keys and values come from the memory, normalised by encoder_norm?",
            cases=2,
        ),
        matches_reference("If the encoder's block is active too, does the decoder see its result?", cases=3),
        matches_reference(
            "If only the decoder's self-attention is active, does each token attend to itself and to earlier ones?",
            cases=4,
        ),
        matches_reference("With everything active and one sentence, is every logit right?", cases=5),
        matches_reference("With a batch of three sentences, is every logit right?", cases=6),
        matches_reference("With padded sources, is the padding hidden wherever the source is read?", cases=7),
        Property("Does every weight receive a gradient?", _everything_learns),
    ],
    hints=[
        "Follow the drawing of section 1 from the bottom: which of your four functions is each box?",
        "Encoder: embed, pre_norm_block with attention of x to itself, encoder_norm. Decoder: embed, three lines "
        "of the form y = y + sublayer(norm(y)), decoder_norm, and the target embedding transposed.",
        "An attention of one argument, as pre_norm_block expects it, is "
        '`lambda y: cross_attention(y, y, *p["encoder_attention"], source_mask)`. The decoder\'s self-attention gets '
        "`causal_mask(target_in.shape[1], target_in.device)[None]` instead.",
    ],
    mistakes=[
        Mistake(
            "embeddings not scaled",
            _transformer(scaled=False),
            "You did not multiply the embeddings by √d_model before adding the positions.",
        ),
        Mistake("no positions", _transformer(positions="none"), "You did not add the positions."),
        Mistake(
            "no positions in the source",
            _transformer(positions="target"),
            "You added positions to the target only. The source needs them as well.",
        ),
        Mistake(
            "no positions in the target",
            _transformer(positions="source"),
            "You added positions to the source only. The target needs them as well.",
        ),
        Mistake(
            "no last norm in the decoder",
            _transformer(last=("encoder",)),
            "You left out decoder_norm. A pre-norm stack needs a norm at its end.",
        ),
        Mistake(
            "no last norm in the encoder",
            _transformer(last=("decoder",)),
            "You left out encoder_norm. A pre-norm stack needs a norm at its end, before the decoder reads it.",
        ),
        Mistake(
            "no last norms",
            _transformer(last=()),
            "You left out encoder_norm and decoder_norm. A pre-norm stack needs a norm at its end.",
        ),
        Mistake(
            "no causal mask",
            _transformer(causal="none"),
            "Your decoder's self-attention has no causal mask: in training it sees the symbols that it should predict, "
            "so the loss falls and the model learns to copy them.",
        ),
        Mistake(
            "causal mask inverted",
            _transformer(causal="ahead"),
            "Your causal mask is upside down: each token attends to later ones. True = may attend, on and below the "
            "diagonal.",
        ),
        Mistake(
            "encoder with a causal mask",
            _transformer(encoder_causal=True),
            "You gave the encoder a causal mask. The source is known as a whole, so nothing in it has to be hidden but "
            "padding.",
        ),
        Mistake(
            "padding not hidden",
            _transformer(source_masks=()),
            "You never used source_mask. It hides padding in the encoder's attention and in cross-attention.",
        ),
        Mistake(
            "padding hidden in the encoder only",
            _transformer(source_masks=("encoder",)),
            "Your cross-attention still attends to padding of the source: give it source_mask as well.",
        ),
        Mistake(
            "padding hidden in cross-attention only",
            _transformer(source_masks=("cross",)),
            "Your encoder still attends to padding: give its attention source_mask as well.",
        ),
        Mistake(
            "memory from the embedding",
            _transformer(memory_from="embedding"),
            "Your decoder attends to the embedded source. It should attend to the encoder's output, the memory.",
        ),
        Mistake(
            "cross-attention first",
            _transformer(order="cross first"),
            "You put cross-attention before the decoder's self-attention. Self-attention comes first.",
        ),
        Mistake(
            "one norm twice",
            _transformer(norms=("_1", "_2", "_2")),
            "Your decoder uses norm_2 twice. The feed-forward network reads through norm_3.",
        ),
        Mistake(
            "one norm for all",
            _transformer(norms=("_1", "_1", "_1")),
            "Your decoder uses norm_1 for all three sublayers. Each sublayer has a norm of its own.",
        ),
        Mistake(
            "memory normalised again",
            _transformer(norm_memory=True),
            "You passed the memory through decoder_norm_2. Only the queries need it; the memory has had its norm.",
        ),
        Mistake(
            "cross-attention without norm",
            _transformer(queries_normed=False),
            "Your cross-attention reads y without decoder_norm_2.",
        ),
        Mistake(
            "post-norm",
            _transformer(post_norm=True),
            "Your blocks are post-norm, norm(x + sublayer(x)). Here they are pre-norm: x + sublayer(norm(x)).",
        ),
        Mistake(
            "no residual around cross-attention",
            _transformer(cross_residual=False),
            "What cross-attention returns replaces y in your decoder. Add it: y = y + …",
        ),
        Mistake(
            "no residual around the feed-forward network",
            _transformer(ffn_residual=False),
            "What the feed-forward network returns replaces y in your decoder. Add it: y = y + …",
        ),
        Mistake(
            "source embedding for the target",
            _transformer(target_table="source"),
            "You looked up target_in in the source's embedding. The two languages have a table each.",
        ),
        Mistake(
            "softmax at the end",
            _transformer(out="probabilities"),
            "You return probabilities. Return the logits: the loss takes the softmax itself.",
        ),
        Mistake(
            "memory detached",
            _transformer(cut=True),
            "You detached the memory. All numbers are right, but no gradient reaches the encoder, so it keeps random "
            "weights through any training.",
        ),
    ],
    time_limit=20.0,
)
