"""Metrics of labels and entities: known values, equality with scikit-learn and seqeval, and what is refused."""

import math

import pytest
import torch

from course_lib.metrics import (
    Entity,
    confusion_matrix,
    entities,
    entity_f1,
    expected_calibration_error,
    precision_recall_f1,
    reliability,
)

# Ten messages, three of them spam (1): two are found, one ham is called spam.
TARGETS = torch.tensor([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
PREDICTIONS = torch.tensor([1, 1, 0, 1, 0, 0, 0, 0, 0, 0])


def random_labels(n_classes: int = 4, n: int = 300, seed: int = 0):
    """Predictions and targets that agree more often than by chance; the last class is never predicted."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(n_classes, (n,), generator=generator)
    guess = torch.randint(n_classes - 1, (n,), generator=generator)
    keep = (torch.rand(n, generator=generator) < 0.6) & (targets < n_classes - 1)
    return torch.where(keep, targets, guess), targets


# ---------------------------------------------------------------- classes


def test_confusion_matrix_has_a_row_for_each_true_class():
    assert confusion_matrix(TARGETS, PREDICTIONS, 2).tolist() == [[6, 1], [1, 2]]
    three = confusion_matrix(torch.tensor([[0, 0], [2, 1]]), torch.tensor([[2, 0], [2, 1]]), 3)
    assert three.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]


def test_scores_by_hand():
    scores = precision_recall_f1(TARGETS, PREDICTIONS, 2)
    assert scores.precision.tolist() == pytest.approx([6 / 7, 2 / 3])
    assert scores.recall.tolist() == pytest.approx([6 / 7, 2 / 3])
    assert scores.support.tolist() == [7, 3]
    one_found = precision_recall_f1(torch.tensor([1, 1, 1, 0]), torch.tensor([1, 0, 0, 0]), 2)
    assert one_found.precision[1] == 1 and one_found.recall[1] == pytest.approx(1 / 3)
    assert one_found.f1[1] == pytest.approx(0.5)
    assert one_found.macro_f1 == pytest.approx((0.5 + 0.5) / 2)


def test_a_class_that_is_never_called_or_never_occurs_scores_0():
    always_ham = precision_recall_f1(TARGETS, torch.zeros(10, dtype=torch.int64), 3)
    assert always_ham.f1.tolist() == pytest.approx([14 / 17, 0, 0])
    assert always_ham.precision[1] == always_ham.recall[1] == always_ham.recall[2] == 0


def test_scores_equal_scikit_learn_s():
    theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed to compare with")
    predictions, targets = random_labels()
    assert confusion_matrix(targets, predictions, 4).tolist() == (
        theirs.confusion_matrix(targets.numpy(), predictions.numpy()).tolist()
    )
    expected = theirs.precision_recall_fscore_support(
        targets.numpy(), predictions.numpy(), labels=list(range(4)), zero_division=0
    )
    scores = precision_recall_f1(targets, predictions, 4)
    for mine, their in zip(scores, expected, strict=True):
        torch.testing.assert_close(mine.double(), torch.tensor(their).double(), rtol=1e-12, atol=1e-12)
    macro = theirs.f1_score(targets.numpy(), predictions.numpy(), average="macro", zero_division=0)
    assert scores.macro_f1 == pytest.approx(macro, rel=1e-12)


def test_macro_f1_counts_a_class_that_occurs_nowhere():
    theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed to compare with")
    predictions, targets = random_labels()
    macro = theirs.f1_score(
        targets.numpy(), predictions.numpy(), labels=list(range(6)), average="macro", zero_division=0
    )
    assert precision_recall_f1(targets, predictions, 6).macro_f1 == pytest.approx(macro, rel=1e-12)


@pytest.mark.parametrize(
    ("predictions", "targets", "n_classes", "words"),
    [
        (torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64), 2, r"shape \(3,\), predictions \(3, 2\).*argmax"),
        (torch.zeros(3), torch.zeros(3, dtype=torch.int64), 2, "predictions has type torch.float32"),
        (torch.tensor([0, 2]), torch.tensor([0, 1]), 2, "predictions holds the id 2"),
        (torch.tensor([0, 1]), torch.tensor([0, -100]), 2, "targets holds the id -100.*ignored"),
        (torch.tensor([], dtype=torch.int64), torch.tensor([], dtype=torch.int64), 2, "something in it"),
        (PREDICTIONS, TARGETS, 0, "n_classes is 0"),
        (PREDICTIONS, TARGETS, True, "n_classes is True"),
    ],
)
def test_classes_that_make_no_sense(predictions, targets, n_classes, words):
    with pytest.raises(ValueError, match=words):
        confusion_matrix(targets, predictions, n_classes)


# ---------------------------------------------------------------- entities

GOLD = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "O", "B-PER"]


def test_entities_of_bio_tags():
    assert entities(GOLD) == [
        Entity("PER", 0, 2),
        Entity("LOC", 3, 4),
        Entity("LOC", 4, 5),
        Entity("PER", 6, 7),
    ]
    assert entities([]) == entities(["O", "O"]) == []
    assert entities(["I-PER", "I-PER", "I-LOC", "O", "I-LOC"]) == [
        Entity("PER", 0, 2),
        Entity("LOC", 2, 3),
        Entity("LOC", 4, 5),
    ]
    assert entities(["B-creative-work", "I-creative-work"]) == [Entity("creative-work", 0, 2)]


def test_an_entity_counts_only_with_exact_span_and_type():
    #       too short, right, right, missed, and one invented
    own = ["B-PER", "O", "O", "B-LOC", "B-LOC", "B-LOC", "O"]
    scores = entity_f1([GOLD, ["O"]], [own, ["O"]])
    assert (scores.precision, scores.recall, scores.support) == (2 / 4, 2 / 4, 4)
    assert scores.by_kind["LOC"][:4] == (2 / 3, 1.0, pytest.approx(4 / 5), 2)
    assert scores.by_kind["PER"][:4] == (0.0, 0.0, 0.0, 2)
    wrong_type = entity_f1([["B-PER", "I-PER"]], [["B-LOC", "I-LOC"]])
    assert wrong_type.f1 == 0 and set(wrong_type.by_kind) == {"LOC", "PER"}
    assert entity_f1([GOLD], [GOLD]).f1 == 1
    assert entity_f1([GOLD], [["O"] * 7]).f1 == 0 == entity_f1([["O"]], [["O"]]).f1


def test_entity_scores_equal_seqeval_s():
    theirs = pytest.importorskip("seqeval.metrics", reason="seqeval is not installed to compare with")
    generator = torch.Generator().manual_seed(1)
    tags = ["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]  # in any order: I- without a beginning, too

    def sentences():
        lengths = torch.randint(1, 12, (200,), generator=torch.Generator().manual_seed(2)).tolist()
        return [[tags[i] for i in torch.randint(6, (n,), generator=generator).tolist()] for n in lengths]

    own, gold = sentences(), sentences()
    scores = entity_f1(gold, own)
    assert scores.support > 300 and 0 < scores.f1 < 1
    for mine, their in (
        (scores.precision, theirs.precision_score),
        (scores.recall, theirs.recall_score),
        (scores.f1, theirs.f1_score),
    ):
        assert mine == pytest.approx(their(gold, own), rel=1e-12)
    report = theirs.classification_report(gold, own, output_dict=True)
    for kind in ("PER", "LOC"):
        assert scores.by_kind[kind].f1 == pytest.approx(report[kind]["f1-score"], rel=1e-12)
        assert scores.by_kind[kind].support == report[kind]["support"]


@pytest.mark.parametrize("tag", ["PER", "B", "B-", "X-PER", "", "o"])
def test_what_is_no_tag(tag):
    with pytest.raises(ValueError, match=f"Tag 1 is '{tag}'"):
        entities(["O", tag])


def test_sentences_that_do_not_fit():
    with pytest.raises(ValueError, match="2 predicted sentences and 1 gold"):
        entity_f1([["O"]], [["O"], ["O"]])
    with pytest.raises(ValueError, match="Sentence 1 has 2 predicted tags and 1 gold"):
        entity_f1([["O"], ["O"]], [["O"], ["O", "O"]])
    with pytest.raises(ValueError, match="at least one"):
        entity_f1([], [])
    with pytest.raises(ValueError, match="not the str 'O'"):
        entities("O")


# ---------------------------------------------------------------- calibration


def test_reliability_by_hand():
    p = torch.tensor([0.95, 0.95, 0.55, 0.65, 0.6], dtype=torch.float64)
    right = torch.tensor([True, False, True, True, True])
    bins = reliability(torch.stack([p, 1 - p], dim=1), (~right).long())
    assert bins.count.tolist() == [0, 0, 0, 0, 0, 2, 1, 0, 0, 2]  # 0.6 belongs to the bin below it
    assert bins.confidence[[5, 6, 9]].tolist() == pytest.approx([0.575, 0.65, 0.95])
    assert bins.accuracy[[5, 6, 9]].tolist() == pytest.approx([1, 1, 0.5])
    assert bins.confidence[:5].isnan().all() and bins.accuracy[7].isnan()
    gaps = 2 * 0.425 + 1 * 0.35 + 2 * 0.45
    assert expected_calibration_error(torch.stack([p, 1 - p], dim=1), (~right).long()) == (
        pytest.approx(gaps / 5)
    )


def test_who_keeps_their_promises_has_a_small_error():
    generator = torch.Generator().manual_seed(0)
    p = torch.rand(40_000, generator=generator)
    probabilities = torch.stack([1 - p, p], dim=1)
    honest = (torch.rand(40_000, generator=generator) < p).long()
    assert expected_calibration_error(probabilities, honest) < 0.01
    too_sure = (3 * probabilities.logit()).sigmoid()
    assert expected_calibration_error(too_sure, honest) > 0.1
    sure = torch.tensor([[1.0, 0.0]] * 4)
    assert expected_calibration_error(sure, torch.tensor([0, 0, 0, 1])) == 0.25


@pytest.mark.parametrize(
    ("probabilities", "targets", "n_bins", "words"),
    [
        (torch.tensor([[2.0, -1.0]]), torch.tensor([0]), 10, "softmax"),
        (torch.tensor([[math.nan, math.nan]]), torch.tensor([0]), 10, "softmax"),
        (torch.tensor([0.5, 0.5]), torch.tensor([0]), 10, r"\(2,\)"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), 10, "at least 1"),
        (torch.tensor([[0.5, 0.5]]), torch.tensor([0, 1]), 10, r"targets \(2,\)"),
        (torch.tensor([[0.5, 0.5]]), torch.tensor([0]), 0, "n_bins is 0"),
    ],
)
def test_confidence_that_is_none(probabilities, targets, n_bins, words):
    with pytest.raises(ValueError, match=words):
        reliability(probabilities, targets, n_bins)
