"""How good a translation is."""

from collections.abc import Sequence
from typing import NamedTuple


class Bleu(NamedTuple):
    """score from 0 to 100, and sacrebleu's signature: references, case, tokens, version."""

    score: float
    signature: str


def bleu(hypotheses: Sequence[str], references: Sequence[str]) -> Bleu:
    """BLEU of a whole test set: how many runs of one to four words of the translations stand in the references too.

    Computed by sacrebleu on the sentences as people write them (capitals, no tokens cut apart), because BLEU of
    otherwise prepared text cannot be compared: K. Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine
    Translation", 2002; M. Post, "A Call for Clarity in Reporting BLEU Scores", 2018.

    Args:
        hypotheses: the translations, one str for each sentence.
        references: a person's translation of each.

    Raises:
        ValueError: lists of different lengths, or nothing in them.
        TypeError: something that is not a list of str.
    """
    for name, sentences in (("hypotheses", hypotheses), ("references", references)):
        if isinstance(sentences, str) or not all(isinstance(sentence, str) for sentence in sentences):
            raise TypeError(f"{name} must be a list of sentences, each one str (not cut into tokens).")
    if len(hypotheses) != len(references) or not hypotheses:
        raise ValueError(
            f"There are {len(hypotheses)} hypotheses and {len(references)} references; expected as many, at least one."
        )
    from sacrebleu.metrics import BLEU  # here, because it takes a while to import

    scorer = BLEU()
    return Bleu(scorer.corpus_score(list(hypotheses), [list(references)]).score, str(scorer.get_signature()))
