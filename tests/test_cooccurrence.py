"""Counts in a window and PMI, against loops that anybody can read; pairs and noise for skip-gram."""

import itertools
import math
from collections import Counter

import pytest
import torch

from course_lib.text.cooccurrence import cooccurrence, flatten, pmi, positive_pmi
from course_lib.text.pairs import keep_probability, noise_distribution, skipgram_batches, skipgram_pairs

VOCAB_SIZE = 9


@pytest.fixture
def sentences():
    generator = torch.Generator().manual_seed(0)
    lengths = [0, 1, 2, 7, 12, 3]
    return [torch.randint(VOCAB_SIZE, (length,), generator=generator).tolist() for length in lengths]


def naive_pairs(sentences, window):
    """[(word, neighbour, distance)] by three loops."""
    return [
        (word, sentence[j], abs(i - j))
        for sentence in sentences
        for i, word in enumerate(sentence)
        for j in range(len(sentence))
        if i != j and abs(i - j) <= window
    ]


@pytest.mark.parametrize("window", [1, 2, 5, 100])
@pytest.mark.parametrize("harmonic", [False, True])
def test_counts_are_those_of_three_loops(sentences, window, harmonic):
    expected = torch.zeros(VOCAB_SIZE, VOCAB_SIZE, dtype=torch.float64)
    for word, neighbour, distance in naive_pairs(sentences, window):
        expected[word, neighbour] += 1 / distance if harmonic else 1
    found = cooccurrence(sentences, VOCAB_SIZE, window, harmonic)
    assert found.is_sparse and found.is_coalesced()
    torch.testing.assert_close(found.to_dense(), expected, rtol=1e-12, atol=0)


def test_a_window_never_reaches_into_the_next_sentence():
    counts = cooccurrence([[0, 1], [2, 3]], 4, window=3).to_dense()
    assert counts.nonzero().tolist() == [[0, 1], [1, 0], [2, 3], [3, 2]]
    assert cooccurrence([[0], [1]], 2, window=3).to_dense().sum() == 0


def test_flatten_and_its_refusals():
    ids, sentence = flatten([[3, 1], [], [2]], 4)
    assert ids.tolist() == [3, 1, 2] and sentence.tolist() == [0, 0, 2]
    with pytest.raises(ValueError, match="no word"):
        flatten([[], []], 4)
    with pytest.raises(ValueError, match=r"from 0 to 4; vocab_size = 4 allows 0 … 3"):
        flatten([[0, 4]], 4)
    with pytest.raises(ValueError, match="window = 0"):
        cooccurrence([[0, 1]], 2, window=0)


@pytest.mark.parametrize("power", [1.0, 0.75])
def test_pmi_is_that_of_a_loop(power):
    counts = torch.tensor([[4.0, 0.0, 1.0], [2.0, 3.0, 5.0]], dtype=torch.float64)
    shares = [sum(column) ** power for column in counts.T.tolist()]
    found = pmi(counts, power)
    for w, c in itertools.product(range(2), range(3)):
        if counts[w, c] == 0:
            assert found[w, c] == -math.inf
            continue
        p_w, p_c = counts[w].sum() / counts.sum(), shares[c] / sum(shares)
        assert found[w, c] == pytest.approx(math.log(counts[w, c] / counts.sum() / (p_w * p_c)), rel=1e-12)
    torch.testing.assert_close(pmi(counts.to_sparse(), power), found)
    torch.testing.assert_close(
        positive_pmi(counts, power, shift=0.1), torch.where(found > 0.1, found - 0.1, 0.0)
    )


def test_pmi_of_independent_words_is_zero_and_no_counts_are_refused():
    independent = torch.tensor([[1.0], [5.0]]) * torch.tensor([[2.0, 3.0, 4.0]])
    torch.testing.assert_close(pmi(independent), torch.zeros(2, 3, dtype=torch.float64), atol=1e-12, rtol=0)
    # A word that never occurs has neither row nor column, and spoils nothing.
    assert positive_pmi(torch.tensor([[0.0, 0.0], [0.0, 2.0]])).isfinite().all()
    for bad in (torch.zeros(2, 2), torch.tensor([[1.0, -1.0]]), torch.ones(3)):
        with pytest.raises(ValueError, match="matrix of counts"):
            pmi(bad)


@pytest.mark.parametrize("window", [1, 3, 50])
def test_pairs_are_those_of_three_loops(sentences, window):
    words, neighbours = skipgram_pairs(*flatten(sentences, VOCAB_SIZE), window)
    found = Counter(zip(words.tolist(), neighbours.tolist(), strict=True))
    assert found == Counter((word, neighbour) for word, neighbour, _ in naive_pairs(sentences, window))


def test_a_drawn_window_keeps_near_pairs_and_thins_out_far_ones():
    ids = torch.arange(3000)
    words, neighbours = skipgram_pairs(ids, torch.zeros(3000), 4, torch.Generator().manual_seed(0))
    distances = (words - neighbours).abs()
    for distance in range(1, 5):
        share = (distances == distance).sum() / (2 * (3000 - distance))
        assert share == pytest.approx((5 - distance) / 4, abs=0.03)
    assert distances.max() == 4


def test_keep_probability_and_noise_by_hand():
    counts = torch.tensor([90, 9, 1, 0])
    torch.testing.assert_close(
        keep_probability(counts, 0.1), torch.tensor([1 / 3, 1, 1, 1], dtype=torch.float64)
    )
    noise = noise_distribution(torch.tensor([16, 1, 0]))
    torch.testing.assert_close(noise, torch.tensor([8 / 9, 1 / 9, 0], dtype=torch.float64))
    assert noise_distribution(torch.tensor([5, 0, 5]), power=0.0).tolist() == [0.5, 0, 0.5]
    with pytest.raises(ValueError, match="threshold = 0"):
        keep_probability(counts, 0)
    for bad in (torch.zeros(3), torch.tensor([1, -1]), torch.ones(2, 2)):
        with pytest.raises(ValueError, match="counts of at least 0, not all 0"):
            noise_distribution(bad)


def test_batches_hold_true_pairs_and_noise_as_often_as_they_should(sentences):
    options = dict(batch=32, window=2, draw_window=False, n_noise=3, threshold=None)
    true = {(word, neighbour) for word, neighbour, _ in naive_pairs(sentences, 2)}
    drawn = Counter()
    for batch in itertools.islice(skipgram_batches(sentences, VOCAB_SIZE, **options), 300):
        assert batch.words.shape == batch.neighbours.shape == (32,) and batch.noise.shape == (32, 3)
        assert set(zip(batch.words.tolist(), batch.neighbours.tolist(), strict=True)) <= true
        assert batch.noise_weight == 1
        drawn.update(batch.noise.flatten().tolist())
    ids, _ = flatten(sentences, VOCAB_SIZE)
    expected = noise_distribution(torch.bincount(ids, minlength=VOCAB_SIZE))
    found = torch.tensor([drawn[word] for word in range(VOCAB_SIZE)]) / (300 * 32 * 3)
    torch.testing.assert_close(found.double(), expected, atol=0.01, rtol=0)
    assert (found[expected == 0] == 0).all()


def test_every_pair_comes_once_in_a_reading_and_seeds_repeat():
    sentences = [[0, 1, 2, 3]]
    options = dict(batch=2, window=1, draw_window=False, threshold=None)
    reading = list(itertools.islice(skipgram_batches(sentences, 4, **options), 3))
    pairs = sorted(
        pair for b in reading for pair in zip(b.words.tolist(), b.neighbours.tolist(), strict=True)
    )
    assert pairs == [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)]
    again = list(itertools.islice(skipgram_batches(sentences, 4, **options), 3))
    other = list(itertools.islice(skipgram_batches(sentences, 4, **options, seed=1), 3))
    assert [batch.noise.tolist() for batch in again] == [batch.noise.tolist() for batch in reading]
    assert [batch.words.tolist() for batch in again] == [batch.words.tolist() for batch in reading]
    assert [batch.noise.tolist() for batch in other] != [batch.noise.tolist() for batch in reading]


def test_shared_noise_is_weighted_and_frequent_words_are_thinned_out():
    sentences = [[0, 0, 0, 0, 0, 0, 0, 1]] * 500
    batch = next(skipgram_batches(sentences, 2, batch=64, n_noise=5, n_shared=20, threshold=None))
    assert batch.noise.shape == (20,) and batch.noise_weight == 5 / 20
    plain = next(skipgram_batches(sentences, 2, batch=512, threshold=None))
    thinned = next(skipgram_batches(sentences, 2, batch=512, threshold=0.02))
    assert (thinned.words == 0).sum() < (plain.words == 0).sum()


def test_too_little_text_for_a_batch_is_refused():
    with pytest.raises(ValueError, match="2 pairs, fewer than batch = 8"):
        next(skipgram_batches([[0, 1]], 2, batch=8, draw_window=False, threshold=None))
