"""MiniLM learns to judge film reviews from a thousand sentences: all of its weights, or adapters of low rank alone.

Both start from `load_bert("all-MiniLM-L6-v2")`, read the same batches for one epoch, and judge by a linear layer on the
mean of the token vectors, which is what MiniLM was trained to make.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.data import load
from course_lib.device import seed_everything
from course_lib.models.compact import add_lora_to_attention
from course_lib.models.modes import measures
from course_lib.models.pretrained import load_bert
from course_lib.models.transformer.bert import Bert
from course_lib.models.transformer.pooling import mean_of_real
from course_lib.text.wordpiece import Batch, WordPiece
from course_lib.training import History, fit

Labelled = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Configuration:
    """Training: one pass over `n` sentences. Adapters want a larger learning rate than the weights themselves."""

    n: int = 1000
    batch: int = 16
    max_len: int = 48
    lr: float = 1e-4
    lora_lr: float = 3e-3
    rank: int = 8
    alpha: float = 16.0
    warm_up: int = 6


CONFIGURATION = Configuration()


class Judge(nn.Module):
    """A class for a text, from the mean of its token vectors.

    Shapes: ids (batch, time), mask (batch, time), True for real tokens → logits (batch, n_classes)
    """

    def __init__(self, bert: Bert, n_classes: int = 2):
        super().__init__()
        self.bert, self.classifier = bert, nn.Linear(bert.d_model, n_classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.classifier(mean_of_real(self.bert(ids, mask=mask), mask.sum(dim=1)))


def build(*, rank: int | None, seed: int = 0) -> tuple[Judge, WordPiece]:
    """MiniLM with an untrained classifier; with a rank, adapters at queries and values, and nothing else to train."""
    seed_everything(seed)
    bert, vocabulary = load_bert("all-MiniLM-L6-v2")
    model = Judge(bert)
    if rank is not None:
        add_lora_to_attention(model.bert, rank=rank, alpha=CONFIGURATION.alpha)
    return model, WordPiece(vocabulary)


def batches(
    data: Labelled, wordpiece: WordPiece, seed: int, configuration: Configuration = CONFIGURATION
) -> Iterator[tuple[Batch, Tensor]]:
    """Endless shuffled batches, texts of like length side by side: the encoded texts, and their labels (batch,)."""
    c, generator = configuration, torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(data), generator=generator)
        for some in order.split(8 * c.batch):
            some = sorted(some.tolist(), key=lambda row: len(data[row][0]))
            groups = [some[i : i + c.batch] for i in range(0, len(some), c.batch)]
            for number in torch.randperm(len(groups), generator=generator).tolist():
                texts, labels = zip(*(data[row] for row in groups[number]), strict=True)
                yield wordpiece.encode_batch(list(texts), max_len=c.max_len), torch.tensor(labels)


def loss(model: Judge, batch: tuple[Batch, Tensor]) -> Tensor:
    """Cross-entropy, in nats."""
    encoded, labels = batch
    return F.cross_entropy(model(encoded.ids, encoded.mask), labels)


def train(
    *, rank: int | None, seed: int = 0, device="cpu", configuration: Configuration = CONFIGURATION, **options
) -> tuple[Judge, WordPiece, History]:
    """Fine-tune by adapters of this rank, or, with None, all weights.

    Args:
        options: handed to `course_lib.training.fit`.
    """
    c = configuration
    model, wordpiece = build(rank=rank, seed=seed)
    data = load("sst-2").train
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))[: c.n].tolist()
    history = fit(
        model.to(device),
        batches([data[row] for row in order], wordpiece, seed, c),
        loss,
        steps=-(-c.n // c.batch),
        lr=c.lr if rank is None else c.lora_lr,
        warm_up=c.warm_up,
        **options,
    )
    return model, wordpiece, history


@measures
def accuracy(model: Judge, wordpiece: WordPiece, data: Labelled) -> float:
    """The share of texts whose label is the likelier one."""
    device, right = next(model.parameters()).device, 0
    in_order = sorted(data, key=lambda one: len(one[0]))
    for start in range(0, len(in_order), 64):
        texts, labels = zip(*in_order[start : start + 64], strict=True)
        encoded = wordpiece.encode_batch(list(texts), max_len=CONFIGURATION.max_len)
        logits = model(encoded.ids.to(device), encoded.mask.to(device))
        right += int((logits.argmax(dim=1).cpu() == torch.tensor(labels)).sum())
    return right / len(data)
