"""Which words stand near each other: counts in a window, and what they say beyond chance (PMI)."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor


def flatten(sequences: Sequence[Sequence[int]], vocab_size: int) -> tuple[Tensor, Tensor]:
    """Lay encoded sentences one after the other: ids (n,), and the number of each id's sentence (n,).

    Raises:
        ValueError: no word at all, or an id that is not in 0 … vocab_size − 1.
    """
    lengths = torch.tensor([len(sequence) for sequence in sequences], dtype=torch.long)
    ids = torch.tensor([word for sequence in sequences for word in sequence], dtype=torch.long)
    if not len(ids):
        raise ValueError("There is no word in these sentences; give a list of lists of ids.")
    if ids.min() < 0 or ids.max() >= vocab_size:
        raise ValueError(
            f"Ids go from {ids.min()} to {ids.max()}; vocab_size = {vocab_size} allows 0 … {vocab_size - 1}."
        )
    return ids, torch.arange(len(lengths)).repeat_interleave(lengths)


def neighbour_places(sentence: Tensor, window: int) -> Iterator[tuple[int, Tensor]]:
    """For each distance 1 … window: (distance, the places whose neighbour that far to the right is in their sentence).

    ``sentence`` (n,) holds each place's sentence number, in ascending order.
    """
    if window < 1:
        raise ValueError(f"window = {window}; expected at least 1 word to each side.")
    for distance in range(1, min(window, len(sentence) - 1) + 1):
        yield distance, (sentence[distance:] == sentence[:-distance]).nonzero()[:, 0]


def cooccurrence(
    sequences: Sequence[Sequence[int]], vocab_size: int, window: int, harmonic: bool = False
) -> Tensor:
    """Count how often word c stands within `window` words of word w, in the same sentence.

    Args:
        sequences: encoded sentences.
        vocab_size: ids go from 0 to vocab_size − 1.
        window: words looked at to each side.
        harmonic: a neighbour at distance d counts 1/d instead of 1 (Pennington et al. 2014, section 4.2).

    Returns:
        (vocab_size, vocab_size) sparse, coalesced, float64, symmetric; ``.to_dense()`` where that fits.
    """
    ids, sentence = flatten(sequences, vocab_size)
    keys, weights = [torch.empty(0, dtype=torch.long)], [torch.empty(0, dtype=torch.float64)]
    for distance, places in neighbour_places(sentence, window):
        left, right = ids[places], ids[places + distance]
        keys += [left * vocab_size + right, right * vocab_size + left]
        share = 1 / distance if harmonic else 1.0
        weights.append(torch.full((2 * len(places),), share, dtype=torch.float64))
    pair, place = torch.cat(keys).unique(return_inverse=True)
    counts = torch.zeros(len(pair), dtype=torch.float64).index_add_(0, place, torch.cat(weights))
    indices = torch.stack([pair // vocab_size, pair % vocab_size])  # (2, n_pairs)
    return torch.sparse_coo_tensor(
        indices, counts, (vocab_size, vocab_size), is_coalesced=True, check_invariants=False
    )


def pmi(counts: Tensor, context_power: float = 1.0) -> Tensor:
    """Pointwise mutual information of words and contexts: ln [ P(w, c) / (P(w) P(c)) ], −inf where never seen.

    Church & Hanks 1990; with ``context_power`` 0.75 the contexts' shares are flattened as the noise of word2vec is
    (Levy, Goldberg & Dagan 2015, section 3.2).

    Args:
        counts: (n_words, n_contexts), at least 0, dense or sparse; a dense result of the same shape comes back.

    Raises:
        ValueError: no matrix, a negative count, or nothing counted.
    """
    dense = (counts.to_dense() if counts.is_sparse else counts).double()
    if dense.dim() != 2 or (dense < 0).any() or dense.sum() == 0:
        raise ValueError(
            f"counts has shape {tuple(dense.shape)} and sum {float(dense.sum()):g}; expected a matrix of counts of at "
            "least 0, not all of them 0."
        )
    word_share = dense.sum(dim=1, keepdim=True) / dense.sum()  # (n_words, 1)
    context_share = dense.sum(dim=0, keepdim=True) ** context_power  # (1, n_contexts)
    context_share = context_share / context_share.sum()
    ratio = dense / dense.sum() / (word_share * context_share)
    return torch.where(dense > 0, ratio, 0.0).log()


def positive_pmi(counts: Tensor, context_power: float = 1.0, shift: float = 0.0) -> Tensor:
    """max(0, PMI − shift): what is never seen together counts 0, not −inf. `shift` = ln k for k noise words.

    Levy & Goldberg 2014, "Neural word embedding as implicit matrix factorization", section 4.1.
    """
    return (pmi(counts, context_power) - shift).clamp(min=0.0)
