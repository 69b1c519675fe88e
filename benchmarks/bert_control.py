"""Does a BERT of the village learn agreement, or agreement in first sentences? The control of lesson 10, retrained."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from benchmarks.bert_pretraining import NEW
from benchmarks.registry import benchmark
from benchmarks.timing import table
from course_lib.data import village
from course_lib.device import seed_everything
from course_lib.models.transformer import Bert, BertForPreTraining
from course_lib.optimizers import Muon
from course_lib.recipes import village_bert, village_probes
from course_lib.training import fit

C = village_bert.CONFIGURATION
Pairs = list[village.SentencePair]


def as_they_are(pairs: Pairs, generator: torch.Generator) -> Pairs:
    return pairs


def some_exchanged(pairs: Pairs, generator: torch.Generator) -> Pairs:
    """A fifth of the pairs the other way round: some of those whose sentences have nothing to do with each other."""
    turned = (torch.rand(len(pairs), generator=generator) < 0.4).tolist()
    return [
        replace(pair, first=pair.second, second=pair.first) if turn and not pair.is_next else pair
        for pair, turn in zip(pairs, turned, strict=True)
    ]


TRAININGS: list[tuple[str, str, Callable[[Pairs, torch.Generator], Pairs], int]] = [
    ("learned positions", "learned", as_they_are, 0),
    ("learned positions", "learned", as_they_are, 1),
    ("learned positions", "learned", as_they_are, 2),
    ("rotary positions", "rotary", as_they_are, 0),
    ("rotary positions", "rotary", as_they_are, 1),
    ("a fifth of the pairs exchanged", "learned", some_exchanged, 0),
]


def train(positions: str, change: Callable, seed: int) -> BertForPreTraining:
    """`village_bert.train` with other positions or other pairs."""
    seed_everything(seed)
    sizes = {"d_model": C.d_model, "n_heads": C.n_heads, "num_layers": C.num_layers, "max_len": C.max_len}
    start = {"norm_first": True, "init_std": C.init_std, "embedding_std": C.embedding_std}
    model = BertForPreTraining(Bert(len(village_bert.SYMBOLS), positions=positions, **sizes, **start))
    generator = torch.Generator().manual_seed(seed)
    pairs = village.next_sentence_pairs(C.pairs, generator)
    pairs = change(pairs, torch.Generator().manual_seed(seed))
    fit(
        model,
        village_bert.batches(pairs, C.batch, C.probability, generator),
        village_bert.loss,
        steps=C.steps,
        warm_up=C.warm_up,
        make_optimizer=partial(Muon, lr=C.lr, adamw_lr=C.adamw_lr),
        progress=False,
    )
    return model.eval()


@benchmark("village-control", "agreement in the first and in the second sentence", minutes=14, long=True)
def compare_places() -> None:
    pairs = village.minimal_pairs("agreement", 500, NEW, village.TEXTS, misleading=True)
    first = village_probes.with_strangers(pairs, NEW)
    others = village.texts(len(first), torch.Generator().manual_seed(NEW + 1))
    second = [
        village_probes.moved_behind(pair, other.first) for pair, other in zip(first, others, strict=True)
    ]
    rows = []
    for name, positions, change, seed in TRAININGS:
        model = train(positions, change, seed)
        scores = [f"{village_probes.accuracy(model, probes):.3f}" for probes in (first, second)]
        rows.append((name, seed, *scores))
        print(*rows[-1], flush=True)
    print(table(("training", "seed", "as the first sentence", "as the second"), rows))
