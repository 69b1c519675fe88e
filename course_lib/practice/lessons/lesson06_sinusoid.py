"""Lesson 06: the sinusoids that encode a position."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _sinusoid(
    exponent=lambda i, d: 2 * i / d,
    base=10_000.0,
    first=math.sin,
    second=math.cos,
    halves=False,
    flat=True,
    scale=1.0,
):
    """The encoding of one position; the options are the ways to get it wrong."""

    def encode(position, d_model):
        angles = [scale * position / base ** exponent(i, d_model) for i in range(d_model // 2)]
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
        Mistake(
            "slowest first",
            _sinusoid(exponent=lambda i, d: 2 * (d // 2 - 1 - i) / d),
            "Your slowest pair comes first. Pair 0 has the angle `position` itself; the pairs after it are slower.",
        ),
        Mistake(
            "a product for the power",
            _sinusoid(exponent=lambda i, d: math.log(10_000 * 2 * i / d if i else 1, 10_000)),
            "You divide by 10000 times 2i/d. It is a power: 10000 ** (2 * i / d_model).",
        ),
        Mistake(
            "one pair too few",
            lambda position, d_model: _sinusoid()(position, d_model)[:-2],
            "One pair is missing. i runs up to d/2 − 1, and range(n) ends at n − 1 already: range(d_model // 2).",
        ),
        Mistake(
            "positions from 1",
            lambda position, d_model: _sinusoid()(position + 1, d_model),
            "You encoded position + 1. Positions count from 0, where all sines are 0.",
        ),
        Mistake(
            "full turns",
            _sinusoid(scale=2 * math.pi),
            "You multiplied the angle by 2π, as if a position were a full turn. The formula has no 2π.",
        ),
        Mistake(
            "base e",
            _sinusoid(base=math.e),
            "Your base is e: in exp(−2i/d_model) the factor log(10000) is missing.",
        ),
        Mistake(
            "exponent around the quotient",
            lambda position, d_model: [
                wave((position / 10_000) ** (2 * i / d_model))
                for i in range(d_model // 2)
                for wave in (math.sin, math.cos)
            ],
            "You raised position / 10000 to the power. The exponent belongs to 10000 alone.",
        ),
        Mistake(
            "quotient outside the sine",
            lambda position, d_model: [
                wave(position) / 10_000 ** (2 * i / d_model)
                for i in range(d_model // 2)
                for wave in (math.sin, math.cos)
            ],
            "You divided the sine. Divide the position; then take the sine of the angle.",
        ),
        Mistake(
            "angle rounded down",
            lambda position, d_model: [
                wave(position // 10_000 ** (2 * i / d_model))
                for i in range(d_model // 2)
                for wave in (math.sin, math.cos)
            ],
            "Your // rounds the angle down, so the slow clocks stand still. Divide with /.",
        ),
        Mistake(
            "one feature a pair",
            lambda position, d_model: [
                (math.cos if i % 2 else math.sin)(position / 10_000 ** (2 * i / d_model))
                for i in range(d_model // 2)
            ],
            "You made one feature of each pair. Every angle gives two, its sine and its cosine.",
        ),
    ],
)
