"""How good a summary is."""

from collections.abc import Sequence
from typing import NamedTuple


class Rouge(NamedTuple):
    """F1 from 0 to 100, averaged over all summaries: of words, of pairs of words, and of the longest subsequence."""

    rouge1: float
    rouge2: float
    rougeL: float


def rouge(summaries: Sequence[str], references: Sequence[str]) -> Rouge:
    """ROUGE: how many words of the references the summaries have, and how many of theirs the references have.

    Computed by rouge-score, Google's implementation, without stemming: it compares words in lower case and leaves out
    marks. Each summary has its precision and recall; their harmonic mean, F1, is averaged over all of them. A score
    says how many words agree, not whether what is said is true.

    Args:
        summaries: what was written, one str for each text.
        references: a true summary of each.

    Raises:
        ValueError: lists of different lengths, or nothing in them.
        TypeError: something that is not a list of str.

    Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", sections 2 and 3.
    """
    for name, texts in (("summaries", summaries), ("references", references)):
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"{name} must be a list of texts, each one str (not cut into tokens).")
    if len(summaries) != len(references) or not summaries:
        raise ValueError(
            f"There are {len(summaries)} summaries and {len(references)} references; expected as many, at least one."
        )
    from rouge_score.rouge_scorer import RougeScorer  # here, because it takes a while to import

    kinds = list(Rouge._fields)
    scorer = RougeScorer(kinds)
    scores = [scorer.score(target, found) for found, target in zip(summaries, references, strict=True)]
    return Rouge(*(100 * sum(score[kind].fmeasure for score in scores) / len(scores) for kind in kinds))


def lead(sentences: Sequence[str], n: int = 1) -> str:
    """The first n sentences of a text: the summary that every other is to be compared with.

    Raises:
        ValueError: n below 1, or a text without sentences.
    """
    if not isinstance(n, int) or n < 1 or not sentences:
        raise ValueError(f"n is {n!r} of {len(sentences)} sentences; expected at least one of each.")
    return " ".join(sentences[:n])
