"""Lesson 15: affine quantisation of a tensor, with a scale and a zero point."""

import math

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _quantise_affine(x, bits):
    highest = 2**bits - 1
    low, high = min(x.min().item(), 0.0), max(x.max().item(), 0.0)
    scale = (high - low) / highest
    zero = round(-low / scale)
    return (torch.round(x / scale) + zero).clamp(0, highest), scale, zero


def _version(
    *,
    highest=lambda bits: 2**bits - 1,
    low=lambda x: min(x.min().item(), 0.0),
    high=lambda x: max(x.max().item(), 0.0),
    nearest=torch.round,
    zero=lambda low, scale: round(-low / scale),
    numbers=lambda whole, zero: whole + zero,
    clamped=True,
    scaled=lambda scale: scale,
    ends=lambda highest: (0, highest),
):
    """The three parts; the options are the ways to get them wrong."""

    def quantise_affine(x, bits):
        last, lowest = highest(bits), low(x)
        scale = (high(x) - lowest) / last
        point = zero(lowest, scale)
        found = numbers(nearest(x / scale), point)
        return (found.clamp(*ends(last)) if clamped else found), scaled(scale), point

    return quantise_affine


def _dequantised(x, bits):
    numbers, scale, zero = _quantise_affine(x, bits)
    return (numbers - zero) * scale, scale, zero


def _symmetric(x, bits):
    highest = 2 ** (bits - 1) - 1
    scale = x.abs().max().item() / highest
    return torch.round(x / scale).clamp(-highest, highest), scale, 0


def _in_place(x, bits):
    numbers, scale, zero = _quantise_affine(x, bits)
    return x.copy_(numbers), scale, zero


def _cases() -> list[tuple]:
    generator = seeded(151)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    uneven = 3 * drawn(40) + 1.3
    uneven[0], uneven[1] = -2.237, 9.1
    return [
        (torch.tensor([-1.0, 0.1, 0.62, 2.0]), 2),
        (torch.tensor([0.0, 0.24, 0.9, 1.52, 3.1]), 4),
        (torch.tensor([2.03, 3.1, 4.9]), 4),
        (torch.tensor([-3.3, -1.22, -5.0]), 4),
        (uneven, 8),
        (drawn(3, 7), 4),
        (0.02 * drawn(5, 16) - 0.01, 8),
    ]


def _even() -> list[tuple]:
    """As far below 0 as above it: the zero point and the largest number are both rounded up, at a tie."""
    return [(torch.tensor([-1.5, 0.2, 1.5]), 2), (torch.tensor([-7.5, 3.2, 7.5]), 4)]


def _in_range(result, x, bits) -> str | None:
    largest, highest = result[0].max().item(), 2**bits - 1
    if largest > highest or result[0].min().item() < 0:
        return f"your numbers go from {result[0].min().item():g} to {largest:g}; {bits} bits hold 0 to {highest}."
    return None


QUANTISE_AFFINE = Exercise(
    id="15.quantise_affine",
    title="Affine quantisation",
    reference=_quantise_affine,
    parts=("the numbers", "the scale", "the zero point"),
    cases=_cases,
    properties=[
        has_shape("Do you return numbers of x's shape, a scale and a zero point?"),
        matches_reference("Is it right for four numbers in 2 bits?", cases=0),
        matches_reference("Is the zero point 0 where no number is negative?", cases=1),
        matches_reference("Does the range contain 0, even where all numbers are positive, or negative?", cases=[2, 3]),
        holds("Do the numbers stay within 0 and 2**bits − 1?", _in_range, cases=_even),
        matches_reference("Is it right for 8 bits and for matrices?", cases=[4, 5, 6]),
    ],
    hints=[
        "With 2 bits there are the numbers 0, 1, 2 and 3. How many steps lie between the smallest and the largest?",
        "The scale is the range, with 0 in it, over 2**bits − 1 steps. The zero point is the whole number that the "
        "smallest value leaves room for: round(−low / scale).",
        "`low, high = min(x.min().item(), 0), max(x.max().item(), 0)`, then `scale = (high - low) / (2**bits - 1)`. "
        "The numbers are torch.round(x / scale) + zero, cut off by .clamp(…).",
    ],
    mistakes=[
        Mistake(
            "one step too many",
            _version(highest=lambda bits: 2**bits),
            "You divided by 2**bits. Between 2**bits numbers there are 2**bits − 1 steps.",
        ),
        Mistake(
            "one step too few",
            _version(highest=lambda bits: 2**bits - 2),
            "You have one step too few: the numbers go from 0 to 2**bits − 1.",
        ),
        Mistake(
            "symmetric",
            _symmetric,
            "You quantised symmetrically, by the largest absolute value. Affine quantisation uses the range from the "
            "smallest to the largest number, and a zero point.",
        ),
        Mistake(
            "0 not in the range",
            _version(low=lambda x: x.min().item(), high=lambda x: x.max().item()),
            "Your range does not always contain 0. Extend it: min(x.min(), 0) and max(x.max(), 0).",
        ),
        Mistake(
            "0 not at the lower end",
            _version(low=lambda x: x.min().item()),
            "Where all numbers are positive, your range does not begin at 0. Take min(x.min(), 0).",
        ),
        Mistake(
            "0 not at the upper end",
            _version(high=lambda x: x.max().item()),
            "Where all numbers are negative, your range does not end at 0. Take max(x.max(), 0).",
        ),
        Mistake(
            "cut off, not rounded",
            _version(nearest=torch.floor),
            "You rounded down. Round to the nearest whole number, or the error is twice as large.",
        ),
        Mistake(
            "rounded up",
            _version(nearest=torch.ceil),
            "You rounded up. Round to the nearest whole number.",
        ),
        Mistake(
            "towards zero",
            _version(nearest=torch.trunc),
            "You cut the decimals off, as .int() does. Round to the nearest whole number.",
        ),
        Mistake(
            "not rounded",
            _version(nearest=lambda x: x),
            "You did not round: the numbers have decimals, and so need more than `bits` bits.",
        ),
        Mistake(
            "zero point not rounded",
            _version(zero=lambda low, scale: -low / scale),
            "Your zero point is no whole number. Round it, so that 0 itself is represented exactly.",
        ),
        Mistake(
            "zero point cut off",
            _version(zero=lambda low, scale: math.floor(-low / scale)),
            "You rounded the zero point down; take the nearest whole number.",
        ),
        Mistake(
            "zero point subtracted",
            _version(numbers=lambda whole, zero: whole - zero),
            "You subtracted the zero point. Add it: x / scale + zero; it is subtracted on the way back.",
        ),
        Mistake(
            "zero point forgotten",
            _version(numbers=lambda whole, zero: whole),
            "You did not add the zero point to the numbers, so negative values are cut off.",
        ),
        Mistake(
            "negative zero point",
            _version(zero=lambda low, scale: round(low / scale), numbers=lambda whole, zero: whole - zero),
            "Your zero point has the wrong sign: it is round(−low / scale), a number from 0 to 2**bits − 1.",
        ),
        Mistake(
            "not clamped",
            _version(clamped=False),
            "Your largest number can be 2**bits, one too many: x / scale and the zero point may both be rounded up. "
            "Clamp to 0 … 2**bits − 1.",
        ),
        Mistake(
            "clamped to signed numbers",
            _version(ends=lambda highest: (-(highest // 2) - 1, highest // 2)),
            "You clamped to signed numbers. Here they go from 0 to 2**bits − 1.",
        ),
        Mistake(
            "inverse scale",
            _version(scaled=lambda scale: 1 / scale),
            "You returned the inverse of the scale. The scale is the step, so that x ≈ scale · (q − zero).",
        ),
        Mistake(
            "dequantised",
            _dequantised,
            "You returned real numbers. Return the whole numbers q; scale · (q − zero) is the way back.",
        ),
        Mistake(
            "the smallest value as the zero point",
            _version(zero=lambda low, scale: low, numbers=lambda whole, zero: whole + round(-zero)),
            "You returned the smallest value. The zero point is the whole number that stands for 0: "
            "round(−low / scale).",
        ),
        Mistake(
            "x overwritten",
            _in_place,
            "You overwrote x. Return a new tensor: the caller still needs the real numbers.",
        ),
    ],
)
