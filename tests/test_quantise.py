"""Whole numbers for real ones: round trips, what an outlier costs, and the file's blocks as `gguf` has them."""

import gguf
import pytest
import torch
from gguf import GGMLQuantizationType as Q
from torch.testing import assert_close

from course_lib.models.compact import q4_1_blocks, q8_0_blocks, quantisation_error, quantise
from course_lib.models.pretrained.gguf_blocks import KINDS


def some(rows=6, columns=64, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("per", ["tensor", "channel", 32])
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_round_trip_is_off_by_half_a_step(bits, per, symmetric, device):
    x = some().to(device) + (0 if symmetric else 2)
    q = quantise(x, bits, per=per, symmetric=symmetric)
    assert q.numbers.shape == x.shape and q.numbers.dtype == (torch.int8 if symmetric else torch.uint8)
    assert len(q.scale) == {"tensor": 1, "channel": 6, 32: 12}[per]
    steps = (q.dequantised() - x).abs().view(len(q.scale), -1) / q.scale
    # The rounded zero point may cut half a step off at the ends.
    assert steps.max() <= (0.5 if symmetric else 1) + 1e-4
    again = quantise(q.dequantised(), bits, per=per, symmetric=symmetric)
    assert_close(again.dequantised(), q.dequantised())  # what is on the grid stays there


@pytest.mark.parametrize("symmetric", [True, False])
def test_zero_stays_zero_and_signs_stay(symmetric):
    x = torch.tensor([-0.3, 0.0, 0.7, 5.0])
    back = quantise(x, 4, symmetric=symmetric).dequantised()
    assert back[1] == 0 and (back * x >= 0).all()
    assert torch.equal(quantise(torch.zeros(3), symmetric=symmetric).dequantised(), torch.zeros(3))


def test_by_hand():
    q = quantise(torch.tensor([-1.0, 0.5, 1.27]), 8)
    assert q.numbers.tolist() == [-100, 50, 127] and q.scale.item() == pytest.approx(0.01)
    q = quantise(torch.tensor([0.0, 1.0, 3.0]), 2, symmetric=False)
    assert q.numbers.tolist() == [0, 1, 3] and q.zero.item() == 0
    q = quantise(torch.tensor([-1.0, 2.0]), 2, symmetric=False)
    assert q.numbers.tolist() == [0, 3] and q.zero.item() == 1
    assert quantise(some(), 4, per=32).bits_each == 4.5
    assert quantise(some(), 4, per=32, symmetric=False).bits_each == 4.625


def test_a_bit_is_worth_six_decibels():
    x = some(64, 256)
    decibels = [quantisation_error(x, quantise(x, bits)).decibels for bits in (5, 6, 7, 8)]
    for fewer, more in zip(decibels, decibels[1:], strict=False):
        assert 5.5 < more - fewer < 7


def test_an_outlier_costs_those_who_share_its_scale():
    x = some(8, 64)
    plain = {per: quantisation_error(x, quantise(x, per=per)).relative for per in ("tensor", "channel", 32)}
    x[3, 5] = 100.0
    rest = torch.ones_like(x, dtype=torch.bool)
    rest[3, 5] = False
    others = {
        per: quantisation_error(x[rest], quantise(x, per=per).dequantised()[rest]).relative
        for per in ("tensor", "channel", 32)
    }
    assert others["tensor"] > 10 * plain["tensor"]
    assert others["tensor"] > 2 * others["channel"] > 2 * others[32]
    for per in ("channel", 32):  # whoever has another scale loses nothing
        assert_close(quantise(x, per=per).dequantised()[4], quantise(some(8, 64), per=per).dequantised()[4])


def test_one_sided_numbers_want_an_asymmetric_range():
    x = some(32, 64).relu()
    symmetric, asymmetric = (quantisation_error(x, quantise(x, 8, symmetric=s)).decibels for s in (True, False))
    assert asymmetric > symmetric + 5


def test_errors_of_what_is_exact_and_of_what_is_not():
    x = some()
    exact = quantisation_error(x, x)
    assert exact.largest == 0 and exact.relative == 0 and exact.decibels == float("inf")
    error = quantisation_error(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.5]))
    assert error.largest == 0.5 and error.relative == pytest.approx(0.1) and error.decibels == pytest.approx(20)


@pytest.mark.parametrize(("pack", "kind"), [(q4_1_blocks, Q.Q4_1), (q8_0_blocks, Q.Q8_0)], ids=["Q4_1", "Q8_0"])
def test_blocks_are_those_of_gguf(pack, kind):
    x = some(500, 96)
    x[1], x[2], x[3, :40] = 0.0, 1e-6 * x[2], 3.25
    x[4] = torch.arange(96) / 2 - 20  # halves
    blocks = pack(x)
    assert torch.equal(blocks.flatten(1), torch.from_numpy(gguf.quantize(x.numpy(), kind)))
    (ours,) = (known for known in KINDS.values() if known.name == kind.name)
    back = ours.unpack(blocks.flatten(0, 1)).view(x.shape)
    assert torch.equal(back, torch.from_numpy(gguf.dequantize(blocks.flatten(1).numpy(), kind)))


def test_the_file_s_four_bits_are_ours_with_a_minimum():
    x = some(4, 64)
    blocks = q4_1_blocks(x)
    assert blocks.shape == (4, 2, 20)
    back = KINDS[3].unpack(blocks.flatten(0, 1)).view(x.shape)
    ours = quantise(x, 4, per=32, symmetric=False).dequantised()
    one, other = (quantisation_error(x, approximation).relative for approximation in (back, ours))
    assert one < other < 1.2 * one  # without the need to hit zero exactly, the file's range fits closer


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: quantise(some(), 1), "bits is 1; expected a whole number from 2 to 8"),
        (lambda: quantise(some(), 9), "bits is 9"),
        (lambda: quantise(some(), per=7), r"per is 7 for the shape \(6, 64\); expected 'tensor'"),
        (lambda: quantise(torch.ones(3), per="channel"), "per is 'channel' for the shape"),
        (lambda: quantise(torch.tensor([1.0, float("nan")])), "must be finite real numbers"),
        (lambda: quantise(torch.tensor([1, 2])), "torch.int64 of shape"),
        (lambda: q4_1_blocks(some(2, 40)), r"weight has shape \(2, 40\); expected a matrix .* multiple of 32"),
        (lambda: quantisation_error(torch.ones(2), torch.ones(3)), r"x has shape \(2,\), the approximation \(3,\)"),
    ],
)
def test_what_cannot_be_quantised(call, words):
    with pytest.raises(ValueError, match=words):
        call()
