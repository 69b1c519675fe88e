"""The counted n-gram agrees with the formula, by hand, written out with dictionaries, and on real text."""

import math
import os
import time
from collections import Counter, defaultdict

import pytest
import torch

from course_lib import data
from course_lib.models.words import NGram
from course_lib.text.characters import CharVocabulary


class PlainWittenBell:
    """The same model, straight from the formula: slow and easy to check."""

    def __init__(self, order, vocab_size, text):
        self.order, self.vocab_size = order, vocab_size
        self.followers = defaultdict(Counter)
        for n in range(1, order + 1):
            for end in range(n - 1, len(text)):
                self.followers[tuple(text[end - n + 1 : end])][text[end]] += 1

    def prob(self, symbol, context):
        """p(symbol | context), the context a tuple of at most order - 1 symbols."""
        lower = self.prob(symbol, context[1:]) if context else 1 / self.vocab_size
        counts = self.followers.get(context)
        if counts is None:
            return lower
        return (counts[symbol] + len(counts) * lower) / (counts.total() + len(counts))

    def probs(self, text):
        return [self.prob(text[i], tuple(text[max(0, i - self.order + 1) : i])) for i in range(1, len(text))]


def test_by_hand():
    """Text a b a c, three symbols. c(a) = 2, c(b) = c(c) = 1, T = 3: p(b) = (1 + 3 · 1/3) / (4 + 3) = 2/7.

    After a came b and c, once each: p(b | a) = (1 + 2 · 2/7) / (2 + 2) = 11/28,
    p(a | a) = (0 + 2 · 3/7) / 4 = 3/14.
    After c came nothing: p(a | c) = p(a) = (2 + 1) / 7 = 3/7.
    """
    a, b, c = 0, 1, 2
    model = NGram(2, 3).fit(torch.tensor([a, b, a, c]))
    assert model.next_distribution(torch.tensor([a])).tolist() == pytest.approx([3 / 14, 11 / 28, 11 / 28])
    assert model.next_distribution(torch.tensor([c])).tolist() == pytest.approx([3 / 7, 2 / 7, 2 / 7])
    assert model.log_probs(torch.tensor([b, a, b])).exp().tolist() == pytest.approx(
        [(1 + 3 / 7) / 2, 11 / 28]
    )
    assert model.entries_by_order == [3, 3] and model.n_entries == 6


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_agrees_with_dictionaries(order):
    generator = torch.Generator().manual_seed(order)
    train = torch.randint(6, (400,), generator=generator)
    other = torch.randint(7, (150,), generator=generator)  # symbol 6 was never seen
    plain = PlainWittenBell(order, 7, train.tolist())
    model = NGram(order, 7).fit(train)
    log_probs = model.log_probs(other)
    assert log_probs.shape == (149,) and log_probs.dtype == torch.float64
    torch.testing.assert_close(
        log_probs.exp(), torch.tensor(plain.probs(other.tolist()), dtype=torch.float64)
    )
    assert model.cross_entropy(other) == pytest.approx(-sum(map(math.log, plain.probs(other.tolist()))) / 149)
    assert model.n_entries == sum(map(len, plain.followers.values()))


def test_lower_orders_of_one_fit_are_the_lower_models():
    generator = torch.Generator().manual_seed(0)
    train, other = torch.randint(5, (2, 300), generator=generator)
    model = NGram(4, 5).fit(train)
    for order in range(1, 5):
        alone = NGram(order, 5).fit(train)
        assert torch.equal(model.log_probs(other, order=order), alone.log_probs(other))
        assert model.cross_entropy(other, order=order) == alone.cross_entropy(other)
        assert torch.equal(model.next_distribution(other[:9], order), alone.next_distribution(other[:9]))
        assert model.entries_by_order[:order] == alone.entries_by_order


def test_distributions_sum_to_one_and_match_log_probs():
    generator = torch.Generator().manual_seed(1)
    train, other = torch.randint(5, (2, 60), generator=generator)
    model = NGram(4, 6).fit(train)
    log_probs = model.log_probs(other)
    for end in range(1, 60):
        distribution = model.next_distribution(other[:end])
        assert distribution.shape == (6,) and (distribution > 0).all()
        assert distribution.sum().item() == pytest.approx(1, abs=1e-12)
        assert distribution[other[end]].log().item() == pytest.approx(log_probs[end - 1].item(), abs=1e-12)
    assert model.next_distribution(other[:0]).sum().item() == pytest.approx(1, abs=1e-12)


def test_fit_replaces_earlier_counts():
    first, second = torch.tensor([0, 0, 0, 0]), torch.tensor([1, 1, 0, 1])
    assert NGram(2, 2).fit(first).fit(second).n_entries == NGram(2, 2).fit(second).n_entries


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: NGram(0, 5), ValueError, "order is 0"),
        (lambda: NGram(3, 2.0), ValueError, "vocab_size is 2.0"),
        (lambda: NGram(11, 65), ValueError, "order 11 with 65 symbols"),
        (lambda: NGram(2, 5).cross_entropy(torch.tensor([1, 2])), RuntimeError, r"fit\(ids\)"),
        (lambda: NGram(2, 5).n_entries, RuntimeError, r"fit\(ids\)"),
        (lambda: NGram(3, 5).fit(torch.tensor([1, 2])), ValueError, "2 ids.*at least 3"),
        (lambda: NGram(3, 5).fit("some text"), TypeError, "encode"),
        (lambda: NGram(1, 5).fit(torch.tensor([1, 5])), ValueError, "from 1 to 5, but vocab_size is 5"),
        (lambda: NGram(1, 5).fit(torch.tensor([[1]])), ValueError, r"\(1, 1\)"),
        (lambda: NGram(1, 5).fit(torch.tensor([1.0])), ValueError, "float32"),
        (lambda: NGram(1, 5).fit(torch.arange(5)).log_probs(torch.arange(1)), ValueError, "at least 2"),
        (lambda: NGram(2, 5).fit(torch.arange(5)).log_probs(torch.arange(5), 3), ValueError, "1 … 2"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.fixture(scope="module")
def shakespeare():
    try:
        text = data.load("tiny-shakespeare")
    except data.DataError as error:
        if os.environ.get("COURSE_DATA"):
            raise
        pytest.skip(str(error))
    vocabulary = CharVocabulary.from_text(text.train)
    return len(vocabulary), vocabulary.encode(text.train), vocabulary.encode(text.validation)


def test_figures_on_shakespeare(shakespeare):
    """The whole validation text, and its beginning, where another implementation was measured."""
    vocab_size, train, validation = shakespeare
    start = time.process_time()
    model = NGram(6, vocab_size).fit(train)
    whole = [model.cross_entropy(validation, order) for order in range(1, 7)]
    seconds = time.process_time() - start
    assert whole == pytest.approx([3.347, 2.486, 2.049, 1.774, 1.669, 1.698], abs=6e-4)
    part = [model.cross_entropy(validation[:40_000], order) for order in range(2, 7)]
    assert part == pytest.approx([2.49, 2.01, 1.71, 1.592, 1.61], abs=6e-3)
    assert model.n_entries == 459_128
    assert seconds < 10  # 1 s on a quiet machine: the loop over dictionaries takes a minute
