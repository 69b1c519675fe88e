"""The BERT of the village to half its depth: the one layer of a student learns from both of its teacher's.

`python -m benchmarks village-distilled` trains and stores it, in 90 seconds of one CPU core. As DistilBERT: the
student begins with a layer of its teacher and learns the teacher's pre-training task from the teacher's logits, the
true words, and the direction of its hidden states (`course_lib.models.compact.distil`).
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from course_lib.data import village
from course_lib.device import seed_everything
from course_lib.models.attention.masks import padding_mask
from course_lib.models.compact import distillation_loss, with_layers
from course_lib.models.modes import evaluating
from course_lib.models.transformer import IGNORED, BertForPreTraining
from course_lib.optimizers import Muon
from course_lib.recipes import village_bert
from course_lib.stored import load_stored
from course_lib.training import History, fit


@dataclass(frozen=True)
class Configuration:
    """Training of the student, which begins with one of its teacher's layers; soft, hard, cosine weigh the losses."""

    layer: int = 0
    pairs: int = 60_000
    batch: int = 64
    steps: int = 1600
    lr: float = 0.01
    adamw_lr: float = 3e-3
    warm_up: int = 20
    probability: float = 0.3
    temperature: float = 2.0
    soft: float = 5.0
    hard: float = 2.0
    cosine: float = 1.0


NAME = "village-distilled"
CONFIGURATION = Configuration()


def teacher() -> BertForPreTraining:
    """The stored BERT of the village, two layers deep, in evaluation mode."""
    model = village_bert.build()
    load_stored(village_bert.NAME, model)
    return model.eval()


def extract(model: BertForPreTraining, layers: tuple[int, ...]) -> BertForPreTraining:
    """A student with some of its teacher's layers, and all of its embeddings and heads."""
    student = BertForPreTraining(with_layers(model.bert, layers))
    heads = {name: value for name, value in model.state_dict().items() if not name.startswith("bert.")}
    student.load_state_dict(heads, strict=False)
    return student


class Loss:
    """loss(student, batch) for `fit`: both tasks' soft and hard losses, and the cosine of the hidden states."""

    def __init__(self, model: BertForPreTraining, configuration: Configuration = CONFIGURATION):
        self.teacher, self.c = model, configuration

    def __call__(self, student: BertForPreTraining, batch: village_bert.PreTrainingBatch) -> Tensor:
        selected = batch.labels != IGNORED
        real = padding_mask(batch.lengths, batch.inputs.shape[1])
        given = {"segments": batch.segments, "mask": real}
        with evaluating(self.teacher), torch.no_grad():
            theirs = self.teacher.bert(batch.inputs, **given)
            true_words, true_order = self.teacher.guesses(theirs[selected]), self.teacher.follows(theirs)
        ours = student.bert(batch.inputs, **given)
        c = self.c
        options = {"temperature": c.temperature, "weights": (c.soft, c.hard, c.cosine)}
        words = distillation_loss(
            student.guesses(ours[selected]),
            true_words,
            batch.labels[selected],
            hidden=(ours, theirs),
            real=real,
            **options,
        )
        return words + distillation_loss(student.follows(ours), true_order, batch.not_next, **options)


def train(
    *, seed: int = 0, device="cpu", configuration: Configuration = CONFIGURATION, **options
) -> tuple[BertForPreTraining, History]:
    """Distil a student; the same again for the same seed.

    Args:
        options: handed to `course_lib.training.fit`.
    """
    seed_everything(seed)
    c = configuration
    model = teacher().to(device)
    student = extract(model, (c.layer,)).to(device)
    generator = torch.Generator().manual_seed(seed)
    pairs = village.next_sentence_pairs(c.pairs, generator)
    history = fit(
        student,
        village_bert.batches(pairs, c.batch, c.probability, generator),
        Loss(model, c),
        steps=c.steps,
        warm_up=c.warm_up,
        make_optimizer=partial(Muon, lr=c.lr, adamw_lr=c.adamw_lr),
        **options,
    )
    return student, history
