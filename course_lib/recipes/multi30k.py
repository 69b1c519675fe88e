"""German → English on the captions of Multi30k: two LSTM translators that differ in their attention only.

`python -m benchmarks multi30k` trains both and stores them; lessons 04 and 05 load them, and train their first minute.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from course_lib.data import load
from course_lib.decoding import beam_search, greedy
from course_lib.device import seed_everything
from course_lib.models.attention import AdditiveAttention
from course_lib.models.recurrent import LSTM
from course_lib.models.seq2seq import BahdanauDecoder, Decoder, Encoder, Seq2Seq, teacher_forced_loss
from course_lib.text.padding import PairBatch, pad, pair_batches
from course_lib.text.words import WordVocabulary, detokenize, tokenize
from course_lib.training import History, fit

MODELS = ("multi30k-lstm", "multi30k-attention")
MAX_LEN = 60  # symbols written at most; the longest reference has 41 words


@dataclass(frozen=True)
class Configuration:
    """Sizes and training of both models: `steps` times `batch` pairs are seven and a half times through the corpus."""

    d_embed: int = 128
    encoder_hidden_size: int = 128  # in each of two directions
    decoder_hidden_size: int = 256
    attention_size: int = 128
    readout_size: int = 128
    forget_bias: float | None = None  # with orthogonal recurrent weights; None: as PyTorch does
    dropout: float = 0.2
    min_count: int = 3
    batch: int = 64
    steps: int = 3400
    lr: float = 2e-3
    warm_up: int = 100


CONFIGURATION = Configuration()
# Each at the initialisation with the lower validation loss of two that were tried, on one seed: PyTorch's, and a forget
# bias of 1 with orthogonal recurrent weights (benchmarks/RESULTS.md has both of both).
CONFIGURATIONS = {"multi30k-lstm": Configuration(forget_bias=1.0), "multi30k-attention": CONFIGURATION}


class Corpus:
    """The captions as words and as numbers.

    Attributes:
        sentences: "train", "validation", "test" → lists of (German, English) sentences.
        source_vocabulary, target_vocabulary: words that occur at least `min_count` times in training.
    """

    def __init__(self, configuration: Configuration = CONFIGURATION):
        pairs = load("multi30k-de-en")
        self.sentences = {"train": pairs.train, "validation": pairs.validation, "test": pairs.test}
        self._words = {
            split: [(tokenize(german), tokenize(english)) for german, english in sentences]
            for split, sentences in self.sentences.items()
        }
        self.source_vocabulary, self.target_vocabulary = (
            WordVocabulary.from_tokens((pair[side] for pair in self._words["train"]), configuration.min_count)
            for side in (0, 1)
        )

    def ids(self, split: str) -> list:
        """The sentence pairs of a split as (source ids, target ids)."""
        return [
            (self.source_vocabulary.encode(german), self.target_vocabulary.encode(english))
            for german, english in self._words[split]
        ]

    @property
    def symbols(self) -> dict[str, int]:
        """What `pair_batches` and the decoders must know of the target vocabulary."""
        return {"bos_id": self.target_vocabulary.bos_id, "eos_id": self.target_vocabulary.eos_id}


def build(name: str, corpus: Corpus, configuration: Configuration | None = None) -> Seq2Seq:
    """An untrained model.

    Args:
        name: "multi30k-lstm" (the decoder knows a fixed vector) or "multi30k-attention" (additive attention).
        configuration: None takes the stored model's, from CONFIGURATIONS.

    Raises:
        ValueError: another name.
    """
    if name not in MODELS:
        raise ValueError(f"There is no recipe {name!r}: choose one of {', '.join(MODELS)}.")
    c = configuration or CONFIGURATIONS[name]
    n_source, n_target = len(corpus.source_vocabulary), len(corpus.target_vocabulary)
    reader = _lstm(c, c.d_embed, c.encoder_hidden_size, bidirectional=True)
    encoder = Encoder(n_source, c.d_embed, reader, dropout=c.dropout)
    if name == "multi30k-lstm":
        writer = _lstm(c, c.d_embed, c.decoder_hidden_size)
        return Seq2Seq(encoder, Decoder(n_target, c.d_embed, writer, dropout=c.dropout))
    attention = AdditiveAttention(c.decoder_hidden_size, encoder.output_size, c.attention_size)
    writer = _lstm(c, c.d_embed + encoder.output_size, c.decoder_hidden_size)
    decoder = BahdanauDecoder(
        n_target, c.d_embed, writer, attention, readout_size=c.readout_size, dropout=c.dropout
    )
    return Seq2Seq(encoder, decoder)


def _lstm(configuration: Configuration, *sizes: int, **options) -> LSTM:
    """An LSTM; where a forget bias is given, with orthogonal recurrent weights and a forget gate that starts open."""
    layer = LSTM(*sizes, **options)
    if configuration.forget_bias is None:
        return layer
    return layer.orthogonal_().forget_bias_(configuration.forget_bias)


def train(
    name: str,
    corpus: Corpus,
    *,
    seed: int = 0,
    device="cpu",
    configuration: Configuration | None = None,
    **options,
) -> tuple[Seq2Seq, History]:
    """Build and train one of the two models; the same again for the same seed.

    Args:
        options: handed to `course_lib.training.fit` (progress, validate_every, checkpoint, …); stop_after: the
            beginning of exactly the same training.
    """
    seed_everything(seed)
    model = build(name, corpus, configuration).to(device)
    c = configuration or CONFIGURATIONS[name]
    history = fit(
        model,
        training_batches(corpus, seed, c),
        teacher_forced_loss,
        steps=c.steps,
        lr=c.lr,
        warm_up=c.warm_up,
        **options,
    )
    return model, history


def training_batches(
    corpus: Corpus, seed: int = 0, configuration: Configuration = CONFIGURATION
) -> Iterator[PairBatch]:
    """Batches of the training pairs without end, in the order that the seed decides."""
    generator = torch.Generator().manual_seed(seed)
    return pair_batches(
        corpus.ids("train"), configuration.batch, generator=generator, epochs=None, **corpus.symbols
    )


def validation_loss(model: nn.Module, corpus: Corpus, batch: int = 128) -> float:
    """Mean teacher-forced loss in nats per symbol over the whole validation split."""
    device = next(model.parameters()).device
    total, symbols = 0.0, 0
    with torch.no_grad():
        for group in pair_batches(corpus.ids("validation"), batch, **corpus.symbols):
            count = int((group.target_out != 0).sum())
            group = PairBatch(*(part.to(device) for part in group))
            total += teacher_forced_loss(model, group).item() * count
            symbols += count
    return total / symbols


def translate(
    model: Seq2Seq,
    corpus: Corpus,
    sentences: Sequence[str],
    *,
    beam: int = 1,
    alpha: float = 0.6,
    batch: int = 100,
) -> list[str]:
    """German sentences → English ones, in the same order.

    Args:
        beam: 1 writes greedily; more is a beam search with length penalty `alpha`.
    """
    rows = [corpus.source_vocabulary.encode(tokenize(sentence)) for sentence in sentences]
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    vocabulary, translations = corpus.target_vocabulary, [""] * len(rows)
    # What nobody writes: an unknown word is no translation.
    never = (vocabulary.pad_id, vocabulary.unk_id, vocabulary.bos_id)
    options = dict(corpus.symbols, max_len=MAX_LEN, forbidden=never)
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        source, lengths = pad([rows[row] for row in some])
        if beam == 1:
            best = greedy(model, source, lengths, **options)
        else:
            best = [
                found[0] for found in beam_search(model, source, lengths, beam=beam, alpha=alpha, **options)
            ]
        for row, hypothesis in zip(some, best, strict=True):
            translations[row] = detokenize([vocabulary.symbols[number] for number in hypothesis.ids])
    return translations
