"""German → English on Multi30k with a Transformer: a small one for half an hour of one CPU core, and one for a GPU.

`python -m benchmarks multi30k-transformer` trains the small one and stores it; lesson 07 loads it. FULL is
the recipe for a GPU.
"""

from dataclasses import dataclass
from functools import partial

import torch

from course_lib.device import seed_everything
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.transformer import Transformer
from course_lib.recipes.multi30k import Corpus
from course_lib.text.padding import pair_batches
from course_lib.training import History, fit

NAME = "multi30k-transformer"


@dataclass(frozen=True)
class Configuration:
    """Sizes and training; pre-norm layers, sinusoidal positions, the target embedding as last projection."""

    d_model: int = 128
    n_heads: int = 4
    d_ff: int = 512
    num_layers: int = 3
    dropout: float = 0.1
    label_smoothing: float = 0.1
    min_count: int = 3
    batch: int = 64
    steps: int = 4500
    lr: float = 2e-3
    warm_up: int = 400
    weight_decay: float = 0.0


SMALL = Configuration()
# The sizes of github.com/bentrevett/pytorch-seq2seq, notebook 6.
FULL = Configuration(
    d_model=256, n_heads=8, d_ff=512, dropout=0.1, min_count=2, batch=128, steps=4500, lr=1e-3
)


def build(corpus: Corpus, configuration: Configuration = SMALL) -> Transformer:
    """An untrained model."""
    c = configuration
    return Transformer(
        len(corpus.source_vocabulary),
        len(corpus.target_vocabulary),
        d_model=c.d_model,
        n_heads=c.n_heads,
        d_ff=c.d_ff,
        num_layers=c.num_layers,
        dropout=c.dropout,
        norm_first=True,
    )


def train(
    corpus: Corpus,
    *,
    seed: int = 0,
    device="cpu",
    configuration: Configuration = SMALL,
    **options,
) -> tuple[Transformer, History]:
    """Build and train; the same again for the same seed.

    Args:
        options: handed to `course_lib.training.fit` (progress, validate_every, checkpoint, …); stop_after: the
            beginning of exactly the same training.
    """
    seed_everything(seed)
    c = configuration
    model = build(corpus, c).to(device)
    generator = torch.Generator().manual_seed(seed)
    batches = pair_batches(corpus.ids("train"), c.batch, generator=generator, epochs=None, **corpus.symbols)
    history = fit(
        model,
        batches,
        partial(teacher_forced_loss, label_smoothing=c.label_smoothing),
        steps=c.steps,
        lr=c.lr,
        warm_up=c.warm_up,
        weight_decay=c.weight_decay,
        **options,
    )
    return model, history
