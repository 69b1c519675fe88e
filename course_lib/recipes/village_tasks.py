"""Tasks with labels for the BERT of the village: its encoder, batches of labelled sentences, loss and answers.

Lesson 11 fine-tunes with these; `course_lib.recipes.cures` compares remedies of overfitting with them.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.device import seed_everything
from course_lib.models.modes import measures
from course_lib.models.transformer import Bert
from course_lib.recipes import village_bert
from course_lib.recipes.village_bert import Encoded, collate, encode
from course_lib.stored import load_stored

Words = Sequence[str]
Item = Words | tuple[Words, Words]  # a sentence, or a pair of them (a tuple of two lists)


def bert(seed: int, pre_trained: bool = True) -> Bert:
    """The stored BERT of the village without its heads; or one of the same shape that has read nothing."""
    seed_everything(seed)
    model = village_bert.build()
    if pre_trained:
        load_stored(village_bert.NAME, model)
    return model.bert


def encoded(items: Sequence[Item], device="cpu") -> Encoded:
    """Lists of words, or pairs (tuples) of such lists → ids, segments (batch, time) and lengths (batch,)."""
    sequences = [encode(*item) if isinstance(item, tuple) else encode(item) for item in items]
    return Encoded(*(part.to(device) for part in collate(sequences)))


def labels_of(data: Sequence[tuple[Item, int]]) -> Tensor:
    """The labels of (words, label) pairs, (n,)."""
    return torch.tensor([int(label) for _, label in data])


def batches(
    data: Sequence[tuple[Item, int]],
    batch: int,
    seed: int,
    change: Callable[[Item, torch.Generator], Item] | None = None,
) -> Iterator[tuple[Encoded, Tensor]]:
    """Endless shuffled batches (inputs, labels (batch,)).

    Args:
        change: change(words, generator) → the words to read in their place, asked anew each time they come round.
    """
    generator, labels = torch.Generator().manual_seed(seed), labels_of(data)
    while True:
        for rows in torch.randperm(len(data), generator=generator).split(batch):
            items = [data[row][0] for row in rows.tolist()]
            if change is not None:
                items = [change(item, generator) for item in items]
            yield encoded(items), labels[rows]


def classification_loss(model: nn.Module, batch: tuple[Encoded, Tensor]) -> Tensor:
    """Cross-entropy, in nats."""
    inputs, labels = batch
    return F.cross_entropy(model(**inputs.arguments()), labels)


@measures
def logits_of(model: nn.Module, data: Sequence[tuple[Item, int]]) -> Tensor:
    """Logits in evaluation mode, (n, n_classes), on the CPU."""
    device = next(model.parameters()).device
    return model(**encoded([item for item, _ in data], device).arguments()).cpu()
