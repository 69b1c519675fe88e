"""Span corruption: the shares of Raffel et al. 2020, and source and target that say the text together."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.text.spans import corrupt_spans, fill_spans, infill_spans, noise_spans

SENTINELS = tuple(range(900, 1000))
OPTIONS = {"noise": st.floats(0.01, 0.99), "mean_span": st.floats(1, 10), "seed": st.integers(0, 2**30)}


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@given(length=st.integers(2, 150), anywhere=st.booleans(), **OPTIONS)
def test_spans_lie_apart_and_take_their_share(length, noise, mean_span, seed, anywhere):
    options = {"noise": noise, "mean_span": mean_span, "anywhere": anywhere}
    spans = noise_spans(length, **options, generator=seeded(seed))
    before = -1 if anywhere else 0
    for start, stop in spans:
        assert before < start < stop <= length  # at least one token stays before each span
        before = stop
    assert anywhere or before == length
    n_noise = sum(stop - start for start, stop in spans)
    assert n_noise == min(max(round(length * noise), 1), length - 1)
    n_spans = max(round(n_noise / mean_span), 1)
    assert len(spans) == min(n_spans, n_noise, length - n_noise)


@given(length=st.integers(2, 150), **OPTIONS)
def test_source_and_target_say_the_text(length, noise, mean_span, seed):
    ids = torch.randint(0, 900, (length,), generator=seeded(seed)).tolist()
    source, target = corrupt_spans(ids, SENTINELS, noise=noise, mean_span=mean_span, generator=seeded(seed))
    n_spans = len(noise_spans(length, noise=noise, mean_span=mean_span, generator=seeded(seed)))
    assert [symbol for symbol in source if symbol >= 900] == list(SENTINELS[:n_spans])
    assert [symbol for symbol in target if symbol >= 900] == list(SENTINELS[: n_spans + 1])
    assert target[0] == SENTINELS[0] and target[-1] == SENTINELS[n_spans]
    assert len(source) + len(target) == length + 2 * n_spans + 1
    assert fill_spans(source, target, SENTINELS) == ids


def test_the_paper_s_shares_on_long_texts():
    generator, lengths = seeded(0), []
    for _ in range(300):
        spans = noise_spans(512, generator=generator)
        assert sum(stop - start for start, stop in spans) == 77  # 15 % of 512
        lengths += [stop - start for start, stop in spans]
    assert sum(lengths) / len(lengths) == pytest.approx(3.0, abs=0.05)
    assert min(lengths) == 1 and max(lengths) > 8


def test_every_way_to_cut_is_equally_likely():
    """Six tokens, half of them noise in two spans: 2 ways to part the noise, 2 to part the rest."""
    generator, found = seeded(0), {}
    for _ in range(2000):
        spans = tuple(noise_spans(6, noise=0.5, mean_span=1.5, anywhere=False, generator=generator))
        found[spans] = found.get(spans, 0) + 1
    assert set(found) == {
        ((1, 2), (4, 6)),
        ((1, 3), (5, 6)),
        ((2, 3), (4, 6)),
        ((2, 4), (5, 6)),
    }
    assert all(count / 2000 == pytest.approx(0.25, abs=0.04) for count in found.values())


@pytest.mark.parametrize("anywhere", [True, False])
def test_one_span_is_anywhere_or_always_last(anywhere):
    generator = seeded(0)
    starts = [noise_spans(8, anywhere=anywhere, generator=generator)[0][0] for _ in range(800)]
    counts = [starts.count(start) / 800 for start in range(8)]
    assert counts == (pytest.approx([1 / 8] * 8, abs=0.04) if anywhere else [0] * 7 + [1])


def test_the_example_of_the_paper():
    """Figure 2, with the spans where its generator has put them."""
    words = "thank you for inviting me to your party last week".split()
    ids = list(range(len(words)))
    for seed in range(2000):
        source, target = corrupt_spans(ids, (90, 91, 92), noise=0.3, mean_span=1.5, generator=seeded(seed))
        if source == [0, 1, 90, 4, 5, 6, 7, 91, 9]:
            assert target == [90, 2, 3, 91, 8, 92]
            return
    pytest.fail("these spans were never drawn")


def test_a_seed_repeats_it_and_the_text_is_not_changed():
    ids, generator = list(range(60)), seeded(3)
    first, second = (corrupt_spans(ids, SENTINELS, generator=generator) for _ in range(2))
    assert first != second and first == corrupt_spans(tuple(ids), SENTINELS, generator=seeded(3))
    assert ids == list(range(60))


def test_what_a_model_wrote_wrongly_is_filled_in_as_far_as_it_goes():
    source = [5, 900, 6, 901, 7]
    assert fill_spans(source, [900, 1, 2, 901, 3, 902], SENTINELS) == [5, 1, 2, 6, 3, 7]
    assert fill_spans(source, [8, 900, 1], SENTINELS) == [5, 1, 6, 7]  # nothing for 901, and 8 belongs nowhere
    assert fill_spans(source, [901, 3, 900, 901, 4], SENTINELS) == [5, 6, 3, 4, 7]  # in pieces


def test_infilling_has_one_mask_for_each_span_and_the_whole_text_as_target():
    ids = list(range(40))
    source, target = infill_spans(ids, 99, generator=seeded(0))
    spans = noise_spans(40, generator=seeded(0))
    assert target == ids and source.count(99) == len(spans)
    filled = corrupt_spans(ids, SENTINELS, generator=seeded(0)).source
    assert [99 if symbol >= 900 else symbol for symbol in filled] == source


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: noise_spans(1), "length is 1; a text needs at least 2 tokens"),
        (lambda: noise_spans(9, noise=0.0), "noise = 0.0"),
        (lambda: noise_spans(9, noise=15), "noise = 15"),
        (lambda: noise_spans(9, mean_span=0.5), "mean_span = 0.5"),
        (lambda: corrupt_spans(range(100), (900, 901)), "5 spans need 6 sentinels, .* there are 2"),
        (lambda: corrupt_spans([1, 2, 900], SENTINELS), r"\[900\] are sentinels and stand in the text"),
        (lambda: corrupt_spans([1, 2, 3], (900, 900)), "stands twice"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
