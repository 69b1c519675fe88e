"""Lesson 06: features split into heads, and the sinusoids that encode a position."""

import math

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _split(x, n_heads):
    batch, time, d_model = x.shape
    return x.view(batch, time, n_heads, d_model // n_heads).transpose(1, 2)


def _numbered(batch: int, time: int, d_model: int) -> torch.Tensor:
    # Every number says where it is from: hundreds the row, tens the token, ones the feature.
    places = torch.meshgrid(*(torch.arange(n) for n in (batch, time, d_model)), indexing="ij")
    return (100 * places[0] + 10 * places[1] + places[2]).float()


SPLIT_HEADS = Exercise(
    id="06.split_heads",
    title="Split into heads",
    reference=_split,
    cases=lambda: [
        (_numbered(1, 3, 4), 1),
        (_numbered(1, 1, 6), 3),
        (_numbered(1, 3, 4), 2),
        (_numbered(2, 4, 6), 2),
    ],
    properties=[
        has_shape("Is the shape (batch, n_heads, time, d_head)?"),
        matches_reference("With one head, does every token keep all of its features?", cases=0),
        matches_reference(
            "With one token: does each head get neighbouring features, the first head the first?", cases=1
        ),
        holds(
            "Does a row of a head hold features of one token only?",
            lambda heads, x, n_heads: (
                bool(((heads // 10) == (heads[..., :1] // 10)).all())
                or "some row of a head mixes features of several tokens."
            ),
        ),
        matches_reference("Does each token keep its position?", cases=2),
        matches_reference(
            "In a batch of two, with three features per head, is every number in its place?", cases=3
        ),
    ],
    hints=[
        "In which order do the numbers of x lie in memory, and what does view do to that order?",
        "view moves no number. Split the last dimension in two, (batch, time, n_heads, d_head), then exchange two "
        "dimensions.",
        "`x.view(batch, time, n_heads, d_model // n_heads)` is half of it. Which two dimensions have to change places?",
    ],
    mistakes=[
        Mistake(
            "view without transpose",
            lambda x, n_heads: x.reshape(x.shape[0], n_heads, x.shape[1], x.shape[2] // n_heads),
            "You went to (batch, n_heads, time, d_head) by view or reshape alone. The shape is right, but rows mix "
            "tokens: split the features first, (batch, time, n_heads, d_head), then transpose.",
        ),
        Mistake(
            "not transposed",
            lambda x, n_heads: x.reshape(x.shape[0], x.shape[1], n_heads, x.shape[2] // n_heads),
            "You stopped at (batch, time, n_heads, d_head): exchange time and heads, so that each head has a matrix "
            "(time, d_head) of its own.",
        ),
        Mistake(
            "every n-th feature",
            lambda x, n_heads: x.reshape(x.shape[0], x.shape[1], x.shape[2] // n_heads, n_heads).permute(
                0, 3, 1, 2
            ),
            "You gave the features to the heads in turn; a head takes neighbouring ones: (…, n_heads, d_head), "
            "not (…, d_head, n_heads). It would train as well, but weights from elsewhere would not fit.",
        ),
    ],
)


def _sinusoid(exponent=lambda i, d: 2 * i / d, base=10_000.0, first=math.sin, second=math.cos, halves=False):
    """The encoding of one position; the options are the ways to get it wrong."""

    def encode(position, d_model):
        angles = [position / base ** exponent(i, d_model) for i in range(d_model // 2)]
        pairs = [(first(angle), second(angle)) for angle in angles]
        if halves:
            return [sine for sine, _ in pairs] + [cosine for _, cosine in pairs]
        return [value for pair in pairs for value in pair]

    return encode


SINUSOID = Exercise(
    id="06.sinusoid",
    title="Encode one position",
    reference=_sinusoid(),
    cases=lambda: [(0, 4), (1, 2), (3, 2), (1, 4), (7, 6), (250, 8)],
    properties=[
        has_shape("Is it a list of d_model numbers?"),
        matches_reference("At position 0, is every sine 0 and every cosine 1, alternating?", cases=0),
        matches_reference("With two features: is it sin(position), cos(position)?", cases=(1, 2)),
        matches_reference(
            "With four features, is the angle of the second pair a hundredth of the first?", cases=3
        ),
        matches_reference("With six and eight features, is every sine and cosine right?", cases=(4, 5)),
    ],
    hints=[
        "For pair i there is one angle, position / 10000^(2i/d_model); it gives two features, its sine and its cosine.",
        "i runs from 0 to d_model // 2 - 1. Features come pair by pair: sin, cos, sin, cos, …",
        "Loop with `for i in range(d_model // 2)`. The angle is `position / 10_000 ** (2 * i / d_model)`.",
    ],
    mistakes=[
        Mistake(
            "i for 2i",
            _sinusoid(exponent=lambda i, d: i / d),
            "Your exponent is i/d_model; it is 2i/d_model, so that the wavelengths run up to 10000 · 2π.",
        ),
        Mistake(
            "i for the feature",
            lambda position, d_model: [
                (math.cos if i % 2 else math.sin)(position / 10_000 ** (2 * i / d_model))
                for i in range(d_model)
            ],
            "You took i for the number of the feature; it counts the pairs: features 2i and 2i + 1 share one angle.",
        ),
        Mistake(
            "cosine first",
            _sinusoid(first=math.cos, second=math.sin),
            "You put the cosine first; even features are sines, odd ones cosines.",
        ),
        Mistake(
            "halves",
            _sinusoid(halves=True),
            "You put all sines before all cosines. Many programs do so, and it works as well; the paper's formula, "
            "which is asked for, has sine and cosine of one wavelength side by side.",
        ),
        Mistake(
            "degrees",
            _sinusoid(first=lambda a: math.sin(math.radians(a)), second=lambda a: math.cos(math.radians(a))),
            "You took the angle for degrees; math.sin takes radians, and so does the formula.",
        ),
        Mistake(
            "multiplied",
            lambda position, d_model: [
                wave(position * 10_000 ** (2 * i / d_model))
                for i in range(d_model // 2)
                for wave in (math.sin, math.cos)
            ],
            "You multiplied the position by 10000^(2i/d_model); divide, so that later features turn more slowly.",
        ),
    ],
)
