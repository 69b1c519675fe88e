"""A T5 of the village: pre-trained by span corruption on its sentences, in two minutes of one CPU core.

`python -m benchmarks village-t5` trains and stores it. The vocabulary has the prefixes and answers of
`course_lib.recipes.village_t5_tasks`, which pre-training never reads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf

import torch

from course_lib.data import village
from course_lib.decoding import greedy
from course_lib.device import seed_everything
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.transformer import T5
from course_lib.optimizers import Muon
from course_lib.stored import load_stored
from course_lib.text.padding import PairBatch, pad, pair_batches
from course_lib.text.spans import corrupt_spans, fill_spans
from course_lib.training import History, fit

NAME = "village-t5"
N_SENTINELS = 8
PREFIXES = ("sentiment:", "acceptable:", "correct:", "question:", "context:", "translate:", "summarize:")
NOTATION = ("(", ",", ")")  # of what "translate:" writes
SPECIAL = ("<pad>", "</s>", "<unk>", *(f"<{number}>" for number in range(N_SENTINELS)))
LABELS = ("positive", "negative", "acceptable", "unacceptable")
SYMBOLS = (*SPECIAL, *PREFIXES, *NOTATION, *LABELS, *village.VOCABULARY)
PAD_ID, EOS_ID, UNK_ID = range(3)
SENTINELS = tuple(range(3, 3 + N_SENTINELS))
_IDS = {symbol: number for number, symbol in enumerate(SYMBOLS)}

Words = Sequence[str]
Pair = tuple[list[int], list[int]]  # source and target, without what begins and ends them


@dataclass(frozen=True)
class Configuration:
    """Sizes and training; the paper's share of noise and mean span, version 1.1's head of its own.

    A start smaller than the published one: with that one, and a tied head, 220 steps of 64 sentences fill 0.466 of the
    holes grammatically, with an untied head 0.577, with these standard deviations as well 0.799. The encoder alone,
    under a head as BERT's, is as slow: its cross-attention is not what takes so long.
    """

    d_model: int = 96
    n_heads: int = 4
    d_ff: int = 384
    num_layers: int = 2
    n_buckets: int = 16
    max_distance: int = 32
    embedding_std: float = 0.15
    layer_scale: float = 0.25
    sentences: int = 60_000
    batch: int = 128
    steps: int = 1200
    lr: float = 0.01
    adamw_lr: float = 0.01
    warm_up: int = 30
    noise: float = 0.15
    mean_span: float = 3.0


CONFIGURATION = Configuration()


def encode(words: Words) -> list[int]:
    """Ids; a word that neither the village nor a prefix has is <unk>."""
    return [_IDS.get(word, UNK_ID) for word in words]


def decode(ids: Sequence[int]) -> list[str]:
    """The words of these ids, special ones included."""
    return [SYMBOLS[number] for number in ids]


def build(configuration: Configuration = CONFIGURATION) -> T5:
    """An untrained model; `seed_everything` first."""
    c = configuration
    return T5(
        len(SYMBOLS),
        d_model=c.d_model,
        n_heads=c.n_heads,
        d_ff=c.d_ff,
        num_layers=c.num_layers,
        n_buckets=c.n_buckets,
        max_distance=c.max_distance,
        tied=False,
        embedding_std=c.embedding_std,
        layer_scale=c.layer_scale,
        max_len=64,
    )


def load(seed: int = 0, pre_trained: bool = True) -> T5:
    """The stored model, in training mode; or one of the same shape that has read nothing."""
    seed_everything(seed)
    model = build()
    if pre_trained:
        load_stored(NAME, model)
    return model


def corrupted(words: Words, configuration: Configuration, generator: torch.Generator) -> Pair:
    """A sentence with holes, and what was in them."""
    c = configuration
    return corrupt_spans(
        encode(words), SENTINELS, noise=c.noise, mean_span=c.mean_span, generator=generator
    )


def batches(
    sentences: Sequence[Words], configuration: Configuration, generator: torch.Generator
) -> Iterator[PairBatch]:
    """Endless batches of sentences, each time with other spans taken out."""
    while True:
        pairs = [corrupted(words, configuration, generator) for words in sentences]
        yield from pair_batches(
            pairs, configuration.batch, bos_id=PAD_ID, eos_id=EOS_ID, pad_id=PAD_ID, generator=generator
        )


def train(
    *,
    seed: int = 0,
    device="cpu",
    configuration: Configuration = CONFIGURATION,
    **options,
) -> tuple[T5, History]:
    """Build and pre-train; the same again for the same seed.

    Args:
        options: handed to `course_lib.training.fit` (progress, validate_every, checkpoint, …); stop_after: the
            beginning of exactly the same training.
    """
    seed_everything(seed)
    c = configuration
    model = build(c).to(device)
    generator = torch.Generator().manual_seed(seed)
    sentences = [sentence.words for sentence in village.sample(c.sentences, generator)]
    history = fit(
        model,
        batches(sentences, c, generator),
        teacher_forced_loss,
        steps=c.steps,
        warm_up=c.warm_up,
        make_optimizer=partial(Muon, lr=c.lr, adamw_lr=c.adamw_lr),
        **options,
    )
    return model, history


def write(model: T5, sources: Sequence[Sequence[int]], *, max_len: int = 40) -> list[list[int]]:
    """What the model writes for each source by greedy search: ids, without the end."""
    source, lengths = pad(sources, PAD_ID)
    found = greedy(
        model, source, lengths, bos_id=PAD_ID, eos_id=EOS_ID, max_len=max_len, forbidden=(PAD_ID, UNK_ID)
    )
    return [one.ids for one in found]


def infilled(
    model: T5, sentences: Sequence[Words], seed: int, configuration: Configuration = CONFIGURATION
) -> list[tuple[list[str], list[str]]]:
    """(the sentence with holes, the sentence as the model fills it), for each."""
    generator = torch.Generator().manual_seed(seed)
    sources = [corrupted(words, configuration, generator)[0] for words in sentences]
    written = write(model, sources)
    return [
        (decode(source), decode(fill_spans(source, target, SENTINELS)))
        for source, target in zip(sources, written, strict=True)
    ]


def is_grammatical(words: Words) -> bool:
    """Whether the village's grammar has this sentence."""
    known = all(word in village.VOCABULARY for word in words)
    return known and village.SENTENCES.log_prob(words) > -inf


def grammatical_share(
    model: T5, n: int = 1000, seed: int = 1000, configuration: Configuration = CONFIGURATION
) -> float:
    """The share of fresh sentences with holes that the model fills so that the village has the whole sentence."""
    sentences = [sentence.words for sentence in village.sample(n, torch.Generator().manual_seed(seed))]
    filled = infilled(model, sentences, seed, configuration)
    return sum(is_grammatical(words) for _, words in filled) / n
