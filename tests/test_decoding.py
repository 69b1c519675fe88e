"""Sampling: distributions by hand and as Hugging Face has them, draws that follow them, one seed gives one text."""

import math

import pytest
import torch

from course_lib.decoding import next_distribution, sample
from course_lib.decoding.sampling import Chooser, _invert_parallel, draw, uniform_numbers
from course_lib.models.recurrent import RNN, RecurrentLM

LOGITS = torch.tensor([math.log(p) for p in (0.1, 0.4, 0.3, 0.2)])


def assert_distribution(got, expected):
    torch.testing.assert_close(got, torch.tensor(expected), rtol=0, atol=1e-6)


def test_temperature_one_is_softmax_zero_is_argmax_and_half_squares_the_odds():
    assert_distribution(next_distribution(LOGITS), [0.1, 0.4, 0.3, 0.2])
    assert_distribution(next_distribution(LOGITS, temperature=0), [0.0, 1.0, 0.0, 0.0])
    assert_distribution(
        next_distribution(LOGITS, temperature=0.5), [0.01 / 0.3, 0.16 / 0.3, 0.09 / 0.3, 0.04 / 0.3]
    )


def test_top_k_and_top_p_keep_the_likeliest_and_renormalise():
    assert_distribution(next_distribution(LOGITS, top_k=2), [0.0, 4 / 7, 3 / 7, 0.0])
    assert_distribution(next_distribution(LOGITS, top_p=0.65), [0.0, 4 / 7, 3 / 7, 0.0])
    assert_distribution(next_distribution(LOGITS, top_p=0.75), [0.0, 4 / 9, 3 / 9, 2 / 9])
    assert_distribution(next_distribution(LOGITS, top_p=1e-6), [0.0, 1.0, 0.0, 0.0])
    assert_distribution(next_distribution(LOGITS, top_k=4, top_p=1.0), [0.1, 0.4, 0.3, 0.2])


def test_rows_of_a_batch_are_cut_each_by_itself():
    both = torch.stack([LOGITS, LOGITS.flip(0)])
    cut = next_distribution(both, top_k=1)
    assert cut.argmax(dim=1).tolist() == [1, 2]
    torch.testing.assert_close(cut.sum(dim=1), torch.ones(2))


@pytest.mark.parametrize("tied", [False, True])
def test_temperature_top_k_and_top_p_are_combined_as_hugging_face_combines_them(tied):
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    generator = torch.Generator().manual_seed(0)

    def uniform(low, high):
        return low + (high - low) * torch.rand((), generator=generator, dtype=torch.float64).item()

    cut = 0
    for _ in range(1000):
        vocab_size = int(uniform(2, 30))
        logits = 2 * torch.randn(1, vocab_size, generator=generator, dtype=torch.float64)
        logits = (2 * logits).round() / 2 if tied else logits
        temperature = uniform(0.2, 3)
        top_k = int(uniform(1, vocab_size + 1)) if uniform(0, 1) < 0.8 else None
        top_p = uniform(0.05, 1) if uniform(0, 1) < 0.8 else None
        scores = TemperatureLogitsWarper(temperature)(None, logits)
        scores = scores if top_k is None else TopKLogitsWarper(top_k)(None, scores)
        expected = (scores if top_p is None else TopPLogitsWarper(top_p)(None, scores)).softmax(-1)
        got = next_distribution(logits, temperature, top_k, top_p)
        if tied:  # which of several equal symbols is in the nucleus is anybody's choice
            got, expected = got.sort().values, expected.sort().values
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-12)
        cut += int((got == 0).any())
    assert cut > 500


def test_where_the_likelier_ones_reach_p_exactly_no_further_symbol_stays():
    for p, n_kept in ((0.25, 1), (0.5, 2), (0.75, 3), (0.76, 4)):
        assert_distribution(
            next_distribution(torch.zeros(4), top_p=p), [1 / n_kept] * n_kept + [0.0] * (4 - n_kept)
        )
    assert_distribution(
        next_distribution(torch.tensor([0.5, 0.125, 0.25, 0.125]).log2() * math.log(2), top_p=0.75),
        [2 / 3, 0.0, 1 / 3, 0.0],
    )


@pytest.mark.parametrize("top_k", [None, 50_000])
def test_top_p_of_one_keeps_every_symbol_that_is_possible(top_k):
    logits = torch.linspace(0, -15, 50_000)
    logits[7] = -math.inf
    assert (next_distribution(logits, top_p=1.0, top_k=top_k) > 0).sum() == 49_999


def test_top_k_keeps_what_is_as_likely_as_the_last_one():
    assert_distribution(
        next_distribution(torch.tensor([1.0, 0.0, 1.0, 1.0]), top_k=2), [1 / 3, 0, 1 / 3, 1 / 3]
    )
    logits = torch.tensor([0.0, -math.inf, -math.inf])
    assert_distribution(next_distribution(logits, top_k=2), [1.0, 0.0, 0.0])


HALVES = (torch.float16, torch.bfloat16)


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [1e-6, 1e-40, 1e-300, 0.5, 1.0, 1e30])
@pytest.mark.parametrize("cuts", [{}, {"top_k": 3, "top_p": 0.9}])
def test_every_temperature_and_precision_gives_a_distribution(dtype, temperature, cuts):
    logits = torch.tensor(
        [[60_000.0, 59_000.0, -60_000.0, -math.inf], [-math.inf, -math.inf, -3.0, -math.inf]]
    )
    got = next_distribution(logits.to(dtype), temperature, **cuts)
    assert got.dtype == torch.promote_types(dtype, torch.float32)
    torch.testing.assert_close(got.sum(-1), torch.ones_like(got.sum(-1)))
    assert (got >= 0).all() and (got[logits == -math.inf] == 0).all() and got[1, 2] == 1
    if temperature <= 1:
        assert got[0, 0] == 1


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_logits_are_cut_in_single_precision(dtype):
    logits = torch.randn(3, 500, generator=torch.Generator().manual_seed(0)).to(dtype)
    for options in ({}, {"temperature": 0.7}, {"top_k": 40}, {"top_p": 0.9}, {"temperature": 0}):
        torch.testing.assert_close(
            next_distribution(logits, **options), next_distribution(logits.float(), **options)
        )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"top_k": 2.5}, "top_k is 2.5"),
        ({"temperature": -1}, "temperature is -1"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": 5}, "vocab_size = 4"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
    ],
)
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        next_distribution(LOGITS, **options)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([0.0, math.nan], "NaN"),
        ([0.0, math.inf], r"\+∞"),
        ([-math.inf, -math.inf], "a row of −∞ only"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"temperature": 0}, {"temperature": 0.5, "top_k": 1, "top_p": 0.5}])
def test_logits_that_no_symbol_can_be_chosen_from_are_refused(row, words, options):
    logits = torch.tensor([[0.0, 1.0], row])
    with pytest.raises(ValueError, match=words):
        next_distribution(logits, **options)
    choose = Chooser(3, 2, torch.device("cpu"), **options)
    for step in (logits[:1].expand(2, 2), logits, logits[:1].expand(2, 2)):
        choose(step)  # says nothing yet: it would have to wait for the device
    with pytest.raises(ValueError, match="logits hold"):
        choose.check()


# ---------------------------------------------------------------- draws


PROBABILITIES = torch.tensor([0.0, 0.3, 0.02, 0.0, 0.0, 0.08, 0.25, 0.0, 0.35, 0.0])


def both_ways(probabilities, uniform):
    """By the sums of a CPU, and by sums that were added in parallel."""
    ids = draw(probabilities, uniform)
    assert torch.equal(_invert_parallel(probabilities.cumsum(-1), probabilities, uniform), ids)
    return ids


def test_draws_follow_the_probabilities(any_device):
    n = 200_000
    uniform = uniform_numbers(1, n, torch.Generator().manual_seed(0))[0].to(any_device)
    ids = both_ways(PROBABILITIES.to(any_device).expand(n, -1), uniform)
    counts = torch.bincount(ids.cpu(), minlength=len(PROBABILITIES))
    possible = PROBABILITIES > 0
    expected = n * PROBABILITIES[possible]
    chi_square = ((counts[possible] - expected) ** 2 / expected).sum().item()
    # Four degrees of freedom: mean 4, and above 23.5 once in ten thousand seeds.
    assert chi_square < 23.5
    assert counts[~possible].sum() == 0


@pytest.mark.parametrize("scale", [1.0, 0.3, 1e-20, 7e10])
def test_whatever_the_uniform_number_an_impossible_symbol_is_never_drawn(scale):
    uniform = torch.cat([torch.tensor([0.0, 1e-30, 1.0]), torch.rand(997), PROBABILITIES.cumsum(0)])
    uniform = uniform.clamp(max=1 - torch.finfo(torch.float32).eps)
    ids = both_ways((scale * PROBABILITIES).expand(len(uniform), -1), uniform)
    assert set(ids.tolist()) == set(PROBABILITIES.nonzero()[:, 0].tolist())
    assert ids[0] == ids[1] == 1 and ids[2] == 8  # the first and the last that are possible


def test_sums_whose_last_digit_wavers_draw_no_impossible_symbol_either():
    probabilities = torch.tensor([0.0, 0.3, 0.0, 0.7, 0.0])
    wavering = torch.tensor([0.0, 0.3, 0.3000001, 0.9999998, 1.0000001])  # as sums in parallel may come out
    uniform = torch.cat([torch.linspace(0, 1, 1001), 0.3 + torch.linspace(-1e-6, 1e-6, 1001)])
    uniform = uniform.clamp(max=1 - torch.finfo(torch.float32).eps)
    n = len(uniform)
    ids = _invert_parallel(wavering.expand(n, -1), probabilities.expand(n, -1), uniform)
    assert set(ids.tolist()) == {1, 3}


def test_uniform_numbers_stay_below_one_and_so_does_their_product_with_any_sum(monkeypatch):
    numbers = uniform_numbers(1000, 1000, torch.Generator().manual_seed(0))
    assert numbers.min() >= 0 and numbers.max() < 1 and abs(numbers.mean().item() - 0.5) < 2e-3
    with monkeypatch.context() as patch:  # should a device's random numbers reach 1
        patch.setattr(torch, "rand", lambda *shape, **options: torch.ones(shape))
        largest = uniform_numbers(1, 1)[0, 0]
    sums = torch.cat([torch.rand(100_000) + 0.5, torch.tensor([1.0, 0.5, 2.0])])
    assert (largest * sums < sums).all()
    assert torch.equal(numbers, uniform_numbers(1000, 1000, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("options", [{}, {"temperature": 0}, {"temperature": 0.7, "top_k": 5, "top_p": 0.8}])
def test_choosing_never_waits_for_the_device(options):
    # On "meta" there are shapes only: to look at a number, or to mix in one from the CPU, raises an error.
    choose = Chooser(3, 2, torch.device("meta"), **options)
    for _ in range(3):
        assert choose(torch.empty(2, 9, device="meta")).shape == (2,)


def model(device="cpu"):
    torch.manual_seed(0)
    return RecurrentLM(7, 4, RNN(4, 16).orthogonal_()).to(device)


@pytest.mark.parametrize(
    "options", [{"top_k": 2}, {"top_p": 0.4}, {"temperature": 0.8, "top_k": 4, "top_p": 0.5}]
)
def test_sampled_texts_keep_to_the_cut_offs(options):
    lm, prompt = model(), torch.tensor([[1, 2, 3]])
    possible = next_distribution(lm(prompt)[0][0, -1].detach(), **options) > 0
    drawn = sample(lm, prompt.repeat(2_000, 1), 1, generator=torch.Generator().manual_seed(0), **options)
    assert possible.sum() < 4 and set(drawn[:, -1].tolist()) == set(possible.nonzero()[:, 0].tolist())


@pytest.mark.parametrize("dtype", HALVES)
def test_a_model_in_half_precision_writes_too(dtype):
    written = sample(
        model().to(dtype), torch.tensor([[1], [2]]), 20, generator=torch.Generator().manual_seed(0)
    )
    assert written.shape == (2, 21) and len(set(written[:, 1:].flatten().tolist())) > 2


def test_every_device_draws_the_same(any_device):
    prompt = torch.tensor([[1, 2], [3, 4], [5, 6]])
    for options in ({}, {"temperature": 0.7, "top_k": 4}, {"top_p": 0.8}):
        here, there = (
            sample(model(device), prompt, 40, generator=torch.Generator().manual_seed(3), **options)
            for device in ("cpu", any_device)
        )
        assert here.device.type == there.device.type == "cpu"
        assert torch.equal(here, there)


def test_sampled_shares_follow_the_distribution():
    lm, prompt = model(), torch.tensor([[1, 2, 3]])
    expected = next_distribution(lm(prompt)[0][0, -1].detach(), temperature=0.7)
    drawn = sample(
        lm, prompt.repeat(20_000, 1), 1, temperature=0.7, generator=torch.Generator().manual_seed(0)
    )
    shares = torch.bincount(drawn[:, -1], minlength=7) / 20_000
    # Five standard errors of a share.
    assert ((shares - expected).abs() < 5 * (expected * (1 - expected) / 20_000).sqrt()).all()


def test_greedy_with_carried_state_equals_rereading_the_whole_text(any_device):
    lm, ids = model(any_device), torch.tensor([[1, 2, 3]])
    got = sample(lm, ids, 12, temperature=0)
    for _ in range(12):
        ids = torch.cat([ids, lm(ids.to(any_device))[0][:, -1:].argmax(dim=-1).cpu()], dim=1)
    assert got.tolist() == ids.tolist()


def test_one_seed_gives_one_text_and_the_model_stays_in_its_mode():
    lm, prompt = model().train(), torch.tensor([[1]])
    texts = [sample(lm, prompt, 30, generator=torch.Generator().manual_seed(s)).tolist() for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert lm.training
    modes = []
    lm.recurrent.register_forward_hook(lambda module, *_: modes.append(module.training))
    sample(lm, prompt, 3)
    assert modes == [False] * 3  # no dropout meanwhile


@pytest.mark.parametrize("prompt", [torch.tensor([1, 2]), torch.zeros(1, 0, dtype=torch.long)])
def test_prompt_of_a_wrong_shape_is_named(prompt):
    with pytest.raises(ValueError, match="batch, time"):
        sample(model(), prompt, 3)
