"""What a BERT of the village knows, measured: minimal pairs, next sentences, and its distance to the floor."""

from collections.abc import Sequence
from dataclasses import replace
from math import log
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_lib.data import village
from course_lib.models.attention import record_attention
from course_lib.models.modes import measures
from course_lib.models.transformer import BertForPreTraining
from course_lib.recipes.village_bert import MASK_ID, SYMBOLS, Encoded, collate, encode

_IDS = {symbol: number for number, symbol in enumerate(SYMBOLS)}


def place(position: int, boundary: int | None) -> int:
    """Where word number `position` of a text stands among the tokens: after [CLS], and after the first [SEP]."""
    return position + 1 + (boundary is not None and position >= boundary)


def with_strangers(pairs: Sequence[village.MinimalPair], seed: int) -> list[village.MinimalPair]:
    """The pairs whose deciding word is in the first sentence, with the second sentence of another text.

    The own second sentence would often give the answer away: its pronoun has the number of the subject.
    """
    strangers = village.texts(len(pairs), torch.Generator().manual_seed(seed))
    return [
        replace(
            pair,
            good=pair.good[: pair.boundary] + stranger.second,
            bad=pair.bad[: pair.boundary] + stranger.second,
        )
        for pair, stranger in zip(pairs, strangers, strict=True)
        if pair.boundary is not None and pair.position < pair.boundary
    ]


def moved_behind(pair: village.MinimalPair, first: Sequence[str]) -> village.MinimalPair:
    """A text's first sentence, in which the deciding word stands, as the second sentence after another first one."""
    if pair.boundary is None or pair.position >= pair.boundary:
        raise ValueError("The pair's deciding word must be in the first sentence of a text.")
    shift = len(first)
    return replace(
        pair,
        good=(*first, *pair.good[: pair.boundary]),
        bad=(*first, *pair.bad[: pair.boundary]),
        position=pair.position + shift,
        antecedents=tuple(place + shift for place in pair.antecedents),
        distractors=tuple(place + shift for place in pair.distractors),
        boundary=shift,
    )


def masked_pairs(pairs: Sequence[village.MinimalPair]) -> tuple[Encoded, Tensor]:
    """The good sides, each with its deciding word hidden; and where that is, (n,)."""
    sequences = []
    for pair in pairs:
        words = list(pair.good)
        words[pair.position] = "[MASK]"
        cut = len(words) if pair.boundary is None else pair.boundary
        sequences.append(encode(words[:cut], None if pair.boundary is None else words[cut:]))
    return collate(sequences), torch.tensor([place(pair.position, pair.boundary) for pair in pairs])


@measures
def accuracy(model: BertForPreTraining, pairs: Sequence[village.MinimalPair]) -> float:
    """The share of minimal pairs in which the right word is likelier than the wrong one, both in one [MASK]'s place."""
    device = next(model.parameters()).device
    encoded, places = masked_pairs(pairs)
    selected = torch.zeros_like(encoded.ids, dtype=torch.bool)
    each = torch.arange(len(pairs))
    selected[each, places] = True
    logits, _ = model(**encoded.arguments(device), selected=selected.to(device))  # (n, vocab_size)
    good, bad = (
        torch.tensor([_IDS[getattr(pair, side)[pair.position]] for pair in pairs]) for side in ("good", "bad")
    )
    logits = logits.cpu()
    return (logits[each, good] > logits[each, bad]).double().mean().item()


@measures
def next_sentence_accuracy(model: BertForPreTraining, pairs: Sequence[village.SentencePair]) -> float:
    """The share of pairs about which the model is right: does the second sentence follow?"""
    device = next(model.parameters()).device
    encoded = collate([encode(pair.first, pair.second) for pair in pairs])
    _, logits = model(**encoded.arguments(device))
    not_next = torch.tensor([int(not pair.is_next) for pair in pairs])
    return (logits.argmax(dim=1).cpu() == not_next).double().mean().item()


class MaskedScore(NamedTuple):
    """Mean loss in nats of the model, and of the best possible reader, on the same hidden words; the same for hits."""

    loss: float
    floor: float
    accuracy: float
    best_accuracy: float
    unigram_accuracy: float
    n_predicted: int


@measures
def masked_score(model: BertForPreTraining, n: int, seed: int = 1_000_000) -> MaskedScore:
    """Hide 15 % of the words of n new pairs by [MASK]; how well does the model guess them, and how well could anyone?

    The best reader's answer is the grammar's exact P(word | everything that is shown). The model and it answer the
    same questions, so their difference is known much better than either.
    """
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    pairs = village.next_sentence_pairs(n, generator)
    language, vocabulary = village.PAIRS, village.VOCABULARY
    is_mark = np.isin(vocabulary, (".", "?"))
    most_frequent = max(
        range(len(vocabulary)), key=lambda i: language.word_frequencies().get(vocabulary[i], 0)
    )
    sequences, asked, floor, hits, plain = [], [], 0.0, 0, 0
    for pair in pairs:
        words, boundary = [*pair.first, *pair.second], len(pair.first)
        hidden = torch.rand(len(words), generator=generator) < 0.15
        if not hidden.any():
            continue
        true = np.array([_IDS[word] for word in words]) - len(SYMBOLS) + len(vocabulary)
        shown = ["[MASK]" if masked else word for word, masked in zip(words, hidden.tolist(), strict=True)]
        # A [SEP] shows where the sentences end: full stops and question marks stand there, and nowhere else.
        closes = np.isin(np.arange(len(words)), [boundary - 1, len(words) - 1])
        fits = np.where(closes[:, None], is_mark, ~is_mark)
        best = language.posterior(language.evidence(shown) * fits)[hidden.numpy()]  # (n_hidden, vocab_size)
        answers = true[hidden.numpy()]
        floor -= sum(log(row[answer]) for row, answer in zip(best, answers, strict=True))
        hits += int((best.argmax(axis=1) == answers).sum())
        plain += int((answers == most_frequent).sum())
        sequences.append(encode(shown[:boundary], shown[boundary:]))
        asked += (answers + len(SYMBOLS) - len(vocabulary)).tolist()
    encoded = collate(sequences)
    logits, _ = model(**encoded.arguments(device), selected=(encoded.ids == MASK_ID).to(device))
    targets, count = torch.tensor(asked, device=device), len(asked)
    loss = torch.nn.functional.cross_entropy(logits, targets).item()
    right = (logits.argmax(dim=1) == targets).double().mean().item()
    return MaskedScore(loss, floor / count, right, hits / count, plain / count, count)


@measures
def head_scores(model: BertForPreTraining, pairs: Sequence[village.MinimalPair]) -> tuple[Tensor, Tensor]:
    """How much weight each head puts, from the hidden word, on the noun that decides it and on the one that misleads.

    Shapes: → antecedents, distractors, both (layers, heads), means over the pairs (of those that have a distractor)
    """
    device = next(model.parameters()).device
    encoded, places = masked_pairs(pairs)
    with record_attention(model) as maps:
        model.bert(**encoded.arguments(device))
    each = torch.arange(len(pairs))
    # Of each layer the row of the hidden word: (layers, n, heads, time).
    rows = torch.stack([weights.cpu()[each, :, places] for weights in maps.values()])
    scores = []
    for kind in ("antecedents", "distractors"):
        shares = [
            rows[:, i, :, [place(position, pair.boundary) for position in getattr(pair, kind)]].sum(dim=-1)
            for i, pair in enumerate(pairs)
            if getattr(pair, kind)
        ]
        if not shares:
            raise ValueError(f"None of the {len(pairs)} pairs has {kind}; choose another kind of pair.")
        scores.append(torch.stack(shares).mean(dim=0))  # (layers, heads)
    return scores[0], scores[1]
