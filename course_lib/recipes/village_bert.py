"""A BERT of the village: pre-trained on pairs of its sentences, in two minutes of one CPU core.

`python -m benchmarks village-bert` trains and stores it; lesson 10 trains it before the reader's eyes, lesson 11
fine-tunes the stored one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.data import village
from course_lib.device import seed_everything
from course_lib.models.transformer import IGNORED, Bert, BertForPreTraining, pretraining_loss
from course_lib.optimizers import Muon
from course_lib.text.masking import mask_tokens
from course_lib.text.padding import pad
from course_lib.training import History, fit

NAME = "village-bert"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID = range(len(SPECIAL))
SYMBOLS = (*SPECIAL, *village.VOCABULARY)
_IDS = {symbol: number for number, symbol in enumerate(SYMBOLS)}


@dataclass(frozen=True)
class Configuration:
    """Sizes and training; pre-norm layers, learned positions."""

    d_model: int = 128
    n_heads: int = 4
    num_layers: int = 2
    max_len: int = 64
    init_std: float = 0.05
    embedding_std: float = 0.15
    pairs: int = 60_000
    batch: int = 64
    steps: int = 1600
    lr: float = 0.01
    adamw_lr: float = 3e-3
    warm_up: int = 60
    probability: float = 0.3


CONFIGURATION = Configuration()


class Encoded(NamedTuple):
    """Sequences side by side: ids, segments (batch, time) and lengths (batch,)."""

    ids: Tensor
    segments: Tensor
    lengths: Tensor

    def arguments(self, device: torch.device | None = None) -> dict[str, Tensor]:
        """By name, on `device`: bert(**encoded.arguments(device))."""
        return {name: part if device is None else part.to(device) for name, part in self._asdict().items()}


class PreTrainingBatch(NamedTuple):
    """inputs, segments, labels (batch, time), lengths, not_next (batch,); labels are −100 where nothing is asked."""

    inputs: Tensor
    segments: Tensor
    lengths: Tensor
    labels: Tensor
    not_next: Tensor


def encode(first: Sequence[str], second: Sequence[str] | None = None) -> tuple[list[int], list[int]]:
    """[CLS] first [SEP] (second [SEP]) → ids and segments. A word the village does not have is [UNK]."""
    ids = [CLS_ID, *(_IDS.get(word, UNK_ID) for word in first), SEP_ID]
    segments = [0] * len(ids)
    if second is not None:
        ids += [*(_IDS.get(word, UNK_ID) for word in second), SEP_ID]
        segments += [1] * (len(second) + 1)
    return ids, segments


def collate(sequences: Sequence[tuple[list[int], list[int]]]) -> Encoded:
    """What `encode` gave, side by side."""
    ids, lengths = pad([ids for ids, _ in sequences], PAD_ID)
    segments, _ = pad([segments for _, segments in sequences], 0)
    return Encoded(ids, segments, lengths)


def build(configuration: Configuration = CONFIGURATION) -> BertForPreTraining:
    """An untrained model; `seed_everything` first."""
    c = configuration
    return BertForPreTraining(
        Bert(
            len(SYMBOLS),
            d_model=c.d_model,
            n_heads=c.n_heads,
            num_layers=c.num_layers,
            max_len=c.max_len,
            norm_first=True,
            init_std=c.init_std,
            embedding_std=c.embedding_std,
        )
    )


def corrupted(
    encoded: Encoded, not_next: Tensor, probability: float, generator: torch.Generator | None = None
) -> PreTrainingBatch:
    """A batch with tokens selected and corrupted by 80/10/10 (Devlin et al. 2019, section 3.1)."""
    inputs, selected = mask_tokens(
        encoded.ids,
        mask_id=MASK_ID,
        vocab_size=len(SYMBOLS),
        special_ids=tuple(range(len(SPECIAL))),
        probability=probability,
        generator=generator,
    )
    labels = torch.where(selected, encoded.ids, IGNORED)
    return PreTrainingBatch(inputs, encoded.segments, encoded.lengths, labels, not_next)


def sentence_batches(
    pairs: Sequence[village.SentencePair], batch: int, generator: torch.Generator
) -> Iterator[tuple[Encoded, Tensor]]:
    """Endless batches of pairs of similar length, nothing masked: the encoded pairs, and not_next (batch,)."""
    sequences = [encode(pair.first, pair.second) for pair in pairs]
    not_next = torch.tensor([int(not pair.is_next) for pair in pairs])
    lengths = torch.tensor([len(ids) for ids, _ in sequences])
    while True:
        for some in torch.randperm(len(pairs), generator=generator).split(20 * batch):
            groups = some[lengths[some].argsort()].split(batch)
            for number in torch.randperm(len(groups), generator=generator).tolist():
                rows = groups[number]
                yield collate([sequences[row] for row in rows.tolist()]), not_next[rows]


def batches(
    pairs: Sequence[village.SentencePair], batch: int, probability: float, generator: torch.Generator
) -> Iterator[PreTrainingBatch]:
    """Endless batches of pairs of similar length, each time with other tokens selected."""
    for encoded, not_next in sentence_batches(pairs, batch, generator):
        yield corrupted(encoded, not_next, probability, generator)


def loss(model: BertForPreTraining, batch: PreTrainingBatch) -> Tensor:
    """Masked-language-model plus next-sentence loss, in nats; logits of the selected tokens only are computed."""
    selected = batch.labels != IGNORED
    mlm_logits, nsp_logits = model(
        batch.inputs, segments=batch.segments, lengths=batch.lengths, selected=selected
    )
    return pretraining_loss(mlm_logits, nsp_logits, batch.labels[selected], batch.not_next)


def train(
    *,
    seed: int = 0,
    device="cpu",
    configuration: Configuration = CONFIGURATION,
    **options,
) -> tuple[BertForPreTraining, History]:
    """Build and pre-train; the same again for the same seed.

    Args:
        options: handed to `course_lib.training.fit` (progress, validate_every, checkpoint, …); stop_after: the
            beginning of exactly the same training.
    """
    seed_everything(seed)
    c = configuration
    model = build(c).to(device)
    generator = torch.Generator().manual_seed(seed)
    pairs = village.next_sentence_pairs(c.pairs, generator)
    history = fit(
        model,
        batches(pairs, c.batch, c.probability, generator),
        loss,
        steps=c.steps,
        warm_up=c.warm_up,
        make_optimizer=partial(Muon, lr=c.lr, adamw_lr=c.adamw_lr),
        **options,
    )
    return model, history
