"""Write a number again: one task, one budget, for a decoder that knows a fixed vector and for one that looks back.

Lesson 04 measures the fixed vector on it, lesson 05 attention. A source is a number of 1 to 12 digits, its target the
same digits. Nothing in a number can be guessed from the rest of it: every digit is log2(10) = 3.3 bits that have to
come through whatever joins reader and writer.
"""

from collections.abc import Iterable

import torch

from course_lib.decoding import greedy
from course_lib.models.attention import AdditiveAttention
from course_lib.models.recurrent import LSTM
from course_lib.models.seq2seq import Decoder, Encoder, LuongDecoder, Seq2Seq, teacher_forced_loss
from course_lib.text.padding import pad, pair_batches
from course_lib.text.words import WordVocabulary
from course_lib.training import History, fit

VOCABULARY = WordVocabulary("0123456789")
LENGTHS = range(1, 13)  # digits of a number
D_EMBED, HIDDEN_SIZE, ATTENTION_SIZE = 16, 64, 32
FORGET_BIAS = 2.0  # about ln 7: a digit of a number of middling length has to be kept for so many steps
N_TRAIN, BATCH, STEPS, LR, WARM_UP = 20_000, 64, 500, 1e-2, 50


def numbers(n: int, lengths: Iterable[int] = LENGTHS, seed: int = 0) -> list[str]:
    """n random numbers as strings of digits; the length of each is drawn evenly from `lengths`.

    Raises:
        ValueError: a negative n, no lengths, or a length below 1.
    """
    lengths = list(lengths)
    if n < 0 or not lengths or min(lengths) < 1:
        raise ValueError(
            f"n is {n} and lengths {lengths}; expected n of at least 0, and one or more lengths of at least 1."
        )
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(len(lengths), (n,), generator=generator).tolist()
    return [
        "".join(map(str, torch.randint(10, (lengths[number],), generator=generator).tolist()))
        for number in drawn
    ]


def build(*, attention: bool = False, vector_size: int | None = None, seed: int = 0) -> Seq2Seq:
    """An untrained model: a bidirectional LSTM reads, an LSTM of 64 units writes.

    Args:
        attention: the decoder looks back at every digit (Luong et al. 2015, with additive attention); otherwise it
            knows its first state only.
        vector_size: squeeze that first state through so many numbers; None does not squeeze.
        seed: of the weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = _open_gates(LSTM(D_EMBED, HIDDEN_SIZE // 2, bidirectional=True))
        writer = _open_gates(LSTM(D_EMBED, HIDDEN_SIZE))
        encoder, size = Encoder(len(VOCABULARY), D_EMBED, reader), len(VOCABULARY)
        if attention:
            look = AdditiveAttention(HIDDEN_SIZE, encoder.output_size, ATTENTION_SIZE)
            decoder = LuongDecoder(size, D_EMBED, writer, look)
        else:
            decoder = Decoder(size, D_EMBED, writer)
        return Seq2Seq(encoder, decoder, vector_size=vector_size)


def train(model: Seq2Seq, *, seed: int = 0, steps: int = STEPS, **options) -> History:
    """Train a model of `build` in place; every model sees the same numbers in the same order.

    Args:
        seed: of the training numbers and their order.
        steps: of the whole schedule.
        options: handed to `course_lib.training.fit` (progress, validate, …).
    """
    ids = [VOCABULARY.encode(number) for number in numbers(N_TRAIN, seed=seed)]
    batches = pair_batches(
        [(row, row) for row in ids],
        BATCH,
        bos_id=VOCABULARY.bos_id,
        eos_id=VOCABULARY.eos_id,
        generator=torch.Generator().manual_seed(seed),
        epochs=None,
    )
    return fit(model, batches, teacher_forced_loss, steps=steps, lr=LR, warm_up=WARM_UP, bf16=False, **options)


def accuracy_by_length(
    model: Seq2Seq, lengths: Iterable[int] = LENGTHS, *, n: int = 200, seed: int = 1_000_000
) -> dict[int, float]:
    """For each length the share of n new numbers that the model writes again without one wrong digit, greedily.

    "New" is drawn anew: of one, two or three digits nearly every number has been met in training.

    Raises:
        ValueError: n or a length below 1.
    """
    if n < 1:
        raise ValueError(f"n is {n}; at least one number of each length is needed.")
    right = {}
    for length in lengths:
        rows = [VOCABULARY.encode(number) for number in numbers(n, [length], seed + length)]
        source, source_lengths = pad(rows)
        written = greedy(
            model,
            source,
            source_lengths,
            bos_id=VOCABULARY.bos_id,
            eos_id=VOCABULARY.eos_id,
            max_len=length + 2,  # one symbol more than a right answer and its <eos>: too long is wrong
        )
        right[length] = sum(answer.ids == row for answer, row in zip(written, rows, strict=True)) / n
    return right


def _open_gates(layer: LSTM) -> LSTM:
    return layer.orthogonal_().forget_bias_(FORGET_BIAS)
