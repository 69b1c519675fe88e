"""Lesson 15: a linear layer on 4-bit weights in groups of 32, as a GGUF file has them."""

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _low_high(packed):
    """(out, groups, 16) bytes → the low and the high four bits, each (out, groups, 16)."""
    return packed & 15, packed >> 4


def _linear_4bit(x, packed, d, m):
    low, high = _low_high(packed)
    q = torch.cat([low, high], dim=-1).to(x.dtype)  # (out, groups, 32)
    weight = (d[..., None] * q + m[..., None]).flatten(1)  # (out, in)
    return x @ weight.T  # (batch, out)


def _joined(low, high):
    return torch.cat([low, high], dim=-1)


def _version(
    *,
    nibbles=_low_high,
    join=_joined,
    real=lambda q, d, m: d[..., None] * q + m[..., None],
    lay=lambda weight: weight.flatten(1),
    product=lambda x, weight: x @ weight.T,
    whole=lambda q, x: q.to(x.dtype),
):
    """The product; the options are the ways to get it wrong."""

    def linear_4bit(x, packed, d, m):
        q = whole(join(*nibbles(packed)), x)  # (out, groups, 32)
        return product(x, lay(real(q, d, m)))

    return linear_4bit


def _whole_row(q, d, m):
    """The first group's scale and minimum for all."""
    return d[:, :1, None] * q + m[:, :1, None]


def _one_for_all(q, d, m):
    return d.mean() * q + m.mean()


def _in_place(x, packed, d, m):
    result = _linear_4bit(x, packed, d, m)
    packed >>= 4
    return result


def _case(seed: int, batch: int, out: int, groups: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = seeded(seed)
    packed = torch.randint(256, (out, groups, 16), generator=generator).to(torch.uint8)
    x = torch.randn(batch, groups * 32, generator=generator)
    d = 0.01 + 0.05 * torch.rand(out, groups, generator=generator)
    return x, packed, d, -8 * d + 0.1 * torch.randn(out, groups, generator=generator)


def _cases() -> list[tuple]:
    one = torch.zeros(1, 32)
    one[0, 0] = 1.0
    last = torch.zeros(1, 32)
    last[0, 31] = 1.0
    packed = (torch.arange(16) + 16 * torch.arange(16).flip(0)).to(torch.uint8).view(1, 1, 16)
    packed[0, 0, 15] = 0x6F
    d, m = torch.tensor([[0.5]]), torch.tensor([[-3.0]])
    return [
        (one, packed, d, m),
        (last, packed, d, m),
        _case(152, 3, 4, 1),
        _case(153, 2, 3, 2),
        _case(154, 1, 6, 5),
        _case(155, 5, 2, 3),
    ]


LINEAR_4BIT = Exercise(
    id="15.linear_4bit",
    title="A 4-bit linear layer",
    points=4,
    reference=_linear_4bit,
    cases=_cases,
    properties=[
        has_shape("Is the result's shape (batch, out)?"),
        matches_reference("Is the first weight of a group made of the low four bits of its first byte?", cases=0),
        matches_reference("Is the last weight of a group made of the high four bits of its last byte?", cases=1),
        matches_reference("Are all 32 weights of a group in their places?", cases=2),
        matches_reference("Has every group its own scale and minimum?", cases=3),
        matches_reference("Is it right for other numbers of outputs and groups?", cases=[4, 5]),
    ],
    hints=[
        "The byte 0x6F is 111 = 6 · 16 + 15. How do you get the 15 out of it, and how the 6?",
        "packed & 15 has the low four bits of each byte, packed >> 4 the high ones. Low ones are weights 0 to 15 of "
        "their group, high ones 16 to 31. Then w = d · q + m, with d and m of the group.",
        "`q = torch.cat([packed & 15, packed >> 4], dim=-1)` is (out, groups, 32). d[..., None] has a 1 where q has "
        "the 32. flatten(1) makes (out, in) of it.",
    ],
    mistakes=[
        Mistake(
            "neighbours in a byte",
            _version(join=lambda low, high: torch.stack([low, high], dim=-1).flatten(2)),
            "You took the two numbers of a byte for neighbours. The low four bits are weights 0 to 15 of the group, "
            "the high four bits weights 16 to 31.",
        ),
        Mistake(
            "high bits first",
            _version(join=lambda low, high: torch.cat([high, low], dim=-1)),
            "You put the high four bits first. The low four bits are weights 0 to 15.",
        ),
        Mistake(
            "neighbours, high bits first",
            _version(join=lambda low, high: torch.stack([high, low], dim=-1).flatten(2)),
            "You took the two numbers of a byte for neighbours, the high one first. The low four bits are weights 0 "
            "to 15 of the group, the high four bits weights 16 to 31.",
        ),
        Mistake(
            "low bits twice",
            _version(join=lambda low, high: torch.cat([low, low], dim=-1)),
            "You used the low four bits twice. The high ones are packed >> 4.",
        ),
        Mistake(
            "high bits not shifted",
            _version(nibbles=lambda packed: (packed & 15, packed & 240), whole=lambda q, x: q.to(x.dtype)),
            "You masked the high four bits but did not shift them: they are 16 times too large. Take packed >> 4.",
        ),
        Mistake(
            "low bits not masked",
            _version(nibbles=lambda packed: (packed, packed >> 4)),
            "You did not mask the low four bits: packed & 15 removes the high ones.",
        ),
        Mistake(
            "masked by 7",
            _version(nibbles=lambda packed: (packed & 7, (packed >> 4) & 7)),
            "You masked three bits. Four bits are & 15.",
        ),
        Mistake(
            "centred",
            _version(real=lambda q, d, m: d[..., None] * (q - 8) + m[..., None]),
            "You subtracted 8 from the numbers. That is Q4_0, which has no minimum; here w = d · q + m.",
        ),
        Mistake(
            "minimum forgotten",
            _version(real=lambda q, d, m: d[..., None] * q),
            "You left out the minimum m: w = d · q + m.",
        ),
        Mistake(
            "minimum subtracted",
            _version(real=lambda q, d, m: d[..., None] * q - m[..., None]),
            "You subtracted m; w = d · q + m.",
        ),
        Mistake(
            "minimum scaled",
            _version(real=lambda q, d, m: d[..., None] * (q + m[..., None])),
            "You multiplied m by the scale too. m is a real number: w = d · q + m.",
        ),
        Mistake(
            "scale and minimum exchanged",
            _version(real=lambda q, d, m: m[..., None] * q + d[..., None]),
            "You exchanged d and m: w = d · q + m.",
        ),
        Mistake(
            "divided by the scale",
            _version(real=lambda q, d, m: q / d[..., None] + m[..., None]),
            "You divided by the scale. On the way back it is multiplied: w = d · q + m.",
        ),
        Mistake(
            "one group's scale for the row",
            _version(real=_whole_row),
            "You used the first group's d and m for the whole row. Each group of 32 weights has its own.",
        ),
        Mistake(
            "one scale for all",
            _version(real=_one_for_all),
            "You used one scale for all groups. Each group of 32 weights has its own d and m.",
        ),
        Mistake(
            "groups mixed",
            _version(lay=lambda weight: weight.transpose(1, 2).flatten(1)),
            "You mixed the groups: a row is group after group, 32 weights each.",
        ),
        Mistake(
            "signed numbers",
            _version(whole=lambda q, x: torch.where(q > 7, q.to(x.dtype) - 16, q.to(x.dtype))),
            "You read the four bits as signed numbers. They go from 0 to 15.",
        ),
        Mistake(
            "bytes overwritten",
            _in_place,
            "You changed the stored bytes. Make a new tensor: the next token needs the same weights.",
        ),
    ],
)
