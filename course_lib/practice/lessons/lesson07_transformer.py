"""Lesson 07: a whole Transformer from the lesson's own parts."""

import torch
from torch import Tensor

from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.lessons.lesson07_transformer_mistakes import MISTAKES
from course_lib.practice.lessons.lesson07_transformer_versions import transformer
from course_lib.practice.properties import has_shape, matches_reference

ATTENTIONS = ("encoder_attention", "decoder_self_attention", "decoder_cross_attention")
FEED_FORWARDS = ("encoder_feed_forward", "decoder_feed_forward")
NORMS = tuple(f"encoder_norm{n}" for n in ("_1", "_2", "")) + tuple(
    f"decoder_norm{n}" for n in ("_1", "_2", "_3", "")
)


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


def _side_learns(attempt: Attempt, sides: tuple[str, str]) -> str | None:
    """A gradient reaches each weight of this side that the numbers depend on."""
    source, source_mask, target_in, p = attempt.cases()[7]
    for name, group in p.items():
        if not name.startswith(sides):
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
    points=4,
    reference=transformer(),
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
        Property(
            "Does every weight of the decoder receive a gradient?",
            lambda attempt: _side_learns(attempt, ("target", "decoder")),
        ),
        Property(
            "Does every weight of the encoder receive a gradient?",
            lambda attempt: _side_learns(attempt, ("source", "encoder")),
        ),
    ],
    hints=[
        "Follow the drawing of section 1 from the bottom: which of your four functions is each box?",
        "Encoder: embed, pre_norm_block with attention of x to itself, encoder_norm. Decoder: embed, three lines "
        "of the form y = y + sublayer(norm(y)), decoder_norm, and the target embedding transposed.",
        "An attention of one argument, as pre_norm_block expects it, is "
        '`lambda y: cross_attention(y, y, *p["encoder_attention"], source_mask)`. The decoder\'s self-attention gets '
        "`causal_mask(target_in.shape[1], target_in.device)[None]` instead.",
    ],
    mistakes=MISTAKES,
    time_limit=20.0,
)
