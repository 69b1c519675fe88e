"""Perplexity, bits per character, accuracy and BLEU: known values, and no number for what makes no sense."""

import math

import pytest
import torch

from course_lib.metrics import accuracy, bits_per_character, bleu, perplexity


def test_a_uniform_guess_among_65():
    assert perplexity(math.log(65)) == pytest.approx(65)
    assert bits_per_character(math.log(2)) == pytest.approx(1)
    assert bits_per_character(math.log(65)) == pytest.approx(math.log2(65))
    assert perplexity(0.0) == 1 and bits_per_character(0) == 0


def test_tensors_keep_their_shape():
    nats = torch.tensor([[0.0, math.log(2)], [1.0, 2.0]], dtype=torch.float64)
    assert torch.allclose(perplexity(nats).log(), nats)
    assert torch.allclose(bits_per_character(nats), nats.exp().log2())


def test_no_overflow():
    assert perplexity(1e4) == perplexity(math.inf) == math.inf


@pytest.mark.parametrize("metric", [perplexity, bits_per_character])
@pytest.mark.parametrize("nats", [-0.1, math.nan, torch.tensor([1.0, -0.5]), torch.tensor(math.nan)])
def test_impossible_cross_entropies(metric, nats):
    with pytest.raises(ValueError, match="at least 0"):
        metric(nats)


def test_accuracy_of_predictions_and_logits():
    targets = torch.tensor([[0, 1, 2], [2, 1, 0]])
    predictions = torch.tensor([[0, 1, 1], [2, 0, 0]])
    assert accuracy(predictions, targets) == pytest.approx(4 / 6)
    logits = torch.nn.functional.one_hot(predictions, 3).float()
    assert accuracy(logits, targets) == pytest.approx(4 / 6)
    assert accuracy(torch.tensor([3.0, 1.0]), torch.tensor(0)) == 1.0


def test_accuracy_refuses_what_does_not_fit():
    targets = torch.tensor([0, 1])
    with pytest.raises(ValueError, match=r"\(3,\) and targets \(2,\)"):
        accuracy(torch.zeros(3), targets)
    with pytest.raises(ValueError, match=r"\(1, 3\)"):  # would broadcast
        accuracy(torch.zeros(1, 3), targets)
    with pytest.raises(ValueError, match="nothing"):
        accuracy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64))
    with pytest.raises(ValueError, match="NaN"):
        accuracy(torch.full((2, 3), math.nan), targets)
    with pytest.raises(ValueError, match="float32"):
        accuracy(torch.zeros(2), torch.zeros(2))


# ---------------------------------------------------------------- BLEU


def test_bleu_of_the_reference_itself_and_of_nothing_right():
    sentences = ["A man in an orange hat is staring at something .", "Two dogs play in the snow ."]
    assert bleu(sentences, sentences).score == pytest.approx(100)
    assert bleu(["x y z u v", "p q r s t"], sentences).score < 1


def test_bleu_by_hand():
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 fours; as long as the reference.
    score = bleu(["the cat sat on a mat"], ["the cat sat on the mat"]).score
    assert score == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25, abs=1e-6)
    # Too short: e^(1 - 6/4) of what its words, all right, would be worth.
    assert bleu(["the cat sat on"], ["the cat sat on the mat"]).score == pytest.approx(100 * math.exp(-0.5))


def test_bleu_looks_at_capitals_and_says_how_it_counted():
    found = bleu(["the cat sat on the mat"], ["The cat sat on the mat"])
    assert found.score < 100
    assert "case:mixed" in found.signature and "tok:13a" in found.signature and "nrefs:1" in found.signature


@pytest.mark.parametrize(
    ("hypotheses", "references", "error", "words"),
    [
        ([], [], ValueError, "0 hypotheses"),
        (["a"], ["a", "b"], ValueError, "1 hypotheses and 2 references"),
        ("a cat", ["a cat"], TypeError, "hypotheses must be a list of sentences"),
        ([["a", "cat"]], ["a cat"], TypeError, "not cut into tokens"),
    ],
)
def test_bleu_of_something_else_is_refused(hypotheses, references, error, words):
    with pytest.raises(error, match=words):
        bleu(hypotheses, references)
