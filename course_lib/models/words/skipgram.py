"""Skip-gram with negative sampling (SGNS): a vector for every word, from its neighbours (word2vec)."""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.text.pairs import PairBatch


def negative_sampling_loss(true_scores: Tensor, noise_scores: Tensor, noise_weight: float = 1.0) -> Tensor:
    """−ln σ(s) − Σ ln σ(−s̃), mean over the pairs; Mikolov et al. 2013b, equation 4, with the sign turned.

    Args:
        true_scores: (batch,) of real pairs.
        noise_scores: (batch, n) of each pair's word with noise words.
        noise_weight: what each noise word counts: 1 if n = k were drawn for each pair, k / n if n were drawn for all.
    """
    if true_scores.dim() != 1 or noise_scores.dim() != 2 or len(true_scores) != len(noise_scores):
        raise ValueError(
            f"true_scores has shape {tuple(true_scores.shape)}, noise_scores {tuple(noise_scores.shape)}; "
            "expected (batch,) and (batch, n)."
        )
    return -(F.logsigmoid(true_scores) + noise_weight * F.logsigmoid(-noise_scores).sum(dim=1)).mean()


class SkipGram(nn.Module):
    """Two vectors for each word: `word` when it is looked at, `context` when it stands next to one.

    The score of a pair is their dot product. Starts as word2vec does: words small and random, contexts zero.
    """

    def __init__(self, vocab_size: int, d_model: int):
        super().__init__()
        self.word = nn.Embedding(vocab_size, d_model)
        self.context = nn.Embedding(vocab_size, d_model)
        nn.init.uniform_(self.word.weight, -0.5 / d_model, 0.5 / d_model)
        nn.init.zeros_(self.context.weight)

    def forward(self, words: Tensor, contexts: Tensor) -> Tensor:
        """Scores (batch, n) of words (batch,) with contexts: (batch, n), each word its own, or (n,), all the same."""
        looked_at = self.word(words)  # (batch, d_model)
        if contexts.dim() == 1:
            return looked_at @ self.context(contexts).T
        return (self.context(contexts) * looked_at[:, None]).sum(
            dim=2
        )  # faster than a batch of matrix products

    def loss(self, batch: PairBatch) -> Tensor:
        """The negative-sampling loss of a batch, in nats a pair."""
        true_scores = self(batch.words, batch.neighbours[:, None])[:, 0]
        return negative_sampling_loss(true_scores, self(batch.words, batch.noise), batch.noise_weight)
