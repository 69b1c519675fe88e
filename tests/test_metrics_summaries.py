"""ROUGE as rouge-score computes it, against counts by hand, and the lead baseline."""

import pytest

from course_lib.metrics import lead, rouge

REFERENCES = ["the cat sat on the mat", "anna gave tom a key"]


def test_the_same_text_has_100_and_another_0():
    assert rouge(REFERENCES, REFERENCES) == pytest.approx((100, 100, 100))
    assert rouge(["no word", "of these"], REFERENCES) == (0, 0, 0)


def test_counts_by_hand():
    # 4 of 5 words are among the 6 of the reference; pairs "the cat", "on the" of 4 and 5; in order "the cat on the".
    found = rouge(["the cat is on the"], ["the cat sat on the mat"])
    assert found.rouge1 == pytest.approx(100 * 2 * 4 / (5 + 6))
    assert found.rouge2 == pytest.approx(100 * 2 * 2 / (4 + 5))
    assert found.rougeL == pytest.approx(100 * 2 * 4 / (5 + 6))


def test_order_matters_to_pairs_and_subsequences_only():
    found = rouge(["mat the on sat cat the"], ["the cat sat on the mat"])
    assert found.rouge1 == pytest.approx(100)
    assert found.rougeL == pytest.approx(50) and found.rouge2 < 50


def test_capitals_and_marks_do_not_count_and_texts_are_averaged():
    assert rouge(["The cat sat, on the mat!"], REFERENCES[:1]).rougeL == pytest.approx(100)
    assert rouge([REFERENCES[0], "nothing"], REFERENCES).rougeL == pytest.approx(50)


def test_a_false_summary_can_score_high():
    assert rouge(["tom gave anna a key"], ["anna gave tom a key"]).rouge1 == pytest.approx(100)


def test_lead_is_the_beginning():
    sentences = ["one .", "two .", "three ."]
    assert lead(sentences) == "one ." and lead(sentences, 2) == "one . two ."
    assert lead(sentences, 9) == "one . two . three ."


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: rouge(["a"], []), ValueError, "1 summaries and 0 references"),
        (lambda: rouge([], []), ValueError, "at least one"),
        (lambda: rouge("a", ["a"]), TypeError, "summaries must be a list"),
        (lambda: rouge(["a"], [["a"]]), TypeError, "references must be a list"),
        (lambda: lead(["a ."], 0), ValueError, "n is 0"),
        (lambda: lead([]), ValueError, "0 sentences"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
