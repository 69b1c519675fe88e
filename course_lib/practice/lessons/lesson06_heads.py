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
    points=1,
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
        Mistake(
            "features in front of the heads",
            lambda x, n_heads: x.unflatten(2, (n_heads, -1)).transpose(2, 3),
            "You exchanged the heads with their features. Exchange them with the time: dimensions 1 and 2.",
        ),
        Mistake(
            "transposed first",
            lambda x, n_heads: x.transpose(1, 2).reshape(len(x), n_heads, x.shape[1], -1),
            "You moved the features in front of the time and then reshaped, which fills the rows with one feature of "
            "several tokens. Split the features while they are last: (batch, time, n_heads, d_head), then transpose.",
        ),
        Mistake(
            "heads in front of the batch",
            lambda x, n_heads: torch.stack(x.chunk(n_heads, dim=-1)),
            "You stacked the heads in front of the batch; torch.stack(…, dim=1) puts them behind it.",
        ),
        Mistake(
            "a tuple of heads",
            lambda x, n_heads: x.chunk(n_heads, dim=-1),
            "You returned the heads one by one. One tensor is asked for, so that one product computes all of them: "
            "torch.stack(…, dim=1) makes it.",
        ),
        Mistake(
            "heads one after the other in time",
            lambda x, n_heads: torch.cat(x.chunk(n_heads, dim=-1), dim=1),
            "You joined the heads along the time. They need a dimension of their own: torch.stack(…, dim=1).",
        ),
        Mistake(
            "heads joined with the batch",
            lambda x, n_heads: _split(x, n_heads).flatten(0, 1),
            "You joined batch and heads into one dimension. Keep both: (batch, n_heads, time, d_head).",
        ),
        Mistake(
            "n_heads for d_head",
            lambda x, n_heads: torch.stack(x.split(n_heads, dim=-1), dim=1),
            "You made heads of n_heads features each. There are n_heads heads, of d_model // n_heads features each. "
            "(split takes the size of a piece, chunk their number.)",
        ),
        Mistake(
            "tokens divided",
            lambda x, n_heads: torch.stack(x.chunk(n_heads, dim=1), dim=1),
            "You gave each head some of the tokens. Every head has all tokens, and some features of each.",
        ),
        Mistake(
            "heads of several rows mixed",
            lambda x, n_heads: torch.stack(x.chunk(n_heads, dim=-1)).reshape(len(x), n_heads, x.shape[1], -1),
            "With a batch of one you are right. With more, reshape does not exchange batch and heads, it deals the "
            "numbers out anew: use torch.stack(…, dim=1) or a transpose.",
        ),
        Mistake(
            "the same features for every head",
            lambda x, n_heads: _split(x, n_heads)[:, :1].repeat(1, n_heads, 1, 1),
            "You gave the first d_head features to every head. Head 1 takes the next d_head, and so on.",
        ),
        Mistake(
            "last head first",
            lambda x, n_heads: _split(x, n_heads).flip(1),
            "Your heads are in reverse order: head 0 takes the first features.",
        ),
    ],
)


def _sinusoid(
    exponent=lambda i, d: 2 * i / d, base=10_000.0, first=math.sin, second=math.cos, halves=False, flat=True
):
    """The encoding of one position; the options are the ways to get it wrong."""

    def encode(position, d_model):
        angles = [position / base ** exponent(i, d_model) for i in range(d_model // 2)]
        pairs = [(first(angle), second(angle)) for angle in angles]
        if not flat:
            return pairs
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
        Mistake(
            "an angle for every feature",
            lambda position, d_model: [
                (math.cos if j % 2 else math.sin)(position / 10_000 ** (j / d_model)) for j in range(d_model)
            ],
            "You gave each cosine an angle of its own. Features 2i and 2i + 1 share one: both have the exponent "
            "2i/d_model.",
        ),
        Mistake(
            "4i for 2i",
            _sinusoid(exponent=lambda i, d: 4 * i / d),
            "Your exponent is twice as large as it should be: if i runs over 0, 2, 4, … it is 2i already.",
        ),
        Mistake(
            "no brackets around the exponent",
            lambda position, d_model: [
                wave(position / 10_000**2 * i / d_model)
                for i in range(d_model // 2)
                for wave in (math.sin, math.cos)
            ],
            "In 10_000 ** 2 * i / d_model the power is 10_000 ** 2. Put brackets around the exponent: "
            "10_000 ** (2 * i / d_model).",
        ),
        Mistake(
            "base 1000",
            _sinusoid(base=1000.0),
            "Your base is 1000; in the formula it is 10000.",
        ),
        Mistake(
            "pairs from 1",
            _sinusoid(exponent=lambda i, d: 2 * (i + 1) / d),
            "You count the pairs from 1. i starts at 0, so that the first pair turns by one radian per position.",
        ),
        Mistake(
            "exponent rounded down",
            _sinusoid(exponent=lambda i, d: 2 * i // d),
            "Your exponent is always 0, as // rounds down: all clocks turn alike. Divide with /.",
        ),
        Mistake(
            "up to the base itself",
            _sinusoid(exponent=lambda i, d: i / max(d // 2 - 1, 1)),
            "Your slowest pair has the exponent 1. Some programs do so; in the paper's formula, which is asked for, "
            "it is 2i/d_model, a little less.",
        ),
        Mistake(
            "a list of pairs",
            _sinusoid(flat=False),
            "Your list holds pairs. One flat list is asked for: features += [sine, cosine].",
        ),
        Mistake(
            "sines only",
            _sinusoid(second=math.sin),
            "All your features are sines. Every second one, 2i + 1, is the cosine of the same angle.",
        ),
    ],
)
