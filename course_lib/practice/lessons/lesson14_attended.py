"""Lesson 14: how many pairs of positions attend to each other, in an encoder–decoder and in one causal stack."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _triangle(n: int) -> int:
    return n * (n + 1) // 2


def _attended_pairs(source_len, target_len):
    return source_len**2, _triangle(target_len), target_len * source_len, _triangle(source_len + target_len)


def _but(**others):
    """The right numbers, some computed otherwise: encoder, decoder, cross, one = (source_len, target_len) → number."""

    def attended_pairs(source_len, target_len):
        right = dict(
            zip(("encoder", "decoder", "cross", "one"), _attended_pairs(source_len, target_len), strict=True)
        )
        return tuple((right | {k: f(source_len, target_len) for k, f in others.items()}).values())

    return attended_pairs


def _cases() -> list[tuple]:
    drawn = torch.randint(3, 60, (2,), generator=seeded(140)).tolist()
    return [(1, 1), (3, 1), (1, 3), (4, 3), (3, 5), (512, 114), (drawn[0], drawn[1] + 60)]


ATTENDED_PAIRS = Exercise(
    id="14.attended_pairs",
    title="Who attends to whom",
    points=1,
    reference=_attended_pairs,
    parts=("encoder", "decoder", "cross-attention", "the causal stack"),
    cases=_cases,
    properties=[
        has_shape("Are there four numbers?"),
        matches_reference("With one source and one target token: are they 1, 1, 1 and 3?", cases=0),
        matches_reference(
            "With three source tokens, does each encoder position attend to all three?", cases=1
        ),
        matches_reference(
            "With three target tokens, does each attend to itself and those before it?", cases=2
        ),
        matches_reference("Are all four right for 4 source and 3 target tokens?", cases=3),
        matches_reference("Are they right for a target that is longer than its source?", cases=4),
        matches_reference(
            "Are they right for 512 and 114 tokens, and for others?", cases=[5, 6]
        ),
    ],
    hints=[
        "Draw each mask as a grid: a row for each query, a column for each key. How many cells are open?",
        "No mask: all cells. A causal mask of n tokens: 1 + 2 + … + n cells. Cross-attention: every target "
        "token, every "
        "source token.",
        "1 + 2 + … + n is `n * (n + 1) // 2`. The causal stack reads source and target as one text: how long is that?",
    ],
    mistakes=[
        Mistake(
            "encoder causal",
            _but(encoder=lambda s, t: _triangle(s)),
            "You gave the encoder a causal mask. It has none: each of its positions attends to the whole source.",
        ),
        Mistake(
            "decoder without a mask",
            _but(decoder=lambda s, t: t * t),
            "You counted the decoder without its causal mask. A target position must not attend to later ones.",
        ),
        Mistake(
            "not to itself",
            _but(decoder=lambda s, t: t * (t - 1) // 2, one=lambda s, t: (s + t) * (s + t - 1) // 2),
            "In a causal mask a position attends to itself too: n (n + 1) / 2 pairs, not n (n − 1) / 2.",
        ),
        Mistake(
            "decoder not to itself",
            _but(decoder=lambda s, t: t * (t - 1) // 2),
            "A target position attends to itself too: n (n + 1) / 2 pairs, not n (n − 1) / 2.",
        ),
        Mistake(
            "one stack not to itself",
            _but(one=lambda s, t: (s + t) * (s + t - 1) // 2),
            "In the causal stack a position attends to itself too: n (n + 1) / 2 pairs, not n (n − 1) / 2.",
        ),
        Mistake(
            "one stack without a mask",
            _but(one=lambda s, t: (s + t) ** 2),
            "You counted the causal stack without its mask: even source tokens attend only to those before them.",
        ),
        Mistake(
            "one stack in two parts",
            _but(one=lambda s, t: _triangle(s) + _triangle(t)),
            "In the causal stack you forgot that target tokens also attend to the source tokens before them.",
        ),
        Mistake(
            "one stack with a free source",
            _but(one=lambda s, t: s * s + _triangle(t) + s * t),
            "You let the source see all of itself. That is a prefix language model; a causal stack masks the "
            "source too.",
        ),
        Mistake(
            "the sum",
            _but(one=lambda s, t: s * s + _triangle(t)),
            "The causal stack is no sum of encoder and decoder. It reads one text of both lengths, with one "
            "causal mask.",
        ),
        Mistake(
            "cross-attention masked",
            _but(cross=lambda s, t: sum(min(i + 1, s) for i in range(t))),
            "You masked cross-attention causally. The source is given as a whole: each target token attends "
            "to all of it.",
        ),
        Mistake(
            "cross-attention in both directions",
            _but(cross=lambda s, t: 2 * s * t),
            "You counted cross-attention twice. Queries come from the target only; the encoder never sees the target.",
        ),
        Mistake(
            "cross-attention to everything",
            _but(cross=lambda s, t: t * (s + t)),
            "Cross-attention has keys from the source only; the target's own tokens belong to the decoder's "
            "self-attention.",
        ),
        Mistake(
            "cross-attention of the last",
            _but(cross=lambda s, t: s),
            "You counted the cross-attention of a single target token. Each of the target_len tokens has its "
            "own query.",
        ),
        Mistake(
            "encoder and decoder exchanged",
            lambda source_len, target_len: (
                _triangle(target_len),
                source_len**2,
                source_len * target_len,
                _triangle(source_len + target_len),
            ),
            "You exchanged encoder and decoder. The order is: encoder, decoder, cross-attention, one causal stack.",
        ),
        Mistake(
            "lengths exchanged",
            lambda source_len, target_len: _attended_pairs(target_len, source_len),
            "You exchanged the lengths: the encoder reads the source, the decoder writes the target.",
        ),
    ],
)
